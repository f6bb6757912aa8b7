//! What an injection does to other prompts, in words.

use super::numbers::nats;
use crate::hop::Repair;
use crate::memory::Effects;

/// `on 52 other prompts: mean KL 0.02 nats, at most 0.31; 3 next tokens change; of 25 single-hop
/// answers 19 are right, 20 without it`. `neutral` are those that take one hop.
pub fn side_effects(all: &Effects, neutral: &Effects) -> String {
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

/// [`side_effects`] of a repair; `None` where it acts on no other prompt.
pub fn repair_side_effects(repair: &Repair) -> Option<String> {
    let found = repair.collateral.as_ref()?;
    (found.all.prompts > 0).then(|| side_effects(&found.all, &found.neutral))
}
