//! A prompt without one of its segments, as tokens.

use std::ops::Range;

use crate::case::prompt_reading::PromptReading;
use crate::case::query::CaseQuery;
use crate::case::rendered_case::RenderedCase;
use crate::chat::{MessagePlace, joined, joined_with_places};
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::prompt_query::asked;
use crate::influence::effect::InfluenceMethod;
use hoplens_prompt::{MappedText, PromptSegment, Rendered, without_segment};
use hoplens_runtime::{Intervention, InterventionAction, PromptQuery, TargetPositions};

/// A prompt as written, from which its variants are made.
#[derive(Debug)]
pub(crate) struct WrittenPrompt {
    /// The messages.
    pub(crate) rendered: Rendered,
    /// How the model reads them.
    reading: PromptReading,
    /// Where they are in the prompt.
    pub(crate) places: Vec<MessagePlace>,
    /// The case, with the prompt as one text.
    pub(crate) case: CaseQuery,
    /// The prompt's tokens, answers and interventions.
    pub(crate) query: PromptQuery,
}

impl WrittenPrompt {
    /// Returns the prompt of a case.
    ///
    /// # Errors
    /// The prompt cannot be rendered, or the chat template rejects the messages; as [`asked`].
    pub(crate) fn new(
        context: &AnalysisContext<'_>,
        rendered: RenderedCase,
    ) -> Result<Self, AnalysisError> {
        let RenderedCase {
            turns,
            reading,
            query: case,
            error,
            ..
        } = rendered;
        if let Some(error) = error {
            return Err(error);
        }
        let template = context.model.chat.as_ref();
        let (_, places) = joined_with_places(template, &turns, reading)?;
        let query = asked(context, &case, case.prompt.clone())?;
        Ok(Self {
            rendered: turns,
            reading,
            places,
            case,
            query,
        })
    }

    /// Returns the prompt without a segment; `None` if nothing can be measured without it: no text
    /// is left, the chat template does not show it or refuses the rest, or an injection is tied to
    /// it.
    pub(crate) fn without(
        &self,
        context: &AnalysisContext<'_>,
        segment: &PromptSegment,
        method: InfluenceMethod,
    ) -> Option<PromptQuery> {
        match method {
            InfluenceMethod::Remove => self.removed(context, segment),
            InfluenceMethod::Knockout => self.knocked_out(context, segment),
        }
    }

    fn removed(
        &self,
        context: &AnalysisContext<'_>,
        segment: &PromptSegment,
    ) -> Option<PromptQuery> {
        let template = context.model.chat.as_ref();
        let turns = without_segment(&self.rendered.turns, segment);
        let dropped = turns.len() < self.rendered.turns.len();
        let rest = Rendered {
            turns,
            ..Rendered::default()
        };
        let mut text = joined(template, &rest, self.reading).ok();
        if text.is_none() && dropped {
            // Some templates want roles to alternate.
            text = joined(template, &self.emptied(segment), self.reading).ok();
        }
        let prompt = text?.text;
        if rest.turns.is_empty() || prompt.is_empty() {
            return None;
        }
        asked(context, &self.case, prompt).ok()
    }

    /// Returns the messages with those of a segment empty.
    fn emptied(&self, segment: &PromptSegment) -> Rendered {
        let mut turns = self.rendered.turns.clone();
        for part in &segment.parts {
            turns[part.turn].text = MappedText::default();
        }
        Rendered {
            turns,
            ..Rendered::default()
        }
    }

    fn knocked_out(
        &self,
        context: &AnalysisContext<'_>,
        segment: &PromptSegment,
    ) -> Option<PromptQuery> {
        let tokens = self.tokens(segment);
        if tokens.is_empty() {
            return None;
        }
        let mut query = self.query.clone();
        for layer in 0..context.model.info.layers {
            query
                .interventions
                .extend(tokens.iter().map(|keys| Intervention {
                    layer,
                    sequence: None,
                    at: TargetPositions::Range(keys.end..usize::MAX),
                    action: InterventionAction::BlockAttention(keys.clone()),
                }));
        }
        Some(query)
    }

    /// Returns the positions of a segment's tokens. The first position of the prompt is never among
    /// them: models rest their attention on it, whatever it is.
    fn tokens(&self, segment: &PromptSegment) -> Vec<Range<usize>> {
        let parts = segment.parts.iter();
        let texts = parts.flat_map(|part| {
            let place = |place: &MessagePlace| place.rendered(part.turn, &part.range);
            self.places.iter().filter_map(place)
        });
        let tokens = &self.query.tokens;
        let positions = texts.map(|text| {
            let start = tokens.partition_point(|token| token.range.end <= text.start);
            let end = tokens.partition_point(|token| token.range.start < text.end);
            start.max(1)..end
        });
        positions
            .filter(|positions| !positions.is_empty())
            .collect()
    }
}
