//! Accepted answers that were written for tools without access to tokens.

use crate::declarations::spanned::Spanned;

/// Returns the accepted answers for an answer `text` of a tool that does not see tokens: the text
/// itself, and the text after a space, because a model usually continues a prompt with a space.
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
