//! Parses one noun phrase: where it ends, and which of its features make it a description.

pub(super) mod features;
mod walk;

use crate::hop::mentions::lexer::{Lexeme, LexemeKind};
use crate::hop::mentions::phrase::features::{After, Features};
use crate::hop::mentions::phrase::walk::{Walk, WalkStep};
use crate::hop::mentions::words::{Class, is_epithet, is_naming};

/// The most lexemes of a phrase; a longer one is rejected.
const LONGEST: usize = 40;

/// A noun phrase and the features that make it a description.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Phrase {
    /// Its lexemes: the first one, and the one after the last.
    pub(super) start: usize,
    pub(super) end: usize,
    /// What follows it.
    pub(super) after: After,
    pub(super) features: Features,
}

/// Returns the phrase that begins at `start`. `subject`: whether a verb is expected after it.
pub(super) fn phrase(text: &str, all: &[Lexeme], start: usize, subject: bool) -> Option<Phrase> {
    let mut walk = Walk::default();
    walk.features.definite = all[start].kind.class() == Some(Class::Definite);
    let mut end = all.len();
    let mut after = After::Nothing;
    for at in start..all.len() {
        if at - start > LONGEST {
            return None;
        }
        match walk.step(text, all, start, at) {
            WalkStep::Goes => {}
            WalkStep::Verb(sure) if walk.waiting > 0 => {
                walk.waiting -= usize::from(sure || walk.likely.is_none());
                walk.verb = Some(at);
            }
            WalkStep::Verb(true) => {
                (end, after) = (at, After::Verb);
                break;
            }
            WalkStep::Verb(false) => {
                let features = walk.features;
                walk.likely.get_or_insert((at, features));
                walk.features.participle = true;
            }
            WalkStep::Ends(why) => {
                (end, after) = (at, why);
                break;
            }
        }
    }
    // Without a certain verb, the first likely one is taken as the verb.
    if let Some((at, features)) = walk.likely
        && subject
        && after != After::Verb
    {
        (end, after, walk.features) = (at, After::LikelyVerb, features);
    }
    let found = Phrase {
        start,
        end,
        after,
        features: walk.features,
    };
    finish(text, all, &found, walk.waiting)
}

/// Drops dangling words from the end of a phrase; `None` if nothing useful remains.
fn finish(text: &str, all: &[Lexeme], found: &Phrase, waiting: usize) -> Option<Phrase> {
    let &Phrase {
        start,
        mut end,
        after,
        mut features,
    } = found;
    let dangles = |one: &Lexeme| {
        !matches!(
            one.kind,
            LexemeKind::Capital(_) | LexemeKind::Number | LexemeKind::Quotation
        ) && !matches!(
            one.kind.class(),
            Some(
                Class::Open
                    | Class::S
                    | Class::Ed
                    | Class::Superlative
                    | Class::Past
                    | Class::Pronoun
            )
        )
    };
    let whole = end;
    let blank = |one: &Lexeme| {
        let word = text[one.range.clone()].to_lowercase();
        after == After::Nothing && matches!(one.kind, LexemeKind::Word(_)) && is_naming(&word)
    };
    while end > start && (dangles(&all[end - 1]) || blank(&all[end - 1])) {
        end -= 1;
    }
    if end < whole && after == After::Nothing {
        // "… the modern-day country of": the prompt asks for the missing word.
        return None;
    }
    if end < whole && after == After::Mark && waiting > 0 {
        return None;
    }
    if end <= start + 1 && features.words < 2 {
        return None;
    }
    features.epithet =
        features.definite && features.words == 0 && is_epithetic(text, &all[start..end]);
    Some(Phrase {
        start,
        end,
        after,
        features,
    })
}

/// Returns whether a phrase is an epithet, such as `The Windy City` or `The King of Pop`: it is
/// capitalized like a name, and its head is a common noun.
pub(super) fn is_epithetic(text: &str, phrase: &[Lexeme]) -> bool {
    let heads = phrase
        .iter()
        .position(|one| one.kind.class() == Some(Class::Of) || one.possessive > 0)
        .unwrap_or(phrase.len());
    let head = phrase[..heads].last();
    heads > 1
        && phrase.len() > 2
        && head.is_some_and(|head| is_epithet(&text[head.range.clone()].to_lowercase()))
}
