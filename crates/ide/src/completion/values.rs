//! Values: words, numbers, and texts that the prompt, its cases and the facts give.

use crate::completion::keys::{filter, flow};
use crate::completion::place::{Found, Value};
use crate::completion::{Completes, Completion, InsertStyle, Known};
use crate::snapshot::Snapshot;
use hoplens_analysis::{mentions, name_key};
use hoplens_prompt::keys::Kind;
use hoplens_prompt::outline::Step;
use hoplens_prompt::{Mapped, find_mention, memory_text, render, template_tags};

/// Most texts that are offered.
const MOST: usize = 50;

/// A value that may stand there.
struct Choice {
    text: String,
    /// Whether it is a text that has to stand in quotes.
    is_text: bool,
    detail: Option<String>,
}

pub(super) fn complete(value: &Value, found: &Found, known: Known<'_>) -> Vec<Completion> {
    let mut list = Vec::new();
    for kind in &value.kinds {
        match kind {
            Kind::Word(words) => list.extend(words.iter().map(|word| of_word(word, found))),
            Kind::List(Kind::Word(words)) => {
                let wrap = |word: &&str| in_list(word, value, found);
                list.extend(words.iter().map(wrap));
            }
            Kind::Map(_) | Kind::List(Kind::Map(_)) if found.quote.is_none() && !value.below => {
                list.extend(of_map(*kind, found, known));
            }
            Kind::Version(number) => list.push(of_word(&number.to_string(), found)),
            Kind::Text | Kind::Index(_) => {
                let choices = choices(found, known)
                    .into_iter()
                    .take(MOST.max(layers(known)));
                list.extend(choices.map(|choice| of_choice(choice, found)));
            }
            _ => {}
        }
    }
    list
}

fn layers(known: Known<'_>) -> usize {
    known.model.map_or(0, |model| model.layers.max(model.heads))
}

fn of_word(word: &str, found: &Found) -> Completion {
    let new_text = match found.quote {
        Some(quote) => format!("{quote}{word}{quote}"),
        None => word.to_owned(),
    };
    Completion {
        label: word.to_owned(),
        what: Completes::Word,
        detail: None,
        doc: None,
        range: found.range.clone(),
        new_text,
        is_snippet: false,
        filter: filter(found, word),
    }
}

/// A word as the only one of a list that is not there yet.
fn in_list(word: &str, value: &Value, found: &Found) -> Completion {
    let new_text = if value.below {
        format!("- {word}")
    } else {
        format!("[{word}]")
    };
    Completion {
        new_text,
        ..of_word(word, found)
    }
}

/// A map on one line; its keys are what the list shows.
fn of_map(kind: Kind, found: &Found, known: Known<'_>) -> Option<Completion> {
    let (keys, around) = match kind {
        Kind::Map(keys) => (keys, ("{", "}")),
        Kind::List(Kind::Map(keys)) => (*keys, ("[{", "}]")),
        _ => return None,
    };
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    let first = keys.iter().find(|key| key.required).or(keys.first())?;
    let label = format!("{}{}: …{}", around.0, first.name, around.1);
    let snippets = known.style != InsertStyle::Text;
    Some(Completion {
        what: Completes::Value,
        detail: Some(names.join(", ")),
        doc: None,
        range: found.range.clone(),
        new_text: if snippets {
            flow(kind)
        } else {
            format!("{}{}: {}", around.0, first.name, around.1)
        },
        is_snippet: snippets,
        filter: filter(found, &label),
        label,
    })
}

fn of_choice(choice: Choice, found: &Found) -> Completion {
    let new_text = match found.quote {
        // YAML doubles the quote in this one.
        Some('\'') if !choice.text.contains(char::is_control) => {
            format!("'{}'", choice.text.replace('\'', "''"))
        }
        // A text of JSON is one of YAML.
        quote if choice.is_text || quote.is_some() => {
            serde_json::Value::from(choice.text.as_str()).to_string()
        }
        _ => choice.text.clone(),
    };
    Completion {
        what: Completes::Value,
        detail: choice.detail,
        doc: None,
        range: found.range.clone(),
        new_text,
        is_snippet: false,
        filter: filter(found, &choice.text),
        label: choice.text,
    }
}

