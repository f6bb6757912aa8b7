//! Repairs: changes that make the expected answer more probable, and the evidence for them.

pub(crate) mod change;
pub(crate) mod evidence;
pub(crate) mod injection;
pub(crate) mod measured_repair;
mod rank;
pub(crate) mod reference_prompts;
mod retokenize;
pub(crate) mod search;
pub(crate) mod side_effects;
pub(crate) mod stability;
mod stability_measurement;
mod wording;
