//! The settings of a project: `hoplens.toml`.

mod ignore_edit;
mod keys;
mod values;

use std::ops::Range;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use hoplens_injection::Encoding;
use hoplens_prompt::{Code, Origin, Suppression};

pub use ignore_edit::ignore_code_edit;
pub use keys::{PROJECT_KEYS, ProjectKey, ProjectValues};
pub use values::{Allowance, FileGlob, IgnoredCode};

/// The file's name.
pub const PROJECT_FILE: &str = "hoplens.toml";

/// The settings of a project; `None` and empty lists keep the defaults.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Project {
    /// The folder of the file, to which its globs are relative; `None` if there is no file.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
    /// Reference of the model, like `--model`.
    pub model: Option<String>,
    /// Whether the begin-of-text token precedes prompts, like `--bos`.
    pub bos: Option<Bos>,
    /// Codes of findings that are not shown, each with its bytes in the file.
    pub ignore: Vec<Spanned<IgnoredCode>>,
    /// Whether to skip prompts that declare no hop, instead of guessing one.
    pub declared_only: bool,
    /// Thresholds of the verdicts.
    pub thresholds: ProjectThresholds,
    /// The injections that are tried as repairs.
    pub search: ProjectSearch,
    /// The replies that are generated to look for an answer in them.
    pub replies: ProjectReplies,
    /// Files and tolerances of `hoplens check`.
    pub check: CheckFiles,
    /// What the application registers for dotprompt's templates.
    pub templates: ProjectTemplates,
}

/// Whether the begin-of-text token precedes prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bos {
    /// If the tokenizer adds it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Thresholds of the verdicts; docs/method.md defines each.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectThresholds {
    /// Smallest probability at which the model knows an answer.
    pub known: Option<f64>,
    /// Smallest probability, after the mention alone, at which the model knows a bridge.
    pub hop_known: Option<f64>,
    /// Smallest share of its probability that the answer keeps without the mention in a shortcut.
    pub shortcut_share: Option<f64>,
    /// Smallest factor by which naming the bridge raises the answer's probability if the hop is
    /// lost.
    pub lost_factor: Option<f64>,
    /// Smallest factor by which a repair must raise the answer's probability.
    pub gain_factor: Option<f64>,
}

/// The injections that are tried as repairs.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectSearch {
    /// Encodings.
    pub encodings: Option<Vec<Encoding>>,
    /// Magnitudes.
    pub taus: Option<Vec<f64>>,
    /// Scopes; `all` and `last`.
    pub scopes: Option<Vec<ProjectScope>>,
    /// Budget of the search in one scope, in forward passes over the prompt.
    pub passes: Option<f64>,
    /// Maximum number of repairs that are offered.
    pub most: Option<usize>,
}

/// The most replies that may be sampled.
pub const MAX_REPLY_SAMPLES: usize = 64;
/// The most tokens that a reply may have.
pub const MAX_REPLY_TOKENS: usize = 4096;

/// The replies that are generated to look for an answer in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectReplies {
    /// How many are sampled beside the likeliest one.
    pub samples: Option<usize>,
    /// The most tokens of each.
    pub tokens: Option<usize>,
}

/// The scopes that apply to every prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProjectScope {
    /// Every position.
    All,
    /// The last token of the prompt.
    Last,
}

/// Files and tolerances of `hoplens check`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckFiles {
    /// Globs: if any, folders and globs on the command line select only files that match one of
    /// them.
    pub include: Vec<FileGlob>,
    /// Globs of files that `hoplens check` leaves out.
    pub exclude: Vec<FileGlob>,
    /// How much less probable than in the lock file an answer may be, like `--tolerance`.
    pub tolerance: Vec<Allowance>,
}

/// What an application registers in code before it renders dotprompt's templates.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectTemplates {
    /// Names of helpers.
    pub helpers: Vec<String>,
    /// Names of partials.
    pub partials: Vec<String>,
}

