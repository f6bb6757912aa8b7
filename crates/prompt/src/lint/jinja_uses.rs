//! The names that a Jinja template uses.

use std::ops::Range;

use crate::lint::uses::{CallKind, HelperCall, TemplateUses, VariableUse};
use crate::template::jinja::lexer::{JinjaTokenKind, tokens};
use crate::template::jinja::render::undeclared_variables;

/// Names that every Jinja template may use.
pub(crate) const GLOBALS: [&str; 12] = [
    "caller",
    "cycler",
    "dict",
    "joiner",
    "kwargs",
    "lipsum",
    "loop",
    "namespace",
    "range",
    "self",
    "super",
    "varargs",
];

/// Reads a template; ranges are bytes of `body`. A template that does not compile uses nothing.
pub(crate) fn read(body: &str) -> TemplateUses {
    let mut uses = TemplateUses::default();
    let free = undeclared_variables(body);
    for token in tokens(body) {
        if !matches!(
            token.kind,
            JinjaTokenKind::Expression | JinjaTokenKind::Statement
        ) {
            continue;
        }
        let names = names(body, token.inside.clone());
        for (at, name) in names.iter().enumerate() {
            let word = body.get(name.range.clone()).unwrap_or_default();
            // The first word of a statement is its name.
            let is_keyword = at == 0 && token.kind == JinjaTokenKind::Statement;
            if is_keyword {
                continue;
            }
            let is_test = names.get(at.wrapping_sub(1)).is_some_and(|before| {
                let text = |name: &Name| body.get(name.range.clone()).unwrap_or_default();
                let is = text(before) == "is";
                let is_not = text(before) == "not"
                    && at >= 2
                    && names.get(at - 2).is_some_and(|one| text(one) == "is");
                (is && word != "not") || is_not
            });
            let call = match name.before {
                Some('|') => Some(CallKind::Filter),
                _ if is_test => Some(CallKind::Test),
                _ => None,
            };
            if let Some(kind) = call {
                uses.calls.push(HelperCall {
                    kind,
                    name: word.to_owned(),
                    range: name.range.clone(),
                    may_be_variable: false,
                });
                continue;
            }
            // The template says what happens without a value.
            let next = names.get(at + 1).map(|next| {
                let word = body.get(next.range.clone()).unwrap_or_default();
                (next.before, word)
            });
            let is_optional = matches!(next, Some((Some('|'), "default" | "d")))
                || matches!(next, Some((_, "is")));
            let is_argument = name.after == Some('=');
            let is_field = name.before == Some('.');
            if is_argument || is_field || GLOBALS.contains(&word) || !free.contains(word) {
                continue;
            }
            uses.variables.push(VariableUse {
                name: word.to_owned(),
                range: name.range.clone(),
                // A function of the application is no variable of the prompt.
                is_root: name.after != Some('(') && !is_optional,
                may_be_root: name.after != Some('('),
            });
        }
    }
    uses
}

/// A name in a tag with the signs beside it.
pub(crate) struct Name {
    pub range: Range<usize>,
    /// The last character before it that is not white space.
    pub before: Option<char>,
    /// The next character after it that is not white space; `=` only if no second one follows.
    pub after: Option<char>,
}

/// Returns the names in the code at `range`, outside of quotes.
pub(crate) fn names(body: &str, range: Range<usize>) -> Vec<Name> {
    let code = body.get(range.clone()).unwrap_or_default();
    let mut found = Vec::new();
    let mut before = None;
    let mut at = 0;
    while let Some(first) = code.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &code[at..];
        let is_word = |char: char| char.is_alphanumeric() || char == '_';
        let length = match first {
            '"' | '\'' => {
                let mut is_escaped = false;
                let end = rest.char_indices().skip(1).find(|(_, char)| {
                    let ends = *char == first && !is_escaped;
                    is_escaped = *char == '\\' && !is_escaped;
                    ends
                });
                end.map_or(rest.len(), |(at, char)| at + char.len_utf8())
            }
            _ if is_word(first) => {
                let length = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
                let follows = rest[length..].trim_start();
                let after = match follows.chars().next() {
                    Some('=') if follows.starts_with("==") => None,
                    other => other,
                };
                if !first.is_numeric() {
                    found.push(Name {
                        range: range.start + at..range.start + at + length,
                        before,
                        after,
                    });
                }
                length
            }
            _ => first.len_utf8(),
        };
        if !first.is_whitespace() {
            before = Some(first);
        }
        at += length;
    }
    found
}

/// The filters of Jinja2.
pub(crate) const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "capitalize",
    "center",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "filesizeformat",
    "first",
    "float",
    "forceescape",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
    "random",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "string",
    "striptags",
    "sum",
    "title",
    "tojson",
    "trim",
    "truncate",
    "unique",
    "upper",
    "urlencode",
    "urlize",
    "wordcount",
    "wordwrap",
    "xmlattr",
];

/// The tests of Jinja2.
pub(crate) const TESTS: &[&str] = &[
    "boolean",
    "callable",
    "defined",
    "divisibleby",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_variables_filters_and_tests_are_found_in_every_branch() {
        let body = "{{ a.b }}{% if c is not defined and d == 'e f' %}{{ g|upper|join(h) }}{% endif %}\
                    {% for i in j %}{{ i.k }}{{ loop.index }}{{ l[m] }}{% endfor %}{% set n = o %}{{ n }}\
                    {{ p(q, r=s) }}{{ range(3) }}{% raw %}{{ t }}{% endraw %}";
        let found = read(body);
        let names: Vec<&str> = found
            .variables
            .iter()
            .map(|one| &body[one.range.clone()])
            .collect();
        let expected = ["a", "c", "d", "g", "h", "j", "l", "m", "o", "p", "q", "s"];
        assert_eq!(names, expected);
        let calls: Vec<&str> = found
            .calls
            .iter()
            .map(|one| &body[one.range.clone()])
            .collect();
        assert_eq!(calls, ["defined", "upper", "join"]);
        let functions = found.variables.iter().filter(|one| !one.is_root);
        assert_eq!(
            functions.map(|one| &*one.name).collect::<Vec<_>>(),
            ["c", "p"]
        );
        assert!(read("{% if a %}{{ b }}").variables.is_empty());
    }
}
