//! Renders a prompt of promptfoo: a text, or a chat whose messages or whole text are templates.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::declarations::spanned::Origin;
use crate::diagnostics::problem::Problems;
use crate::file::prompt_file::PromptFile;
use crate::format::promptfoo::chat;
use crate::render::rendered::{Rendered, Turn};
use crate::render::source_map::MappedText;
use crate::template::nunjucks;

/// Renders a prompt file of promptfoo with the values of a test.
///
/// promptfoo fills the texts of a chat that is valid JSON one by one, and any other file as a
/// whole, before it reads the messages.
pub(crate) fn render(file: &PromptFile, body: &str, data: &Map<String, Value>) -> Rendered {
    let mut rendered = Rendered::default();
    for turn in &file.turns {
        let text = &turn.text;
        let filled = nunjucks::render(&text.text, &(0..text.text.len()), data);
        let mut filled = filled.moved_to_file(text);
        rendered.problems.append(&mut filled.problems);
        rendered.unset.append(&mut filled.unset);
        rendered
            .turns
            .extend(filled.turns.into_iter().map(|one| Turn {
                role: turn.role.clone(),
                text: one.text,
            }));
    }
    for range in &file.media {
        rendered.add_media(range.clone());
    }
    if !file.turns.is_empty() {
        return rendered;
    }
    let mut rendered = nunjucks::render(body, &file.body, data);
    let may_be_chat = file
        .promptfoo
        .as_ref()
        .is_some_and(|promptfoo| chat::is_chat(&promptfoo.prompt));
    if let ([only], true) = (rendered.turns.as_slice(), may_be_chat) {
        let whole = only.text.clone();
        let (turns, media) = messages_of(&whole);
        if !turns.is_empty() {
            rendered.turns = turns;
            for range in media {
                rendered.add_media(range);
            }
        }
    }
    rendered
}

/// Returns the messages of a rendered chat, mapped to the file, and the file's bytes of their parts
/// that are not text.
fn messages_of(whole: &MappedText) -> (Vec<Turn>, Vec<Range<usize>>) {
    let mut media = Vec::new();
    // Values that make the chat invalid are a matter of one test.
    let mut problems = Problems::new(Origin::FrontMatter);
    let turns = chat::chat(&whole.text, &mut media, &mut problems);
    let read = Rendered {
        turns,
        media,
        ..Rendered::default()
    };
    let read = read.moved_to_file(whole);
    (read.turns, read.media)
}
