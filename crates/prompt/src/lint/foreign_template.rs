//! Files named `.prompt` that are templates of another language than dotprompt's.
//!
//! Applications also keep Python format strings and Go templates in such files. Their tags are no
//! mistakes, so an error about them becomes a note. A file with front matter, or with a tag that
//! only Handlebars has, is dotprompt's: its errors stay errors.

use crate::diagnostics::code::Code;
use crate::diagnostics::severity::Severity;
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::lint::finding::LintFinding;

/// The beginnings of tags that only Handlebars has.
const HANDLEBARS_TAGS: [&str; 9] = [
    "{{#",
    "{{~#",
    "{{/",
    "{{>",
    "{{else",
    "{{^",
    "{{role ",
    "{{media ",
    "{{history",
];
/// The first words of tags that only Go's templates have.
const GO_WORDS: [&str; 5] = ["range", "end", "with", "define", "template"];

/// Turns the errors of a template of another language into one note.
pub(crate) fn soften(file: &PromptFile, text: &str, found: &mut Vec<LintFinding>) {
    let is_dotprompt = file.format == PromptFormat::Dotprompt && file.fences.is_empty();
    if !is_dotprompt || file.front_matter.is_some() {
        return;
    }
    let is_template_error = |finding: &LintFinding| {
        finding.problem.severity == Severity::Error
            && matches!(
                finding.problem.code,
                Code::TemplateError | Code::UnknownHelper
            )
    };
    if !found.iter().any(is_template_error) {
        return;
    }
    let body = text.get(file.body.clone()).unwrap_or_default();
    let Some(language) = language(body) else {
        return;
    };
    let (mut errors, others): (Vec<_>, Vec<_>) = std::mem::take(found)
        .into_iter()
        .partition(is_template_error);
    errors.sort_by_key(|finding| finding.problem.range.start);
    *found = others;
    let Some(first) = errors.into_iter().next() else {
        return;
    };
    let message = format!(
        "This file looks like {language}, and not like a template of dotprompt: it has no front \
         matter. hoplens reads the text as it is written, and does not ask the model. If it is \
         dotprompt's, begin it with front matter (`---`, `model: …`, `---`) to see its errors."
    );
    let note = LintFinding::new(Code::TemplateError, first.problem.range, message);
    found.push(note.with_severity(Severity::Information));
}

/// Returns the language that a template is written in, in words; `None` if it may be Handlebars.
fn language(body: &str) -> Option<&'static str> {
    if HANDLEBARS_TAGS.iter().any(|tag| body.contains(tag)) {
        return None;
    }
    let tags: Vec<&str> = body.split("{{").skip(1).collect();
    if tags.iter().any(|tag| is_go(tag)) {
        return Some("a template of Go (`{{.Name}}`)");
    }
    if tags.iter().any(|tag| is_macro(tag)) {
        return Some("a text with tags of an application's own (`{{word:…}}`)");
    }
    let has_variables = tags.iter().any(|tag| is_variable(tag));
    let has_braces = tags.iter().any(|tag| is_json(tag));
    let is_python = has_field(body) || (has_braces && !has_variables);
    is_python.then_some("a Python format string (`{name}`, and `{{` for a brace)")
}

/// Whether what follows `{{` is a tag of Go's templates: `.Name}}`, `range .List}}`, `end}}`.
fn is_go(tag: &str) -> bool {
    let code = tag.split("}}").next().unwrap_or_default();
    let code = code.trim_matches('-').trim();
    let word = code.split_whitespace().next().unwrap_or_default();
    let is_field = |word: &str| {
        // Handlebars has `.` alone.
        let name = word.strip_prefix('.');
        name.is_some_and(|name| name.starts_with(char::is_alphabetic))
    };
    is_field(word)
        || (GO_WORDS.contains(&word) && (word == "end" || code.contains(' ')))
        || code.split_whitespace().skip(1).any(is_field)
}

