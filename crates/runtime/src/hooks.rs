//! What a forward pass captures and changes, declared before it runs.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::hook_point::{HookPoint, VectorLength};

/// Captures and interventions of one forward pass. Empty hooks cost nothing.
#[derive(Debug, Clone, Default)]
pub struct Hooks {
    /// The activations to keep.
    pub capture: Capture,
    /// The changes to make; several at the same hook point are applied in this order.
    pub interventions: Vec<Intervention>,
    /// Variants of a sequence that differ from it from one layer on.
    pub forks: Vec<Fork>,
    /// Whether the pass may start from cached runs and leaves its own in the cache.
    pub reuse: Reuse,
}

/// What a pass reuses of earlier passes over the same tokens, and caches for later ones.
///
/// The results equal those of a pass over every token, within rounding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reuse {
    /// Computes every token and caches nothing.
    #[default]
    Nothing,
    /// Keys and values: where token k differs, the pass computes the positions from k on.
    Keys,
    /// Starts from cached keys and values as [`Reuse::Keys`] does, and caches nothing: for variants
    /// of a prompt that no later pass asks again.
    CachedKeys,
    /// Keys, values and the residual stream, so that forks of a later pass can start from them.
    Residuals,
    /// As [`Reuse::Residuals`], for reference prompts, to which many measurements return: their runs
    /// have a cache of their own, of the same size, from which no other run displaces them.
    Reference,
}

impl Hooks {
    /// Hooks that change nothing and keep what `capture` names.
    pub fn capture(capture: Capture) -> Self {
        Self {
            capture,
            ..Self::default()
        }
    }

    /// Hooks that apply `interventions` and keep the logits at the last position only.
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

/// A variant of a sequence that differs from it by one addition to `hook_attn_out` of one layer.
///
/// Below that layer, and before the first changed position, variant and sequence are equal. A
/// fork therefore starts at that layer and position, shares the keys and values before it, and
/// computes only what differs. The result is exact.
#[derive(Clone)]
pub struct Fork {
    /// Index of the sequence that it varies.
    pub sequence: usize,
    /// The layer, from 0.
    pub layer: usize,
    /// The positions that change; not empty.
    pub at: TargetPositions,
    /// Added to `hook_attn_out` there: `[width]`, or `[positions, width]` for one vector each.
    pub vector: Arc<[f32]>,
}

impl fmt::Debug for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fork")
            .field("hook", &HookPoint::AttnOut.in_layer(self.layer))
            .field("sequence", &self.sequence)
            .field("at", &self.at)
            .field("add", &VectorLength(self.vector.len()))
            .finish()
    }
}

/// Positions of each sequence whose activations are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Positions {
    /// No position: nothing is kept.
    #[default]
    None,
    /// The last position.
    Last,
    /// Every position.
    All,
    /// For each sequence, the positions from its own start on; a start past the end keeps nothing.
    From(Vec<usize>),
}

impl Positions {
    /// The positions of sequence `sequence`, which has `len` tokens.
    pub(crate) fn range(&self, sequence: usize, len: usize) -> Range<usize> {
        match self {
            Self::None => len..len,
            Self::Last => len.saturating_sub(1)..len,
            Self::All => 0..len,
            Self::From(starts) => starts.get(sequence).map_or(len, |start| *start).min(len)..len,
        }
    }
}

/// The activations that a forward pass keeps; [`crate::ActivationCache`] gives their shapes.
///
/// Debug output names the hook points as TransformerLens does and omits what is not kept.
#[derive(Clone, Default)]
pub struct Capture {
    /// Logits.
    pub logits: Positions,
    /// `attn.hook_pattern`: rows of every head's attention pattern.
    pub attention: Positions,
    /// `attn.hook_z`: every head's output before the output projection.
    pub z: Positions,
    /// `hook_attn_out`: the attention's output, bias included.
    pub attn_out: Positions,
    /// `hook_mlp_out`: the MLP's output, bias included.
    pub mlp_out: Positions,
    /// `hook_resid_pre`: the residual stream before each block.
    pub resid_pre: Positions,
    /// `hook_resid_post` of the last block: the residual stream before the final norm.
    pub resid_final: Positions,
    /// Sequences whose tokens keep the log-probability that the model gave them.
    pub token_logps: Sequences,
    /// First tokens of the accepted answers, scored at the last position of every sequence and
    /// fork; nothing is scored where empty. Each score keeps two numbers of a row of logits.
    pub first_tokens: Vec<u32>,
}

impl Capture {
    /// The hook points inside the blocks and the positions that are kept of each.
    fn in_blocks(&self) -> [(HookPoint, &Positions); 5] {
        [
            (HookPoint::Pattern, &self.attention),
            (HookPoint::Z, &self.z),
            (HookPoint::AttnOut, &self.attn_out),
            (HookPoint::MlpOut, &self.mlp_out),
            (HookPoint::ResidPre, &self.resid_pre),
        ]
    }

    /// The first position of a sequence of `len` tokens that is captured inside the blocks. What
    /// is captured after the last block does not count: a cached run holds it too.
    pub(crate) fn first_inside(&self, sequence: usize, len: usize) -> usize {
        self.in_blocks()
            .map(|(_, positions)| positions.range(sequence, len).start)
            .into_iter()
            .fold(len, usize::min)
    }
}

