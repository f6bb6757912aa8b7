//! Finds the phrases of a prompt that describe an entity instead of naming it.
//!
//! A prompt can have a hop that nobody declared: "The largest coral reef system in the world",
//! "Bill Clinton's wife" and "the man who coined the term" each stand for an entity that the prompt
//! does not name. [`mentions`] finds such phrases with a small grammar of English noun phrases:
//! definite and possessive descriptions with their relative clauses and chains of prepositions, up
//! to the main verb. It knows function words, common past forms and endings, and little other
//! vocabulary. Names alone are no mentions. Other languages are not supported.

mod lexer;
mod phrase;
pub(super) mod words;

use std::ops::Range;

use lexer::is_closed;
use lexer::{Lexeme, LexemeKind, lex};
use phrase::features::{After, Features};
use phrase::{Phrase, is_epithetic, phrase};
use words::{Class, is_doer, is_naming};

/// The most mentions that are returned.
const MOST: usize = 16;

/// Returns the mentions in `text`, likeliest first: bytes of it, on character boundaries.
/// Overlapping mentions are different readings of one phrase. Returns at most 16, in time linear in
/// the length of the text.
pub fn mentions(text: &str) -> Vec<Range<usize>> {
    let lexemes = lex(text);
    let mut found: Vec<(f64, Phrase)> = Vec::new();
    let sentences = sentences(&lexemes);
    let last = sentences.len().saturating_sub(1);
    for (index, sentence) in sentences.iter().enumerate() {
        // The question is usually at the end.
        let nearness = if index == last {
            2.0
        } else {
            (index + 1) as f64 / (last + 1) as f64
        };
        let here = in_sentence(text, &lexemes, sentence.clone());
        found.extend(here.into_iter().map(|(score, one)| (score + nearness, one)));
    }
    found.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.start.cmp(&y.start)));
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (_, one) in found {
        let end = &lexemes[one.end - 1];
        let range = lexemes[one.start].range.start..end.range.end - end.possessive;
        if !ranges.contains(&range) {
            ranges.push(range);
        }
        if ranges.len() == MOST {
            break;
        }
    }
    ranges
}

/// Returns whether a word has content of its own: it is no article, preposition, pronoun, auxiliary
/// or other function word.
pub(crate) fn is_content(word: &str) -> bool {
    !is_closed(words::class(&word.to_lowercase()))
}

/// Returns the lexemes of each sentence, as ranges. Empty sentences are skipped.
fn sentences(lexemes: &[Lexeme]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    for (at, one) in lexemes.iter().enumerate() {
        if one.kind == LexemeKind::Stop {
            if start < at {
                out.push(start..at);
            }
            start = at + 1;
        }
    }
    if start < lexemes.len() {
        out.push(start..lexemes.len());
    }
    out
}

/// Returns the descriptions of one sentence with their scores.
fn in_sentence(text: &str, lexemes: &[Lexeme], sentence: Range<usize>) -> Vec<(f64, Phrase)> {
    // Show the mark that ends the sentence, but not the next sentence.
    let seen = &lexemes[..lexemes.len().min(sentence.end + 1)];
    let mut found: Vec<(f64, Phrase)> = Vec::new();
    let asked: Vec<usize> = sentence
        .clone()
        .filter(|at| asks(text, lexemes, &sentence, *at))
        .collect();
    // Phrases that begin before this lexeme are parts of a subject and share its verb.
    let mut subject_until = sentence.start;
    for at in sentence.clone() {
        let begins = at == sentence.start || leads_in(&lexemes[at - 1]);
        let Some(possessive) = beginning(lexemes, &sentence, at) else {
            continue;
        };
        let subject = begins || at < subject_until;
        let Some(mut one) = phrase(text, seen, at, subject) else {
            continue;
        };
        // "the coast of which country": a phrase that is asked for describes nothing.
        if asked.iter().any(|word| (one.start..one.end).contains(word)) {
            continue;
        }
        let bare = !possessive
            && lexemes[at]
                .kind
                .class()
                .is_none_or(|class| !is_closed(class));
        if bare && !matches!(one.after, After::Verb | After::LikelyVerb) {
            continue;
        }
        one.features.possessive = possessive;
        if begins {
            subject_until = subject_until.max(one.end);
        }
        if one.features.describes() {
            let score = score(&one, at == sentence.start, subject);
            found.push((score, one));
        }
    }
    with_owners(text, lexemes, &mut found);
    prefer_inner(text, lexemes, &mut found);
    found
}

