//! Repairs, measured and ranked on one scale: Δlog p of the expected answer.

pub(crate) mod evidence;
mod inject;
pub(crate) mod reference_prompts;
pub(crate) mod retokenize;
pub(crate) mod stability;
mod wording;

pub use inject::try_injection;

use std::ops::Range;

use crate::case::findings::{CaseFindings, CaseOutcome};
use crate::error::AnalysisError;
use crate::hop::probe::Probe;
use crate::hop::verdict::Verdict;
use crate::repair::evidence::SideEffects;
use crate::repair::stability::Stability;
use crate::settings::AnalysisSettings;
use hoplens_injection::Scope;
use hoplens_interp::memory::{Control, MemoryInjection};
use hoplens_prompt::{FileEdit, MappedText, insert_text, replace_all};
use hoplens_runtime::{Cancel, Model};

/// A change that makes the expected answer more probable.
#[derive(Debug, Clone, PartialEq)]
pub struct Repair {
    /// What is changed.
    pub change: RepairChange,
    /// Natural log-probability of the accepted answers as the prompt stands.
    pub logp_before: f64,
    /// … and after the change.
    pub logp_after: f64,
    /// How many tokens are more likely than the answer's likeliest first token after the change
    /// (0 = top).
    pub rank_after: usize,
    /// Whether the model lacks the knowledge, so that an injection only makes it say the words.
    pub fakes: bool,
    /// What the same injection does with random memories; `None` for a change of words, and until
    /// it was measured.
    pub control: Option<Control>,
    /// What the injection does to other prompts; `None` for a change of words and for scope
    /// `span`, which act on none, and until it was measured.
    pub side_effects: Option<SideEffects>,
    /// What the change does to the other cases of the same template; `None` where there are none,
    /// and until it was measured.
    pub stability: Option<Stability>,
}

/// What a repair changes.
#[derive(Debug, Clone, PartialEq)]
pub enum RepairChange {
    /// A memory is injected while the model reads.
    Inject(MemoryInjection),
    /// Words of the prompt are changed.
    Words {
        /// To what end.
        wording: Wording,
        /// Bytes of the rendered prompt that go; empty where words are only added.
        range: Range<usize>,
        /// The words that stand there.
        was: String,
        /// The words that stand there instead.
        text: String,
        /// Further places of the same words, each with what stands there instead.
        also: Vec<(Range<usize>, String)>,
    },
}

/// The ways of changing a prompt's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// The bridge is named in place of the mention.
    Rewrite,
    /// The bridge is named behind the mention, between commas.
    Appositive,
    /// A line before the prompt says what the mention stands for.
    Fact,
    /// The same words in better tokens.
    Respell,
}

impl RepairChange {
    /// The injection, if it is one.
    pub const fn injection(&self) -> Option<&MemoryInjection> {
        match self {
            Self::Inject(memory_injection) => Some(memory_injection),
            Self::Words { .. } => None,
        }
    }

    /// The kind as reports call it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Inject(_) => "inject",
            Self::Words { wording, .. } => match wording {
                Wording::Rewrite => "rewrite",
                Wording::Appositive => "appositive",
                Wording::Fact => "fact",
                Wording::Respell => "respell",
            },
        }
    }
}

