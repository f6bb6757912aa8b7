//! One noun phrase: where it ends, and what in it describes something.

mod walk;

use crate::hop::mentions::lexer::{Kind, Lexeme};
use crate::hop::mentions::words::{Class, is_epithet, is_naming};
use walk::{Step, Walk};

/// Most lexemes of a phrase; a longer one is none.
const LONGEST: usize = 40;

/// A noun phrase and what speaks for it being a description.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Phrase {
    /// Its lexemes: the first one and the one behind the last.
    pub(super) start: usize,
    pub(super) end: usize,
    /// What stands behind it.
    pub(super) after: After,
    pub(super) features: Features,
}

/// What stands behind a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// A verb: the phrase is its subject.
    Verb,
    /// A word that is a verb only if the phrase ends here.
    LikelyVerb,
    /// A mark or another clause.
    Mark,
    /// Nothing; the prompt is to be continued here.
    Nothing,
}

/// What a phrase is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is counted on its own")]
pub(super) struct Features {
    pub(super) definite: bool,
    /// A name with a possessive ending begins it.
    pub(super) possessive: bool,
    pub(super) superlative: bool,
    pub(super) relative: bool,
    /// `located`, `named`, `following`.
    pub(super) participle: bool,
    /// A preposition goes on from its noun.
    pub(super) chain: bool,
    /// A name, number or quotation behind its first noun.
    pub(super) name: bool,
    /// It is written like a name, and a common noun in it says of what.
    pub(super) epithet: bool,
    /// Words in small letters that are nouns, adjectives and the like.
    pub(super) words: usize,
}

impl Features {
    /// Whether it describes anything at all: a name does not, nor does `the city`.
    pub(super) fn describes(self) -> bool {
        self.epithet
            || (self.words > 0
                && (self.superlative
                    || self.relative
                    || self.participle
                    || self.possessive
                    || self.chain
                    || self.words > 1
                    || self.name))
    }
}

/// The phrase that begins at `start`. `subject`: whether a verb is to be expected behind it.
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
            Step::Goes => {}
            Step::Verb(sure) if walk.waiting > 0 => {
                walk.waiting -= usize::from(sure || walk.likely.is_none());
                walk.verb = Some(at);
            }
            Step::Verb(true) => {
                (end, after) = (at, After::Verb);
                break;
            }
            Step::Verb(false) => {
                let features = walk.features;
                walk.likely.get_or_insert((at, features));
                walk.features.participle = true;
            }
            Step::Ends(why) => {
                (end, after) = (at, why);
                break;
            }
        }
    }
    // Where no verb came that is sure, the first likely one was it.
    if let Some((at, features)) = walk.likely
        && subject
        && after != After::Verb
    {
        (end, after, walk.features) = (at, After::LikelyVerb, features);
    }
    finish(text, all, start, end, after, &walk)
}

/// Leaves out what dangles at the end.
fn finish(
    text: &str,
    all: &[Lexeme],
    start: usize,
    mut end: usize,
    after: After,
    walk: &Walk,
) -> Option<Phrase> {
    let mut features = walk.features;
    let dangles = |one: &Lexeme| {
        !matches!(one.kind, Kind::Capital(_) | Kind::Number | Kind::Quotation)
            && !matches!(
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
        after == After::Nothing && matches!(one.kind, Kind::Word(_)) && is_naming(&word)
    };
    while end > start && (dangles(&all[end - 1]) || blank(&all[end - 1])) {
        end -= 1;
    }
    if end < whole && after == After::Nothing {
        // "… the modern-day country of": the blank that is to be filled in.
        return None;
    }
    if end < whole && after == After::Mark && walk.waiting > 0 {
        return None;
    }
    if end <= start + 1 && walk.features.words < 2 {
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

/// `The Windy City`, `The King of Pop`: a common noun at its head, a name by its letters.
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

impl Kind {
    /// The class of a word, whichever way it is written.
    pub(super) fn class(self) -> Option<Class> {
        match self {
            Self::Word(class) | Self::Capital(class) => Some(class),
            _ => None,
        }
    }

    pub(super) fn is_name(self) -> bool {
        matches!(self, Self::Capital(class) if !is_closed(class))
            || matches!(self, Self::Number | Self::Quotation)
    }
}

/// Function words: not names even where a title writes them large.
pub(super) fn is_closed(class: Class) -> bool {
    !matches!(
        class,
        Class::Open | Class::S | Class::Ed | Class::Superlative | Class::Past | Class::Adverb
    )
}
