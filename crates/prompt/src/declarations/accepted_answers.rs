//! The answers that count where a tool does not know tokens.

use crate::declarations::spanned::Spanned;

/// What counts as the answer `text` of a tool that knows of no tokens: the text, and the text
/// after a space, as most words come out of a model that goes on with a prompt.
pub(crate) fn accepted(text: &Spanned<String>) -> Vec<Spanned<String>> {
    let trimmed = text.value.trim_end();
    let with = |value: String| Spanned {
        value,
        range: text.range.clone(),
    };
    if trimmed.is_empty() {
        return Vec::new();
    }
    if trimmed.starts_with(char::is_whitespace) {
        return vec![with(trimmed.to_owned())];
    }
    vec![with(format!(" {trimmed}")), with(trimmed.to_owned())]
}
