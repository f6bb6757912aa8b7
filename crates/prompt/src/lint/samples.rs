//! Defaults, samples and inputs of cases whose values do not have the declared type.

use crate::diagnostics::code::Code;
use crate::diagnostics::severity::Severity;
use crate::edit::file_edit::TextEdit;
use crate::format::prompt_format::PromptFormat;
use crate::lint::finding::LintFinding;
use crate::lint::inputs::InputSource;
use crate::lint::lint_context::LintContext;
use crate::lint::value_type::ValueType;
use crate::yaml::quote::quoted;

/// Returns a finding for each value that does not have the declared type.
pub(crate) fn mismatches(context: &LintContext<'_>) -> Vec<LintFinding> {
    let inputs = context.inputs.list.iter();
    inputs
        .filter_map(|input| {
            let value = input.value.as_ref()?;
            let declared = match input.source {
                InputSource::Schema => &input.value_type,
                _ => context.inputs.type_of(&input.name)?,
            };
            if declared.fits(value) {
                return None;
            }
            let is_scalar = value.text().is_some();
            // A text may be written without quotes, as in `zip: 1010`, and only dotprompt's
            // applications compare values with the schema.
            let is_minor = context.file.format != PromptFormat::Dotprompt
                || (*declared == ValueType::Text && is_scalar);
            let severity = if is_minor {
                Severity::Information
            } else {
                Severity::Warning
            };
            let remedy = match declared {
                ValueType::Text if is_scalar => "Write it in quotes",
                _ => "Correct the value",
            };
            let message = format!(
                "`{}` is declared as {}, but this value is {}. {remedy}, or change the type.",
                input.name,
                declared.words(),
                value.kind()
            );
            let range = value.here().clone();
            let finding = LintFinding::new(Code::SchemaMismatch, range.clone(), message)
                .with_severity(severity)
                .in_file(input.origin);
            Some(match value.text() {
                Some(text) if *declared == ValueType::Text && value.alias.is_none() => {
                    let edit = TextEdit {
                        range,
                        new_text: quoted(text),
                    };
                    finding.with_fix("Write it in quotes".to_owned(), edit, true)
                }
                _ => finding,
            })
        })
        .collect()
}
