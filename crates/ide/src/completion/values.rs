//! Completion of values: words, numbers, and texts from the prompt, its cases and the facts.

use crate::completion::context::{CompletionContext, InsertStyle};
use crate::completion::item::{Completion, CompletionKind};
use crate::completion::place::{CursorPlace, ValuePlace};
use crate::completion::snippets::{filter_text, flow_snippet};
use crate::snapshot::Snapshot;
use hoplens_analysis::{mentions, name_key};
use hoplens_prompt::keys::{KeyKind, current_words};
use hoplens_prompt::outline::PathStep;
use hoplens_prompt::{MappedText, find_mention, memory_text, render};

/// Most texts in the list.
const MAX_TEXTS: usize = 50;

/// A value that is valid at the cursor.
struct Choice {
    text: String,
    /// Whether it is a text that needs quotes.
    is_text: bool,
    detail: Option<String>,
}

/// Returns the values that are valid at the cursor.
pub(super) fn complete(
    value: &ValuePlace,
    found: &CursorPlace,
    context: CompletionContext<'_>,
) -> Vec<Completion> {
    let mut list = Vec::new();
    for kind in &value.kinds {
        match kind {
            KeyKind::Word(words) => {
                list.extend(current_words(words).map(|word| word_completion(word, found)));
            }
            KeyKind::List(KeyKind::Word(words)) => {
                list.extend(current_words(words).map(|word| list_completion(word, value, found)));
            }
            KeyKind::Map(_) | KeyKind::List(KeyKind::Map(_))
                if found.quote.is_none() && !value.below =>
            {
                list.extend(map_completion(*kind, found, context));
            }
            KeyKind::Flag => {
                list.extend(["true", "false"].map(|word| word_completion(word, found)));
            }
            KeyKind::Version(number) => list.push(word_completion(&number.to_string(), found)),
            KeyKind::Text | KeyKind::Index(_) => {
                let choices = choices(found, context)
                    .into_iter()
                    .take(MAX_TEXTS.max(max_index(context)));
                list.extend(choices.map(|choice| choice_completion(choice, found)));
            }
            _ => {}
        }
    }
    list
}

/// Returns the larger of the model's numbers of layers and of heads.
fn max_index(context: CompletionContext<'_>) -> usize {
    context
        .model
        .map_or(0, |model| model.layers.max(model.heads))
}

fn word_completion(word: &str, found: &CursorPlace) -> Completion {
    let new_text = match found.quote {
        Some(quote) => format!("{quote}{word}{quote}"),
        None => word.to_owned(),
    };
    Completion {
        label: word.to_owned(),
        kind: CompletionKind::Word,
        detail: None,
        doc: None,
        range: found.range.clone(),
        new_text,
        is_snippet: false,
        filter: filter_text(found, word),
    }
}

/// Returns a word as the first item of a new list.
fn list_completion(word: &str, value: &ValuePlace, found: &CursorPlace) -> Completion {
    let new_text = if value.below {
        format!("- {word}")
    } else {
        format!("[{word}]")
    };
    Completion {
        new_text,
        ..word_completion(word, found)
    }
}

/// Returns a map on one line; its label shows the first key.
fn map_completion(
    kind: KeyKind,
    found: &CursorPlace,
    context: CompletionContext<'_>,
) -> Option<Completion> {
    let (keys, around) = match kind {
        KeyKind::Map(keys) => (keys, ("{", "}")),
        KeyKind::List(KeyKind::Map(keys)) => (*keys, ("[{", "}]")),
        _ => return None,
    };
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    let first = keys.iter().find(|key| key.required).or(keys.first())?;
    let label = format!("{}{}: …{}", around.0, first.name, around.1);
    let snippets = context.style != InsertStyle::Text;
    Some(Completion {
        kind: CompletionKind::Value,
        detail: Some(names.join(", ")),
        doc: None,
        range: found.range.clone(),
        new_text: if snippets {
            flow_snippet(kind)
        } else {
            format!("{}{}: {}", around.0, first.name, around.1)
        },
        is_snippet: snippets,
        filter: filter_text(found, &label),
        label,
    })
}

