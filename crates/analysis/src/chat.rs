//! Applies the model's chat template to a prompt with roles, and maps every byte of the messages to
//! the prompt file.

use std::ops::Range;

use crate::case::prompt_reading::PromptReading;
use hoplens_prompt::{BodyReading, MappedText, Rendered, Turn};
use hoplens_runtime::{ChatTemplate, Message, ModelError};

/// The chat templates' name for the role that dotprompt calls `model`.
const ASSISTANT: &str = "assistant";

/// Returns how a model with this chat template reads a prompt. `body` counts where the prompt sets
/// no roles.
pub(super) fn reading(
    template: Option<&ChatTemplate>,
    rendered: &Rendered,
    body: BodyReading,
) -> PromptReading {
    let mut turns = rendered.turns.iter();
    let is_blank = turns.all(|turn| turn.text.text.trim().is_empty());
    if rendered.turns.iter().any(|turn| turn.role.is_some()) {
        PromptReading::Chat
    } else if template.is_some() && body == BodyReading::UserMessage && !is_blank {
        PromptReading::UserMessage
    } else {
        PromptReading::Continuation
    }
}

/// Returns the prompt as one text.
///
/// A prompt that is read as a continuation is returned unchanged. Without a chat template, the
/// messages are joined with an empty line between them. Otherwise the template writes the
/// conversation and the beginning of the model's answer. If the last message is the model's own,
/// the text ends with it and the answer continues it, as with Transformers'
/// `continue_final_message`.
///
/// # Errors
/// The template is broken, or rejects the messages.
pub(super) fn joined(
    template: Option<&ChatTemplate>,
    rendered: &Rendered,
    reading: PromptReading,
) -> Result<MappedText, ModelError> {
    Ok(joined_with_places(template, rendered, reading)?.0)
}

/// Returns the prompt as one text, and where its messages are in it. Lacks a message that the
/// template changed.
///
/// # Errors
/// As [`joined`].
pub(crate) fn joined_with_places(
    template: Option<&ChatTemplate>,
    rendered: &Rendered,
    reading: PromptReading,
) -> Result<(MappedText, Vec<MessagePlace>), ModelError> {
    let template = template.filter(|_| reading != PromptReading::Continuation);
    let Some(template) = template else {
        return Ok((rendered.joined(), untemplated_places(rendered)));
    };
    let messages: Vec<Message> = rendered
        .turns
        .iter()
        .map(|turn| Message {
            role: match turn.role.as_deref() {
                None => "user",
                Some("model") => ASSISTANT,
                Some(role) => role,
            }
            .to_owned(),
            content: turn.text.text.clone(),
        })
        .collect();
    let continues = messages.last().is_some_and(|last| last.role == ASSISTANT);
    let mut text = template.render(&messages, !continues)?;
    let mut places =
        marked(template, &messages, continues, &text).unwrap_or_else(|| searched(&messages, &text));
    if continues {
        let last = places
            .iter()
            .rposition(|place| place.message + 1 == messages.len());
        let Some(last) = last else {
            return Err(template.refusal(
                "the last one, which the model is to continue, is not in what it writes",
            ));
        };
        places.truncate(last + 1);
        text.truncate(places[last].to.end);
    }
    let mut mapped = MappedText::default();
    let mut at = 0;
    for place in &places {
        let from = &rendered.turns[place.message].text;
        mapped.append(&text[at..place.to.start], &from.part(place.from.clone()));
        at = place.to.end;
    }
    mapped.append(&text[at..], &MappedText::default());
    Ok((mapped, places))
}

/// Returns the places of the messages in [`Rendered::joined`].
pub(crate) fn untemplated_places(rendered: &Rendered) -> Vec<MessagePlace> {
    const BETWEEN: usize = "\n\n".len();
    let mut start = 0;
    let place = |(message, turn): (usize, &Turn)| {
        let from = 0..turn.text.text.len();
        let to = start..start + from.len();
        start = to.end + BETWEEN;
        MessagePlace { message, from, to }
    };
    rendered.turns.iter().enumerate().map(place).collect()
}

/// A part of a message and its place in the rendered text.
#[derive(Debug)]
pub(crate) struct MessagePlace {
    /// Index of the message.
    pub(crate) message: usize,
    /// Bytes of the message's content.
    pub(crate) from: Range<usize>,
    /// Bytes of the rendered text; as long as `from`.
    pub(crate) to: Range<usize>,
}

impl MessagePlace {
    /// Returns the bytes of the rendered text for bytes of a message's content; `None` where they
    /// are elsewhere.
    pub(crate) fn rendered(&self, message: usize, content: &Range<usize>) -> Option<Range<usize>> {
        let start = content.start.max(self.from.start);
        let end = content.end.min(self.from.end);
        let shift = |at: usize| at - self.from.start + self.to.start;
        (message == self.message && start < end).then(|| shift(start)..shift(end))
    }
}

