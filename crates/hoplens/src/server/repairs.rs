//! Measuring repairs in the background: first what helps and how much, for every case, then what
//! speaks for and against it.

use std::sync::Arc;

use crate::engine::Priority;
use crate::server::analysis::answered;
use crate::server::key::Key;
use crate::server::progress::{Progress, Step};
use crate::server::prompts::Look;
use crate::server::state::State;
use crate::server::view::View;
use hoplens_analysis::{
    AnalysisContext, AnalysisProgress, CaseFindings, FileFindings, PromptSource, ReferencePrompts,
    Repair, add_evidence, find_repairs,
};

/// Measures the repairs of every case that fails. Ends early where a newer look began.
pub(super) async fn measure(
    state: &Arc<State>,
    key: &Key,
    look: &Look,
    view: &Arc<View>,
    findings: &FileFindings,
) {
    let failing = findings.cases.iter().enumerate();
    let failing: Vec<(usize, &CaseFindings)> = failing
        .filter(|(_, case)| matches!(&case.outcome, Ok(found) if found.wants_repairs()))
        .collect();
    if failing.is_empty() {
        return;
    }
    let shown = Progress::begin_later(state, format!("Measuring repairs of {}", key.short_name()));
    let steps = 2 * failing.len();
    let mut done = 0;
    let mut step = |what: &str, case: &CaseFindings| {
        shown.report(Step {
            message: format!("{what}, case {}", case.id),
            percent: (100 * done / steps) as u32,
        });
        done += 1;
    };
    let mut found: Vec<(usize, &CaseFindings, Vec<Repair>)> = Vec::new();
    for (index, case) in failing {
        step("searching", case);
        let (own, settings) = (case.clone(), state.hop_settings(key));
        let answer = state.engine.submit_long(
            Priority::Diagnostics,
            &look.cancel,
            move |model, cancel, pause| {
                let mut pause = |_: AnalysisProgress<'_>| pause();
                let context = AnalysisContext::new(model, &settings, cancel);
                let mut context = context.with_progress(&mut pause);
                find_repairs(&mut context, &own)
            },
        );
        let Some(repairs) = answered(state, answer.await) else {
            continue;
        };
        let weighed = !wants_weighing(findings, &repairs);
        let known = repairs.clone();
        if !state.prompts.set_repairs(key, look, index, known, weighed) {
            return;
        }
        // Clients ask for actions when diagnostics change.
        state.publish(key);
        if !weighed {
            found.push((index, case, repairs));
        }
    }
    let others = findings.cases.iter().map(|case| case.query.clone());
    let around = Arc::new(ReferencePrompts::new(&view.snapshot.file, others));
    for (index, case, mut repairs) in found {
        step("random memories", case);
        let (own, settings) = (case.clone(), state.hop_settings(key));
        let (around, view) = (Arc::clone(&around), Arc::clone(view));
        let answer = state.engine.submit_long(
            Priority::Diagnostics,
            &look.cancel,
            move |model, cancel, pause| {
                let source = PromptSource::new(&view.snapshot.file, &view.snapshot.text);
                let mut pause = |_: AnalysisProgress<'_>| pause();
                let context = AnalysisContext::new(model, &settings, cancel);
                let mut context = context.with_progress(&mut pause);
                add_evidence(&mut context, source, &own, &around, &mut repairs)?;
                Ok(repairs)
            },
        );
        let Some(repairs) = answered(state, answer.await) else {
            continue;
        };
        if !state.prompts.set_repairs(key, look, index, repairs, true) {
            return;
        }
        state.publish(key);
    }
}

/// Whether there are other cases, or random memories, to hold repairs to.
fn wants_weighing(findings: &FileFindings, repairs: &[Repair]) -> bool {
    let mut injections = repairs.iter().map(|repair| repair.change.injection());
    injections.any(|injection| injection.is_some())
        || (1 < findings.cases.len() && !repairs.is_empty())
}
