//! The order of the steps of an analysis.

use std::collections::{BTreeMap, VecDeque};

use crate::case::findings::CaseFindings;
use crate::case::prompt_reading::PromptReading;
use crate::case::prompt_source::PromptSource;
use crate::context::{AnalysisContext, AnalysisProgress};
use crate::error::AnalysisError;
use crate::generation::answer::answer;
use crate::hop::guess_limits::may_have_hop;
use crate::hop::undeclared::undeclared;
use crate::hop::verdicts::find_verdicts;
use crate::pipeline::event::AnalysisEvent;
use crate::pipeline::request::AnalysisRequest;
use crate::pipeline::step::AnalysisStep;
use crate::repair::evidence::add_evidence;
use crate::repair::measured_repair::Repair;
use crate::repair::reference_prompts::ReferencePrompts;
use crate::repair::search::find_repairs;
use crate::reply::reply_search::search_replies;

/// An analysis in progress. Its steps are the verdicts of all cases, the repairs of each failing
/// case, the evidence for each case's repairs, replies in which an answer is looked for, the model's
/// own answers, and undeclared hops.
///
/// A step that panics is not repeated: the next call continues with the following step.
#[derive(Debug)]
pub struct AnalysisRun {
    request: AnalysisRequest,
    /// The cases as of the verdicts, without later results.
    cases: Vec<CaseFindings>,
    /// The remaining steps, in order.
    steps: VecDeque<AnalysisStep>,
    /// The repairs whose evidence is not measured yet, by case.
    repairs: BTreeMap<usize, Vec<Repair>>,
    /// The prompts that side effects are measured on; `None` until a repair needs them.
    reference_prompts: Option<ReferencePrompts>,
}

/// Runs an analysis to its end and passes each result to `on_event`.
///
/// # Errors
/// Only that the work was cancelled.
pub fn run(
    request: AnalysisRequest,
    context: &mut AnalysisContext<'_>,
    on_event: &mut dyn FnMut(AnalysisEvent),
) -> Result<(), AnalysisError> {
    let mut run = AnalysisRun::new(request);
    while let Some(event) = run.step(context)? {
        on_event(event);
    }
    Ok(())
}

impl AnalysisRun {
    /// Returns an analysis that has not started.
    pub fn new(request: AnalysisRequest) -> Self {
        Self {
            request,
            cases: Vec::new(),
            steps: VecDeque::from([AnalysisStep::Verdicts]),
            repairs: BTreeMap::new(),
            reference_prompts: None,
        }
    }

