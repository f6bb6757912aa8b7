//! Walks along the words of a phrase, collects its features and finds its end.

use crate::hop::mentions::lexer::{Lexeme, LexemeKind, is_closed};
use crate::hop::mentions::phrase::features::{After, Features};
use crate::hop::mentions::words::Class;

/// The state of a walk along a phrase.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) features: Features,
    /// The number of relative clauses that still lack their verb.
    pub(super) waiting: usize,
    /// Whether a word that can be the head of the phrase occurred.
    pub(super) has_noun: bool,
    /// The first word that is a verb only if the phrase ends there.
    pub(super) likely: Option<(usize, Features)>,
    /// The last verb of a relative clause.
    pub(super) verb: Option<usize>,
}

/// The effect of a lexeme on the phrase before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WalkStep {
    Goes,
    /// A verb, and whether that is certain.
    Verb(bool),
    Ends(After),
}

impl Walk {
    pub(super) fn step(&mut self, text: &str, all: &[Lexeme], start: usize, at: usize) -> WalkStep {
        let one = &all[at];
        let before = at.checked_sub(1).filter(|_| at > start).map(|at| &all[at]);
        let next = all.get(at + 1);
        match one.kind {
            LexemeKind::Stop | LexemeKind::Break => WalkStep::Ends(After::Mark),
            LexemeKind::Comma => self.comma(all, at),
            LexemeKind::Quotation | LexemeKind::Number => {
                self.name(before);
                WalkStep::Goes
            }
            LexemeKind::Capital(class)
                if at > start && (!is_closed(class) || in_title(before, next)) =>
            {
                self.name(before);
                WalkStep::Goes
            }
            LexemeKind::Capital(class) if at == start && !is_closed(class) => {
                self.has_noun = true;
                if class == Class::Superlative {
                    self.features.superlative = true;
                }
                WalkStep::Goes
            }
            LexemeKind::Word(class) | LexemeKind::Capital(class) => {
                self.word(text, class, all, start, at)
            }
        }
    }

    fn name(&mut self, before: Option<&Lexeme>) {
        self.has_noun = true;
        if before.is_some_and(|before| before.kind.class() != Some(Class::Definite)) {
            self.features.name |= self.features.words > 0;
        }
    }

    /// Handles a comma. The phrase continues inside names ("Edmund Grey, 1st Earl of Kent") and
    /// lists of words.
    fn comma(&self, all: &[Lexeme], at: usize) -> WalkStep {
        let before = at.checked_sub(1).map(|before| all[before].kind);
        let next = all.get(at + 1).map(|next| next.kind);
        let large = |kind: Option<LexemeKind>| {
            kind.is_some_and(|kind| kind.is_name() || kind == LexemeKind::Word(Class::Superlative))
        };
        let small = |at: usize| {
            all.get(at).is_some_and(|one| {
                matches!(
                    one.kind,
                    LexemeKind::Word(Class::Open | Class::Ed | Class::S)
                )
            })
        };
        let lists = small(at - 1)
            && small(at + 1)
            && all
                .get(at + 2)
                .is_some_and(|one| one.kind.class() == Some(Class::And))
            && small(at + 3);
        let title = matches!(next, Some(LexemeKind::Capital(_)));
        if (self.features.words > 0 && large(before) && (large(next) || title)) || lists {
            WalkStep::Goes
        } else {
            WalkStep::Ends(After::Mark)
        }
    }

    fn word(
        &mut self,
        text: &str,
        class: Class,
        all: &[Lexeme],
        start: usize,
        at: usize,
    ) -> WalkStep {
        let before = at
            .checked_sub(1)
            .filter(|_| at > start)
            .map(|at| all[at].kind);
        let next = all.get(at + 1).map(|next| next.kind);
        let next_class = next.and_then(LexemeKind::class);
        let opens = matches!(
            next_class,
            Some(Class::Definite | Class::Determiner | Class::Pronoun)
        );
        match class {
            Class::Definite | Class::Determiner => {
                let after_noun = before.is_some_and(|before| !asks_for_noun(before))
                    && !is_ing(text, &all[at - 1])
                    && self.verb != Some(at - 1);
                // "… that the Romans built": the verb follows later. "the birds hunt the": it came
                // before.
                if at > start && after_noun && self.waiting == 0 {
                    return WalkStep::Ends(After::Mark);
                }
                WalkStep::Goes
            }
            Class::Of | Class::Preposition => {
                if self.has_noun {
                    self.features.chain |= self.features.words > 0;
                }
                WalkStep::Goes
            }
            Class::And => {
                let verb = matches!(
                    next_class,
                    Some(Class::Auxiliary | Class::Past | Class::Adverb)
                );
                if (verb && self.waiting == 0 && !self.features.relative)
                    || opens && self.features.relative
                {
                    return WalkStep::Ends(After::Mark);
                }
                if verb && self.features.relative {
                    self.waiting += 1;
                }
                WalkStep::Goes
            }
            Class::Conjunction => WalkStep::Ends(After::Mark),
            Class::Relative => {
                if !self.has_noun {
                    return WalkStep::Ends(After::Mark);
                }
                self.features.relative = true;
                self.waiting += 1;
                WalkStep::Goes
            }
            Class::Pronoun => {
                if self.features.relative && self.waiting > 0 {
                    WalkStep::Goes
                } else {
                    WalkStep::Ends(After::Mark)
                }
            }
            Class::Adverb => WalkStep::Goes,
            Class::Superlative => {
                self.features.superlative |= !self.features.chain && !self.features.relative;
                self.features.words += 1;
                WalkStep::Goes
            }
            Class::Auxiliary | Class::Past | Class::Ed if follows_auxiliary(all, start, at) => {
                WalkStep::Goes
            }
            Class::Auxiliary | Class::Past => WalkStep::Verb(true),
            Class::Ed => self.past(all, at, before, next),
            Class::S => {
                if self.is_verb_in_s(all, start, at) {
                    let sure = opens || before.is_some_and(LexemeKind::is_name);
                    return WalkStep::Verb(sure);
                }
                self.noun();
                WalkStep::Goes
            }
            Class::Open => {
                if is_ing(text, &all[at]) && self.has_noun && opens {
                    self.features.participle = true;
                } else if let Some(sure) = self.bare_verb(all, at, before, opens) {
                    return WalkStep::Verb(sure);
                }
                self.noun();
                WalkStep::Goes
            }
        }
    }

