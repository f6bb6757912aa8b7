//! What is expected at the cursor in a tag of a template, which may be incomplete.

use std::borrow::Cow;
use std::ops::Range;

use crate::file::prompt_file::PromptFile;
use crate::symbols::template_part::{TemplatePart, parts, prompts, uses};
use crate::symbols::template_symbol::TemplateSyntax;

/// What is expected at the cursor in a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateExpectation {
    /// A variable, or a helper that writes something.
    Expression,
    /// A variable as an argument.
    Argument,
    /// A helper in parentheses.
    Subexpression,
    /// What a block begins with.
    Block,
    /// The name of a block to close.
    Close,
    /// A partial.
    Partial,
    /// A role in quotes.
    Role,
    /// The first word of a statement.
    Statement,
    /// A filter.
    Filter,
    /// A test.
    Test,
}

/// The cursor in a tag of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateCursor {
    /// The language of the template.
    pub syntax: TemplateSyntax,
    /// What is expected.
    pub expects: TemplateExpectation,
    /// The bytes of the word at the cursor in the file, on one line.
    pub range: Range<usize>,
    /// The names that the template defines around the cursor, innermost first.
    pub locals: Vec<String>,
    /// What closes the open blocks, innermost first: `each`, `endfor`.
    pub open_blocks: Vec<String>,
    /// Whether names are looked up in what a loop or block is about.
    pub has_own_context: bool,
    /// The prompt in the file, from 0.
    pub prompt: usize,
}

/// Returns the cursor at byte `offset` if it is in a tag of a template.
pub fn template_cursor(file: &PromptFile, text: &str, offset: usize) -> Option<TemplateCursor> {
    for (at, prompt) in prompts(file).into_iter().enumerate() {
        for part in parts(&typed(prompt, text, offset), text) {
            let Some(inside) = offset_in(&part, offset) else {
                continue;
            };
            let found = in_part(prompt, &part, inside).filter(|found| {
                let word = text.get(found.range.clone());
                word.is_some_and(|word| !word.contains(['\n', '\r']))
            });
            return found.map(|found| TemplateCursor {
                prompt: at,
                ..found
            });
        }
    }
    None
}

/// Returns a prompt whose body includes the blanks up to `offset`, which some formats trim.
fn typed<'a>(prompt: &'a PromptFile, text: &str, offset: usize) -> Cow<'a, PromptFile> {
    let behind = text.get(prompt.body.end..offset).unwrap_or_default();
    let is_own = prompt.template.is_none() && prompt.turns.is_empty();
    if !is_own || behind.is_empty() || !behind.chars().all(char::is_whitespace) {
        return Cow::Borrowed(prompt);
    }
    Cow::Owned(PromptFile {
        body: prompt.body.start..offset,
        ..prompt.clone()
    })
}

/// Returns the offset in a part of a byte of the file, which may be the end of the part.
fn offset_in(part: &TemplatePart, offset: usize) -> Option<usize> {
    let pieces = part.text.pieces.iter().rev().filter(|piece| piece.verbatim);
    for piece in pieces {
        let source = piece.source.clone()?;
        if source.start <= offset && offset <= source.end {
            return Some(piece.rendered.start + offset - source.start);
        }
    }
    None
}

fn in_part(prompt: &PromptFile, part: &TemplatePart, at: usize) -> Option<TemplateCursor> {
    let body = part.text.text.as_str();
    let tag = Tag::around(part.syntax, body, at)?;
    let is_word = |char: char| tag.is_word(char);
    let before = body.get(tag.start..at)?;
    let word = before.trim_end_matches(is_word).len();
    let mut start = tag.start + word;
    let is_closing = body.get(start..at)?.starts_with('/');
    if is_closing && before.get(..word)?.trim_matches(['{', '~', ' ']).is_empty() {
        start += 1;
    }
    let rest = body.get(at..)?;
    let end = at + rest.find(|char| !is_word(char)).unwrap_or(rest.len());
    let expects = tag.expectation(body.get(tag.start..start)?)?;
    let opened = uses(prompt, part.syntax, body.get(..tag.open)?).open_blocks;
    let blocks = opened.iter().rev();
    let locals = blocks
        .clone()
        .flat_map(|block| block.locals.iter().rev().map(|local| local.value.clone()));
    let closes = blocks.map(|block| block.close.clone());
    let range = part.text.to_source(start..end)?;
    Some(TemplateCursor {
        syntax: part.syntax,
        expects,
        range,
        locals: locals.collect(),
        open_blocks: closes.filter(|close| !close.is_empty()).collect(),
        has_own_context: opened.iter().any(|block| block.has_own_context),
        prompt: 0,
    })
}

/// A tag that is open at the cursor.
struct Tag {
    syntax: TemplateSyntax,
    /// Where its delimiter begins.
    open: usize,
    /// Where its code begins.
    start: usize,
    is_statement: bool,
}

