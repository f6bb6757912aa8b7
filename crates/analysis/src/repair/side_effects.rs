//! Side effects of an injection on other prompts.

use serde::Serialize;

use hoplens_interp::memory::SideEffectSummary;

/// The side effects of an injection on prompts that it is not meant for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SideEffects {
    /// On all reference prompts.
    #[serde(flatten)]
    pub all: SideEffectSummary,
    /// On the neutral prompts, whose answers take one hop.
    pub neutral: SideEffectSummary,
    /// On the other cases; `None` where there are none.
    pub cases: Option<SideEffectSummary>,
}
