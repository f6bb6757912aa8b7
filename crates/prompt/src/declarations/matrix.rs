//! Expands the `matrix` of a case to rows. Each row becomes a separate case.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::declarations::case::{Case, Hop, Row};
use crate::declarations::case_fields::{expected, hops, input_value};
use crate::declarations::declared::Declared;
use crate::declarations::fields::list;
use crate::declarations::input_value::InputValue;
use crate::declarations::spanned::Spanned;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::yaml::node::{Data, Node};

/// Maximum number of cases that the matrices of one file expand to.
const MAX_ROWS: usize = 256;
/// Maximum total size of the values and texts of these cases, in bytes.
const MAX_BYTES: usize = 8 << 20;

/// One row as the matrix declares it.
struct DeclaredRow<'node> {
    /// The name and the value of each variable.
    values: Vec<(&'node str, &'node Node)>,
    /// The row's own expected answers; `None` if it uses those of the case.
    expect: Option<Vec<Spanned<String>>>,
    /// The row's own hops; `None` if it uses those of the case.
    hops: Option<Vec<Hop>>,
}

/// Adds a case to `declared` for every row of `matrix`. Each is a copy of `case` with the row's
/// values; `case` was read from `node`.
pub(crate) fn expand(
    case: &Case,
    node: &Node,
    matrix: &Node,
    declared: &mut Declared,
    problems: &mut Problems,
) {
    let declared_rows = match &matrix.data {
        Data::List { items, .. } => read_rows(items, problems),
        Data::Map { entries, .. } => combine_values(entries, problems),
        Data::Scalar { .. } => {
            let message = "A matrix is neither a map nor a list. Write `{thing: [a, b]}` for all \
                           combinations, or a list of rows such as `{thing: a}`.";
            problems.error(Code::InvalidValue, matrix.here(), message);
            Vec::new()
        }
    };
    let of_case = |input: &&InputValue| {
        input.case.as_ref() == Some(&case.range) && input.origin == case.origin
    };
    let own: Vec<InputValue> = declared.inputs.iter().filter(of_case).cloned().collect();
    let mut labels = Vec::new();
    let mut scalars = Vec::new();
    for (index, declared_row) in declared_rows.into_iter().enumerate() {
        let mut label = label(&declared_row, index);
        let mut row = case_of_row(case, &own, &declared_row, &label, problems);
        if labels.contains(&label) {
            if declared.cases.iter().any(|other| same_row(other, &row)) {
                let message =
                    format!("The row `{label}` appears twice; hoplens uses the first one.");
                warn_once(Code::DuplicateValue, matrix.here(), message, problems);
                continue;
            }
            // The rows differ in values that the label does not show, or in their answers or hops.
            label = format!("{label}#{}", index + 1);
            row = case_of_row(case, &own, &declared_row, &label, problems);
        }
        declared.made.rows += 1;
        declared.made.bytes += size(&row);
        if declared.made.rows > MAX_ROWS || declared.made.bytes > MAX_BYTES {
            let message = format!(
                "The matrices of this file make more than {MAX_ROWS} cases, or more than \
                 {} MiB of values; hoplens ignores the remaining rows. Give fewer values.",
                MAX_BYTES >> 20
            );
            problems.warn(Code::TooManyCases, matrix.here(), message);
            return;
        }
        for (name, value) in &declared_row.values {
            // Rows of a product share their values; each value is one input of the file.
            let scalar = (*name, value.range.clone());
            if !scalars.contains(&scalar) {
                scalars.push(scalar);
                let input = input_value(name, value, Some(node), problems);
                declared.inputs.extend(input);
            }
        }
        labels.push(label);
        declared.cases.push(row);
    }
}

/// Returns whether two cases are rows of the same declared case with the same values, answers and
/// hops.
fn same_row(a: &Case, b: &Case) -> bool {
    let texts = |case: &Case| -> Vec<String> {
        let hops = case.hops.iter().flat_map(|hop| {
            let bridge = hop.bridge.as_ref().map(|bridge| bridge.value.clone());
            [Some(hop.mention.value.clone()), bridge]
        });
        let expect = case.expect.iter().map(|answer| answer.value.clone());
        expect.chain(hops.map(Option::unwrap_or_default)).collect()
    };
    a.range == b.range && a.input == b.input && texts(a) == texts(b)
}

