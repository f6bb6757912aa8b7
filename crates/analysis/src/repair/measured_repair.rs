//! One measured repair.

use crate::hop::probe::Probe;
use crate::repair::change::RepairChange;
use crate::repair::side_effects::SideEffects;
use crate::repair::stability::Stability;
use hoplens_interp::memory::Control;

/// A change that makes the expected answer more probable.
#[derive(Debug, Clone, PartialEq)]
pub struct Repair {
    /// The change.
    pub change: RepairChange,
    /// Natural log-probability of the accepted answers before the change.
    pub logp_before: f64,
    /// Natural log-probability of the accepted answers after the change.
    pub logp_after: f64,
    /// How many tokens are more likely than the answer's likeliest first token after the change
    /// (0 = top).
    pub rank_after: usize,
    /// Whether the model lacks the knowledge, so that an injection only makes it say the words.
    pub fakes: bool,
    /// The effect of the same injection with random memories; `None` for a change of words, and
    /// until it is measured.
    pub control: Option<Control>,
    /// The effect of the injection on other prompts. `None` for a change of words and for scope
    /// `span`, which do not affect other prompts, and until it is measured.
    pub side_effects: Option<SideEffects>,
    /// The effect of the change on the other cases of the same template; `None` if there are none,
    /// and until it is measured.
    pub stability: Option<Stability>,
}

impl Repair {
    pub(crate) fn new(change: RepairChange, before: f64, after: &Probe) -> Self {
        Self {
            change,
            logp_before: before,
            logp_after: after.logp,
            rank_after: after.rank,
            fakes: false,
            control: None,
            side_effects: None,
            stability: None,
        }
    }

    /// Returns Δlog p of the answer, in nats.
    pub fn gain(&self) -> f64 {
        self.logp_after - self.logp_before
    }
}
