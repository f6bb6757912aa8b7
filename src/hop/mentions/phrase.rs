//! One noun phrase: where it ends, and what in it describes something.

use super::lexer::{Kind, Lexeme};
use super::words::{Class, is_epithet, is_naming};

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

/// What happened so far in a phrase.
#[derive(Debug, Default)]
struct Walk {
    features: Features,
    /// Relative clauses that still wait for their verb.
    waiting: usize,
    /// Whether a word that can be what the phrase is about was there.
    has_noun: bool,
    /// The first word that is a verb only if the phrase ends there.
    likely: Option<(usize, Features)>,
    /// The last verb of a relative clause.
    verb: Option<usize>,
}

/// What a lexeme does to the phrase before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Goes,
    /// A verb, and how sure that is.
    Verb(bool),
    Ends(After),
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
    finish(text, all, start, end, after, walk)
}

/// Leaves out what dangles at the end.
fn finish(
    text: &str,
    all: &[Lexeme],
    start: usize,
    mut end: usize,
    after: After,
    walk: Walk,
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

impl Walk {
    fn step(&mut self, text: &str, all: &[Lexeme], start: usize, at: usize) -> Step {
        let one = &all[at];
        let before = at.checked_sub(1).filter(|_| at > start).map(|at| &all[at]);
        let next = all.get(at + 1);
        match one.kind {
            Kind::Stop | Kind::Break => Step::Ends(After::Mark),
            Kind::Comma => self.comma(all, at),
            Kind::Quotation | Kind::Number => {
                self.name(before);
                Step::Goes
            }
            Kind::Capital(class) if at > start && (!is_closed(class) || in_title(before, next)) => {
                self.name(before);
                // A possessive ending at the very beginning is what makes it a description.
                Step::Goes
            }
            Kind::Capital(class) if at == start && !is_closed(class) => {
                self.has_noun = true;
                if class == Class::Superlative {
                    self.features.superlative = true;
                }
                Step::Goes
            }
            Kind::Word(class) | Kind::Capital(class) => self.word(text, class, all, start, at),
        }
    }

    fn name(&mut self, before: Option<&Lexeme>) {
        self.has_noun = true;
        if before.is_some_and(|before| before.kind.class() != Some(Class::Definite)) {
            self.features.name |= self.features.words > 0;
        }
    }

    /// A comma goes on inside names ("Edmund Grey, 1st Earl of Kent") and lists of words.
    fn comma(&self, all: &[Lexeme], at: usize) -> Step {
        let before = at.checked_sub(1).map(|before| all[before].kind);
        let next = all.get(at + 1).map(|next| next.kind);
        let large = |kind: Option<Kind>| {
            kind.is_some_and(|kind| kind.is_name() || kind == Kind::Word(Class::Superlative))
        };
        let small = |at: usize| {
            all.get(at).is_some_and(|one| {
                matches!(one.kind, Kind::Word(Class::Open | Class::Ed | Class::S))
            })
        };
        let lists = small(at - 1)
            && small(at + 1)
            && all
                .get(at + 2)
                .is_some_and(|one| one.kind.class() == Some(Class::And))
            && small(at + 3);
        let title = matches!(next, Some(Kind::Capital(_)));
        if (self.features.words > 0 && large(before) && (large(next) || title)) || lists {
            Step::Goes
        } else {
            Step::Ends(After::Mark)
        }
    }

    fn word(&mut self, text: &str, class: Class, all: &[Lexeme], start: usize, at: usize) -> Step {
        let before = at
            .checked_sub(1)
            .filter(|_| at > start)
            .map(|at| all[at].kind);
        let next = all.get(at + 1).map(|next| next.kind);
        let next_class = next.and_then(Kind::class);
        let opens = matches!(
            next_class,
            Some(Class::Definite | Class::Determiner | Class::Pronoun)
        );
        match class {
            Class::Definite | Class::Determiner => {
                let after_noun = before.is_some_and(|before| !asks_for_noun(before))
                    && !is_ing(text, &all[at - 1])
                    && self.verb != Some(at - 1);
                // "… that the Romans built": the verb comes later. "the birds hunt the": before.
                if at > start && after_noun && self.waiting == 0 {
                    return Step::Ends(After::Mark);
                }
                Step::Goes
            }
            Class::Of | Class::Preposition => {
                if self.has_noun {
                    self.features.chain |= self.features.words > 0;
                }
                Step::Goes
            }
            Class::And => {
                let verb = matches!(
                    next_class,
                    Some(Class::Auxiliary | Class::Past | Class::Adverb)
                );
                if (verb && self.waiting == 0 && !self.features.relative)
                    || opens && self.features.relative
                {
                    return Step::Ends(After::Mark);
                }
                if verb && self.features.relative {
                    self.waiting += 1;
                }
                Step::Goes
            }
            Class::Conjunction => Step::Ends(After::Mark),
            Class::Relative => {
                if !self.has_noun {
                    return Step::Ends(After::Mark);
                }
                self.features.relative = true;
                self.waiting += 1;
                Step::Goes
            }
            Class::Pronoun => {
                if self.features.relative && self.waiting > 0 {
                    Step::Goes
                } else {
                    Step::Ends(After::Mark)
                }
            }
            Class::Adverb => Step::Goes,
            Class::Superlative => {
                self.features.superlative |= !self.features.chain && !self.features.relative;
                self.features.words += 1;
                Step::Goes
            }
            Class::Auxiliary | Class::Past | Class::Ed if follows_auxiliary(all, start, at) => {
                Step::Goes
            }
            Class::Auxiliary | Class::Past => Step::Verb(true),
            Class::Ed => self.past(all, at, before, next),
            Class::S => {
                if self.is_verb_in_s(all, start, at) {
                    let sure = opens || before.is_some_and(Kind::is_name);
                    return Step::Verb(sure);
                }
                self.noun();
                Step::Goes
            }
            Class::Open => {
                if is_ing(text, &all[at]) && self.has_noun && opens {
                    self.features.participle = true;
                } else if let Some(sure) = self.bare_verb(all, at, before, opens) {
                    return Step::Verb(sure);
                }
                self.noun();
                Step::Goes
            }
        }
    }

    fn noun(&mut self) {
        self.has_noun = true;
        self.features.words += 1;
    }

    /// Whether a word that shows nothing is a verb by where it stands, and how sure that is.
    fn bare_verb(
        &self,
        all: &[Lexeme],
        at: usize,
        before: Option<Kind>,
        opens: bool,
    ) -> Option<bool> {
        let before = before?;
        let next = all.get(at + 1).map(|next| next.kind);
        let behind = all.get(at + 2).and_then(|next| next.kind.class());
        if before.class() == Some(Class::Relative) && all[at].kind.class() == Some(Class::Open) {
            // "that make honey": no noun of its own, so the verb comes at once.
            return Some(true).filter(|_| !matches!(next, Some(Kind::Word(Class::Auxiliary))));
        }
        let noun = !asks_for_noun(before) && self.has_noun;
        // "the birds hunt the": between a noun and an object.
        if opens && noun {
            return Some(true);
        }
        // "the people of Peru speak", and the prompt ends.
        if next.is_none() && matches!(before, Kind::Capital(_)) && self.features.chain {
            return Some(true);
        }
        let adverb = next == Some(Kind::Word(Class::Adverb));
        (noun && adverb && behind != Some(Class::Ed)).then_some(false)
    }

    /// A word in `-ed`: a verb, or what was done to the thing ("located at").
    fn past(
        &mut self,
        all: &[Lexeme],
        at: usize,
        before: Option<Kind>,
        next: Option<Kind>,
    ) -> Step {
        let attributive = before.is_some_and(|before| {
            matches!(
                before.class(),
                Some(
                    Class::Superlative
                        | Class::Definite
                        | Class::Determiner
                        | Class::Adverb
                        | Class::Of
                        | Class::Preposition
                )
            ) && !before.is_name()
        }) && !self.after_relative(all, at);
        if attributive || !self.has_noun {
            self.features.words += 1;
            return Step::Goes;
        }
        let passive = matches!(
            next.and_then(Kind::class),
            Some(Class::Preposition | Class::Of | Class::Adverb)
        ) || next.is_none();
        // Names behind "named" and "called" are part of the description.
        let names =
            next.is_some_and(Kind::is_name) && before.is_some_and(|before| !before.is_name());
        Step::Verb(!passive && !names)
    }

    fn after_relative(&self, all: &[Lexeme], at: usize) -> bool {
        self.waiting > 0
            && all[..at]
                .iter()
                .rev()
                .find(|one| one.kind.class() != Some(Class::Adverb))
                .is_some_and(|one| one.kind.class() == Some(Class::Relative))
    }

    fn is_verb_in_s(&self, all: &[Lexeme], start: usize, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).filter(|_| at > start).map(|at| &all[at]) else {
            return false;
        };
        let noun_before = match before.kind {
            Kind::Word(class) => {
                matches!(class, Class::Open | Class::Relative) && before.possessive == 0
            }
            kind => kind.is_name() && before.possessive == 0,
        };
        let next = all.get(at + 1);
        let goes_on = next.is_none_or(|next| match next.kind {
            Kind::Word(class) => matches!(
                class,
                Class::Definite
                    | Class::Determiner
                    | Class::Pronoun
                    | Class::Preposition
                    | Class::Adverb
                    | Class::Open
            ),
            Kind::Capital(_) | Kind::Number | Kind::Quotation => true,
            _ => false,
        });
        noun_before && goes_on && self.has_noun && all[at].possessive == 0
    }
}

fn is_ing(text: &str, one: &Lexeme) -> bool {
    text[one.range.clone()].ends_with("ing")
}

/// Whether a noun has to follow.
fn asks_for_noun(kind: Kind) -> bool {
    match kind {
        Kind::Word(class) | Kind::Capital(class) => matches!(
            class,
            Class::Definite
                | Class::Determiner
                | Class::Of
                | Class::Preposition
                | Class::And
                | Class::Relative
                | Class::Auxiliary
                | Class::Past
                | Class::Ed
                | Class::S
                | Class::Adverb
        ),
        _ => false,
    }
}

/// Whether the words before `at` end in an auxiliary, adverbs left out: `was famously defeated`.
fn follows_auxiliary(all: &[Lexeme], start: usize, at: usize) -> bool {
    all[start..at]
        .iter()
        .rev()
        .find(|one| one.kind.class() != Some(Class::Adverb))
        .is_some_and(|one| one.kind.class() == Some(Class::Auxiliary))
}

/// A function word between names is part of them where it is written large.
fn in_title(before: Option<&Lexeme>, next: Option<&Lexeme>) -> bool {
    let name = |one: Option<&Lexeme>| one.is_some_and(|one| one.kind.is_name());
    name(before) || name(next)
}