/// Reads a list of rows. Each row is a map of variables and may have its own `expect` and `hops`.
fn read_rows<'node>(items: &'node [Node], problems: &mut Problems) -> Vec<DeclaredRow<'node>> {
    let mut rows = Vec::new();
    for item in items.iter().take(MAX_ROWS + 1) {
        let Some(entries) = crate::declarations::fields::map(item, "A row of a matrix", problems)
        else {
            continue;
        };
        let is_reserved = |key: &str| ["expect", "hops", "chain"].contains(&key);
        let values = entries.iter().filter_map(|(key, value)| {
            let name = key.text()?;
            (!is_reserved(name)).then_some((name, value))
        });
        rows.push(DeclaredRow {
            values: values.collect(),
            expect: crate::declarations::fields::optional(entries, "expect")
                .map(|answers| expected(answers, problems)),
            hops: hops(entries, problems),
        });
    }
    rows
}

/// Returns all combinations of the variables' values; the last variable varies fastest.
fn combine_values<'node>(
    entries: &'node [(Node, Node)],
    problems: &mut Problems,
) -> Vec<DeclaredRow<'node>> {
    let mut variables: Vec<(&str, Vec<&Node>)> = Vec::new();
    for (key, value) in entries {
        let Some(name) = key.text() else { continue };
        let what = format!("The matrix's `{name}`");
        let before = problems.list.len();
        let mut values = Vec::new();
        for item in list(value, &what, problems) {
            if item.text().is_some() {
                values.push(item);
            } else {
                let message = format!(
                    "A value of the matrix's `{name}` is {}. Write a text or a number, or use \
                     rows (`- {{{name}: …}}`).",
                    item.kind()
                );
                problems.error(Code::InvalidValue, item.here(), message);
            }
        }
        if values.is_empty() && problems.list.len() == before {
            let message = format!("{what} has no values, so hoplens ignores it. Add at least one.");
            problems.error(Code::InvalidValue, key.here(), message);
        }
        // Invalid variables are skipped; the other variables still produce cases.
        if !values.is_empty() {
            variables.push((name, values));
        }
    }
    if variables.is_empty() {
        return Vec::new();
    }
    let value_counts = variables.iter().map(|(_, values)| values.len());
    let combinations = value_counts.fold(1_usize, usize::saturating_mul);
    // The number of a combination, written in mixed radix, has one digit for each variable.
    let combination = |number: usize| {
        let mut rest = number;
        let mut values: Vec<_> = variables
            .iter()
            .rev()
            .filter_map(|(name, values)| {
                let digit = rest % values.len();
                rest /= values.len();
                Some((*name, *values.get(digit)?))
            })
            .collect();
        values.reverse();
        DeclaredRow {
            values,
            expect: None,
            hops: None,
        }
    };
    // One row over the limit makes `expand` report it.
    (0..combinations.min(MAX_ROWS + 1))
        .map(combination)
        .collect()
}

/// Returns the label of a row, such as `[thing=a,place=x]`, or its number, such as `[2]`, if it has
/// no variables. `index` is the row's index from 0.
fn label(row: &DeclaredRow<'_>, index: usize) -> String {
    let pairs: Vec<String> = row
        .values
        .iter()
        .filter_map(|(name, value)| {
            let words: Vec<&str> = value.text()?.split_whitespace().collect();
            Some(format!("{name}={}", words.join(" ")))
        })
        .collect();
    if pairs.is_empty() {
        return format!("[{}]", index + 1);
    }
    format!("[{}]", pairs.join(","))
}

/// Returns the case that a row declares: `case` with the row's values, answers, hops and label.
/// `own` are the scalars of the case's own `input`.
fn case_of_row(
    case: &Case,
    own: &[InputValue],
    declared: &DeclaredRow<'_>,
    label: &str,
    problems: &mut Problems,
) -> Case {
    let mut row = case.clone();
    for (name, value) in &declared.values {
        row.input.insert((*name).to_owned(), value.to_json());
    }
    row.expect = declared.expect.clone().unwrap_or(row.expect);
    row.hops = declared.hops.clone().unwrap_or(row.hops);
    fill(&mut row, problems);
    let is_replaced = |name: &str| declared.values.iter().any(|(value, _)| *value == name);
    let kept = own.iter().filter(|input| !is_replaced(&input.name));
    let values = declared.values.iter().map(|(_, value)| &value.range);
    let scalars = values.chain(kept.map(|input| &input.range)).cloned();
    row.row = Some(Row {
        of: case
            .id
            .as_ref()
            .map(|id| id.value.clone())
            .unwrap_or_default(),
        label: label.to_owned(),
        scalars: scalars.collect(),
    });
    if let Some(id) = &mut row.id {
        id.value.push_str(label);
    }
    row
}

