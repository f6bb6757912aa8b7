//! The output of a template, span by span, and its mapping to the file.

use std::ops::Range;

use crate::declarations::input_value::InputValue;
use crate::render::findings::MANY;
use crate::render::source_map::MappedText;

/// A part of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputSpan {
    pub text: String,
    /// Bytes of the template: the same text, or the tag that produced it.
    pub source: Range<usize>,
    /// Whether `text` is a copy of `source`.
    pub verbatim: bool,
    /// The variable whose value `text` is.
    pub variable: Option<String>,
}

/// The output of a template.
#[derive(Debug, Default)]
pub(crate) struct TemplateOutput {
    pub spans: Vec<OutputSpan>,
    /// Variables without a value, with the bytes of their tags in the template.
    pub missing: Vec<(String, Range<usize>)>,
    /// Whether each span has its own origin; otherwise one span maps to the whole template.
    pub exact: bool,
}

impl TemplateOutput {
    /// Returns output of unknown origin, mapped to the whole template.
    pub fn whole(text: String, template: &str) -> Self {
        let span = OutputSpan {
            text,
            source: 0..template.len(),
            verbatim: false,
            variable: None,
        };
        Self {
            spans: vec![span],
            missing: Vec::new(),
            exact: false,
        }
    }

    /// Records a variable without a value, once for each tag.
    pub fn record_missing(&mut self, name: &str, tag: &Range<usize>) {
        let missing = (name.to_owned(), tag.clone());
        if self.missing.len() < MANY && !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
    }

    /// Returns the output mapped to the file. `template` is the template with its own mapping.
    pub fn mapped(
        &self,
        template: &MappedText,
        value: &dyn Fn(&str) -> Option<InputValue>,
    ) -> MappedText {
        let mut mapped = MappedText::default();
        for span in &self.spans {
            if span.verbatim {
                let part = template.part(span.source.clone());
                for piece in part.pieces {
                    let text = part.text.get(piece.rendered).unwrap_or_default();
                    mapped.push(text, piece.source, piece.verbatim, piece.value);
                }
                continue;
            }
            let value = span.variable.as_deref().and_then(value);
            let value = value.filter(|value| value.value == span.text);
            let source = template.to_source(span.source.clone());
            mapped.push(&span.text, source, false, value);
        }
        mapped
    }
}
