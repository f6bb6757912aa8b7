//! Side effects of an injection in words.

use crate::numbers::{factor, nats};
use hoplens_analysis::{Repair, Stability};
use hoplens_interp::memory::SideEffectSummary;

/// Returns side effects such as `on 52 other prompts: mean KL 0.02 nats, at most 0.31; 3 next tokens
/// change; of 25 single-hop answers 19 are right, 20 without it`. `neutral` are the reference prompts,
/// which take one hop.
pub fn side_effects(all: &SideEffectSummary, neutral: &SideEffectSummary) -> String {
    format!(
        "on {} other prompts: mean KL {} nats, at most {}; {} change; of {} single-hop answers {} are right, {} without it",
        all.prompts,
        nats(all.mean_kl),
        nats(all.max_kl),
        match all.flips {
            1 => "1 next token".into(),
            flips => format!("{flips} next tokens"),
        },
        neutral.answered,
        neutral.right_after,
        neutral.right_before,
    )
}

/// Returns the [`side_effects`] of a repair and its effect on the file's other cases; `None` if it acts
/// on no other prompt.
pub fn repair_side_effects(repair: &Repair) -> Option<String> {
    let effects = repair.side_effects.as_ref();
    let effects = effects
        .filter(|found| found.all.prompts > 0)
        .map(|found| side_effects(&found.all, &found.neutral));
    let stable = repair.stability.as_ref().map(stability);
    match (effects, stable) {
        (Some(effects), Some(stable)) => Some(format!("{effects}; {stable}")),
        (effects, stable) => effects.or(stable),
    }
}

/// Returns the effect on other cases, such as `the answers of 3 other cases of this file: 2 more
/// probable, 1 less (×0.61 at worst)`.
fn stability(found: &Stability) -> String {
    let cases = match found.cases {
        1 => "the answer of 1 other case of this file".into(),
        cases => format!("the answers of {cases} other cases of this file"),
    };
    if found.better == 0 && found.worse == 0 {
        return format!("{cases}: no change");
    }
    let worst = if found.worse > 0 {
        format!(" ({} at worst)", factor(found.worst_dlogp.exp()))
    } else {
        String::new()
    };
    format!(
        "{cases}: {} more probable, {} less{worst}",
        found.better, found.worse
    )
}