/// Returns whether the word asks, as in "off the coast of which country is", and does not relate,
/// as in "the country in which the tower stands". A noun must follow it, and the sentence must be a
/// question by its mark, by the preposition that begins it, or by the `of` before the word.
fn asks(text: &str, lexemes: &[Lexeme], sentence: &Range<usize>, at: usize) -> bool {
    let word = text[lexemes[at].range.clone()].to_lowercase();
    let (true, Some(before)) = (
        matches!(word.as_str(), "which" | "what" | "whose"),
        at.checked_sub(1).filter(|before| sentence.contains(before)),
    ) else {
        return false;
    };
    let noun = lexemes.get(at + 1).is_some_and(|next| {
        matches!(
            next.kind,
            LexemeKind::Word(Class::Open | Class::S | Class::Superlative | Class::Ed)
        )
    });
    let marked = lexemes
        .get(sentence.end)
        .is_some_and(|stop| &text[stop.range.clone()] == "?");
    let class = |at: usize| lexemes[at].kind.class();
    noun && match class(before) {
        Some(Class::Of) => true,
        Some(Class::Preposition) => marked || class(sentence.start) == Some(Class::Preposition),
        _ => false,
    }
}

/// Returns whether a subject may begin after this lexeme.
fn leads_in(before: &Lexeme) -> bool {
    matches!(before.kind, LexemeKind::Comma | LexemeKind::Break)
        || matches!(
            before.kind.class(),
            Some(Class::Conjunction | Class::And | Class::Relative)
        )
}

/// Returns `None` if no description may begin at `at`, else whether a possessive name begins it.
fn beginning(lexemes: &[Lexeme], sentence: &Range<usize>, at: usize) -> Option<bool> {
    let one = &lexemes[at];
    let next = lexemes.get(at + 1).map(|next| next.kind);
    match one.kind.class() {
        Some(Class::Definite | Class::Determiner) => return Some(false),
        Some(class) if is_closed(class) => return None,
        _ => {}
    }
    let before = at.checked_sub(1).filter(|before| sentence.contains(before));
    let runs_on = before.is_some_and(|before| {
        let before = &lexemes[before];
        before.kind.is_name() && before.possessive == 0
            || matches!(
                before.kind.class(),
                Some(Class::Definite | Class::Determiner | Class::Superlative)
            )
    });
    if !one.kind.is_name() || runs_on {
        return None;
    }
    if let Some(owner) = owner(lexemes, at) {
        let owned = lexemes.get(owner + 1)?.kind;
        return matches!(owned, LexemeKind::Word(class) if !is_closed(class)).then_some(true);
    }
    // "Animals with long trunks are": a bare noun begins the sentence.
    let bare = at == sentence.start
        && matches!(one.kind, LexemeKind::Capital(_))
        && matches!(
            next,
            Some(LexemeKind::Word(
                Class::Open | Class::Preposition | Class::Of | Class::S | Class::Relative
            ))
        );
    bare.then_some(false)
}

/// Returns the lexeme with the possessive ending of the name that begins at `at`.
fn owner(lexemes: &[Lexeme], at: usize) -> Option<usize> {
    for (offset, one) in lexemes[at..].iter().take(6).enumerate() {
        let part = one.kind.is_name() || (offset > 0 && one.kind.class() == Some(Class::And));
        if !part {
            return None;
        }
        if one.possessive > 0 {
            return Some(at + offset);
        }
    }
    None
}

/// Returns a phrase's score.
fn score(one: &Phrase, first: bool, subject: bool) -> f64 {
    let features = one.features;
    let mut score = 0.0;
    for (holds, weight) in [
        (features.definite, 1.0),
        (features.possessive, 2.0),
        (features.superlative, 2.0),
        (features.relative, 2.0),
        (features.participle, 1.0),
        (features.chain, 1.0),
        (features.name, 0.5),
        (features.epithet, 1.0),
        (first, 0.5),
        // A subject is followed by its predicate; little follows an object.
        (subject, 1.5),
    ] {
        score += if holds { weight } else { 0.0 };
    }
    score += 0.2 * (features.words.min(4) as f64);
    score
        + match one.after {
            After::Verb => 1.5,
            After::LikelyVerb => 1.0,
            After::Mark => 0.5,
            After::Nothing => 0.0,
        }
}