impl Tag {
    /// Returns the tag of `body` that byte `at` is in.
    fn around(syntax: TemplateSyntax, body: &str, at: usize) -> Option<Self> {
        let before = body.get(..at)?;
        let is_jinja = matches!(syntax, TemplateSyntax::Jinja | TemplateSyntax::Nunjucks);
        let (open, length, close, is_statement) = match syntax {
            TemplateSyntax::Plain => return None,
            TemplateSyntax::Inputs => (before.rfind("${input:")?, 8, "}", false),
            _ => {
                let expression = before.rfind("{{");
                let statement = before.rfind("{%").filter(|_| is_jinja);
                let open = expression.max(statement)?;
                let is_statement = statement == Some(open);
                (
                    open,
                    2,
                    if is_statement { "%}" } else { "}}" },
                    is_statement,
                )
            }
        };
        let comment = before.rfind("{#").filter(|_| is_jinja);
        let is_comment = comment.is_some_and(|at| !before[at..].contains("#}"));
        let is_escaped = syntax == TemplateSyntax::Handlebars && before[..open].ends_with('\\');
        let inside = before.get(open + length..)?;
        if is_comment || is_escaped || inside.contains(close) || inside.starts_with('!') {
            return None;
        }
        if inside.contains(['\n', '\r']) {
            // Only a tag that is closed may have several lines: one that is being typed would
            // contain the rest of the template.
            let rest = body.get(at..)?;
            let end = rest.find(close)?;
            if rest.find("{{").is_some_and(|next| next < end) {
                return None;
            }
        }
        Some(Self {
            syntax,
            open,
            start: open + length,
            is_statement,
        })
    }

    /// Whether a character belongs to a name, or to the path of a partial.
    fn is_word(&self, char: char) -> bool {
        let extra = match self.syntax {
            TemplateSyntax::Handlebars => "_-@/",
            TemplateSyntax::Mustache | TemplateSyntax::Placeholders | TemplateSyntax::Inputs => {
                "_-"
            }
            TemplateSyntax::SemanticKernel => "_$",
            _ => "_",
        };
        char.is_alphanumeric() || extra.contains(char)
    }

    /// Returns what is expected behind `code`, the code of the tag up to the word at the cursor.
    fn expectation(&self, code: &str) -> Option<TemplateExpectation> {
        match self.syntax {
            TemplateSyntax::Handlebars => handlebars(code),
            TemplateSyntax::Mustache => match code.trim_start_matches(['{', '&', ' ']) {
                "" | "#" | "^" => Some(TemplateExpectation::Argument),
                "/" => Some(TemplateExpectation::Close),
                _ => None,
            },
            TemplateSyntax::Jinja | TemplateSyntax::Nunjucks => jinja(code, self.is_statement),
            TemplateSyntax::Placeholders
            | TemplateSyntax::Inputs
            | TemplateSyntax::SemanticKernel => code
                .trim()
                .is_empty()
                .then_some(TemplateExpectation::Argument),
            TemplateSyntax::Plain => None,
        }
    }
}

fn handlebars(code: &str) -> Option<TemplateExpectation> {
    let code = code.trim_start_matches(['{', '~']).trim_start();
    if is_quoted(code) {
        let before = code.trim_end_matches(['"', '\'']).trim_end();
        return match before {
            "role" => Some(TemplateExpectation::Role),
            ">" | "#>" => Some(TemplateExpectation::Partial),
            _ => None,
        };
    }
    if code.ends_with('.') || code.ends_with("as |") {
        return None;
    }
    let sign = ["#>", "#*", "#", "^", "/", ">", "&"]
        .into_iter()
        .find(|sign| code.starts_with(sign));
    let sign = sign.unwrap_or_default();
    let rest = code.get(sign.len()..)?.trim_start_matches('~').trim_start();
    if rest.ends_with('(') {
        return Some(TemplateExpectation::Subexpression);
    }
    if !rest.is_empty() {
        let is_chained = rest.trim() == "else";
        return Some(if is_chained {
            TemplateExpectation::Block
        } else {
            TemplateExpectation::Argument
        });
    }
    Some(match sign {
        ">" | "#>" => TemplateExpectation::Partial,
        "#" => TemplateExpectation::Block,
        "/" => TemplateExpectation::Close,
        "^" => TemplateExpectation::Argument,
        "#*" => return None,
        _ => TemplateExpectation::Expression,
    })
}

fn jinja(code: &str, is_statement: bool) -> Option<TemplateExpectation> {
    let code = code.trim_start_matches(['-', '+']);
    if is_quoted(code) {
        return None;
    }
    let before = code.trim_end();
    if before.ends_with('.') {
        return None;
    }
    if before.ends_with('|') {
        return Some(TemplateExpectation::Filter);
    }
    if is_statement && before.is_empty() {
        return Some(TemplateExpectation::Statement);
    }
    let words: Vec<&str> = before.split_whitespace().collect();
    match words.as_slice() {
        [.., "is"] | [.., "is", "not"] => return Some(TemplateExpectation::Test),
        // Names that the author chooses.
        [
            "for" | "set" | "macro" | "block" | "import" | "from" | "include",
            rest @ ..,
        ] if is_statement && !rest.iter().any(|word| matches!(*word, "in" | "=")) => {
            return None;
        }
        ["filter"] if is_statement => return Some(TemplateExpectation::Filter),
        _ => {}
    }
    Some(if is_statement {
        TemplateExpectation::Argument
    } else {
        TemplateExpectation::Expression
    })
}

