//! What a forward pass reads out and changes on the way, declared beforehand.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Captures and interventions of one forward pass. Empty hooks cost nothing.
#[derive(Debug, Clone, Default)]
pub struct Hooks {
    /// What to keep.
    pub capture: Capture,
    /// What to change, in this order where several act on the same place.
    pub interventions: Vec<Intervention>,
    /// Variants that leave a sequence's run at a layer.
    pub forks: Vec<Fork>,
    /// Whether the pass may begin from what earlier ones left.
    pub reuse: Reuse,
}

/// Whether a pass begins from what earlier passes over the same tokens left, and leaves its own.
///
/// The results are those of a pass over every token, within rounding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reuse {
    /// Every token is computed, and nothing is kept.
    #[default]
    Nothing,
    /// Keys and values: a token changed at position k is computed from k on.
    Keys,
    /// Keys, values and the residual stream, so that a later pass's forks leave from there.
    Residuals,
}

impl Hooks {
    /// Hooks that change nothing and keep what `capture` names.
    pub fn capture(capture: Capture) -> Self {
        Self {
            capture,
            ..Self::default()
        }
    }

    /// Hooks that keep only the logits at the last position.
    pub fn interventions(interventions: Vec<Intervention>) -> Self {
        Self {
            capture: Capture {
                logits: Positions::Last,
                ..Capture::default()
            },
            interventions,
            ..Self::default()
        }
    }
}

/// A variant of a sequence that differs from it by one addition at one layer.
///
/// Below that layer, and before the first position that is changed, the two are the same; so a
/// fork begins there, shares the keys and values before, and costs only what differs. This is
/// exact, not an approximation.
#[derive(Debug, Clone)]
pub struct Fork {
    /// The sequence that it leaves.
    pub sequence: usize,
    /// The layer, from 0.
    pub layer: usize,
    /// The positions that are changed; not empty.
    pub at: Select,
    /// Added to `attn_out` there: `[width]`, or `[positions, width]` where each has its own.
    pub vector: Arc<[f32]>,
}

/// Positions of each sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Positions {
    /// None: nothing is kept.
    #[default]
    None,
    /// The last one.
    Last,
    /// Every one.
    All,
    /// Of each sequence those from its own one on (an empty tail keeps nothing).
    From(Vec<usize>),
}

impl Positions {
    /// The positions meant, in a sequence of `len` tokens.
    pub(crate) fn range(&self, sequence: usize, len: usize) -> Range<usize> {
        match self {
            Self::None => len..len,
            Self::Last => len.saturating_sub(1)..len,
            Self::All => 0..len,
            Self::From(starts) => starts.get(sequence).map_or(len, |start| *start).min(len)..len,
        }
    }
}

/// What a forward pass keeps; see [`crate::Trace`] for the shapes.
#[derive(Debug, Clone, Default)]
pub struct Capture {
    /// Logits.
    pub logits: Positions,
    /// Attention rows of every head.
    pub attention: Positions,
    /// Every head's output before the output projection (z).
    pub z: Positions,
    /// The attention's output, bias included.
    pub attn_out: Positions,
    /// The MLP's output, bias included.
    pub mlp_out: Positions,
    /// The residual before the block.
    pub resid_pre: Positions,
    /// The residual after the last block, before the final norm.
    pub resid_final: Positions,
    /// The sequences of which every token but the first keeps the log-probability that the model
    /// gave it.
    pub token_logps: Sequences,
    /// First tokens of accepted answers, to be read at the last position of every sequence and
    /// fork where not empty: two numbers stay of each row of logits.
    pub first_tokens: Vec<u32>,
}

/// Sequences of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sequences {
    /// None of them.
    #[default]
    None,
    /// The first one.
    First,
    /// Every one.
    All,
}

impl Sequences {
    /// How many are meant, the first ones, of `count`.
    pub(crate) fn of(self, count: usize) -> usize {
        match self {
            Self::None => 0,
            Self::First => count.min(1),
            Self::All => count,
        }
    }
}

impl Capture {
    /// The first position of a sequence of `len` tokens whose way through the blocks is kept.
    /// (What is read after the last block can be had from a remembered run as well.)
    pub(crate) fn first_inside(&self, sequence: usize, len: usize) -> usize {
        let kinds = [
            &self.attention,
            &self.z,
            &self.attn_out,
            &self.mlp_out,
            &self.resid_pre,
        ];
        let firsts = kinds.map(|positions| positions.range(sequence, len).start);
        firsts.into_iter().fold(len, usize::min)
    }
}

/// One change of the forward pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervention {
    /// The layer, from 0.
    pub layer: usize,
    /// The sequence of the batch that it acts on; `None` is every one.
    pub sequence: Option<usize>,
    /// The positions that it acts on.
    pub at: Select,
    /// What is done there.
    pub action: Action,
}

/// The positions an intervention acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// Every position.
    All,
    /// These positions; those past the end are left out.
    Range(Range<usize>),
}

impl Select {
    /// The first position that is acted on.
    pub fn first(&self) -> usize {
        match self {
            Self::All => 0,
            Self::Range(range) => range.start,
        }
    }

    /// The positions that are acted on in a sequence of `len` tokens.
    pub fn range(&self, len: usize) -> Range<usize> {
        match self {
            Self::All => 0..len,
            Self::Range(range) => range.start.min(len)..range.end.min(len),
        }
    }
}

/// What an intervention does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `attn_out ← attn_out + vector`, before the residual add. `vector`: `[width]`.
    AddAttnOut(Arc<[f32]>),
    /// `attn_out ← vector`. `vector`: `[width]`.
    ReplaceAttnOut(Arc<[f32]>),
    /// `mlp_out ← mlp_out + vector`, behind everything that this layer computes: what a control
    /// vector of llama.cpp does. `vector`: `[width]`.
    AddMlpOut(Arc<[f32]>),
    /// `z` of this head becomes zero.
    ZeroHead(usize),
    /// `z` of this head becomes `vector`: `[head_dim]` (mean ablation passes the mean).
    ReplaceHead(usize, Arc<[f32]>),
}

/// Stops a forward pass between two layers. Clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A token that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the work was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