impl Repair {
    fn new(change: RepairChange, before: f64, after: &Probe) -> Self {
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

    /// Δlog p of the answer, in nats.
    pub fn gain(&self) -> f64 {
        self.logp_after - self.logp_before
    }
}

/// The edit that changes the words of a rendered prompt in its file; `None` for an injection, and
/// where the words are not in the file.
pub fn words_edit(rendered: &MappedText, change: &RepairChange) -> Option<FileEdit> {
    let RepairChange::Words {
        range, text, also, ..
    } = change
    else {
        return None;
    };
    if range.is_empty() {
        return insert_text(rendered, range.start, text);
    }
    let mut changes = vec![(range.clone(), text.as_str())];
    changes.extend(
        also.iter()
            .map(|(range, text)| (range.clone(), text.as_str())),
    );
    replace_all(rendered, &changes)
}

/// Measures the repairs of a failing case and ranks those that help, best first. Of a case that is
/// well nothing but the space at its end is tried.
///
/// Where a bridge is named, the hop that loses most is repaired: by its words (rewrite,
/// appositive, fact) and by injections of its bridge, the best cell of each encoding and scope,
/// searched by the answers' first tokens and measured again on the whole answers. Every number is
/// measured with the file's own injections in force. At most [`super::SearchSettings::most`] are left, a
/// rewrite that helps among them; what only fakes knowledge comes last.
///
/// # Errors
/// As [`hoplens_interp::memory::search`].
pub(super) fn repairs(
    model: &Model,
    case: &CaseFindings,
    outcome: &CaseOutcome,
    settings: &AnalysisSettings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Repair>, AnalysisError> {
    let mut found = wording::measure(model, case, outcome, settings, cancel)?;
    let before = outcome.probes.composed.logp;
    if outcome.verdict == Some(Verdict::Ok) {
        return Ok(rank(found, settings));
    }
    if let Some((_, hop)) = outcome.probes.weakest() {
        let query = &case.query;
        let bridge = &hop.bridge;
        found.extend(inject::measure(
            model, query, before, bridge, settings, cancel, progress,
        )?);
    }
    let fakes = outcome.verdict == Some(Verdict::AnswerUnknown);
    for repair in &mut found {
        repair.fakes = fakes && matches!(repair.change, RepairChange::Inject(_));
    }
    Ok(rank(found, settings))
}

/// Those that help, in their order.
fn rank(mut found: Vec<Repair>, settings: &AnalysisSettings) -> Vec<Repair> {
    let least = settings.thresholds.gain_factor.ln();
    found.retain(|repair| repair.gain() >= least);
    found.sort_by(|a, b| {
        a.fakes
            .cmp(&b.fakes)
            .then(b.logp_after.total_cmp(&a.logp_after))
            .then(a.rank_after.cmp(&b.rank_after))
    });
    drop_wider(&mut found);
    let most = settings.search.most;
    let rewrite = found.iter().position(|repair| {
        let RepairChange::Words { wording, .. } = repair.change else {
            return false;
        };
        wording == Wording::Rewrite
    });
    // Naming the bridge is what works with every runtime: it is never crowded out.
    if let Some(at) = rewrite.filter(|at| *at >= most && most > 0) {
        found.swap(at, most - 1);
    }
    found.truncate(most);
    found
}

/// Leaves out injections at every position where the one at the last token is the same: in the
/// last layer no other position is read.
fn drop_wider(repairs: &mut Vec<Repair>) {
    let narrow: Vec<(MemoryInjection, f64)> = repairs
        .iter()
        .filter_map(|repair| Some((repair.change.injection()?.clone(), repair.logp_after)))
        .filter(|(memory_injection, _)| memory_injection.placement.scope == Scope::Last)
        .collect();
    repairs.retain(|repair| {
        let Some(memory_injection) = repair.change.injection() else {
            return true;
        };
        if memory_injection.placement.scope != Scope::All {
            return true;
        }
        let mut narrowed = memory_injection.clone();
        narrowed.placement.scope = Scope::Last;
        let same = |(memory_injection, logp): &(MemoryInjection, f64)| {
            *memory_injection == narrowed && (logp - repair.logp_after).abs() < 1e-4
        };
        !narrow.iter().any(same)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use hoplens_injection::Encoding;
    use hoplens_interp::memory::Placement;

    fn repair(change: RepairChange, logp_after: f64) -> Repair {
        let after = Probe {
            prompt: String::new(),
            p: logp_after.exp(),
            logp: logp_after,
            logp_first: logp_after,
            rank: 0,
            top: Vec::new(),
        };
        Repair::new(change, -9.0, &after)
    }

    fn words(wording: Wording, logp_after: f64) -> Repair {
        let change = RepairChange::Words {
            wording,
            range: 0..0,
            was: String::new(),
            text: String::new(),
            also: Vec::new(),
        };
        repair(change, logp_after)
    }

    fn injection(layer: usize, scope: Scope, logp_after: f64) -> Repair {
        let placement = Placement {
            encoding: Encoding::Embed,
            layer,
            head: None,
            tau: 3.0,
            scope,
        };
        let memory = "x".to_owned();
        repair(
            RepairChange::Inject(MemoryInjection { memory, placement }),
            logp_after,
        )
    }

    fn kinds(found: Vec<Repair>) -> Vec<&'static str> {
        let ranked = rank(found, &AnalysisSettings::default());
        ranked.iter().map(|repair| repair.change.kind()).collect()
    }

    #[test]
    fn the_best_stand_first_and_what_fakes_last() {
        let mut fake = injection(1, Scope::All, -0.1);
        fake.fakes = true;
        let found = vec![
            fake,
            words(Wording::Appositive, -2.0),
            words(Wording::Rewrite, -1.0),
            // No gain worth the name.
            words(Wording::Fact, -8.99),
        ];
        assert_eq!(kinds(found), ["rewrite", "appositive", "inject"]);
    }

    #[test]
    fn a_rewrite_is_never_crowded_out() {
        let mut found: Vec<Repair> = (0..6)
            .map(|layer| injection(layer, Scope::All, -1.0 - layer as f64 / 10.0))
            .collect();
        found.push(words(Wording::Rewrite, -3.0));
        let kinds = kinds(found);
        assert_eq!(kinds.len(), 5);
        assert_eq!(kinds[4], "rewrite");
    }

    #[test]
    fn the_same_injection_is_not_offered_twice() {
        let found = vec![
            injection(5, Scope::All, -1.0),
            injection(5, Scope::Last, -1.0),
            injection(4, Scope::All, -1.0),
        ];
        let ranked = rank(found, &AnalysisSettings::default());
        assert_eq!(ranked.len(), 2);
    }
}