    fn noun(&mut self) {
        self.has_noun = true;
        self.features.words += 1;
    }

    /// Returns whether a word without a telling form is a verb by its position, and whether that is
    /// certain; `None` if it is not.
    fn bare_verb(
        &self,
        all: &[Lexeme],
        at: usize,
        before: Option<LexemeKind>,
        opens: bool,
    ) -> Option<bool> {
        let before = before?;
        let next = all.get(at + 1).map(|next| next.kind);
        let behind = all.get(at + 2).and_then(|next| next.kind.class());
        if before.class() == Some(Class::Relative) && all[at].kind.class() == Some(Class::Open) {
            // "that make honey": the clause has no subject of its own, so the verb follows at once.
            return Some(true)
                .filter(|_| !matches!(next, Some(LexemeKind::Word(Class::Auxiliary))));
        }
        let noun = !asks_for_noun(before) && self.has_noun;
        // "the birds hunt the": between a noun and an object.
        if opens && noun {
            return Some(true);
        }
        // "the people of Peru speak", and the prompt ends.
        if next.is_none() && matches!(before, LexemeKind::Capital(_)) && self.features.chain {
            return Some(true);
        }
        let adverb = next == Some(LexemeKind::Word(Class::Adverb));
        (noun && adverb && behind != Some(Class::Ed)).then_some(false)
    }

    /// Handles a word in `-ed`: a verb, an adjective before a noun, or a participle ("located at").
    fn past(
        &mut self,
        all: &[Lexeme],
        at: usize,
        before: Option<LexemeKind>,
        next: Option<LexemeKind>,
    ) -> WalkStep {
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
            return WalkStep::Goes;
        }
        let passive = matches!(
            next.and_then(LexemeKind::class),
            Some(Class::Preposition | Class::Of | Class::Adverb)
        ) || next.is_none();
        // Names after "named" and "called" are part of the description.
        let names =
            next.is_some_and(LexemeKind::is_name) && before.is_some_and(|before| !before.is_name());
        WalkStep::Verb(!passive && !names)
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
            LexemeKind::Word(class) => {
                matches!(class, Class::Open | Class::Relative) && before.possessive == 0
            }
            kind => kind.is_name() && before.possessive == 0,
        };
        let next = all.get(at + 1);
        let goes_on = next.is_none_or(|next| match next.kind {
            LexemeKind::Word(class) => matches!(
                class,
                Class::Definite
                    | Class::Determiner
                    | Class::Pronoun
                    | Class::Preposition
                    | Class::Adverb
                    | Class::Open
            ),
            LexemeKind::Capital(_) | LexemeKind::Number | LexemeKind::Quotation => true,
            _ => false,
        });
        noun_before && goes_on && self.has_noun && all[at].possessive == 0
    }
}

fn is_ing(text: &str, one: &Lexeme) -> bool {
    text[one.range.clone()].ends_with("ing")
}

/// Returns whether a noun has to follow this lexeme.
fn asks_for_noun(kind: LexemeKind) -> bool {
    match kind {
        LexemeKind::Word(class) | LexemeKind::Capital(class) => matches!(
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

/// Returns whether the words before `at` end in an auxiliary, ignoring adverbs: `was famously
/// defeated`.
fn follows_auxiliary(all: &[Lexeme], start: usize, at: usize) -> bool {
    all[start..at]
        .iter()
        .rev()
        .find(|one| one.kind.class() != Some(Class::Adverb))
        .is_some_and(|one| one.kind.class() == Some(Class::Auxiliary))
}

/// Returns whether a name precedes or follows. A capitalized function word beside a name is part of
/// it.
fn in_title(before: Option<&Lexeme>, next: Option<&Lexeme>) -> bool {
    let name = |one: Option<&Lexeme>| one.is_some_and(|one| one.kind.is_name());
    name(before) || name(next)
}
