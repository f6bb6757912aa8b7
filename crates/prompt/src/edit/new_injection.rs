//! The YAML of a new injection.

use crate::edit::place::Item;

use crate::declarations::case::Measured;
use crate::yaml::quote::{id, quoted, significant};
use hoplens_injection::{Encoding, Scope};

/// An injection to add.
#[derive(Debug, Clone, PartialEq)]
pub struct NewInjection {
    /// The memory's text.
    pub memory: String,
    /// How the text becomes a vector.
    pub encoding: Encoding,
    /// The layer, from 0.
    pub layer: usize,
    /// Magnitude; finite.
    pub tau: f64,
    /// The positions it acts on.
    pub scope: Scope,
    /// The measured probabilities, written with three significant digits.
    pub measured: Option<Measured>,
}

/// How an injection refers to its case.
#[derive(Debug, Default)]
pub(crate) struct KeyNaming {
    /// The value of `case`.
    pub reference: Option<String>,
    /// The index of a case that receives the reference as its new id.
    pub new_id: Option<usize>,
}

pub(crate) fn item(injection: &NewInjection, case: Option<&str>) -> Item {
    let encoding = match injection.encoding {
        Encoding::Embed => "embed",
        Encoding::Unembed => "unembed",
        Encoding::Layerwise => "layerwise",
    };
    let scope = match &injection.scope {
        Scope::All => "all".to_owned(),
        Scope::Last => "last".to_owned(),
        Scope::Span(span) if span.nth == 1 => format!("{{span: {}}}", quoted(&span.text)),
        Scope::Span(span) => format!("{{span: {}, nth: {}}}", quoted(&span.text), span.nth),
    };
    let mut fields = Vec::new();
    if let Some(case) = case {
        fields.push(("case", id(case)));
    }
    fields.push(("memory", quoted(&injection.memory)));
    fields.push(("encoding", encoding.to_owned()));
    fields.push(("layer", injection.layer.to_string()));
    fields.push(("tau", injection.tau.to_string()));
    fields.push(("scope", scope));
    let measured = injection.measured.as_ref().and_then(written_record);
    fields.extend(measured.map(|value| ("measured", value)));
    Item::Map(fields)
}

/// Returns the YAML of a record; `None` for numbers that are not finite.
pub(crate) fn written_record(measured: &Measured) -> Option<String> {
    let is_finite = measured.before.is_finite() && measured.after.is_finite();
    is_finite.then(|| {
        format!(
            "{{model: {}, before: {}, after: {}}}",
            quoted(&measured.model),
            significant(measured.before),
            significant(measured.after)
        )
    })
}