/// A message's content split into its leading white space, its core and its trailing white space.
struct Parts<'a> {
    lead: &'a str,
    core: &'a str,
    trail: &'a str,
}

impl<'a> Parts<'a> {
    fn of(content: &'a str) -> Self {
        let rest = content.trim_start();
        let core = rest.trim_end();
        Self {
            lead: &content[..content.len() - rest.len()],
            core,
            trail: &rest[core.len()..],
        }
    }
}

/// Returns where the template puts the messages. Renders the template with a marker in place of
/// each message; returns `None` if the template then writes other text, because it inspects the
/// content.
///
/// Templates may trim the content, so the markers keep the white space around it. A second
/// rendering without that white space shows whether it survives.
fn marked(
    template: &ChatTemplate,
    messages: &[Message],
    continues: bool,
    text: &str,
) -> Option<Vec<MessagePlace>> {
    if text.contains(OPEN) || text.contains(CLOSE) {
        return None;
    }
    let parts: Vec<Parts<'_>> = messages
        .iter()
        .map(|message| Parts::of(&message.content))
        .collect();
    let render = |spaced: bool| -> Option<String> {
        let marks: Vec<Message> = messages
            .iter()
            .zip(&parts)
            .enumerate()
            .map(|(index, (message, parts))| {
                let mark = format!("{OPEN}{index}{CLOSE}");
                Message {
                    role: message.role.clone(),
                    content: match (parts.core.is_empty(), spaced) {
                        (true, _) => message.content.clone(),
                        (false, true) => format!("{}{mark}{}", parts.lead, parts.trail),
                        (false, false) => mark,
                    },
                }
            })
            .collect();
        template.render(&marks, !continues).ok()
    };
    let spaced = render(true)?;
    let (order, between) = split(&spaced)?;
    let mut places = Vec::with_capacity(order.len());
    let mut written = String::with_capacity(text.len());
    for (literal, message) in between.iter().zip(order.iter().map(Some).chain([None])) {
        written.push_str(literal);
        let Some(&message) = message else { break };
        let Parts { lead, core, .. } = parts.get(message)?;
        let start = written.len();
        written.push_str(core);
        places.push(MessagePlace {
            message,
            from: lead.len()..lead.len() + core.len(),
            to: start..written.len(),
        });
    }
    if written != text {
        return None;
    }
    let bare = render(false)?;
    if let Some((same, bare)) = split(&bare)
        && same == order
    {
        for (index, (spaced, bare)) in between.iter().zip(&bare).enumerate() {
            let trail = index.checked_sub(1).map_or("", |at| parts[order[at]].trail);
            let lead = order.get(index).map_or("", |at| parts[*at].lead);
            let survives = [(trail, lead), (trail, ""), ("", lead)]
                .into_iter()
                .find(|(trail, lead)| format!("{trail}{bare}{lead}") == **spaced);
            let Some((trail, lead)) = survives else {
                continue;
            };
            if let Some(place) = index.checked_sub(1).and_then(|at| places.get_mut(at)) {
                place.from.end += trail.len();
                place.to.end += trail.len();
            }
            if let Some(place) = places.get_mut(index) {
                place.from.start -= lead.len();
                place.to.start -= lead.len();
            }
        }
    }
    Some(places)
}

/// The characters around a message's number in a marker. They are from a private use area, so a
/// prompt that contains them falls back to [`searched`].
const OPEN: char = '\u{F0F00}';
const CLOSE: char = '\u{F0F01}';

/// Splits a text at its markers. Returns the numbers in the markers and the texts between them,
/// which are one more; `None` for an incomplete marker.
fn split(text: &str) -> Option<(Vec<usize>, Vec<&str>)> {
    let mut order = Vec::new();
    let mut between = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (number, after) = after.split_once(CLOSE)?;
        order.push(number.parse().ok()?);
        between.push(before);
        rest = after;
    }
    between.push(rest);
    Some((order, between))
}

/// Searches the text for the messages in order, each as it is or trimmed. Skips the messages that
/// the template changed.
fn searched(messages: &[Message], text: &str) -> Vec<MessagePlace> {
    let mut places = Vec::new();
    let mut at = 0;
    for (message, said) in messages.iter().enumerate() {
        let Parts { lead, core, .. } = Parts::of(&said.content);
        if core.is_empty() {
            continue;
        }
        let whole = (0, said.content.as_str());
        let found = [whole, (lead.len(), core)]
            .into_iter()
            .find_map(|(from, part)| Some((from, part.len(), text[at..].find(part)?)));
        if let Some((from, length, found)) = found {
            let start = at + found;
            at = start + length;
            places.push(MessagePlace {
                message,
                from: from..from + length,
                to: start..at,
            });
        }
    }
    places
}

#[cfg(test)]
mod tests;