    /// Returns the steps that are known to remain, in order. [`AnalysisRun::step`] does the first
    /// of them.
    pub fn remaining_steps(&self) -> impl Iterator<Item = AnalysisStep> + '_ {
        self.steps.iter().copied()
    }

    /// Returns the id of a case, once the verdicts are known.
    pub fn case_id(&self, case: usize) -> Option<&str> {
        Some(&self.cases.get(case)?.id)
    }

    /// Does the next step and returns its result; `None` at the end.
    ///
    /// # Errors
    /// Only that the work was cancelled. A failure in one case is an [`AnalysisEvent::Failed`].
    pub fn step(
        &mut self,
        context: &mut AnalysisContext<'_>,
    ) -> Result<Option<AnalysisEvent>, AnalysisError> {
        let Some(step) = self.steps.pop_front() else {
            return Ok(None);
        };
        let case_id = step.case().and_then(|case| self.case_id(case));
        context.report(AnalysisProgress::Started {
            step,
            case_id: case_id.unwrap_or_default(),
        });
        let found = match step {
            AnalysisStep::Verdicts => self.verdicts(context),
            AnalysisStep::Repairs { case } => self.repairs(context, case),
            AnalysisStep::Evidence { case } => self.evidence(context, case),
            AnalysisStep::Replies { case } => self.replies(context, case),
            AnalysisStep::Answer { case } => self.answer(context, case),
            AnalysisStep::Undeclared { case } => self.undeclared(context, case),
        };
        match (found, step.case()) {
            (Err(error), Some(case)) if !error.is_cancelled() => {
                Ok(Some(AnalysisEvent::Failed { case, step, error }))
            }
            (found, _) => found.map(Some),
        }
    }

    /// Skips `step` if it is still the next one, because its job failed before it called
    /// [`AnalysisRun::step`].
    pub fn skip(&mut self, step: AnalysisStep) {
        if self.steps.front() == Some(&step) {
            self.steps.pop_front();
        }
    }

    fn verdicts(&mut self, context: &AnalysisContext<'_>) -> Result<AnalysisEvent, AnalysisError> {
        let source = PromptSource::new(&self.request.file, &self.request.text);
        let findings = find_verdicts(context, source)?;
        self.cases.clone_from(&findings.cases);
        self.plan(context);
        Ok(AnalysisEvent::Verdicts(findings))
    }

    /// Queues the steps that follow from the verdicts, except evidence, which depends on the
    /// repairs.
    fn plan(&mut self, context: &AnalysisContext<'_>) {
        let AnalysisRequest {
            repairs,
            replies,
            answers,
            undeclared,
            ..
        } = &self.request;
        let cases = self.cases.iter().enumerate();
        let asked = cases.filter_map(|(at, case)| Some((at, case, case.outcome.as_ref().ok()?)));
        let tested = asked
            .clone()
            .filter(|(_, case, _)| *replies && case.query.reply_test.is_some());
        let failing = asked
            .clone()
            .filter(|(_, case, outcome)| outcome.wants_repairs() && repairs.contains(case.case));
        let open = asked
            .clone()
            .filter(|(_, case, _)| *answers && case.case.is_none() && case.query.expect.is_empty());
        let looks = *undeclared && !context.settings.declared_only;
        let facts = &self.request.facts;
        let plain =
            asked.filter(|(_, case, outcome)| looks && may_have_hop(case, &outcome.probes, facts));
        let steps = failing
            .map(|(case, ..)| AnalysisStep::Repairs { case })
            .chain(tested.map(|(case, ..)| AnalysisStep::Replies { case }))
            .chain(open.map(|(case, ..)| AnalysisStep::Answer { case }))
            .chain(plain.map(|(case, ..)| AnalysisStep::Undeclared { case }));
        self.steps.extend(steps);
    }

    fn repairs(
        &mut self,
        context: &mut AnalysisContext<'_>,
        case: usize,
    ) -> Result<AnalysisEvent, AnalysisError> {
        let repairs = find_repairs(context, &self.cases[case])?;
        let needs_evidence = self.needs_evidence(&repairs);
        if needs_evidence {
            self.repairs.insert(case, repairs.clone());
            let is_later = |step: &AnalysisStep| {
                !matches!(
                    step,
                    AnalysisStep::Repairs { .. } | AnalysisStep::Evidence { .. }
                )
            };
            let at = self.steps.iter().position(is_later);
            let at = at.unwrap_or(self.steps.len());
            self.steps.insert(at, AnalysisStep::Evidence { case });
        }
        Ok(AnalysisEvent::Repairs {
            case,
            repairs,
            needs_evidence,
        })
    }

    /// Returns whether there are random memories or other cases to compare the repairs with.
    fn needs_evidence(&self, repairs: &[Repair]) -> bool {
        let injects = |repair: &Repair| repair.change.injection().is_some();
        repairs.iter().any(injects) || (1 < self.cases.len() && !repairs.is_empty())
    }

    fn evidence(
        &mut self,
        context: &mut AnalysisContext<'_>,
        case: usize,
    ) -> Result<AnalysisEvent, AnalysisError> {
        let mut repairs = self.repairs.remove(&case).unwrap_or_default();
        let Self {
            request,
            cases,
            reference_prompts,
            ..
        } = self;
        let reference_prompts = reference_prompts.get_or_insert_with(|| {
            // The file's own cases come first, so that they are used when the number of tokens is
            // limited.
            let asked = cases.iter().filter(|case| case.outcome.is_ok());
            let own = asked.map(|case| &case.query);
            let all = own.chain(request.other_cases.iter());
            ReferencePrompts::new(&request.file, all.cloned())
        });
        let source = PromptSource::new(&request.file, &request.text);
        let of = &cases[case];
        add_evidence(context, source, of, reference_prompts, &mut repairs)?;
        Ok(AnalysisEvent::Evidence { case, repairs })
    }

    fn replies(
        &self,
        context: &mut AnalysisContext<'_>,
        case: usize,
    ) -> Result<AnalysisEvent, AnalysisError> {
        let query = &self.cases[case].query;
        let test = query.reply_test.as_ref();
        let found = test.map(|test| search_replies(context, query, test));
        let found = found.transpose()?.unwrap_or_default();
        Ok(AnalysisEvent::Replies { case, found })
    }

    fn answer(
        &self,
        context: &AnalysisContext<'_>,
        case: usize,
    ) -> Result<AnalysisEvent, AnalysisError> {
        let of = &self.cases[case];
        let is_chat = of.reading != PromptReading::Continuation;
        let answer = answer(context, &of.query, is_chat)?;
        Ok(AnalysisEvent::Answer { case, answer })
    }

    fn undeclared(
        &self,
        context: &AnalysisContext<'_>,
        case: usize,
    ) -> Result<AnalysisEvent, AnalysisError> {
        let query = &self.cases[case].query;
        let found = undeclared(context, query, &self.request.facts)?;
        Ok(AnalysisEvent::Undeclared { case, found })
    }
}
