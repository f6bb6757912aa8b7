//! Finds the tags of a prompt's template in any of the languages.

use std::ops::Range;

use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::format::prompt_md;
use crate::template::handlebars::partials;
use crate::template::language::TemplateLanguage;
use crate::template::{handlebars, jinja, mustache};

/// A tag of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateTag {
    /// Bytes of the file.
    pub range: Range<usize>,
    /// The variable's name, if the tag is nothing but a variable.
    pub variable: Option<String>,
}

/// Returns the tags of a prompt's template in text order, without comments. `text` is the text
/// that `file` was parsed from.
pub fn template_tags(file: &PromptFile, text: &str) -> Vec<TemplateTag> {
    if file.format == PromptFormat::Markdown || !file.fences.is_empty() {
        let fences = file.fences.iter();
        return fences
            .flat_map(|fence| template_tags(fence, text))
            .collect();
    }
    if !file.turns.is_empty() {
        return in_messages(file);
    }
    if let Some(template) = &file.template {
        let engine = match file.promptfoo {
            Some(_) => TemplateLanguage::Jinja,
            None => file.language.engine,
        };
        let tags = tags_of(engine, &template.text).into_iter();
        let moved = tags.filter_map(|tag| {
            let range = template.to_source(tag.range)?;
            Some(TemplateTag { range, ..tag })
        });
        return moved.collect();
    }
    let body = text.get(file.body.clone()).unwrap_or_default();
    let engine = match file.format {
        // promptfoo's templates have Jinja's tags.
        PromptFormat::Plain if file.promptfoo.is_some() => TemplateLanguage::Jinja,
        _ => file.language.engine,
    };
    let mut found = tags_of(engine, body);
    for tag in &mut found {
        tag.range = tag.range.start + file.body.start..tag.range.end + file.body.start;
    }
    found
}

