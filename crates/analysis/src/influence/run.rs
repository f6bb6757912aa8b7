//! Measures the segments of a prompt, pass by pass.

use std::collections::VecDeque;

use crate::case::prompt_source::PromptSource;
use crate::case::rendered_case::case_id;
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::influence::case_work::CaseWork;
use crate::influence::event::InfluenceEvent;
use crate::influence::request::InfluenceRequest;

/// A measurement in progress: for each case the prompt as written, then its segments.
#[derive(Debug)]
pub struct InfluenceRun {
    request: InfluenceRequest,
    /// The cases that have not begun.
    cases: VecDeque<Option<usize>>,
    current: Option<CaseWork>,
}

/// Measures every segment in every case and passes each result to `on_event`.
///
/// # Errors
/// Only that the work was cancelled.
pub fn measure_influence(
    request: InfluenceRequest,
    context: &AnalysisContext<'_>,
    on_event: &mut dyn FnMut(InfluenceEvent),
) -> Result<(), AnalysisError> {
    let mut run = InfluenceRun::new(request);
    while let Some(events) = run.step(context)? {
        events.into_iter().for_each(&mut *on_event);
    }
    Ok(())
}

impl InfluenceRun {
    /// Returns a measurement that has not started.
    pub fn new(request: InfluenceRequest) -> Self {
        Self {
            cases: request.cases.iter().copied().collect(),
            request,
            current: None,
        }
    }

    /// Does one pass and returns its results, of which there is at least one; `None` at the end.
    /// Other work can run between two steps.
    ///
    /// # Errors
    /// Only that the work was cancelled. A failure in one case is an [`InfluenceEvent::Failed`].
    pub fn step(
        &mut self,
        context: &AnalysisContext<'_>,
    ) -> Result<Option<Vec<InfluenceEvent>>, AnalysisError> {
        let source = PromptSource::new(&self.request.file, &self.request.text);
        if let Some(work) = self.current.take_if(|work| !work.is_done()) {
            return self.segments(context, work).map(Some);
        }
        let Some(case) = self.cases.pop_front() else {
            return Ok(None);
        };
        let begun = CaseWork::new(context, source, case);
        let event = match begun {
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => InfluenceEvent::Failed {
                id: case_id(source.file, case),
                error,
            },
            Ok(work) => {
                let event = work.event(source);
                self.current = Some(work);
                event
            }
        };
        Ok(Some(vec![event]))
    }

    fn segments(
        &mut self,
        context: &AnalysisContext<'_>,
        mut work: CaseWork,
    ) -> Result<Vec<InfluenceEvent>, AnalysisError> {
        match work.measure_next(context, self.request.method) {
            Ok(found) => {
                self.current = Some(work);
                Ok(found.into_iter().map(InfluenceEvent::Segment).collect())
            }
            Err(error) if error.is_cancelled() => Err(error),
            Err(error) => Ok(vec![InfluenceEvent::Failed {
                id: case_id(&self.request.file, work.case()),
                error,
            }]),
        }
    }
}
