//! The stable codes of findings.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::diagnostics::severity::Severity;

/// Declares [`Code`] from one table, so that each code has a name, a default severity, a summary
/// and a documentation page.
macro_rules! codes {
    ($($variant:ident, $name:literal, $severity:ident, $message:literal;)*) => {
        /// The kind of a finding.
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

            /// The names of the codes that findings have: all of [`Code::NAMES`] but the former
            /// code, which is the last one.
            pub const CURRENT_NAMES: &[&'static str] = match Self::NAMES.split_last() {
                Some((_former, current)) => current,
                None => &[],
            };

            /// Returns the name, as in `ignore` and JSON.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns the usual severity of findings of this code; each finding has its own.
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)*
                }
            }

            /// Returns the meaning of the code in one line.
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$variant => $message,)*
                }
            }

            /// Returns the page that explains the code, relative to the root of the repository.
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
        "The model lacks the knowledge, with or without the bridge.";
    AnswerShortcut, "answer-shortcut", Warning,
        "The answer does not come from the mention.";
    HopUnknown, "hop-unknown", Warning,
        "The model does not know what the mention stands for.";
    HopLost, "hop-lost", Warning,
        "The model knows both hops but does not join them.";
    AnswerUnlikely, "answer-unlikely", Warning,
        "The answer is improbable, and no hop is declared.";
    ReplyMissesAnswer, "reply-misses-answer", Warning,
        "The replies that the model writes do not have the expected answer.";
    HopInconsistent, "hop-inconsistent", Information,
        "No hop is declared, and two ways of asking give two answers.";
    InjectionStale, "injection-stale", Information,
        "An injection no longer does what the file records.";
    InjectionHarmful, "injection-harmful", Warning,
        "An injection harms its own case or breaks another one.";
    TokenSplit, "token-split", Information,
        "The way that a text splits into tokens lowers a probability.";
    TrailingSpace, "trailing-space", Warning,
        "The space at the end of the prompt lowers a probability.";
    NoInfluence, "no-influence", Hint,
        "Without a sentence, nothing measurable changes in any case.";
    UnknownModel, "unknown-model", Warning,
        "The configured model cannot be loaded.";
    AnalysisFailed, "analysis-failed", Error,
        "The model cannot evaluate a case.";
    InvalidInjection, "invalid-injection", Error,
        "The model or the prompt has no place for an injection.";
    EmptyPrompt, "empty-prompt", Information,
        "The file contains no prompt, or a case renders none.";
    MentionMissing, "mention-missing", Warning,
        "A mention is not in the rendered prompt.";
    TemplateError, "template-error", Error,
        "The template cannot be rendered.";
    UnknownPartial, "unknown-partial", Error,
        "The template uses a partial that does not exist.";
    CircularPartial, "circular-partial", Error,
        "A partial includes itself, directly or through other partials.";
    UnknownHelper, "unknown-helper", Error,
        "The template calls a helper that does not exist.";
    ShadowedVariable, "shadowed-variable", Warning,
        "A helper has the name of a variable, so the variable is never read.";
    UndeclaredVariable, "undeclared-variable", Warning,
        "The template uses a variable that the file does not declare.";
    UnsetVariable, "unset-variable", Information,
        "A case gives a variable no value.";
    UnusedVariable, "unused-variable", Hint,
        "The file declares or gives a value that no template uses.";
    SchemaMismatch, "schema-mismatch", Warning,
        "A value does not have the type that the file declares for it.";
    UnknownRole, "unknown-role", Warning,
        "A message has a role that the format does not know.";
    InvalidRoleLine, "invalid-role-line", Error,
        "Prompty refuses a role line, or sends an empty message before it.";
    UnsupportedContent, "unsupported-content", Information,
        "hoplens does not read or measure a part of the file.";
    InvalidYaml, "invalid-yaml", Error,
        "A text is not valid YAML.";
    InvalidFence, "invalid-fence", Warning,
        "The lines around the front matter or a prompt are not as the format requires.";
    MissingKey, "missing-key", Error,
        "A required key is missing.";
    UnknownKey, "unknown-key", Warning,
        "A key is unknown and has no effect.";
    MisplacedKey, "misplaced-key", Warning,
        "A key is in a place where hoplens does not read it.";
    DuplicateKey, "duplicate-key", Warning,
        "A key appears twice.";
    InvalidValue, "invalid-value", Error,
        "A value is not of the kind that its key requires.";
    DuplicateValue, "duplicate-value", Warning,
        "An answer, a mention or a row appears twice.";
    DuplicateId, "duplicate-id", Error,
        "Two cases have the same id.";
    UnknownCase, "unknown-case", Warning,
        "An injection names a case that does not exist.";
    TooManyCases, "too-many-cases", Warning,
        "The file declares more cases than hoplens runs.";
    MissingFile, "missing-file", Warning,
        "A prompt or a promptfoo configuration names a file that does not exist.";
    InvalidIgnore, "invalid-ignore", Warning,
        "An entry or a comment that should ignore a code ignores nothing.";
    DeprecatedIgnore, "deprecated-ignore", Hint,
        "Finer codes have replaced an ignored code.";
    FrontMatter, "front-matter", Error,
        "The former code of the findings that have finer codes now. No finding has it.";
}