/// Whether the end of a code is in a text in quotes.
fn is_quoted(code: &str) -> bool {
    let mut quote = None;
    for char in code.chars() {
        match quote {
            Some(open) if open == char => quote = None,
            None if matches!(char, '"' | '\'') => quote = Some(char),
            _ => {}
        }
    }
    quote.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::parse;

    /// Returns the cursor at `$0` and the word that it is in.
    fn at(name: &str, marked: &str) -> Option<(TemplateCursor, String)> {
        let offset = marked.find("$0").expect("a cursor");
        let text = marked.replacen("$0", "", 1);
        let file = parse(name, &text, None);
        let found = template_cursor(&file, &text, offset)?;
        let word = text[found.range.clone()].to_owned();
        Some((found, word))
    }

    #[track_caller]
    fn check(name: &str, marked: &str, expected: Option<(TemplateExpectation, &str)>) {
        let found = at(name, marked);
        let found = found
            .as_ref()
            .map(|(found, word)| (found.expects, word.as_str()));
        assert_eq!(found, expected, "{marked}");
    }

    #[test]
    fn every_place_in_a_handlebars_tag_is_known() {
        use TemplateExpectation as E;
        for (marked, expected) in [
            ("é {{ci$0", Some((E::Expression, "ci"))),
            ("{{$0", Some((E::Expression, ""))),
            ("{{~c$0ity}} x", Some((E::Expression, "city"))),
            ("{{#i$0}}", Some((E::Block, "i"))),
            ("{{#if $0}}", Some((E::Argument, ""))),
            ("---\na: 1\n---\n{{#if $0", Some((E::Argument, ""))),
            ("{{else i$0}}", Some((E::Block, "i"))),
            ("{{#each a}}{{/e$0", Some((E::Close, "e"))),
            ("{{> ca$0", Some((E::Partial, "ca"))),
            ("{{>\"a/b$0", Some((E::Partial, "a/b"))),
            ("{{> card x$0", Some((E::Argument, "x"))),
            ("{{json (loo$0", Some((E::Subexpression, "loo"))),
            ("{{role \"us$0\"}}", Some((E::Role, "us"))),
            ("{{a.b$0}}", None),
            ("{{a}} b$0", None),
            ("{{! a$0", None),
            ("\\{{a$0", None),
            ("{{a\nb$0\nc", None),
            ("{{json\n  a$0\n}}", Some((E::Argument, "a"))),
        ] {
            check("a.prompt", marked, expected);
        }
    }

    #[test]
    fn every_place_in_a_jinja_tag_is_known() {
        use TemplateExpectation as E;
        for (marked, expected) in [
            ("{{ ci$0", Some((E::Expression, "ci"))),
            ("{% $0", Some((E::Statement, ""))),
            ("{%- el$0 %}", Some((E::Statement, "el"))),
            ("{% for $0 %}", None),
            ("{% for a in b$0 %}", Some((E::Argument, "b"))),
            ("{% set x$0", None),
            ("{% set x = y$0", Some((E::Argument, "y"))),
            ("{{ a | up$0 }}", Some((E::Filter, "up"))),
            ("{% if a is not de$0 %}", Some((E::Test, "de"))),
            ("{{ a.b$0 }}", None),
            ("{{ \"a$0", None),
            ("{# {{ a$0 #}", None),
        ] {
            check("a.prompty", &format!("user:\n{marked}"), expected);
        }
    }

    #[test]
    fn the_other_formats_have_variables_only() {
        use TemplateExpectation as E;
        let argument = |word| Some((E::Argument, word));
        check("a.prompt.md", "In ${input:ci$0", argument("ci"));
        check("a.prompt.md", "In ${input:city}$0", None);
        let github = "messages:\n  - role: user\n    content: \"é {{ci$0}}\"\n";
        check("a.prompt.yml", github, argument("ci"));
        let mustache = "---\ntemplate: {format: {kind: mustache}, parser: {kind: prompty}}\n---\nuser:\n{{#a}}{{/a$0";
        check("a.prompty", mustache, Some((E::Close, "a")));
    }

    #[test]
    fn names_in_scope_are_known() {
        let (found, _) = at(
            "a.prompt",
            "{{#each a as |b c|}}{{#if x}}{{$0}}{{/if}}{{/each}}",
        )
        .unwrap();
        assert_eq!(found.locals, ["c", "b"]);
        assert_eq!(found.open_blocks, ["if", "each"]);
        assert!(found.has_own_context);
        let (found, _) = at(
            "a.prompty",
            "user:\n{% set z = 1 %}{% for b in a %}{{ $0 }}{% endfor %}",
        )
        .unwrap();
        assert_eq!(found.locals, ["b", "z"]);
        assert_eq!(found.open_blocks, ["endfor"]);
        let (found, _) = at("a.prompty", "user:\n{% for b in a %}{% endfor %}{{ $0").unwrap();
        assert_eq!(found.locals, [""; 0]);
    }
}
