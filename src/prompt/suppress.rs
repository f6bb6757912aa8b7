//! `{{!hoplens-ignore CODE }}` in a template.
//!
//! The form is exact: other ways to write a comment are turned into something else by the
//! formatter that most editors run on `.prompt` files, and then the model reads them.

use super::{
    Suppression,
    declared::check_code,
    problem::Problems,
    tags::{Kind, tokens},
};

/// The suppressions in a template that begins at byte `base` of the file.
pub(super) fn read(body: &str, base: usize, problems: &mut Problems) -> Vec<Suppression> {
    let mut found = Vec::new();
    for token in tokens(body) {
        let text = body.get(token.range.clone()).unwrap_or_default();
        if token.kind != Kind::Comment || !text.contains("hoplens-ignore") {
            continue;
        }
        let range = base + token.range.start..base + token.range.end;
        let code = text
            .strip_prefix("{{!hoplens-ignore ")
            .and_then(|rest| rest.strip_suffix(" }}"))
            .filter(|code| !code.is_empty() && !code.contains(char::is_whitespace));
        if let Some(code) = code {
            check_code(code, &range, problems);
            found.push(Suppression {
                code: code.to_owned(),
                range,
                origin: problems.origin,
            });
        } else {
            problems.warn(
                &range,
                "This comment ignores nothing. Write exactly `{{!hoplens-ignore CODE }}`: no \
                 space after `!`, one code, one space before `}}`.",
            );
        }
    }
    found
}
