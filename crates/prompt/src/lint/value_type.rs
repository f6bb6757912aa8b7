//! The types that a prompt file declares for its inputs.

use crate::yaml::node::{Data, Node, Plain};

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ValueType {
    /// Any value, or a type that is not known.
    Any,
    Text,
    Number,
    Integer,
    TruthValue,
    Empty,
    /// One of these texts.
    OneOf(Vec<String>),
    List(Box<ValueType>),
    /// A map, with the types of the fields that are known.
    Map(Vec<(String, ValueType)>),
    Either(Vec<ValueType>),
}

impl ValueType {
    /// Returns the type with this name in Picoschema, JSON Schema or Prompty.
    pub fn named(name: &str) -> Self {
        match name.trim() {
            "string" => Self::Text,
            "number" | "float" => Self::Number,
            "integer" => Self::Integer,
            "boolean" => Self::TruthValue,
            "null" => Self::Empty,
            "array" => Self::List(Box::new(Self::Any)),
            "object" => Self::Map(Vec::new()),
            _ => Self::Any,
        }
    }

    /// Reads a JSON Schema.
    pub fn of_json_schema(schema: &Node) -> Self {
        let key = |key| schema.entry(key).map(|(_, value)| value);
        if let Some(Data::List { items, .. }) = key("enum").map(|one| &one.data) {
            let texts: Option<Vec<String>> = items
                .iter()
                .map(|item| item.text().map(str::to_owned))
                .collect();
            return texts.map_or(Self::Any, Self::OneOf);
        }
        match key("type").map(|one| &one.data) {
            Some(Data::List { items, .. }) => {
                let types = items
                    .iter()
                    .map(|item| Self::named(item.text().unwrap_or_default()));
                Self::Either(types.collect())
            }
            Some(Data::Scalar { text, .. }) => match Self::named(text) {
                Self::List(_) => {
                    let item = key("items").map_or(Self::Any, Self::of_json_schema);
                    Self::List(Box::new(item))
                }
                Self::Map(_) => {
                    let fields = key("properties").map_or(&[][..], Node::entries).iter();
                    let fields = fields.filter_map(|(key, value)| {
                        Some((key.text()?.to_owned(), Self::of_json_schema(value)))
                    });
                    Self::Map(fields.collect())
                }
                other => other,
            },
            _ => Self::Any,
        }
    }

    /// Reads the value of a Picoschema key; `about` is the text in the key's parentheses.
    pub fn of_picoschema(about: Option<&str>, value: &Node) -> Self {
        let kind = about.and_then(|about| about.split(',').next());
        match kind.map(str::trim) {
            Some("array") => Self::List(Box::new(Self::of_picoschema(None, value))),
            Some("enum") => {
                let Data::List { items, .. } = &value.data else {
                    return Self::Any;
                };
                let texts = items
                    .iter()
                    .filter_map(|item| item.text().map(str::to_owned));
                Self::OneOf(texts.collect())
            }
            _ => match &value.data {
                Data::Map { entries, .. } => {
                    let fields = entries.iter().filter_map(|(key, value)| {
                        let (name, about) = picoschema_key(key.text()?);
                        (!name.is_empty()).then(|| {
                            let name = name.trim_end_matches('?').to_owned();
                            (name, Self::of_picoschema(about, value))
                        })
                    });
                    Self::Map(fields.collect())
                }
                Data::Scalar { text, .. } => {
                    Self::named(text.split(',').next().unwrap_or_default())
                }
                Data::List { .. } => Self::Any,
            },
        }
    }

