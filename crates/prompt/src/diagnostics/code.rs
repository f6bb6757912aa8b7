//! The stable codes of findings.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::diagnostics::severity::Severity;

/// Declares [`Code`] from one table, so that each code has a name, a usual severity, a summary and
/// a page.
macro_rules! codes {
    ($($variant:ident, $name:literal, $severity:ident, $message:literal;)*) => {
        /// What kind of finding a finding is.
        ///
        /// The names are stable: prompt files, sidecars and `hoplens.toml` list them under
        /// `ignore`, and `docs/diagnostics/` has a page for each.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum Code {
            $(
                #[doc = $message]
                #[serde(rename = $name)]
                $variant,
            )*
        }

        impl Code {
            /// Every code, in the order of `docs/diagnostics.md`.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The names of [`Code::ALL`], in the same order.
            pub const NAMES: &[&'static str] = &[$($name),*];

            /// The name, as `ignore` and JSON have it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The severity that findings of this code usually have; a finding carries its own.
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)*
                }
            }

            /// What the code means, in one line.
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$variant => $message,)*
                }
            }

            /// The page that explains the code, from the root of the repository.
            pub const fn docs_url(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("docs/diagnostics/", $name, ".md"),)*
                }
            }
        }
    };
}

codes! {
    AnswerUnknown, "answer-unknown", Warning,
        "the knowledge is missing, however it is asked";
    AnswerShortcut, "answer-shortcut", Warning,
        "the answer does not come from the mention";
    HopUnknown, "hop-unknown", Warning,
        "the model does not know what the mention stands for";
    HopLost, "hop-lost", Warning,
        "the model knows both hops and does not join them";
    AnswerUnlikely, "answer-unlikely", Warning,
        "the answer is improbable, and no hop is declared";
    HopInconsistent, "hop-inconsistent", Information,
        "nothing declared, and two ways of asking give two answers";
    InjectionStale, "injection-stale", Information,
        "an injection no longer does what was recorded";
    InjectionHarmful, "injection-harmful", Warning,
        "an injection harms its case or breaks another";
    TokenSplit, "token-split", Information,
        "the cut into tokens costs something";
    TrailingSpace, "trailing-space", Warning,
        "the space at the end costs something";
    UnknownModel, "unknown-model", Warning,
        "no model looks at the prompt";
    AnalysisFailed, "analysis-failed", Error,
        "a case cannot be run on the model";
    InvalidInjection, "invalid-injection", Error,
        "an injection does not fit the model or the prompt";
    EmptyPrompt, "empty-prompt", Information,
        "the file has no prompt, or a case renders none";
    MentionMissing, "mention-missing", Warning,
        "a mention is not in the rendered prompt";
    TemplateError, "template-error", Error,
        "the template cannot be rendered";
    UnknownPartial, "unknown-partial", Error,
        "the template uses a partial that does not exist";
    UnsetVariable, "unset-variable", Warning,
        "a variable has no value";
    UnusedVariable, "unused-variable", Hint,
        "a value is given that no template uses";
    InvalidRoleLine, "invalid-role-line", Error,
        "Prompty refuses a role line or sends an empty message";
    UnsupportedContent, "unsupported-content", Information,
        "a part of the file is not read or not measured";
    InvalidYaml, "invalid-yaml", Error,
        "a file or a front matter is not valid YAML";
    InvalidFence, "invalid-fence", Warning,
        "the lines around the front matter or a prompt are not as the format requires";
    MissingKey, "missing-key", Error,
        "a required key is not there";
    UnknownKey, "unknown-key", Warning,
        "a key is not known and is ignored";
    MisplacedKey, "misplaced-key", Warning,
        "a key stands where hoplens does not read it";
    DuplicateKey, "duplicate-key", Warning,
        "a key is given twice";
    InvalidValue, "invalid-value", Error,
        "a value is not of the kind that its key needs";
    DuplicateValue, "duplicate-value", Warning,
        "an answer, a mention or a row is given twice";
    DuplicateId, "duplicate-id", Error,
        "two cases have the same id";
    UnknownCase, "unknown-case", Warning,
        "an injection names a case that does not exist";
    TooManyCases, "too-many-cases", Warning,
        "a file makes more cases than are run";
    MissingFile, "missing-file", Warning,
        "a promptfoo configuration names a file that does not exist";
    InvalidIgnore, "invalid-ignore", Warning,
        "an entry or comment that should ignore a code ignores nothing";
    DeprecatedIgnore, "deprecated-ignore", Hint,
        "an ignored code has been split into finer codes";
    FrontMatter, "front-matter", Error,
        "the former code of all findings that need no model; accepted in `ignore` only";
}

