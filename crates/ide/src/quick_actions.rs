//! Code actions other than repairs: correct a mistake, ignore a finding, record the current effect of an injection,
//! add the model's answer as a case.

use std::ops::Range;

use crate::code_action::{ADD_CASE, CORRECT, CodeAction, IGNORE, REFRESH};
use crate::diagnostics::diagnostic::Diagnostic;
use crate::injection_effects::effect_on_own_case;
use crate::numbers::{factor, percent, quoted};
use crate::repair_edits::model_digest;
use crate::snapshot::Snapshot;
use hoplens_prompt::{
    Code, Measured, NewCase, Origin, insert_case, insert_ignore, lint_fixes, record,
};

/// Returns the actions at bytes `range` of the prompt file or its sidecar, except repairs.
///
/// `all` are the snapshot's [`diagnostics`](crate::diagnostics()).
pub fn quick_actions(
    snapshot: &Snapshot,
    all: &[Diagnostic],
    origin: Origin,
    range: &Range<usize>,
) -> Vec<CodeAction> {
    let touched: Vec<&Diagnostic> = all
        .iter()
        .filter(|one| one.origin == origin && touches(&one.range, range))
        .collect();
    let mut offered: Vec<CodeAction> = record_actions(snapshot, &touched).collect();
    offered.extend(correct_actions(snapshot, &touched));
    if origin == Origin::FrontMatter {
        offered.extend(add_case_action(snapshot, range));
    }
    offered.extend(ignore_actions(snapshot, &touched));
    offered
}

/// Returns the codes of the findings at `range`, each once.
pub fn ignorable_codes(all: &[Diagnostic], origin: Origin, range: &Range<usize>) -> Vec<Code> {
    let own = all.iter().filter(|one| one.origin == origin);
    distinct_codes(own.filter(|one| touches(&one.range, range)))
}

fn touches(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start <= other.end && other.start <= one.end
}

fn distinct_codes<'a>(found: impl Iterator<Item = &'a Diagnostic>) -> Vec<Code> {
    let mut codes = Vec::new();
    for one in found {
        if !codes.contains(&one.code) {
            codes.push(one.code);
        }
    }
    codes
}

/// Returns an action for each code that ignores it in the file. While the YAML has a syntax error,
/// its own list cannot be edited, and mistakes in it are not to be ignored in another file.
fn ignore_actions<'a>(
    snapshot: &'a Snapshot,
    touched: &'a [&'a Diagnostic],
) -> impl Iterator<Item = CodeAction> + 'a {
    let mut problems = snapshot.file.problems.iter();
    let is_invalid = problems.any(|problem| problem.code == Code::InvalidYaml);
    let codes = distinct_codes(touched.iter().copied()).into_iter();
    let codes = codes.filter(move |code| !(is_invalid && code.was_front_matter()));
    codes.filter_map(|code| {
        let edit = insert_ignore(&snapshot.file, &snapshot.text, code)?;
        let own = touched.iter().filter(|one| one.code == code);
        Some(CodeAction {
            title: format!("Ignore `{code}` in this file"),
            kind: IGNORE,
            edit,
            preferred: false,
            case: None,
            fixes: own.map(|one| (*one).clone()).collect(),
        })
    })
}

/// Returns the actions that correct mistakes in the declarations and the template.
fn correct_actions(snapshot: &Snapshot, touched: &[&Diagnostic]) -> Vec<CodeAction> {
    if touched.is_empty() {
        return Vec::new();
    }
    let fixes = lint_fixes(&snapshot.file, &snapshot.text).into_iter();
    let actions = fixes.filter_map(|fix| {
        let fixed = touched
            .iter()
            .find(|one| (one.code, &one.range, one.origin) == (fix.code, &fix.range, fix.origin))?;
        Some(CodeAction {
            title: fix.title,
            kind: CORRECT,
            edit: fix.edit,
            preferred: fix.is_likely,
            case: None,
            fixes: vec![(*fixed).clone()],
        })
    });
    actions.collect()
}

/// Returns an action for each stale record that replaces it by the current effect.
fn record_actions<'a>(
    snapshot: &'a Snapshot,
    touched: &'a [&'a Diagnostic],
) -> impl Iterator<Item = CodeAction> + 'a {
    let stale = touched
        .iter()
        .filter(|one| one.code == Code::InjectionStale);
    stale.filter_map(|one| {
        let findings = snapshot.findings.as_ref()?;
        let mut injections = snapshot.file.injections.iter();
        let injection = injections
            .find(|injection| injection.range == one.range && injection.origin == one.origin)?;
        let effect = effect_on_own_case(injection, findings)?;
        let (before, after) = (effect.before, effect.after);
        let measured = Measured {
            model: model_digest(&findings.model),
            before,
            after,
        };
        let edit = record(&snapshot.file, &snapshot.text, injection, &measured)?;
        Some(CodeAction {
            title: format!(
                "Record what the injection does now: {} → {} ({})",
                percent(before),
                percent(after),
                factor(after / before)
            ),
            kind: REFRESH,
            edit,
            preferred: true,
            case: None,
            fixes: vec![(*one).clone()],
        })
    })
}