/// Why a `hoplens.toml` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectProblem {
    /// The key or value, the cause and the remedy.
    pub message: String,
    /// Bytes of the text.
    pub range: Option<Range<usize>>,
}

/// A setting that works, and that should be written in another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectHint {
    /// The code of the finding.
    pub code: Code,
    /// The cause and the remedy.
    pub message: String,
    /// Bytes of the text.
    pub range: Range<usize>,
}

impl Project {
    /// Reads the text of a `hoplens.toml`.
    ///
    /// # Errors
    /// It is not TOML, a key is unknown, or a value is invalid for its key.
    pub fn parse(text: &str) -> Result<Self, ProjectProblem> {
        let project: Self = toml::from_str(text).map_err(|error| ProjectProblem {
            message: error.message().trim_end().to_owned(),
            range: error.span(),
        })?;
        match project.problem() {
            None => Ok(project),
            Some((key, message)) => Err(ProjectProblem {
                message: format!("`{key}`: {message}"),
                range: key_range(key, text),
            }),
        }
    }

    /// Returns a value out of range: the name of its key and a message.
    fn problem(&self) -> Option<(&'static str, String)> {
        let share = |p: f64| (0.0..=1.0).contains(&p);
        let factor = |p: f64| p.is_finite() && p >= 1.0;
        let ProjectThresholds {
            known,
            hop_known,
            shortcut_share,
            lost_factor,
            gain_factor,
        } = self.thresholds;
        let shares = [
            ("hop_known", hop_known),
            ("shortcut_share", shortcut_share),
            ("known", known),
        ];
        for (key, value) in shares {
            if let Some(value) = value.filter(|value| !share(*value)) {
                return Some((
                    key,
                    format!("{value} is not a share; write a number from 0 to 1"),
                ));
            }
        }
        for (key, value) in [("lost_factor", lost_factor), ("gain_factor", gain_factor)] {
            if let Some(value) = value.filter(|value| !factor(*value)) {
                return Some((
                    key,
                    format!("{value} is not a factor; write a number of at least 1"),
                ));
            }
        }
        let ProjectSearch {
            encodings,
            taus,
            scopes,
            passes,
            most: _,
        } = &self.search;
        let empty = "an empty list tries nothing; leave the key out to try all";
        if encodings.as_ref().is_some_and(Vec::is_empty) {
            return Some(("encodings", empty.into()));
        }
        if scopes.as_ref().is_some_and(Vec::is_empty) {
            return Some(("scopes", empty.into()));
        }
        if let Some(taus) = taus
            && (taus.is_empty() || taus.iter().any(|tau| !tau.is_finite()))
        {
            return Some(("taus", "write finite numbers, at least one".into()));
        }
        if passes.is_some_and(|passes| !passes.is_finite() || passes <= 0.0) {
            return Some(("passes", "write a number above 0".into()));
        }
        let ProjectReplies { samples, tokens } = self.replies;
        if let Some(samples) = samples.filter(|samples| MAX_REPLY_SAMPLES < *samples) {
            let message =
                format!("{samples} is too many; write a number from 0 to {MAX_REPLY_SAMPLES}");
            return Some(("samples", message));
        }
        let is_length = |tokens: &usize| (1..=MAX_REPLY_TOKENS).contains(tokens);
        if let Some(tokens) = tokens.filter(|tokens| !is_length(tokens)) {
            let message = format!(
                "{tokens} is no length of a reply; write a number from 1 to {MAX_REPLY_TOKENS}"
            );
            return Some(("tokens", message));
        }
        None
    }

    /// Returns the ignored codes in the form in which a prompt file ignores codes.
    pub fn suppressions(&self) -> impl Iterator<Item = Suppression> + '_ {
        self.ignore.iter().map(|code| Suppression {
            code: code.get_ref().0,
            range: 0..0,
            origin: Origin::FrontMatter,
        })
    }

    /// Returns the hints about the settings, except those that the project itself ignores.
    pub fn hints(&self) -> Vec<ProjectHint> {
        let code = Code::DeprecatedIgnore;
        if self.suppressions().any(|one| one.hides(code)) {
            return Vec::new();
        }
        let hints = self.ignore.iter().filter_map(|ignored| {
            Some(ProjectHint {
                code,
                message: ignored.get_ref().0.replacement_hint()?,
                range: ignored.span(),
            })
        });
        hints.collect()
    }
}

