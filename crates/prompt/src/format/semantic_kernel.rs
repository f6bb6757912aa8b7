//! Semantic Kernel's prompts in YAML: `template`, `template_format` and `input_variables`.
//!
//! They have the file names of GitHub Models' prompts. The template is rendered first, and its
//! `<message role="…">` elements are the messages; without one, all text is the user's.

use std::ops::Range;

use crate::declarations::fields::required;
use crate::declarations::variables::Variables;
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::severity::Severity;
use crate::render::rendered::Turn;
use crate::render::source_map::MappedText;
use crate::template::language::TemplateLanguage;
use crate::yaml;
use crate::yaml::node::{Data, Node};

/// Whether a file is Semantic Kernel's and not GitHub's.
pub(crate) fn is_semantic_kernel(root: &Node) -> bool {
    let has = |key: &str| root.entry(key).is_some();
    has("template_format") || (has("template") && !has("messages"))
}

/// Reads the declarations into `variables`, and returns the template with its mapping to the file.
pub(crate) fn read(
    file: &str,
    root: &Node,
    variables: &mut Variables,
    problems: &mut Problems,
) -> Option<(Range<usize>, MappedText)> {
    let format = root.entry("template_format").map(|(_, format)| format);
    let mut inform = |node: &Node, message: &str| {
        let (code, severity) = (Code::UnsupportedContent, Severity::Information);
        problems.add(code, severity, node.here(), message);
    };
    let name = format.map_or("semantic-kernel", |node| node.text().unwrap_or_default());
    variables.language.engine = match name {
        "handlebars" => TemplateLanguage::Handlebars,
        "semantic-kernel" => TemplateLanguage::SemanticKernel,
        "liquid" => TemplateLanguage::Jinja,
        _ => {
            if let Some(node) = format {
                inform(
                    node,
                    "hoplens does not know this template format, so the template is read as plain \
                     text. Known are: semantic-kernel, handlebars, liquid.",
                );
            }
            TemplateLanguage::Plain
        }
    };
    let inputs = root
        .entry("input_variables")
        .map(|(_, inputs)| &inputs.data);
    if let Some(Data::List { items, .. }) = inputs {
        for item in items {
            variables.semantic_kernel_input(item, problems);
        }
    }
    let whole = root.range.start..root.range.start + 1;
    let node = required(root.entries(), "template", "The file", &whole, problems)?;
    let template = yaml::source::mapped(file, node)?;
    Some((node.range.clone(), template))
}

/// Splits a rendered text at its `<message role="…">` elements.
pub(crate) fn messages(turns: Vec<Turn>) -> Vec<Turn> {
    let mut found = Vec::new();
    for turn in &turns {
        let text = &turn.text.text;
        let mut at = 0;
        while let Some((role, inside, end)) = element(text, at) {
            found.push(Turn {
                role: Some(role),
                text: turn.text.part(inside),
            });
            at = end;
        }
    }
    if !found.is_empty() {
        return found;
    }
    let role = Some("user".to_owned());
    let turns = turns.into_iter();
    turns
        .map(|turn| Turn {
            role: turn.role.or_else(|| role.clone()),
            text: turn.text,
        })
        .collect()
}

/// Returns the next element: the role, the bytes of its text, and its end.
fn element(text: &str, from: usize) -> Option<(String, Range<usize>, usize)> {
    const CLOSE: &str = "</message>";
    let mut at = from;
    loop {
        let start = at + text.get(at..)?.find("<message")?;
        at = start + "<message".len();
        let rest = text.get(at..)?;
        let Some(end) = rest
            .find('>')
            .filter(|_| rest.starts_with(char::is_whitespace))
        else {
            continue;
        };
        let role = rest.get(..end).and_then(|attributes| {
            let (_, value) = attributes.split_once("role=")?;
            let quote = value.chars().next().filter(|c| ['"', '\''].contains(c))?;
            value.get(1..)?.split_once(quote)
        });
        let Some((role, _)) = role else { continue };
        let inside = at + end + 1;
        let length = text.get(inside..)?.find(CLOSE)?;
        let inner = inside..inside + length;
        return Some((role.to_owned(), inner, inside + length + CLOSE.len()));
    }
}
