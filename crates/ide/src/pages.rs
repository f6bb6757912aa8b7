//! The page of each diagnostic code, as the documents have it.

/// What docs/diagnostics says of a code, in Markdown; `None` if there is no such code.
pub fn page(code: &str) -> Option<&'static str> {
    Some(match code {
        "hop-lost" => include_str!("../../../docs/diagnostics/hop-lost.md"),
        "hop-unknown" => include_str!("../../../docs/diagnostics/hop-unknown.md"),
        "answer-unknown" => include_str!("../../../docs/diagnostics/answer-unknown.md"),
        "answer-shortcut" => include_str!("../../../docs/diagnostics/answer-shortcut.md"),
        "answer-unlikely" => include_str!("../../../docs/diagnostics/answer-unlikely.md"),
        "hop-inconsistent" => include_str!("../../../docs/diagnostics/hop-inconsistent.md"),
        "injection-stale" => include_str!("../../../docs/diagnostics/injection-stale.md"),
        "injection-harmful" => include_str!("../../../docs/diagnostics/injection-harmful.md"),
        "token-split" => include_str!("../../../docs/diagnostics/token-split.md"),
        "trailing-space" => include_str!("../../../docs/diagnostics/trailing-space.md"),
        "front-matter" => include_str!("../../../docs/diagnostics/front-matter.md"),
        "unknown-model" => include_str!("../../../docs/diagnostics/unknown-model.md"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hoplens_prompt::CODES;

    #[test]
    fn every_code_has_its_own_page() {
        for code in CODES {
            assert!(page(code).unwrap().starts_with(&format!("# {code}\n")));
        }
        assert_eq!(page("no-code"), None);
    }
}