fn choice_completion(choice: Choice, found: &CursorPlace) -> Completion {
    let new_text = match found.quote {
        // In single quotes YAML doubles the quote.
        Some('\'') if !choice.text.contains(char::is_control) => {
            format!("'{}'", choice.text.replace('\'', "''"))
        }
        // A JSON string is a YAML string.
        quote if choice.is_text || quote.is_some() => {
            serde_json::Value::from(choice.text.as_str()).to_string()
        }
        _ => choice.text.clone(),
    };
    Completion {
        kind: CompletionKind::Value,
        detail: choice.detail,
        doc: None,
        range: found.range.clone(),
        new_text,
        is_snippet: false,
        filter: filter_text(found, &choice.text),
        label: choice.text,
    }
}

/// Returns the values for the key at the cursor.
fn choices(found: &CursorPlace, context: CompletionContext<'_>) -> Vec<Choice> {
    let keys: Vec<&str> = found
        .path
        .iter()
        .filter_map(|step| match step {
            PathStep::Key(name) => Some(name.as_str()),
            PathStep::Item(_) => None,
        })
        .collect();
    let Some((last, before)) = keys.split_last() else {
        return Vec::new();
    };
    match *last {
        "case" => cases(found, context),
        "layer" => numbers(context.model.map_or(0, |model| model.layers), "layer"),
        "head" => numbers(context.model.map_or(0, |model| model.heads), "head"),
        "mention" | "subject" | "span" => {
            let phrases = phrases(found, context);
            texts(phrases, "in the prompt")
        }
        "bridge" => bridges(found, context),
        "memory" => memories(found, context),
        "model" if before.last() == Some(&"measured") => {
            let model = context.model.into_iter();
            let choices = model.map(|model| Choice {
                text: format!("sha256:{}", model.sha256.get(..12).unwrap_or(&model.sha256)),
                is_text: true,
                detail: Some(model.name.clone()),
            });
            choices.collect()
        }
        _ => Vec::new(),
    }
}

fn numbers(count: usize, what: &str) -> Vec<Choice> {
    let choice = |number: usize| Choice {
        text: number.to_string(),
        is_text: false,
        detail: Some(format!("{what} {number} of 0 to {}", count - 1)),
    };
    (0..count).map(choice).collect()
}

fn texts(texts: Vec<String>, detail: &str) -> Vec<Choice> {
    let texts = texts.into_iter();
    texts
        .map(|text| Choice {
            text,
            is_text: true,
            detail: Some(detail.to_owned()),
        })
        .collect()
}

/// Returns the ids of cases, and `#N` for those without an id.
fn cases(found: &CursorPlace, context: CompletionContext<'_>) -> Vec<Choice> {
    let mut list: Vec<Choice> = Vec::new();
    let mut add = |id: String, expect: Option<String>| {
        if !id.is_empty() && list.iter().all(|choice| choice.text != id) {
            let plain = |char: char| char.is_alphanumeric() || "_-".contains(char);
            let is_word = id.chars().all(plain) && id.starts_with(char::is_alphabetic);
            let is_yaml =
                ["true", "false", "null", "yes", "no", "on", "off"].contains(&id.as_str());
            list.push(Choice {
                is_text: !is_word || is_yaml,
                text: id,
                detail: expect.map(|expect| format!("expects {expect:?}")),
            });
        }
    };
    let declared = context.snapshot.map(|snapshot| &snapshot.file.cases);
    for (at, case) in declared.into_iter().flatten().enumerate() {
        let id = match (&case.row, &case.id) {
            (Some(row), _) => row.of.clone(),
            (None, Some(id)) => id.value.clone(),
            (None, None) => format!("#{}", at + 1),
        };
        add(id, case.expect.first().map(|expect| expect.value.clone()));
    }
    // The parser stops at a mistake in the YAML; the outline also has what follows.
    for id in declared_at(found, &["cases", "id"]) {
        add(id.to_owned(), None);
    }
    list
}