    /// Whether a value has this type. A text with a reference such as `${env:NAME}` has any type,
    /// and so has an empty value.
    pub fn fits(&self, value: &Node) -> bool {
        if value.is_null() || value.text().is_some_and(|text| text.contains("${")) {
            return true;
        }
        match (self, &value.data) {
            (Self::Any, _) => true,
            (Self::Either(types), _) => types.iter().any(|one| one.fits(value)),
            (Self::List(item), Data::List { items, .. }) => items.iter().all(|one| item.fits(one)),
            (Self::Map(fields), Data::Map { .. }) => fields.iter().all(|(name, one)| {
                let field = value.entry(name);
                field.is_none_or(|(_, value)| one.fits(value))
            }),
            (Self::OneOf(texts), Data::Scalar { text, .. }) => texts.contains(text),
            (_, Data::Scalar { value, .. }) => match self {
                Self::Text => matches!(value, Plain::String),
                Self::Number => matches!(value, Plain::Integer(_) | Plain::Float(_)),
                Self::Integer => match value {
                    Plain::Integer(_) => true,
                    Plain::Float(number) => number.fract() == 0.0,
                    _ => false,
                },
                Self::TruthValue => matches!(value, Plain::Bool(_)),
                _ => false,
            },
            _ => false,
        }
    }

    /// Returns the type in words.
    pub fn words(&self) -> String {
        match self {
            Self::Any => "any value".into(),
            Self::Text => "a text".into(),
            Self::Number => "a number".into(),
            Self::Integer => "a whole number".into(),
            Self::TruthValue => "true or false".into(),
            Self::Empty => "empty".into(),
            Self::OneOf(texts) => format!("one of {}", texts.join(", ")),
            Self::List(item) if **item == Self::Any => "a list".into(),
            Self::List(item) => format!("a list, each item {}", item.words()),
            Self::Map(fields) if fields.is_empty() => "a map".into(),
            Self::Map(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, one)| format!("`{name}`: {}", one.words()))
                    .collect();
                format!("a map ({})", fields.join(", "))
            }
            Self::Either(types) => {
                let types: Vec<String> = types.iter().map(Self::words).collect();
                types.join(" or ")
            }
        }
    }
}

/// Splits a key of Picoschema, `name?(array, description)`, into `name?` and what is in parentheses.
pub(crate) fn picoschema_key(key: &str) -> (&str, Option<&str>) {
    match key.split_once('(') {
        Some((name, about)) => (name.trim(), Some(about.trim_end().trim_end_matches(')'))),
        None => (key.trim(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::read::read;

    fn node(yaml: &str) -> Node {
        read(yaml, 0).root.unwrap()
    }

    #[track_caller]
    fn check(key: &str, value: &str, fits: &[&str], fails: &[&str]) {
        let (_, about) = picoschema_key(key);
        let one = ValueType::of_picoschema(about, &node(value));
        for sample in fits {
            assert!(one.fits(&node(sample)), "{one:?} {sample}");
        }
        for sample in fails {
            assert!(!one.fits(&node(sample)), "{one:?} {sample}");
        }
    }

    #[test]
    fn values_are_compared_with_picoschema() {
        check(
            "a",
            "string, the name",
            &["x", "\"3\"", "${env:X}"],
            &["3", "[x]", "{a: b}"],
        );
        check("a", "integer", &["3"], &["3.5", "x"]);
        check("a", "number", &["3", "3.5"], &["x", "true"]);
        check("a", "boolean", &["true"], &["\"true\"", "1"]);
        check("a", "any", &["3", "[x]"], &[]);
        check("a", "SomeSchema", &["3", "[x]"], &[]);
        check(
            "a(array, of names)",
            "string",
            &["[x, y]", "[]"],
            &["x", "[3]"],
        );
        check("a?(enum)", "[RED, BLUE]", &["RED"], &["GREEN", "[RED]"]);
        check(
            "a(object)",
            "{b: integer, c?: string}",
            &["{b: 1}", "{d: 1}"],
            &["{b: x}", "x"],
        );
        check("a(array)", "{b: string}", &["[{b: x}]"], &["[{b: 1}]"]);
    }

    #[test]
    fn values_are_compared_with_json_schema() {
        let schema = ValueType::of_json_schema(&node(
            "{type: object, properties: {a: {type: [string, number]}, b: {enum: [x, y]}, c: {type: array, items: {type: integer}}, d: {$ref: '#/x'}}}",
        ));
        for sample in ["{a: 1, b: x, c: [1], d: 1}", "{a: z}"] {
            assert!(schema.fits(&node(sample)), "{sample}");
        }
        for sample in ["{a: true}", "{b: z}", "{c: [x]}", "[]"] {
            assert!(!schema.fits(&node(sample)), "{sample}");
        }
    }
}