/// Returns the action that adds a case with the model's own answer to a file that declares none.
fn add_case_action(snapshot: &Snapshot, range: &Range<usize>) -> Option<CodeAction> {
    let body = &snapshot.file.body;
    let findings = snapshot.findings.as_ref()?;
    let [case] = &findings.cases[..] else {
        return None;
    };
    // An answer to a prompt with an unset variable means nothing.
    if case.case.is_some() || case.has_holes || !touches(body, range) {
        return None;
    }
    let answer = case.outcome.as_ref().ok()?.answer.as_ref()?;
    let new = NewCase {
        // Variables keep their default values.
        expect: answer.text.clone(),
        ..NewCase::default()
    };
    Some(CodeAction {
        title: format!(
            "Add a case that expects {} ({})",
            quoted(&answer.text),
            percent(answer.p)
        ),
        kind: ADD_CASE,
        edit: insert_case(&snapshot.file, &snapshot.text, &new)?,
        preferred: false,
        case: None,
        fixes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{diagnostics, static_diagnostics};

    /// Returns the titles of the corrections at some words, and the text after the first.
    fn corrections(text: &str, words: &str) -> (Vec<String>, Option<String>) {
        let snapshot = Snapshot::new("a.prompt", text, None);
        let at = text.find(words).unwrap();
        let all = static_diagnostics(&snapshot);
        let found = quick_actions(&snapshot, &all, Origin::FrontMatter, &(at..at + 1));
        let found: Vec<CodeAction> = found
            .into_iter()
            .filter(|one| one.kind == CORRECT)
            .collect();
        let after = found.first().map(|one| one.edit.apply(text));
        assert!(found.iter().all(|one| one.fixes.len() == 1));
        (found.into_iter().map(|one| one.title).collect(), after)
    }

    #[test]
    fn a_mistake_is_corrected_where_it_is_underlined() {
        let text =
            "---\ninput:\n  schema:\n    userMessage: string\n---\n{{query}} {{role \"usr\"}}";
        let (titles, after) = corrections(text, "query");
        assert_eq!(titles, ["Replace by `userMessage`"]);
        assert_eq!(after.unwrap(), text.replace("query", "userMessage"));
        let (titles, after) = corrections(text, "userMessage");
        assert_eq!(titles, ["Remove `userMessage`"]);
        assert!(!after.unwrap().contains("userMessage"));
        let (titles, _) = corrections(text, "usr");
        assert_eq!(titles, ["Replace by `user`"]);
        assert_eq!(corrections(text, "input").0, [""; 0]);
    }

    #[test]
    fn a_missing_value_is_added_to_its_case() {
        let text = "---\nhoplens.cases:\n  - expect: x\n    input:\n      a: 1\n---\n{{a}} {{b}}";
        let (titles, after) = corrections(text, "{{b}}");
        assert_eq!(titles, ["Add `b` to the case"]);
        assert_eq!(
            after.unwrap(),
            text.replace("      a: 1", "      b: \"\"\n      a: 1")
        );
    }

    /// Returns the actions that ignore a code, as their titles and the edited texts.
    fn ignores(name: &str, text: &str, origin: Origin) -> Vec<(String, String)> {
        let sidecar = (origin == Origin::Sidecar).then_some(text);
        let prompt = if sidecar.is_some() { "Hi" } else { text };
        let snapshot = Snapshot::new(name, prompt, sidecar);
        let all = diagnostics(&snapshot);
        let actions = quick_actions(&snapshot, &all, origin, &(0..text.len()));
        let ignores = actions.into_iter().filter(|action| action.kind == IGNORE);
        ignores
            .map(|action| (action.title, action.edit.apply(text)))
            .collect()
    }

    #[test]
    fn mistakes_in_declarations_can_be_ignored_like_other_findings() {
        let [(title, edited)] = &ignores(
            "a.prompt",
            "---\nhoplens.cases: 3\n---\nHi",
            Origin::FrontMatter,
        )[..] else {
            panic!("one action");
        };
        assert_eq!(title, "Ignore `invalid-value` in this file");
        assert_eq!(
            edited,
            "---\nhoplens.cases: 3\nhoplens.ignore:\n  - invalid-value\n---\nHi"
        );
        let [(title, edited)] = &ignores("a.txt", "version: 1\nfoo: 3\n", Origin::Sidecar)[..]
        else {
            panic!("one action");
        };
        assert_eq!(title, "Ignore `unknown-key` in this file");
        assert_eq!(edited, "version: 1\nfoo: 3\nignore:\n  - unknown-key\n");
    }

    #[test]
    fn mistakes_are_not_ignored_in_a_file_whose_list_cannot_be_edited() {
        let text = "---\nhoplens.foo: 1\nhoplens.cases: [\n---\nHi";
        assert_eq!(ignores("a.prompt", text, Origin::FrontMatter), []);
        // The project's list can be.
        let all = diagnostics(&Snapshot::new("a.prompt", text, None));
        let codes = ignorable_codes(&all, Origin::FrontMatter, &(0..text.len()));
        assert!(codes.contains(&Code::InvalidYaml), "{codes:?}");
    }
}