/// Returns the range of a key at the beginning of a line.
fn key_range(key: &str, text: &str) -> Option<Range<usize>> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at + line.len() - line.trim_start().len();
        at += line.len();
        let rest = line.trim_start().strip_prefix(key);
        if rest.is_some_and(|rest| rest.trim_start().starts_with('=')) {
            return Some(start..start + key.len());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_keeps_the_defaults() {
        let project = Project::parse("").unwrap();
        assert_eq!(project, Project::default());
    }

    #[test]
    fn keys_that_are_set_count_and_others_stay_unset() {
        let text = "model = \"x.gguf\"\nbos = \"always\"\nignore = [\"token-split\"]\n\
                    [thresholds]\nknown = 0.2\n[search]\nscopes = [\"last\"]\nmost = 2\n\
                    taus = [1, -2.5]\n[check]\nexclude = [\"drafts/**\"]\ntolerance = [\"5%\"]\n";
        let project = Project::parse(text).unwrap();
        assert_eq!(project.model.as_deref(), Some("x.gguf"));
        assert_eq!(project.bos, Some(Bos::Always));
        assert_eq!(project.thresholds.known, Some(0.2));
        assert_eq!(project.search.scopes, Some(vec![ProjectScope::Last]));
        assert_eq!(project.search.taus, Some(vec![1.0, -2.5]));
        assert_eq!(project.search.most, Some(2));
        assert_eq!(project.search.encodings, None);
    }

    #[test]
    fn a_former_code_gives_a_hint_at_its_place() {
        let text = "ignore = [\n  \"hop-lost\", # ours\n  'front-matter',\n]\n";
        let [hint] = &Project::parse(text).unwrap().hints()[..] else {
            panic!("one hint");
        };
        assert_eq!(hint.code, Code::DeprecatedIgnore);
        assert_eq!(&text[hint.range.clone()], "'front-matter'");
        assert!(hint.message.contains("unknown-key"), "{}", hint.message);
        let hints = |ignored: &str| Project::parse(ignored).unwrap().hints();
        assert_eq!(hints("ignore = [\"hop-lost\", \"unknown-key\"]"), []);
        assert_eq!(
            hints("ignore = [\"front-matter\", \"deprecated-ignore\"]"),
            []
        );
    }

    #[test]
    fn mistakes_are_reported_with_their_range() {
        let wrong = [
            ("modle = \"x\"", "modle"),
            ("[thresholds]\nknow = 1", "know"),
            ("[thresholds]\nknown = \"much\"", "\"much\""),
            ("[thresholds]\nhop_known = 0.1\nknown = 5.0", "known"),
            ("[thresholds]\nlost_factor = 0.5", "lost_factor"),
            ("ignore = [\"hop-lots\"]", "\"hop-lots\""),
            ("ignore = [1]", "1"),
            ("[check]\nexclude = [\"a/**\", \"b/{c\"]", "\"b/{c\""),
            ("[check]\ninclude = [\n  \"[\"]", "\"[\""),
            ("[check]\ntolerance = [\"120%\"]", "\"120%\""),
            ("[search]\nencodings = []", "encodings"),
            ("[search]\nencodings = [\"embedding\"]", "\"embedding\""),
            ("[search]\ntaus = [nan]", "taus"),
            ("[search]\npasses = 0.0", "passes"),
            ("model = ", ""),
        ];
        for (text, place) in wrong {
            let problem = Project::parse(text).unwrap_err();
            let range = problem.range.unwrap_or(0..0);
            assert_eq!(&text[range], place, "{text}: {}", problem.message);
            assert!(!problem.message.is_empty());
        }
    }
}
