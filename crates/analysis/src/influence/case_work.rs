//! The measurement of one case.

use std::collections::VecDeque;

use crate::case::prompt_source::PromptSource;
use crate::case::rendered_case::{case_id, render_case};
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::influence::effect::{InfluenceMethod, SegmentInfluence};
use crate::influence::event::InfluenceEvent;
use crate::influence::segments::measured_segments;
use crate::influence::target::{InfluenceTarget, TargetEffect};
use crate::influence::variant::WrittenPrompt;
use hoplens_prompt::PromptSegment;
use hoplens_runtime::PromptQuery;

/// The most rows of a pass. More are no faster, and a pass cannot be interrupted by other work.
const ROWS: usize = 512;
/// The most variants in a pass, which bounds the logits that it keeps.
const VARIANTS: usize = 8;

/// The measurement of one case.
#[derive(Debug)]
pub(crate) struct CaseWork {
    case: Option<usize>,
    written: WrittenPrompt,
    target: InfluenceTarget,
    /// The segments that are not measured yet.
    left: VecDeque<PromptSegment>,
}

impl CaseWork {
    /// Runs the prompt as written.
    ///
    /// # Errors
    /// The prompt cannot be rendered or run; the work was cancelled.
    pub(crate) fn new(
        context: &AnalysisContext<'_>,
        source: PromptSource<'_>,
        case: Option<usize>,
    ) -> Result<Self, AnalysisError> {
        let written = WrittenPrompt::new(context, render_case(context.model, source, case))?;
        let length = written.case.prompt.len();
        let segments = measured_segments(&written.rendered, &written.places, length);
        let target = InfluenceTarget::new(context, &written.query)?;
        Ok(Self {
            case,
            written,
            target,
            left: segments.into(),
        })
    }

    /// Returns the event that the prompt as written was run.
    pub(crate) fn event(&self, source: PromptSource<'_>) -> InfluenceEvent {
        InfluenceEvent::Case {
            case: self.case,
            id: case_id(source.file, self.case),
            baseline: self.target.baseline(),
            segments: self.left.len(),
        }
    }

    /// The case.
    pub(crate) fn case(&self) -> Option<usize> {
        self.case
    }

    /// Whether every segment is measured.
    pub(crate) fn is_done(&self) -> bool {
        self.left.is_empty()
    }

    /// Measures the next segments in one pass.
    ///
    /// # Errors
    /// As [`hoplens_runtime::Model::forward`].
    pub(crate) fn measure_next(
        &mut self,
        context: &AnalysisContext<'_>,
        method: InfluenceMethod,
    ) -> Result<Vec<SegmentInfluence>, AnalysisError> {
        let (mut segments, mut variants) = (Vec::new(), Vec::new());
        let mut rows = 0;
        while let Some(segment) = self.left.front() {
            let variant = self.written.without(context, segment, method);
            let needed = variant.as_ref().map_or(0, |variant| self.rows(variant));
            if rows > 0 && (rows + needed > ROWS || variants.len() == VARIANTS) {
                break;
            }
            rows += needed;
            let at = variant.map(|variant| {
                variants.push(variant);
                variants.len() - 1
            });
            segments.extend(self.left.pop_front().map(|segment| (segment, at)));
        }
        let effects = if variants.is_empty() {
            Vec::new()
        } else {
            let written = &self.written.query;
            self.target.measure(context, written, &variants)?
        };
        let influence = |(segment, at): (PromptSegment, Option<usize>)| {
            let effect = at.and_then(|at| effects.get(at));
            let TargetEffect { delta_logp, kl } = effect.copied().unwrap_or_default();
            SegmentInfluence {
                case: self.case,
                kind: segment.kind,
                range: segment.source,
                delta_logp,
                kl,
            }
        };
        Ok(segments.into_iter().map(influence).collect())
    }

    /// Returns the number of positions of a variant that a pass computes.
    fn rows(&self, variant: &PromptQuery) -> usize {
        let pairs = self.written.query.tokens.iter().zip(&variant.tokens);
        let same = pairs.take_while(|(a, b)| a.id == b.id).count();
        let written = self.written.query.interventions.len();
        let changes = variant.interventions.get(written..).unwrap_or_default();
        let shared = changes.iter().map(|change| change.at.first());
        let shared = shared.fold(same, usize::min);
        variant.tokens.len() - shared + self.target.appended(variant)
    }
}
