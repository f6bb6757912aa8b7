//! A case's prompt as messages and, for a model, as one text with its tokens.

use std::ops::Range;

use crate::case::expectation::Expectation;
use crate::case::prompt_reading::PromptReading;
use crate::case::prompt_source::PromptSource;
use crate::case::rendered_case::{RenderedCase, render_case};
use crate::chat;
use hoplens_prompt::{BodyReading, Case, MappedText, Rendered, body_reading, render};
use hoplens_runtime::{BosPolicy, Model, Token};

/// A case's prompt as messages and, for a model, as one text.
#[derive(Debug, Clone)]
pub struct PromptText {
    /// The messages, with the given first words of the reply.
    pub messages: Rendered,
    /// How a chat model reads the prompt.
    pub reading: PromptReading,
    /// The text that the model reads; `None` without a model.
    pub model_text: Option<ModelText>,
}

/// A prompt as one text, in the chat template of a model.
#[derive(Debug, Clone)]
pub struct ModelText {
    /// The text, mapped to the prompt file.
    pub text: MappedText,
    /// The bytes of each message's content in `text`, and the bytes of the content; `None` for a
    /// message that the chat template changed.
    pub places: Vec<Option<ContentPlace>>,
    /// The tokens of `text`; `None` if it is much longer than the model's context.
    pub tokens: Option<Vec<Token>>,
    /// Why the chat template refuses the messages, which are then joined without it.
    pub refusal: Option<String>,
    /// The model's name.
    pub model: String,
    /// The most tokens that the model reads.
    pub context: usize,
}

/// A message's content in the text that the model reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentPlace {
    /// Bytes of the content: all of it, or without the white space that the template trims.
    pub content: Range<usize>,
    /// Bytes of the text; as long as `content`.
    pub text: Range<usize>,
}

impl ContentPlace {
    /// Returns the byte of the text for a byte of the content.
    pub fn to_text(&self, content: usize) -> usize {
        let at = content.clamp(self.content.start, self.content.end);
        self.text.start + (at - self.content.start)
    }
}

/// Returns the prompt of the case `index` of a file; `None` selects the prompt of a file without
/// cases. Nothing is run.
pub fn prompt_text(
    model: Option<&Model>,
    source: PromptSource<'_>,
    index: Option<usize>,
    bos: BosPolicy,
) -> PromptText {
    let Some(model) = model else {
        return without_model(source, index);
    };
    let RenderedCase {
        rendered,
        turns,
        reading,
        error,
        ..
    } = render_case(model, source, index);
    let template = model.chat.as_ref();
    let joined = chat::joined_with_places(template, &turns, reading);
    let found = joined.map_or_else(|_| chat::untemplated_places(&turns), |(_, found)| found);
    let mut places = vec![None; turns.turns.len()];
    for place in found {
        if let Some(slot) = places.get_mut(place.message) {
            *slot = Some(ContentPlace {
                content: place.from,
                text: place.to,
            });
        }
    }
    // A broken template of the prompt itself is among the problems of `turns`.
    let refusal = error.filter(|_| turns.broken().is_none());
    let is_short = model.check_text(&rendered.text).is_ok();
    let tokens = is_short.then(|| model.tokenizer.encode(&rendered.text, bos));
    PromptText {
        messages: turns,
        reading,
        model_text: Some(ModelText {
            text: rendered,
            places,
            tokens,
            refusal: refusal.map(|error| error.to_string()),
            model: model.info.name.clone(),
            context: model.config().context,
        }),
    }
}

fn without_model(source: PromptSource<'_>, index: Option<usize>) -> PromptText {
    let PromptSource { file, text } = source;
    let case: Option<&Case> = index.and_then(|index| file.cases.get(index));
    let mut messages = render(file, text, case);
    let reading = if messages.turns.iter().any(|turn| turn.role.is_some()) {
        PromptReading::Chat
    } else if body_reading(file, case) == BodyReading::UserMessage {
        PromptReading::UserMessage
    } else {
        PromptReading::Continuation
    };
    let expectation = case.map(Expectation::of).unwrap_or_default();
    expectation.extend(&mut messages, reading);
    PromptText {
        messages,
        reading,
        model_text: None,
    }
}