/// Returns the partials that a prompt uses: the bytes of each tag, and the file's path relative to
/// the prompt's folder.
pub fn partial_uses(file: &PromptFile, text: &str) -> Vec<(Range<usize>, String)> {
    match file.format {
        PromptFormat::Markdown => {
            let fences = file.fences.iter();
            fences.flat_map(|fence| partial_uses(fence, text)).collect()
        }
        PromptFormat::Dotprompt => {
            let start = file.body.start;
            let body = text.get(file.body.clone()).unwrap_or_default();
            let uses = partials::uses_of(body).into_iter();
            uses.map(|(tag, path)| (tag.start + start..tag.end + start, path))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the `{{name}}` tags in messages that YAML contains.
fn in_messages(file: &PromptFile) -> Vec<TemplateTag> {
    let mut found = Vec::new();
    for turn in &file.turns {
        let tags = tags_of(TemplateLanguage::Jinja, &turn.text.text);
        let names = tags.into_iter().filter(|tag| tag.variable.is_some());
        found.extend(names.filter_map(|tag| {
            let range = turn.text.to_source(tag.range)?;
            Some(TemplateTag { range, ..tag })
        }));
    }
    found
}

fn tags_of(engine: TemplateLanguage, body: &str) -> Vec<TemplateTag> {
    let tag = |range: Range<usize>, variable: Option<&str>| TemplateTag {
        range,
        variable: variable.map(str::to_owned),
    };
    match engine {
        TemplateLanguage::Handlebars => handlebars::lexer::tokens(body)
            .into_iter()
            .filter(|token| {
                !matches!(
                    token.kind,
                    handlebars::lexer::HandlebarsTokenKind::Text
                        | handlebars::lexer::HandlebarsTokenKind::Comment
                )
            })
            .map(|token| {
                let name = handlebars::lexer::simple_name(
                    body.get(token.range.clone()).unwrap_or_default(),
                );
                let is_word = token.kind == handlebars::lexer::HandlebarsTokenKind::Else;
                tag(token.range, name.filter(|_| !is_word))
            })
            .collect(),
        TemplateLanguage::Jinja => jinja::lexer::tokens(body)
            .into_iter()
            .filter(|token| {
                matches!(
                    token.kind,
                    jinja::lexer::JinjaTokenKind::Expression
                        | jinja::lexer::JinjaTokenKind::Statement
                )
            })
            .map(|token| {
                let word = jinja::lexer::word(body, &token);
                let is_name =
                    token.kind == jinja::lexer::JinjaTokenKind::Expression && is_name(word);
                tag(token.range.clone(), is_name.then_some(word))
            })
            .collect(),
        TemplateLanguage::Mustache => {
            let tokens = mustache::lexer::tokens(body)
                .unwrap_or_default()
                .into_iter();
            let tokens =
                tokens.filter(|token| token.kind != mustache::lexer::MustacheTokenKind::Text);
            tokens
                .map(|token| {
                    use mustache::lexer::MustacheTokenKind::{Bare, Escaped};
                    let is_value = matches!(token.kind, Escaped | Bare) && is_name(token.key);
                    tag(token.range, is_value.then_some(token.key))
                })
                .collect()
        }
        TemplateLanguage::SemanticKernel => {
            let tags = jinja::lexer::tokens(body).into_iter();
            let tags = tags.filter(|tag| tag.kind == jinja::lexer::JinjaTokenKind::Expression);
            tags.map(|token| {
                let name = jinja::lexer::word(body, &token).strip_prefix('$');
                tag(token.range.clone(), name.filter(|name| is_name(name)))
            })
            .collect()
        }
        TemplateLanguage::Inputs => prompt_md::variables(body)
            .map(|variable| tag(variable.range, Some(variable.name)))
            .collect(),
        TemplateLanguage::Plain => Vec::new(),
    }
}

fn is_name(word: &str) -> bool {
    let plain = |char: char| char.is_alphanumeric() || char == '_' || char == '-';
    !word.is_empty() && word.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::file::parse;

    #[track_caller]
    fn check(name: &str, text: &str, expected: &[(&str, Option<&str>)]) {
        let tags = template_tags(&parse(name, text, None), text);
        let shown = tags.iter();
        let shown: Vec<_> = shown
            .map(|tag| (&text[tag.range.clone()], tag.variable.as_deref()))
            .collect();
        assert_eq!(shown, expected, "{name}: {text}");
    }

    #[test]
    fn tags_of_every_language_are_found() {
        check(
            "a.prompt",
            "---\nx: {{y}}\n---\n{{! no }}é{{thing}} {{#if a}}{{else}}b{{/if}}{{> part}}",
            &[
                ("{{thing}}", Some("thing")),
                ("{{#if a}}", None),
                ("{{else}}", None),
                ("{{/if}}", None),
                ("{{> part}}", None),
            ],
        );
        check(
            "a.prompty",
            "---\nname: x\n---\nuser:\n{{ a }}{% if b %}{{ c.d }}{% endif %}{# no #}",
            &[
                ("{{ a }}", Some("a")),
                ("{% if b %}", None),
                ("{{ c.d }}", None),
                ("{% endif %}", None),
            ],
        );
        check(
            "a.prompty",
            "---\ntemplate: {format: {kind: mustache}, parser: {kind: prompty}}\n---\n{{a}}{{#b}}x{{/b}}",
            &[("{{a}}", Some("a")), ("{{#b}}", None), ("{{/b}}", None)],
        );
        check(
            "a.prompt.md",
            "x ${input:y:z} {{n}}",
            &[("${input:y:z}", Some("y"))],
        );
        check(
            "a.prompt.yml",
            "messages:\n  - role: user\n    content: \"é {{a}} {{ b | c }}\"\n",
            &[("{{a}}", Some("a"))],
        );
        check(
            "a.md",
            "```prompt\n{{a}}\n```\n\n```prompt\n{{b}}\n```\n",
            &[("{{a}}", Some("a")), ("{{b}}", Some("b"))],
        );
        check("a.txt", "{{a}}", &[]);
    }

    #[test]
    fn partials_are_files_in_the_folder_of_the_prompt() {
        let text = "---\na: b\n---\né {{> head}} {{> ../up}} {{>dir/x}}";
        let uses = partial_uses(&parse("a.prompt", text, None), text);
        let shown: Vec<_> = uses
            .iter()
            .map(|(range, path)| (&text[range.clone()], path.as_str()))
            .collect();
        let wanted = [
            ("{{> head}}", "_head.prompt"),
            ("{{>dir/x}}", "dir/_x.prompt"),
        ];
        assert_eq!(shown, wanted);
    }

    proptest! {
        #[test]
        fn tag_ranges_are_on_character_boundaries(
            body in "(a|é|\\{\\{|\\}\\}|\\{%|%\\}|#| |\n|\\$\\{input:|\\}|>|-|!|\"){0,30}",
            name in "a\\.(prompt|prompty|prompt\\.md|md|txt)",
        ) {
            let file = parse(&name, &body, None);
            for tag in template_tags(&file, &body) {
                prop_assert!(body.get(tag.range).is_some());
            }
            for (range, _) in partial_uses(&file, &body) {
                prop_assert!(body.get(range).is_some());
            }
        }
    }
}