/// What may stand under the key at the cursor.
fn choices(found: &Found, known: Known<'_>) -> Vec<Choice> {
    let keys: Vec<&str> = found
        .path
        .iter()
        .filter_map(|step| match step {
            Step::Key(name) => Some(name.as_str()),
            Step::Item(_) => None,
        })
        .collect();
    let Some((last, before)) = keys.split_last() else {
        return Vec::new();
    };
    match *last {
        "case" => cases(found, known),
        "layer" => numbers(known.model.map_or(0, |model| model.layers), "layer"),
        "head" => numbers(known.model.map_or(0, |model| model.heads), "head"),
        "mention" | "subject" | "span" => {
            let phrases = phrases(found, known);
            texts(phrases, "stands in the prompt")
        }
        "bridge" => bridges(found, known),
        "memory" => memories(found, known),
        "model" if before.last() == Some(&"measured") => {
            let model = known.model.into_iter();
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

/// Ids of cases, and numbers of those without one.
fn cases(found: &Found, known: Known<'_>) -> Vec<Choice> {
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
    let declared = known.snapshot.map(|snapshot| &snapshot.file.cases);
    for (at, case) in declared.into_iter().flatten().enumerate() {
        let id = match (&case.row, &case.id) {
            (Some(row), _) => row.of.clone(),
            (None, Some(id)) => id.value.clone(),
            (None, None) => format!("#{}", at + 1),
        };
        add(id, case.expect.first().map(|expect| expect.value.clone()));
    }
    // What stands behind a mistake in the YAML is declared all the same.
    for id in declared_at(found, &["cases", "id"]) {
        add(id.to_owned(), None);
    }
    list
}

/// The scalars whose keys end like `wanted`; the first of those may be dotted.
fn declared_at<'a>(found: &'a Found, wanted: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let fits = move |path: &[Step]| {
        let keys = path.iter().filter_map(|step| match step {
            Step::Key(name) => Some(name.rsplit('.').next().unwrap_or(name)),
            Step::Item(_) => None,
        });
        let keys: Vec<&str> = keys.collect();
        keys.ends_with(wanted)
    };
    let scalars = found.scalars.iter();
    scalars
        .filter(move |(path, _)| fits(path))
        .map(|(_, text)| text.as_str())
}

/// The prompt of the case at the cursor, or of the first one.
fn prompt(found: &Found, snapshot: &Snapshot) -> Mapped {
    let file = &snapshot.file;
    let here = file
        .cases
        .iter()
        .find(|case| case.range.start <= found.offset && found.offset <= case.range.end);
    let case = here.or(file.cases.first());
    render(file, &snapshot.text, case).joined()
}

/// Phrases that stand in the prompt: those with a fact, then those that describe something.
fn phrases(found: &Found, known: Known<'_>) -> Vec<String> {
    let Some(snapshot) = known.snapshot else {
        return Vec::new();
    };
    let prompt = prompt(found, snapshot);
    let facts = known.facts.list.iter().filter_map(|fact| {
        let range = find_mention(&prompt, &fact.mention.value)?;
        prompt.text.get(range)
    });
    let described = mentions(&prompt.text).into_iter();
    let described = described.filter_map(|range| prompt.text.get(range));
    let declared = declared_at(found, &["hops", "mention"]);
    let declared = declared.filter(|mention| find_mention(&prompt, mention).is_some());
    distinct(facts.chain(described).chain(declared))
}

/// Entities: the facts about this hop's mention, what the file declares, then all facts.
fn bridges(found: &Found, known: Known<'_>) -> Vec<Choice> {
    let Some((_, hop)) = found.path.split_last() else {
        return Vec::new();
    };
    let mention = found.scalars.iter().find(|(path, _)| {
        let (Some(Step::Key(last)), true) = (path.last(), path.len() == hop.len() + 1) else {
            return false;
        };
        path.starts_with(hop) && ["mention", "subject"].contains(&last.as_str())
    });
    let known_here: Vec<&str> = match mention {
        Some((_, mention)) => known.facts.bridges(mention).collect(),
        None => Vec::new(),
    };
    let here = texts(
        distinct(known_here.into_iter()),
        "a fact about this mention",
    );
    let rest = distinct(declared_bridges(found, known).chain(all_facts(known)));
    let rest = rest
        .into_iter()
        .filter(|text| here.iter().all(|choice| choice.text != *text))
        .collect();
    let rest = texts(rest, "named elsewhere");
    here.into_iter().chain(rest).collect()
}

/// Bridges that the file declares, then those of all facts, as memories.
fn memories(found: &Found, known: Known<'_>) -> Vec<Choice> {
    let declared = declared_bridges(found, known).map(memory_text);
    let facts = all_facts(known).map(memory_text);
    texts(distinct(declared.chain(facts)), "a bridge")
}

fn declared_bridges<'a>(found: &'a Found, known: Known<'a>) -> impl Iterator<Item = &'a str> {
    let cases = known.snapshot.into_iter().flat_map(|one| &one.file.cases);
    let bridges = cases.flat_map(|case| &case.hops);
    let bridges = bridges.filter_map(|hop| hop.bridge.as_ref());
    let bridges = bridges.map(|bridge| bridge.value.as_str());
    bridges
        .chain(declared_at(found, &["hops", "bridge"]))
        .chain(declared_at(found, &["chain", "bridge"]))
}

fn all_facts(known: Known<'_>) -> impl Iterator<Item = &str> {
    let facts = known.facts.list.iter();
    facts.map(|fact| fact.bridge.value.as_str())
}

/// Each text once, names that differ only in their article too.
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

/// The names of the template's variables.
pub(super) fn variables(snapshot: Option<&Snapshot>) -> Vec<String> {
    let Some(snapshot) = snapshot else {
        return Vec::new();
    };
    let tags = template_tags(&snapshot.file, &snapshot.text).into_iter();
    let mut names: Vec<String> = tags.filter_map(|tag| tag.variable).collect();
    names.extend(snapshot.file.required.iter().map(|one| one.value.clone()));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}