impl Code {
    /// Whether ignoring `self` also ignores `other`: the same code, or one of those that
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
            | Self::CircularPartial
            | Self::UnknownHelper
            | Self::UndeclaredVariable
            | Self::UnsetVariable
            | Self::UnusedVariable
            | Self::UnknownRole
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
            | Self::ReplyMissesAnswer
            | Self::HopInconsistent
            | Self::InjectionStale
            | Self::InjectionHarmful
            | Self::TokenSplit
            | Self::TrailingSpace
            | Self::NoInfluence
            | Self::UnknownModel
            | Self::ShadowedVariable
            | Self::SchemaMismatch
            | Self::DeprecatedIgnore
            | Self::FrontMatter => false,
        }
    }

    /// Whether no finding has the code any more, and `ignore` accepts it for the sake of old files.
    pub fn is_former(self) -> bool {
        self == Self::FrontMatter
    }

    /// Returns which codes to ignore instead of a former one; `None` for other codes.
    pub fn replacement_hint(self) -> Option<String> {
        if !self.is_former() {
            return None;
        }
        let finer: Vec<&str> = Self::split_from_front_matter().map(Self::as_str).collect();
        Some(format!(
            "`{self}` has been split into finer codes, all of which are ignored here. Write only \
             those that you do not want to see: {}.",
            finer.join(", ")
        ))
    }

    /// Returns the codes that [`Code::FrontMatter`] was split into.
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

/// A text that is not the name of a [`Code`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCode(pub String);

impl fmt::Display for UnknownCode {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name) = self;
        write!(
            to,
            "there is no finding `{name}`; write any of {}",
            Code::CURRENT_NAMES.join(", ")
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
    fn every_code_is_current_or_former() {
        let is_former = |name: &&str| name.parse::<Code>().unwrap().is_former();
        let (former, current): (Vec<&str>, Vec<&str>) =
            Code::NAMES.iter().copied().partition(is_former);
        assert_eq!(former, ["front-matter"]);
        assert_eq!(current, Code::CURRENT_NAMES);
        for code in Code::ALL {
            assert_eq!(code.replacement_hint().is_some(), code.is_former());
        }
    }

    #[test]
    fn the_former_code_includes_its_successors() {
        assert!(Code::FrontMatter.includes(Code::UnknownKey));
        assert!(Code::FrontMatter.includes(Code::FrontMatter));
        assert!(!Code::FrontMatter.includes(Code::HopLost));
        assert!(!Code::FrontMatter.includes(Code::DeprecatedIgnore));
        assert!(!Code::UnknownKey.includes(Code::FrontMatter));
        assert!(!Code::UnknownKey.includes(Code::MissingKey));
    }
}
