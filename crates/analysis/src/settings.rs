//! The user's settings of verdicts and repairs.

use serde::{Deserialize, Serialize};

use hoplens_injection::{Encoding, Scope};
use hoplens_interp::memory::{Grid, SEARCH_PASSES};
use hoplens_runtime::BosPolicy;

/// Everything that an analysis depends on apart from the model and the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnalysisSettings {
    /// Whether BOS is prepended to prompts.
    pub bos: BosPolicy,
    /// When a verdict is given.
    pub thresholds: Thresholds,
    /// Which injections are tried.
    pub search: SearchSettings,
    /// Whether the analysis ignores undeclared hops.
    pub declared_only: bool,
    /// Which replies are generated where an answer may stand anywhere in them.
    pub replies: ReplySettings,
}

/// Which replies are generated to look for an answer in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplySettings {
    /// How many replies are sampled beside the likeliest one.
    pub samples: usize,
    /// The most tokens of a reply.
    pub tokens: usize,
}

impl Default for ReplySettings {
    fn default() -> Self {
        Self {
            samples: 4,
            tokens: 64,
        }
    }
}

/// When a verdict is given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// The model knows an answer whose probability is at least this.
    pub known: f64,
    /// The model knows a bridge whose probability after the mention alone is at least this.
    pub hop_known: f64,
    /// An answer is a shortcut when it is at least this share as probable without the mention.
    pub shortcut_share: f64,
    /// A hop is lost when naming the bridge makes the answer at least this many times as
    /// probable.
    pub lost_factor: f64,
    /// A repair is offered only if it makes the answer at least this many times as probable.
    pub gain_factor: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            known: 0.05,
            hop_known: 0.01,
            shortcut_share: 0.8,
            lost_factor: 1.5,
            gain_factor: 1.1,
        }
    }
}

/// Which injections are tried as repairs.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchSettings {
    /// The encodings that are tried.
    pub encodings: Vec<Encoding>,
    /// The magnitudes that are tried.
    pub taus: Vec<f64>,
    /// The scopes that are tried. Each yields its own best cell.
    pub scopes: Vec<Scope>,
    /// The budget of the search in one scope, in passes over the prompt.
    pub passes: f64,
    /// The most repairs that are offered.
    pub most: usize,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            encodings: vec![Encoding::Embed, Encoding::Unembed, Encoding::Layerwise],
            taus: (1..=15).map(f64::from).collect(),
            scopes: vec![Scope::All, Scope::Last],
            // Twice the usual budget, because a missed cell is a repair that the user never sees.
            passes: 2.0 * SEARCH_PASSES,
            most: 5,
        }
    }
}

impl SearchSettings {
    /// Returns the grid of one scope over all layers.
    pub fn grid(&self, scope: &Scope, layers: usize) -> Grid {
        Grid {
            encodings: self.encodings.clone(),
            layers: (0..layers).collect(),
            taus: self.taus.clone(),
            scopes: vec![scope.clone()],
            head: None,
        }
    }
}