/// Returns the scalars whose keys end with `wanted`; the first of these may be dotted.
fn declared_at<'a>(found: &'a CursorPlace, wanted: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let matches = move |path: &[PathStep]| {
        let keys = path.iter().filter_map(|step| match step {
            PathStep::Key(name) => Some(name.rsplit('.').next().unwrap_or(name)),
            PathStep::Item(_) => None,
        });
        let keys: Vec<&str> = keys.collect();
        keys.ends_with(wanted)
    };
    let scalars = found.scalars.iter();
    scalars
        .filter(move |(path, _)| matches(path))
        .map(|(_, text)| text.as_str())
}

/// Returns the rendered prompt of the case at the cursor, or of the first case.
fn rendered_prompt(found: &CursorPlace, snapshot: &Snapshot) -> MappedText {
    let file = &snapshot.file;
    let here = file
        .cases
        .iter()
        .find(|case| case.range.start <= found.offset && found.offset <= case.range.end);
    let case = here.or(file.cases.first());
    render(file, &snapshot.text, case).joined()
}

/// Returns phrases of the prompt: mentions of facts, descriptions, then declared mentions.
fn phrases(found: &CursorPlace, context: CompletionContext<'_>) -> Vec<String> {
    let Some(snapshot) = context.snapshot else {
        return Vec::new();
    };
    let prompt = rendered_prompt(found, snapshot);
    let facts = context.facts.list.iter().filter_map(|fact| {
        let range = find_mention(&prompt, &fact.mention.value)?;
        prompt.text.get(range)
    });
    let described = mentions(&prompt.text).into_iter();
    let described = described.filter_map(|range| prompt.text.get(range));
    let declared = declared_at(found, &["hops", "mention"]);
    let declared = declared.filter(|mention| find_mention(&prompt, mention).is_some());
    distinct(facts.chain(described).chain(declared))
}

/// Returns bridges: the facts about this hop's mention, the declared ones, then all facts.
fn bridges(found: &CursorPlace, context: CompletionContext<'_>) -> Vec<Choice> {
    let Some((_, hop)) = found.path.split_last() else {
        return Vec::new();
    };
    let mention = found.scalars.iter().find(|(path, _)| {
        let (Some(PathStep::Key(last)), true) = (path.last(), path.len() == hop.len() + 1) else {
            return false;
        };
        path.starts_with(hop) && ["mention", "subject"].contains(&last.as_str())
    });
    let of_mention: Vec<&str> = match mention {
        Some((_, mention)) => context.facts.bridges(mention).collect(),
        None => Vec::new(),
    };
    let here = texts(
        distinct(of_mention.into_iter()),
        "a fact about this mention",
    );
    let rest = distinct(declared_bridges(found, context).chain(all_facts(context)));
    let rest = rest
        .into_iter()
        .filter(|text| here.iter().all(|choice| choice.text != *text))
        .collect();
    let rest = texts(rest, "named elsewhere");
    here.into_iter().chain(rest).collect()
}

/// Returns the declared bridges, then those of all facts, as memories.
fn memories(found: &CursorPlace, context: CompletionContext<'_>) -> Vec<Choice> {
    let declared = declared_bridges(found, context).map(memory_text);
    let facts = all_facts(context).map(memory_text);
    texts(distinct(declared.chain(facts)), "a bridge")
}

fn declared_bridges<'a>(
    found: &'a CursorPlace,
    context: CompletionContext<'a>,
) -> impl Iterator<Item = &'a str> {
    let cases = context.snapshot.into_iter().flat_map(|one| &one.file.cases);
    let bridges = cases.flat_map(|case| &case.hops);
    let bridges = bridges.filter_map(|hop| hop.bridge.as_ref());
    let bridges = bridges.map(|bridge| bridge.value.as_str());
    bridges
        .chain(declared_at(found, &["hops", "bridge"]))
        .chain(declared_at(found, &["chain", "bridge"]))
}

fn all_facts(context: CompletionContext<'_>) -> impl Iterator<Item = &str> {
    let facts = context.facts.list.iter();
    facts.map(|fact| fact.bridge.value.as_str())
}

/// Returns each text once; names that differ only in their article count as one.
fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for text in texts.filter(|text| !text.trim().is_empty()) {
        if seen.insert(name_key(text)) {
            list.push(text.to_owned());
        }
    }
    list
}