/// Returns a case without a matrix with the values of its `input` in its texts. A `{{name}}` that
/// `input` does not give stays as it is, because it may be meant literally.
pub(crate) fn filled(mut case: Case) -> Case {
    if !case.input.is_empty() {
        let mut ignored = Problems::new(case.origin);
        fill(&mut case, &mut ignored);
    }
    case
}

/// Replaces the variables in the texts of a case by the values of its `input`.
fn fill(case: &mut Case, problems: &mut Problems) {
    for answer in case.expect.iter_mut().chain(&mut case.prefill) {
        replace_variables(answer, &case.input, problems);
    }
    if let Some(reference) = &mut case.reference {
        let range = reference.range.clone();
        reference.map_text(&mut |text| {
            let mut text = Spanned {
                value: text.to_owned(),
                range: range.clone(),
            };
            replace_variables(&mut text, &case.input, problems);
            text.value
        });
    }
    // Two answers may have become equal. One of them is removed, or its probability would count
    // twice.
    let mut seen = std::collections::HashSet::new();
    case.expect
        .retain(|answer| seen.insert(answer.value.clone()));
    for hop in &mut case.hops {
        replace_variables(&mut hop.mention, &case.input, problems);
        if let Some(bridge) = &mut hop.bridge {
            replace_variables(bridge, &case.input, problems);
        }
    }
}

/// Replaces each `{{variable}}` in `text` by the variable's value; reports variables without one.
fn replace_variables(
    text: &mut Spanned<String>,
    values: &Map<String, Value>,
    problems: &mut Problems,
) {
    let mut out = String::new();
    let mut rest = text.value.as_str();
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((name, after)) = inside.split_once("}}") else {
            break;
        };
        out.push_str(before);
        match values.get(name.trim()) {
            Some(Value::String(value)) => out.push_str(value),
            Some(value) if value.is_number() || value.is_boolean() => {
                out.push_str(&value.to_string());
            }
            _ => {
                let message = format!(
                    "There is no text or number `{}` in the matrix or in `input`, so `{{{{{}}}}}` \
                     stays as it is. Give the variable a value.",
                    name.trim(),
                    name.trim()
                );
                warn_once(Code::UndeclaredVariable, &text.range, message, problems);
                out.push_str("{{");
                out.push_str(name);
                out.push_str("}}");
            }
        }
        if out.len() > MAX_BYTES {
            break;
        }
        rest = after;
    }
    out.push_str(rest);
    text.value = out;
}

/// Returns the approximate size of a case in bytes.
fn size(case: &Case) -> usize {
    fn of(value: &Value) -> usize {
        16 + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(of).sum(),
            Value::Object(map) => map.iter().map(|(key, value)| key.len() + of(value)).sum(),
            _ => 0,
        }
    }
    let input: usize = case
        .input
        .iter()
        .map(|(key, value)| key.len() + of(value))
        .sum();
    let expect: usize = case
        .expect
        .iter()
        .map(|answer| 16 + answer.value.len())
        .sum();
    let hops = case.hops.iter().map(|hop| {
        let bridge = hop.bridge.as_ref().map_or(0, |bridge| bridge.value.len());
        32 + hop.mention.value.len() + bridge
    });
    let prefill = case.prefill.as_ref().map_or(0, |one| one.value.len());
    let reference = case.reference.as_ref().map_or(0, |one| one.text.len());
    input + expect + prefill + reference + hops.sum::<usize>()
}

/// Adds a warning unless the same one was added before: each row of a matrix would repeat it.
fn warn_once(code: Code, range: &Range<usize>, message: String, problems: &mut Problems) {
    let count = problems.list.len();
    problems.warn(code, range, message);
    if let Some((last, before)) = problems.list.split_last()
        && before.contains(last)
    {
        problems.list.truncate(count);
    }
}

#[cfg(test)]
mod tests;
