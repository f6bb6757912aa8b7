//! The page of each diagnostic code in docs/diagnostics.

use hoplens_prompt::Code;

/// Matches each code to the page with its name.
macro_rules! pages {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// Returns the page of a code in docs/diagnostics, in Markdown.
        pub fn page(code: Code) -> &'static str {
            match code {
                $(Code::$variant => {
                    include_str!(concat!("../../../docs/diagnostics/", $name, ".md"))
                })*
            }
        }
    };
}

pages! {
    AnswerUnknown "answer-unknown",
    AnswerShortcut "answer-shortcut",
    HopUnknown "hop-unknown",
    HopLost "hop-lost",
    AnswerUnlikely "answer-unlikely",
    HopInconsistent "hop-inconsistent",
    InjectionStale "injection-stale",
    InjectionHarmful "injection-harmful",
    TokenSplit "token-split",
    TrailingSpace "trailing-space",
    NoInfluence "no-influence",
    UnknownModel "unknown-model",
    AnalysisFailed "analysis-failed",
    InvalidInjection "invalid-injection",
    EmptyPrompt "empty-prompt",
    MentionMissing "mention-missing",
    TemplateError "template-error",
    UnknownPartial "unknown-partial",
    UnsetVariable "unset-variable",
    UnusedVariable "unused-variable",
    InvalidRoleLine "invalid-role-line",
    UnsupportedContent "unsupported-content",
    InvalidYaml "invalid-yaml",
    InvalidFence "invalid-fence",
    MissingKey "missing-key",
    UnknownKey "unknown-key",
    MisplacedKey "misplaced-key",
    DuplicateKey "duplicate-key",
    InvalidValue "invalid-value",
    DuplicateValue "duplicate-value",
    DuplicateId "duplicate-id",
    UnknownCase "unknown-case",
    TooManyCases "too-many-cases",
    MissingFile "missing-file",
    InvalidIgnore "invalid-ignore",
    DeprecatedIgnore "deprecated-ignore",
    FrontMatter "front-matter",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_page() {
        for code in Code::ALL {
            assert!(page(*code).starts_with(&format!("# {code}\n")), "{code}");
        }
    }
}
