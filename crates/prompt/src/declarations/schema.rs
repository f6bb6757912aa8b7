//! JSON Schemas of the declarations, generated from [`super::keys`].

use serde_json::{Map, Value, json};

use crate::declarations::keys::{Key, KeyKind, LISTS, VERSION};

const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// Returns the schema of a sidecar, `<file name>.hoplens.yaml`.
pub fn sidecar_schema() -> Value {
    let mut keys = vec![VERSION];
    keys.extend(LISTS);
    let mut schema = map(&keys);
    name(
        &mut schema,
        "hoplens sidecar",
        "Cases and injections of the prompt file beside this one.",
    );
    schema
}

/// Returns the schema of hoplens's part of a front matter. It does not restrict the formats' own
/// keys. dotprompt stores the lists under dotted keys, Prompty under `metadata.hoplens`, and
/// `.prompt.md` under `hoplens`.
pub fn front_matter_schema() -> Value {
    let lists = map(LISTS);
    let mut properties = Map::new();
    for key in LISTS {
        properties.insert(format!("hoplens.{}", key.name), property(key));
    }
    properties.insert("hoplens".into(), lists.clone());
    let metadata = json!({"type": ["object", "null"], "properties": {"hoplens": lists}});
    properties.insert("metadata".into(), metadata);
    let mut schema = json!({"type": "object", "properties": properties});
    name(
        &mut schema,
        "hoplens front matter",
        "Cases and injections in the front matter of a prompt file.",
    );
    schema
}

fn name(schema: &mut Value, title: &str, description: &str) {
    schema["$schema"] = DIALECT.into();
    schema["title"] = title.into();
    schema["description"] = description.into();
}

fn property(key: &Key) -> Value {
    let mut schema = value(&key.value);
    schema["description"] = key.doc.into();
    // Editors that understand Markdown show this one.
    schema["markdownDescription"] = key.doc.into();
    schema
}

fn map(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| (key.name.to_owned(), property(key)))
        .collect();
    let required: Vec<&str> = keys
        .iter()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn value(kind: &KeyKind) -> Value {
    match kind {
        // In YAML `1984` and `true` are not strings; hoplens accepts them as typed text.
        KeyKind::Text => json!({"type": ["string", "number", "boolean"], "minLength": 1}),
        KeyKind::Word(words) => json!({"enum": words}),
        KeyKind::Index(least) => json!({"type": "integer", "minimum": least}),
        KeyKind::Number => json!({"type": "number"}),
        KeyKind::Flag => json!({"type": "boolean"}),
        KeyKind::Probability => json!({"type": "number", "minimum": 0, "maximum": 1}),
        KeyKind::Version(version) => json!({"const": version}),
        KeyKind::Any => json!({}),
        KeyKind::Map(keys) => map(keys),
        KeyKind::Values(kind) => {
            json!({"type": ["object", "null"], "additionalProperties": value(kind)})
        }
        // An empty value is a list without items.
        KeyKind::List(kind) => json!({"type": ["array", "null"], "items": value(kind)}),
        KeyKind::Either(kinds) => json!({"anyOf": kinds.iter().map(value).collect::<Vec<_>>()}),
    }
}

#[cfg(test)]
mod tests;
