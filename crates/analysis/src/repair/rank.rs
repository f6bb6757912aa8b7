//! Ranks repairs.

use crate::repair::change::{RepairChange, Wording};
use crate::repair::measured_repair::Repair;
use crate::settings::AnalysisSettings;
use hoplens_injection::Scope;
use hoplens_interp::memory::MemoryInjection;

/// Returns the repairs that help, best first.
pub(crate) fn rank(mut found: Vec<Repair>, settings: &AnalysisSettings) -> Vec<Repair> {
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
    // A rewrite that helps always stays in the list, because it works with every runtime.
    if let Some(at) = rewrite.filter(|at| *at >= most && most > 0) {
        found.swap(at, most - 1);
    }
    found.truncate(most);
    found
}

/// Drops injections at all positions that equal the one at the last token: in the last layer no
/// other position is read.
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
    use crate::hop::probe::Probe;
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
    fn repairs_are_ranked_best_first_and_fakes_last() {
        let mut fake = injection(1, Scope::All, -0.1);
        fake.fakes = true;
        let found = vec![
            fake,
            words(Wording::Appositive, -2.0),
            words(Wording::Rewrite, -1.0),
            // The gain is below the threshold.
            words(Wording::Fact, -8.99),
        ];
        assert_eq!(kinds(found), ["rewrite", "appositive", "inject"]);
    }

    #[test]
    fn a_rewrite_that_helps_stays_in_the_list() {
        let mut found: Vec<Repair> = (0..6)
            .map(|layer| injection(layer, Scope::All, -1.0 - layer as f64 / 10.0))
            .collect();
        found.push(words(Wording::Rewrite, -3.0));
        let kinds = kinds(found);
        assert_eq!(kinds.len(), 5);
        assert_eq!(kinds[4], "rewrite");
    }

    #[test]
    fn equal_injections_are_offered_once() {
        let found = vec![
            injection(5, Scope::All, -1.0),
            injection(5, Scope::Last, -1.0),
            injection(4, Scope::All, -1.0),
        ];
        let ranked = rank(found, &AnalysisSettings::default());
        assert_eq!(ranked.len(), 2);
    }
}