#[expect(
    clippy::missing_fields_in_debug,
    reason = "`in_blocks` lists the fields of the hook points"
)]
impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Capture");
        let after = [("logits", &self.logits), ("resid_final", &self.resid_final)];
        let inside = self.in_blocks();
        let inside = inside.map(|(point, positions)| (point.name(), positions));
        for (name, positions) in inside.into_iter().chain(after) {
            if *positions != Positions::None {
                shown.field(name, positions);
            }
        }
        if self.token_logps != Sequences::None {
            shown.field("token_logps", &self.token_logps);
        }
        if !self.first_tokens.is_empty() {
            shown.field("first_tokens", &self.first_tokens);
        }
        shown.finish()
    }
}

/// Sequences of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sequences {
    /// No sequence.
    #[default]
    None,
    /// The first sequence.
    First,
    /// Every sequence.
    All,
}

impl Sequences {
    /// How many of `count` sequences are selected, from the first on.
    pub(crate) fn of(self, count: usize) -> usize {
        match self {
            Self::None => 0,
            Self::First => count.min(1),
            Self::All => count,
        }
    }
}

/// One change of the forward pass at one hook point.
#[derive(Clone, PartialEq)]
pub struct Intervention {
    /// The layer, from 0.
    pub layer: usize,
    /// Index of the sequence that it changes; `None` changes every sequence.
    pub sequence: Option<usize>,
    /// The positions that it changes.
    pub at: TargetPositions,
    /// What it does there.
    pub action: InterventionAction,
}

impl fmt::Debug for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intervention")
            .field("hook", &self.action.hook_point().in_layer(self.layer))
            .field("sequence", &self.sequence)
            .field("at", &self.at)
            .field("action", &self.action)
            .finish()
    }
}

/// The positions that an intervention changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetPositions {
    /// Every position.
    All,
    /// These positions; those past the end are ignored.
    Range(Range<usize>),
}

impl TargetPositions {
    /// The first position that changes.
    pub fn first(&self) -> usize {
        match self {
            Self::All => 0,
            Self::Range(range) => range.start,
        }
    }

    /// The positions that change in a sequence of `len` tokens.
    pub fn range(&self, len: usize) -> Range<usize> {
        match self {
            Self::All => 0..len,
            Self::Range(range) => range.start.min(len)..range.end.min(len),
        }
    }
}

/// What an intervention does at its hook point.
#[derive(Clone, PartialEq)]
pub enum InterventionAction {
    /// `hook_attn_out ← hook_attn_out + vector`, before the residual add. `vector`: `[width]`.
    AddAttnOut(Arc<[f32]>),
    /// `hook_attn_out ← vector`. `vector`: `[width]`.
    ReplaceAttnOut(Arc<[f32]>),
    /// `hook_mlp_out ← hook_mlp_out + vector`, after all else that the layer computes, as a
    /// control vector of llama.cpp does. `vector`: `[width]`.
    AddMlpOut(Arc<[f32]>),
    /// `attn.hook_z` of this head becomes zero.
    ZeroHead(usize),
    /// `attn.hook_z` of this head becomes `vector`: `[head_dim]`; mean ablation passes the mean.
    ReplaceHead(usize, Arc<[f32]>),
    /// Attention knock-out: `attn.hook_attn_scores` of every head becomes −∞ for the keys at these
    /// positions. `at` names the queries. A query always sees its own position.
    BlockAttention(Range<usize>),
}

impl InterventionAction {
    /// The hook point that the action changes.
    pub const fn hook_point(&self) -> HookPoint {
        match self {
            Self::AddAttnOut(_) | Self::ReplaceAttnOut(_) => HookPoint::AttnOut,
            Self::AddMlpOut(_) => HookPoint::MlpOut,
            Self::ZeroHead(_) | Self::ReplaceHead(..) => HookPoint::Z,
            Self::BlockAttention(_) => HookPoint::AttnScores,
        }
    }
}

impl fmt::Debug for InterventionAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, head, vector) = match self {
            Self::AddAttnOut(vector) => ("AddAttnOut", None, Some(vector)),
            Self::ReplaceAttnOut(vector) => ("ReplaceAttnOut", None, Some(vector)),
            Self::AddMlpOut(vector) => ("AddMlpOut", None, Some(vector)),
            Self::ZeroHead(head) => ("ZeroHead", Some(head), None),
            Self::ReplaceHead(head, vector) => ("ReplaceHead", Some(head), Some(vector)),
            Self::BlockAttention(keys) => {
                return f.debug_tuple("BlockAttention").field(keys).finish();
            }
        };
        let mut shown = f.debug_tuple(name);
        if let Some(head) = head {
            shown.field(head);
        }
        if let Some(vector) = vector {
            shown.field(&VectorLength(vector.len()));
        }
        shown.finish()
    }
}

/// A flag that stops a forward pass between two layers. Clones share the flag.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the flag: the work stops at its next check.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is set.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_names_hook_points_as_transformerlens_does() {
        let change = Intervention {
            layer: 3,
            sequence: None,
            at: TargetPositions::All,
            action: InterventionAction::ReplaceHead(2, Arc::new([0.0; 8])),
        };
        assert_eq!(
            format!("{change:?}"),
            "Intervention { hook: \"blocks.3.attn.hook_z\", sequence: None, at: All, \
             action: ReplaceHead(2, [8 values]) }"
        );
        let capture = Capture {
            resid_pre: Positions::Last,
            logits: Positions::All,
            ..Capture::default()
        };
        assert_eq!(
            format!("{capture:?}"),
            "Capture { hook_resid_pre: Last, logits: All }"
        );
    }
}
