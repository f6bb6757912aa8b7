//! Hovers over declarations: the documentation of a key, and the effect of an injection.

use std::ops::Range;

use crate::completion::project::project_key_at;
use crate::injection_effects::effects;
use crate::markdown::code_span;
use crate::numbers::{factor, percent};
use crate::snapshot::Snapshot;
use hoplens_prompt::declaration_sites::{DeclarationSite, key_of};
use hoplens_prompt::keys::{Key, KeyKind, current_words};
use hoplens_prompt::outline::{Outline, OutlineNodeKind};
use hoplens_prompt::{Injection, Origin};

/// A hover that needs no model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextHover {
    /// Markdown.
    pub text: String,
    /// Bytes that it describes.
    pub range: Range<usize>,
    /// The injection that it describes: an index into the file's.
    pub injection: Option<usize>,
}

/// Returns the hover at byte `offset` of a document whose declarations are in `sites`. `text` is the
/// document's, and `origin` says which of the snapshot's files it is.
pub fn declaration_hover(
    text: &str,
    sites: &[DeclarationSite],
    offset: usize,
    snapshot: Option<&Snapshot>,
    origin: Origin,
) -> Option<TextHover> {
    let holds = |site: &&DeclarationSite| site.window.start <= offset && offset <= site.window.end;
    let first = sites.iter().find(holds)?;
    let outline = Outline::read(text, first.window.clone());
    let injection = snapshot.and_then(|snapshot| {
        let mut injections = snapshot.file.injections.iter();
        let own = |one: &&Injection| {
            one.origin == origin && one.range.start <= offset && offset <= one.range.end
        };
        let index = injections.position(|one| own(&one))?;
        Some((snapshot, index))
    });
    let index = injection.map(|(_, index)| index);
    let injection = injection
        .and_then(|(snapshot, index)| Some((snapshot, snapshot.file.injections.get(index)?)));
    let at = outline.at(offset);
    let key = at.and_then(|at| {
        let node = &outline.nodes[at];
        let on_key = node.label.start <= offset && offset <= node.label.end;
        let is_key = node.kind == OutlineNodeKind::Entry && on_key;
        let path = outline.path(at);
        // hoplens's keys and those of the format may be in the same YAML.
        let mut keys = sites
            .iter()
            .filter(holds)
            .filter_map(|site| key_of(site.keys, &path));
        let key = keys.next().filter(|_| is_key)?;
        Some((key, node.label.clone()))
    });
    let effect = injection.map(|(snapshot, one)| effect(snapshot, one));
    match (key, injection, effect) {
        (Some((key, range)), _, effect) => {
            let mut text = of_key(key);
            if let Some(effect) = effect.filter(|effect| !effect.is_empty()) {
                text = format!("{text}\n\n---\n\n{effect}");
            }
            Some(TextHover {
                text,
                range,
                injection: index,
            })
        }
        (None, Some((_, one)), Some(text)) if !text.is_empty() => Some(TextHover {
            text,
            range: one.range.clone(),
            injection: index,
        }),
        _ => None,
    }
}

/// Returns the hover at byte `offset` of a `hoplens.toml`.
pub fn project_hover(text: &str, offset: usize) -> Option<TextHover> {
    let (key, range) = project_key_at(text, offset)?;
    let name = match key.table {
        "" => key.name.to_owned(),
        table => format!("{table}.{}", key.name),
    };
    let text = format!(
        "**{}**\n\n{}\n\nDefault: {}",
        code_span(&name),
        key.doc,
        code_span(key.default)
    );
    Some(TextHover {
        text,
        range,
        injection: None,
    })
}

fn of_key(key: &Key) -> String {
    let required = if key.required { " (required)" } else { "" };
    let values = match words(key.value) {
        Some(words) => {
            let words: Vec<String> = current_words(words).map(code_span).collect();
            format!("\n\nOne of {}.", words.join(", "))
        }
        None => String::new(),
    };
    format!(
        "**{}**{required}\n\n{}{values}",
        code_span(key.name),
        key.doc
    )
}

fn words(kind: KeyKind) -> Option<&'static [&'static str]> {
    match kind {
        KeyKind::Word(words) => Some(words),
        KeyKind::List(inner) => words(*inner),
        KeyKind::Either(kinds) => kinds.iter().find_map(|kind| words(*kind)),
        _ => None,
    }
}

/// Returns the recorded effect of an injection and its current effect in each case.
fn effect(snapshot: &Snapshot, injection: &Injection) -> String {
    let mut lines = Vec::new();
    let change = |before: f64, after: f64| {
        format!(
            "{} → {} ({})",
            percent(before),
            percent(after),
            factor(after / before)
        )
    };
    if let Some(measured) = &injection.measured {
        lines.push(format!(
            "Recorded: {}, with {}.",
            change(measured.before, measured.after),
            code_span(&measured.model)
        ));
    }
    if let Some(findings) = &snapshot.findings {
        let now = effects(injection, findings);
        if now.is_empty() {
            lines.push(format!(
                "With {} it acts on no case that expects an answer.",
                code_span(&findings.model.name)
            ));
        }
        for one in now {
            lines.push(format!(
                "Now, in case {}: {} without it and with it, with {}.",
                code_span(one.case),
                change(one.before, one.after),
                code_span(&findings.model.name)
            ));
        }
    } else if !lines.is_empty() {
        lines.push("Its current effect appears once the model has read the prompt.".into());
    }
    lines.join("\n\n")
}

#[cfg(test)]
mod tests;