impl Code {
    /// Whether to ignore `self` means to ignore `other`: the same code, or one of those that
    /// [`Code::FrontMatter`] was split into.
    pub fn includes(self, other: Self) -> bool {
        self == other || (self == Self::FrontMatter && other.was_front_matter())
    }

    /// Whether findings of this code had the code `front-matter` before it was split.
    pub const fn was_front_matter(self) -> bool {
        match self {
            Self::AnalysisFailed
            | Self::InvalidInjection
            | Self::EmptyPrompt
            | Self::MentionMissing
            | Self::TemplateError
            | Self::UnknownPartial
            | Self::UnsetVariable
            | Self::UnusedVariable
            | Self::InvalidRoleLine
            | Self::UnsupportedContent
            | Self::InvalidYaml
            | Self::InvalidFence
            | Self::MissingKey
            | Self::UnknownKey
            | Self::MisplacedKey
            | Self::DuplicateKey
            | Self::InvalidValue
            | Self::DuplicateValue
            | Self::DuplicateId
            | Self::UnknownCase
            | Self::TooManyCases
            | Self::MissingFile
            | Self::InvalidIgnore => true,
            Self::AnswerUnknown
            | Self::AnswerShortcut
            | Self::HopUnknown
            | Self::HopLost
            | Self::AnswerUnlikely
            | Self::HopInconsistent
            | Self::InjectionStale
            | Self::InjectionHarmful
            | Self::TokenSplit
            | Self::TrailingSpace
            | Self::UnknownModel
            | Self::DeprecatedIgnore
            | Self::FrontMatter => false,
        }
    }

    /// The codes that [`Code::FrontMatter`] was split into.
    pub fn split_from_front_matter() -> impl Iterator<Item = Self> {
        let codes = Self::ALL.iter().copied();
        codes.filter(|code| code.was_front_matter())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.pad(self.as_str())
    }
}

/// That a text is the name of no [`Code`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCode(pub String);

impl fmt::Display for UnknownCode {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name) = self;
        write!(
            to,
            "there is no finding `{name}`; write any of {}",
            Code::NAMES.join(", ")
        )
    }
}

impl std::error::Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(name: &str) -> Result<Self, UnknownCode> {
        let code = Self::ALL.iter().find(|code| code.as_str() == name);
        code.copied().ok_or_else(|| UnknownCode(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for (code, name) in Code::ALL.iter().zip(Code::NAMES) {
            assert_eq!(name.parse(), Ok(*code));
            assert_eq!(code.to_string(), *name);
            let json = format!("\"{name}\"");
            assert_eq!(serde_json::to_string(code).unwrap(), json);
            assert_eq!(serde_json::from_str::<Code>(&json).unwrap(), *code);
            assert!(code.docs_url().ends_with(&format!("/{name}.md")));
        }
        assert_eq!("ok".parse::<Code>(), Err(UnknownCode("ok".into())));
    }

    #[test]
    fn the_former_code_includes_what_it_was_split_into() {
        assert!(Code::FrontMatter.includes(Code::UnknownKey));
        assert!(Code::FrontMatter.includes(Code::FrontMatter));
        assert!(!Code::FrontMatter.includes(Code::HopLost));
        assert!(!Code::FrontMatter.includes(Code::DeprecatedIgnore));
        assert!(!Code::UnknownKey.includes(Code::FrontMatter));
        assert!(!Code::UnknownKey.includes(Code::MissingKey));
    }
}