/// Adds the owner in "the founder of Intel's father": it is a description of its own, and is looked
/// up first.
fn with_owners(text: &str, lexemes: &[Lexeme], found: &mut Vec<(f64, Phrase)>) {
    let mut owners = Vec::new();
    for (score, one) in found.iter() {
        let owner = (one.start..one.end - 1).find(|at| lexemes[*at].possessive > 0);
        let Some(owner) = owner else { continue };
        let owned = lexemes[owner + 1].kind;
        let small = matches!(owned, LexemeKind::Word(class) if !is_closed(class));
        let inner = &lexemes[one.start..=owner];
        let nested = inner[1..]
            .iter()
            .any(|part| part.kind.class() == Some(Class::Definite));
        if !small || nested || one.features.possessive || !one.features.definite {
            continue;
        }
        let head = inner
            .iter()
            .position(|part| part.kind.class() == Some(Class::Of));
        let doer = head
            .and_then(|head| inner.get(head.checked_sub(1)?))
            .is_some_and(|head| is_doer(&text[head.range.clone()].to_lowercase()));
        if doer || is_epithetic(text, inner) {
            let mut inner = one.clone();
            inner.end = owner + 1;
            inner.features.epithet = !doer;
            owners.push((score + if doer { 1.5 } else { 0.0 }, inner));
        }
    }
    found.extend(owners);
}

/// Scores a nested phrase against the phrase around it: "the place of birth of the director of …".
///
/// If the outer phrase only names a relation, or its name is asked for, the inner phrase scores
/// higher, because it has to be looked up first. Otherwise it scores lower.
fn prefer_inner(text: &str, lexemes: &[Lexeme], found: &mut [(f64, Phrase)]) {
    for outer in 0..found.len() {
        for inner in 0..found.len() {
            let (o, i) = (&found[outer].1, &found[inner].1);
            let nested = o.start < i.start && i.end <= o.end;
            if !nested || !i.features.definite && !i.features.possessive {
                continue;
            }
            let named = asks_for_name(text, lexemes, o.end);
            // Inside a title ("the director of The Black Star"), the article is capitalized.
            let epithet =
                i.features.epithet && matches!(lexemes[i.start].kind, LexemeKind::Word(_));
            let own = &lexemes[o.start + 1..i.start];
            let first = (i.features.stands_alone() || epithet) && (named || is_relation(text, own));
            let score = found[outer].0;
            found[inner].0 = if first {
                found[inner].0.max(score + 1.0)
            } else {
                found[inner].0.min(score - 0.1)
            };
        }
    }
}

/// Returns whether the phrase before `end` asks for its own name: "… is called".
fn asks_for_name(text: &str, lexemes: &[Lexeme], end: usize) -> bool {
    let is = lexemes
        .get(end)
        .is_some_and(|one| one.kind.class() == Some(Class::Auxiliary));
    let called = lexemes
        .get(end + 1)
        .is_some_and(|one| is_naming(&text[one.range.clone()].to_lowercase()));
    is && called
}

/// Returns whether the words only name a relation, such as "place of birth of" or "symbol for".
fn is_relation(text: &str, own: &[Lexeme]) -> bool {
    let plain = |one: &Lexeme| {
        matches!(
            one.kind,
            LexemeKind::Word(Class::Open | Class::Of | Class::S | Class::Preposition)
        ) && one.possessive == 0
    };
    let leads = own.last().is_some_and(|one| {
        one.kind.class() == Some(Class::Of) || text[one.range.clone()].eq_ignore_ascii_case("for")
    });
    own.len() <= 6 && leads && own.iter().all(plain)
}

impl Features {
    /// Returns whether the phrase describes an entity on its own, rather than as a part of the
    /// phrase around it.
    fn stands_alone(self) -> bool {
        self.superlative
            || self.relative
            || self.possessive
            || self.participle
            || (self.chain && self.name)
    }
}

#[cfg(test)]
mod tests;
