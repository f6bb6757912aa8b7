//! Renders a case for one model.

use crate::case::expectation::Expectation;
use crate::case::prompt_reading::PromptReading;
use crate::case::prompt_source::PromptSource;
use crate::case::query::{CaseQuery, Mention};
use crate::chat;
use crate::error::AnalysisError;
use hoplens_prompt::{
    Case, HopText, MappedText, PromptFile, Rendered, body_reading, mention_ranges, render,
};
use hoplens_runtime::Model;

/// A case, rendered with the chat template of a model.
pub(crate) struct RenderedCase {
    /// The prompt as the model reads it, mapped to the prompt file.
    pub(crate) rendered: MappedText,
    /// The prompt with what the case declares.
    pub(crate) query: CaseQuery,
    /// The messages, with the given first words of the reply.
    pub(crate) turns: Rendered,
    /// How the model reads the prompt.
    pub(crate) reading: PromptReading,
    /// Whether the prompt has a hole where a variable has no value.
    pub(crate) has_holes: bool,
    /// The reason why the prompt cannot be run: its template is broken, or the chat template
    /// rejects the messages. The messages are then joined without a chat template.
    pub(crate) error: Option<AnalysisError>,
}

/// Returns the id of a case in reports: its own, or `#1`, `#2`, … in the order of the file.
pub fn case_id(file: &PromptFile, index: Option<usize>) -> String {
    let index = index.unwrap_or(0);
    match file.cases.get(index).and_then(|case| case.id.as_ref()) {
        Some(id) => id.value.clone(),
        None => format!("#{}", index + 1),
    }
}

/// Returns the cases of a file as `model` reads them, without running it. Skips the cases that
/// cannot be rendered.
pub fn case_queries(model: &Model, source: PromptSource<'_>) -> Vec<CaseQuery> {
    let query = |index| case_query(model, source, index).ok();
    source
        .case_indices()
        .into_iter()
        .filter_map(query)
        .collect()
}

/// Returns the case `index` of a file as `model` reads it; `None` selects the prompt of a file
/// without cases.
///
/// # Errors
/// The prompt's template cannot be rendered, or the model's chat template is broken or rejects the
/// messages.
pub fn case_query(
    model: &Model,
    source: PromptSource<'_>,
    index: Option<usize>,
) -> Result<CaseQuery, AnalysisError> {
    let case = render_case(model, source, index);
    case.error.map_or(Ok(case.query), Err)
}

/// Renders the case `index` of a file for `model`.
pub(crate) fn render_case(
    model: &Model,
    source: PromptSource<'_>,
    index: Option<usize>,
) -> RenderedCase {
    let PromptSource { file, text } = source;
    let case: Option<&Case> = index.and_then(|index| file.cases.get(index));
    let mut turns = render(file, text, case);
    let has_holes = turns.has_holes();
    let template = model.chat.as_ref();
    let reading = chat::reading(template, &turns, body_reading(file, case));
    let expectation = case.map(Expectation::of).unwrap_or_default();
    let begins_reply = reading != PromptReading::Continuation && !turns.ends_with_reply();
    expectation.extend(&mut turns, reading);
    let (rendered, mut error) = match chat::joined(template, &turns, reading) {
        Ok(rendered) => (rendered, None),
        Err(error) => (turns.joined(), Some(error.into())),
    };
    if let Some(reason) = turns.refusal() {
        let reason = reason.to_owned();
        error = Some(AnalysisError::Template { reason });
    }
    let id = case_id(file, index);
    let injections = file.injections.iter();
    let mut expectation = expectation.behind(&rendered.text, begins_reply);
    if model.config().eos.is_empty() && expectation.ends_reply {
        // This model never ends a reply.
        expectation.ends_reply = false;
        expectation.reply_test = None;
    }
    let query = CaseQuery {
        prompt: rendered.text.clone(),
        reply_start: reply_start(model, reading, &turns, &rendered.text),
        expect: expectation.expect,
        ends_reply: expectation.ends_reply,
        reply_test: expectation.reply_test,
        reference: expectation.reference,
        mentions: mentions(&rendered, case),
        injections: injections
            .filter(|injection| injection.acts_on(case, &id))
            .cloned()
            .collect(),
    };
    RenderedCase {
        rendered,
        query,
        turns,
        reading,
        has_holes,
        error,
    }
}

/// Returns where the model's reply begins in the text that its chat template made of `turns`.
fn reply_start(
    model: &Model,
    reading: PromptReading,
    turns: &Rendered,
    text: &str,
) -> Option<usize> {
    if reading == PromptReading::Continuation || model.chat.is_none() {
        return None;
    }
    let begun = turns.turns.last().filter(|_| turns.ends_with_reply());
    // Templates may trim the message.
    let begun = begun.map_or("", |turn| turn.text.text.trim_start());
    text.strip_suffix(begun).map(str::len)
}

/// Returns the mentions of the declared hops, each with its range in the rendered prompt.
fn mentions(rendered: &MappedText, case: Option<&Case>) -> Vec<Mention> {
    let hops = case.map_or(&[][..], |case| &case.hops);
    let hop_texts: Vec<HopText<'_>> = hops
        .iter()
        .map(|hop| HopText {
            mention: &hop.mention.value,
            bridge: hop.bridge.as_ref().map(|bridge| bridge.value.as_str()),
        })
        .collect();
    let places = mention_ranges(&rendered.text, &hop_texts);
    let mention = |(hop, range): (&HopText<'_>, _)| Mention {
        phrase: hop.mention.to_owned(),
        range,
        bridge: hop.bridge.map(str::to_owned),
    };
    hop_texts.iter().zip(places).map(mention).collect()
}