/// Whether what follows `{{` is a word with a colon behind it.
fn is_macro(tag: &str) -> bool {
    let tag = tag.trim_start();
    let word = tag.trim_start_matches(|char: char| char.is_alphanumeric() || char == '_');
    word.len() < tag.len() && word.starts_with(':')
}

/// Whether what follows `{{` is a name or a path and the end of the tag.
fn is_variable(tag: &str) -> bool {
    let Some((code, _)) = tag.split_once("}}") else {
        return false;
    };
    let code = code.trim();
    let is_name = |char: char| char.is_alphanumeric() || matches!(char, '_' | '.' | '-' | '@');
    !code.is_empty() && code.chars().all(is_name)
}

/// Whether what follows `{{` is the inside of a map of JSON.
fn is_json(tag: &str) -> bool {
    let inside = tag.trim_start();
    inside.starts_with(['"', '\'']) || (tag.starts_with(['\n', '\r']) && !is_variable(tag))
}

/// Whether a text has a field of a Python format string: `{name}`, `{name!r}`, `{name:.2f}`.
fn has_field(body: &str) -> bool {
    let mut rest = body;
    let mut before = ' ';
    while let Some(at) = rest.find('{') {
        before = rest[..at].chars().next_back().unwrap_or(before);
        let inside = &rest[at + 1..];
        if before != '{' && is_field(inside) {
            return true;
        }
        before = '{';
        rest = inside;
    }
    false
}

/// Whether what follows `{` is a name, a format and a single `}`.
fn is_field(inside: &str) -> bool {
    let Some((field, after)) = inside.split_once('}') else {
        return false;
    };
    let name = field.split([':', '!']).next().unwrap_or_default();
    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.');
    name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && name.chars().all(is_name)
        && !field.contains(['{', '\n'])
        && !after.starts_with('}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::parse;
    use crate::lint::all_problems;

    #[test]
    fn templates_of_other_languages_are_recognized() {
        for (body, expected) in [
            ("Tools: {tools}\n{{\n  \"name\": 1\n}}", "Python"),
            ("Use {tools:>10} and {{x}}", "Python"),
            ("{{\"1\": \"a\"}}", "Python"),
            ("{{.Query}}", "Go"),
            ("{{ range .List }}{{.}}{{ end }}", "Go"),
            ("({{len .Packages}} in all)", "Go"),
            ("{{- .Query -}}", "Go"),
            ("{{file:../a.md}} {{fetch:\"{{url}}\"}}", "own"),
        ] {
            let found = language(body).unwrap_or_default();
            assert!(found.contains(expected), "{body}: {found}");
        }
        for body in [
            "{{city",
            "{{#if x}} {{city}",
            "{{city}} {{\"a\": 1}}",
            "{{> head}} {name} {{",
            "{{role \"user\"}} {name} {{",
            "{{ifEquals a b}}",
            "{{../up}} {{this.x}} {{.}} {{json .}}",
            "{\"a\": {\"b\": 1}} {{",
        ] {
            assert_eq!(language(body), None, "{body}");
        }
    }

    /// Returns the codes and severities of a file's problems.
    fn found(text: &str) -> Vec<(Code, Severity)> {
        let file = parse("a.prompt", text, None);
        let problems = all_problems(&file, text).into_iter();
        problems.map(|one| (one.code, one.severity)).collect()
    }

    #[test]
    fn their_tags_are_a_note_only_without_front_matter() {
        let note = [(Code::TemplateError, Severity::Information)];
        let error = [(Code::TemplateError, Severity::Error)];
        for body in [
            "Use {tools}.\n{{\n  \"a\": 1\n}}\n",
            "{{.Query}} {{range .List}}{{.}}{{end}}",
        ] {
            assert_eq!(found(body), note, "{body}");
            let dotprompt = format!("---\nmodel: x\n---\n{body}");
            assert_eq!(found(&dotprompt), error, "{body}");
        }
        assert_eq!(found("{{#if x}}a {name}"), error);
        // A format string whose braces Handlebars can read has no finding.
        assert_eq!(found("Use {tools}."), []);
    }
}
