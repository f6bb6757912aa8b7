//! Macros that define the types of the protocol, and write them as TypeScript in tests.
//!
//! The extension's `src/client/protocol.ts` is the output; a test compares it.

/// Defines an object of the protocol. A field whose `serde` attribute has `default` or
/// `skip_serializing_if` may be absent; another `Option` may be null.
macro_rules! protocol_object {
    (
        $(#[doc = $doc:literal])*
        $name:ident $(extends $document:ident)? {
            $(
                $(#[doc = $field_doc:literal])*
                $(#[serde($($serde:tt)*)])?
                $field:ident: $type:ty,
            )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $(
                $(#[doc = $field_doc])*
                $(#[serde($($serde)*)])?
                pub $field: $type,
            )*
            $(
                #[doc = concat!("The fields of `", stringify!($document), "`.")]
                #[serde(flatten)]
                pub document: protocol_object!(@document $document),
            )?
        }

        #[cfg(test)]
        impl $crate::server::protocol::typescript::TypeScript for $name {
            fn declaration() -> String {
                use $crate::server::protocol::typescript::{Field, object};
                let fields = [$(Field {
                    doc: concat!($($field_doc, "\n"),*),
                    serde: concat!($(stringify!($($serde)*))?),
                    name: stringify!($field),
                    rust: stringify!($type),
                }),*];
                let extends = concat!($(" extends ", stringify!($document))?);
                object(concat!($($doc, "\n"),*), stringify!($name), extends, &fields)
            }
        }
    };
    (@document $document:ident) => { serde_json::Value };
}

/// Defines an enumeration of the protocol, whose values are strings.
macro_rules! protocol_words {
    (
        $(#[doc = $doc:literal])*
        $name:ident {
            $(
                $(#[doc = $variant_doc:literal])*
                $variant:ident = $word:literal $(#[$default:ident])?,
            )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $(
                $(#[doc = $variant_doc])*
                $(#[$default])?
                #[serde(rename = $word)]
                $variant,
            )*
        }

        #[cfg(test)]
        impl $crate::server::protocol::typescript::TypeScript for $name {
            fn declaration() -> String {
                let words = [$($word),*];
                $crate::server::protocol::typescript::words(
                    concat!($($doc, "\n"),*),
                    stringify!($name),
                    &words,
                )
            }
        }
    };
}

/// A type that has a declaration in TypeScript.
#[cfg(test)]
pub(crate) trait TypeScript {
    /// Returns the declaration, which ends with a line break.
    fn declaration() -> String;
}

/// A field of an object.
#[cfg(test)]
pub(crate) struct Field {
    /// The lines of the doc comment.
    pub doc: &'static str,
    /// The `serde` attribute.
    pub serde: &'static str,
    /// The name in Rust.
    pub name: &'static str,
    /// The type in Rust.
    pub rust: &'static str,
}

#[cfg(test)]
fn comment(doc: &str, indent: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(str::trim).collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let lines = lines.iter().map(|line| format!("{indent} * {line}\n"));
            let lines: String = lines.collect();
            format!("{indent}/**\n{lines}{indent} */\n")
        }
    }
}

/// Returns the declaration of an object.
#[cfg(test)]
pub(crate) fn object(doc: &str, name: &str, extends: &str, fields: &[Field]) -> String {
    let fields: String = fields.iter().map(field).collect();
    let doc = comment(doc, "");
    format!("{doc}export interface {name}{extends} {{\n{fields}}}\n")
}

#[cfg(test)]
fn field(field: &Field) -> String {
    let may_be_absent = ["default", "skip_serializing_if"];
    let may_be_absent = may_be_absent.iter().any(|word| field.serde.contains(word));
    let renamed = field.serde.split("rename = \"").nth(1);
    let renamed = renamed.and_then(|rest| rest.split('"').next());
    let name = renamed.unwrap_or(field.name);
    let rust: String = field.rust.split_whitespace().collect();
    let inner = rust
        .strip_prefix("Option<")
        .and_then(|rest| rest.strip_suffix('>'));
    let (mark, written) = match inner {
        Some(inner) if may_be_absent => ("?", typescript(inner)),
        Some(inner) => match typescript(inner).as_str() {
            // It includes null.
            "unknown" => ("", "unknown".to_owned()),
            inner => ("", format!("{inner} | null")),
        },
        None => (if may_be_absent { "?" } else { "" }, typescript(&rust)),
    };
    let doc = comment(field.doc, "    ");
    format!("{doc}    {name}{mark}: {written};\n")
}

/// Returns the declaration of an enumeration.
#[cfg(test)]
pub(crate) fn words(doc: &str, name: &str, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!(
        "{}export type {name} = {};\n",
        comment(doc, ""),
        words.join(" | ")
    )
}

/// Returns the TypeScript of a type in Rust, without spaces.
#[cfg(test)]
fn typescript(rust: &str) -> String {
    let inside = |start: &str| rust.strip_prefix(start)?.strip_suffix('>');
    if let Some(inner) = inside("Vec<") {
        let inner = match inner.strip_prefix("Option<") {
            Some(rest) => format!("({} | null)", typescript(rest.trim_end_matches('>'))),
            None => typescript(inner),
        };
        return format!("{inner}[]");
    }
    match rust {
        "String" | "lsp::Uri" | "PathBuf" => "string".to_owned(),
        "Value" => "unknown".to_owned(),
        "bool" => "boolean".to_owned(),
        "i32" | "u32" | "u64" | "usize" | "f32" | "f64" => "number".to_owned(),
        other => other.trim_start_matches("lsp::").to_owned(),
    }
}
