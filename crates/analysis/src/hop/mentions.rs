//! Finds the phrases of a prompt that describe an entity instead of naming it.
//!
//! A prompt can have a hop that nobody declared: "The largest coral reef system in the world",
//! "Bill Clinton's wife" and "the man who coined the term" each stand for an entity that the prompt
//! does not name. [`mentions`] finds such phrases with a small grammar of English noun phrases. A
//! phrase begins with "the", another determiner or a possessive name, includes its relative clauses
//! and prepositional phrases, and ends before the main verb. The vocabulary of the grammar consists
//! of function words, common past forms and endings, and few other words. A name alone is not a
//! mention. Only English is supported.

mod lexer;
mod phrase;
pub(super) mod words;

use std::ops::Range;

use lexer::is_closed;
use lexer::{Lexeme, LexemeKind, lex};
use phrase::features::{After, Features};
use phrase::{Phrase, is_epithetic, phrase};
use words::{Class, is_doer, is_naming};

/// The maximum number of mentions that [`mentions`] returns.
const MAX_MENTIONS: usize = 16;

/// Returns the byte ranges of the mentions in `text`, likeliest first. They begin and end on
/// character boundaries. Mentions that overlap are different readings of the same phrase. Returns
/// at most 16; the time is linear in the length of the text.
pub fn mentions(text: &str) -> Vec<Range<usize>> {
    let lexemes = lex(text);
    let mut found: Vec<(f64, Phrase)> = Vec::new();
    let sentences = sentences(&lexemes);
    let last = sentences.len().saturating_sub(1);
    for (index, sentence) in sentences.iter().enumerate() {
        // The question is usually at the end, so later sentences score higher.
        let position_score = if index == last {
            2.0
        } else {
            (index + 1) as f64 / (last + 1) as f64
        };
        let scored = phrases_in_sentence(text, &lexemes, sentence.clone());
        let scored = scored.into_iter();
        found.extend(scored.map(|(score, phrase)| (score + position_score, phrase)));
    }
    found.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.start.cmp(&y.start)));
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (_, phrase) in found {
        let last = &lexemes[phrase.end - 1];
        let range = lexemes[phrase.start].range.start..last.range.end - last.possessive;
        if !ranges.contains(&range) {
            ranges.push(range);
        }
        if ranges.len() == MAX_MENTIONS {
            break;
        }
    }
    ranges
}

/// Returns whether a word is a content word: not an article, preposition, pronoun, auxiliary or
/// other function word.
pub(crate) fn is_content(word: &str) -> bool {
    !is_closed(words::class(&word.to_lowercase()))
}

/// Returns the range of lexemes of each sentence that is not empty.
fn sentences(lexemes: &[Lexeme]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    for (at, lexeme) in lexemes.iter().enumerate() {
        if lexeme.kind == LexemeKind::Stop {
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

/// Returns the phrases of one sentence that describe an entity, with their scores.
fn phrases_in_sentence(
    text: &str,
    lexemes: &[Lexeme],
    sentence: Range<usize>,
) -> Vec<(f64, Phrase)> {
    // The parser sees the mark that ends the sentence, but not the next sentence.
    let visible = &lexemes[..lexemes.len().min(sentence.end + 1)];
    let mut found: Vec<(f64, Phrase)> = Vec::new();
    let question_words: Vec<usize> = sentence
        .clone()
        .filter(|at| is_question_word(text, lexemes, &sentence, *at))
        .collect();
    // A phrase that begins before this lexeme is part of a subject, so a verb follows it too.
    let mut subject_until = sentence.start;
    for at in sentence.clone() {
        let begins_clause = at == sentence.start || can_precede_subject(&lexemes[at - 1]);
        let Some(possessive) = starts_description(lexemes, &sentence, at) else {
            continue;
        };
        let is_subject = begins_clause || at < subject_until;
        let Some(mut found_phrase) = phrase(text, visible, at, is_subject) else {
            continue;
        };
        // "the coast of which country": the phrase is the question, not a description.
        let range = found_phrase.start..found_phrase.end;
        if question_words.iter().any(|word| range.contains(word)) {
            continue;
        }
        // Without "the" or an owner, the phrase must be the subject of a verb.
        let is_bare = !possessive
            && lexemes[at]
                .kind
                .class()
                .is_none_or(|class| !is_closed(class));
        if is_bare && !matches!(found_phrase.after, After::Verb | After::LikelyVerb) {
            continue;
        }
        found_phrase.features.possessive = possessive;
        if begins_clause {
            subject_until = subject_until.max(found_phrase.end);
        }
        if found_phrase.features.describes() {
            let score = score(&found_phrase, at == sentence.start, is_subject);
            found.push((score, found_phrase));
        }
    }
    add_owners(text, lexemes, &mut found);
    rank_nested_phrases(text, lexemes, &mut found);
    found
}

/// Returns whether the word at `at` is an interrogative, as in "off the coast of which country is",
/// and not a relative pronoun, as in "the country in which the tower stands".
///
/// A noun must follow the word, and one of these must hold: the sentence ends in a question mark
/// or begins with a preposition, and a preposition precedes the word; or `of` precedes the word.
fn is_question_word(text: &str, lexemes: &[Lexeme], sentence: &Range<usize>, at: usize) -> bool {
    let word = text[lexemes[at].range.clone()].to_lowercase();
    let (true, Some(before)) = (
        matches!(word.as_str(), "which" | "what" | "whose"),
        at.checked_sub(1).filter(|before| sentence.contains(before)),
    ) else {
        return false;
    };
    let noun_follows = lexemes.get(at + 1).is_some_and(|next| {
        matches!(
            next.kind,
            LexemeKind::Word(Class::Open | Class::S | Class::Superlative | Class::Ed)
        )
    });
    let has_question_mark = lexemes
        .get(sentence.end)
        .is_some_and(|stop| &text[stop.range.clone()] == "?");
    let class = |at: usize| lexemes[at].kind.class();
    noun_follows
        && match class(before) {
            Some(Class::Of) => true,
            Some(Class::Preposition) => {
                has_question_mark || class(sentence.start) == Some(Class::Preposition)
            }
            _ => false,
        }
}

/// Returns whether a subject may begin after this lexeme.
fn can_precede_subject(before: &Lexeme) -> bool {
    matches!(before.kind, LexemeKind::Comma | LexemeKind::Break)
        || matches!(
            before.kind.class(),
            Some(Class::Conjunction | Class::And | Class::Relative)
        )
}

/// Returns `None` if no description may begin at `at`; otherwise whether it begins with a
/// possessive name, such as "Bill Clinton's".
fn starts_description(lexemes: &[Lexeme], sentence: &Range<usize>, at: usize) -> Option<bool> {
    let first = &lexemes[at];
    let next = lexemes.get(at + 1).map(|next| next.kind);
    match first.kind.class() {
        Some(Class::Definite | Class::Determiner) => return Some(false),
        Some(class) if is_closed(class) => return None,
        _ => {}
    }
    let before = at.checked_sub(1).filter(|before| sentence.contains(before));
    let is_continuation = before.is_some_and(|before| {
        let before = &lexemes[before];
        before.kind.is_name() && before.possessive == 0
            || matches!(
                before.kind.class(),
                Some(Class::Definite | Class::Determiner | Class::Superlative)
            )
    });
    if !first.kind.is_name() || is_continuation {
        return None;
    }
    if let Some(owner) = find_owner(lexemes, at) {
        let owned = lexemes.get(owner + 1)?.kind;
        return matches!(owned, LexemeKind::Word(class) if !is_closed(class)).then_some(true);
    }
    // "Animals with long trunks are": a noun without an article begins the sentence.
    let is_bare = at == sentence.start
        && matches!(first.kind, LexemeKind::Capital(_))
        && matches!(
            next,
            Some(LexemeKind::Word(
                Class::Open | Class::Preposition | Class::Of | Class::S | Class::Relative
            ))
        );
    is_bare.then_some(false)
}

/// Returns the index of the lexeme with the possessive ending of the name that begins at `at`;
/// `None` if the name has no such ending.
fn find_owner(lexemes: &[Lexeme], at: usize) -> Option<usize> {
    for (offset, lexeme) in lexemes[at..].iter().take(6).enumerate() {
        let is_and = offset > 0 && lexeme.kind.class() == Some(Class::And);
        if !lexeme.kind.is_name() && !is_and {
            return None;
        }
        if lexeme.possessive > 0 {
            return Some(at + offset);
        }
    }
    None
}

/// Returns the score of a phrase: higher if it is likelier to be a mention. `is_first`: whether it
/// begins the sentence; `is_subject`: whether it is part of a subject.
fn score(phrase: &Phrase, is_first: bool, is_subject: bool) -> f64 {
    let features = phrase.features;
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
        (is_first, 0.5),
        // The model continues a subject with a statement about it; after an object, little follows.
        (is_subject, 1.5),
    ] {
        score += if holds { weight } else { 0.0 };
    }
    score += 0.2 * (features.words.min(4) as f64);
    score
        + match phrase.after {
            After::Verb => 1.5,
            After::LikelyVerb => 1.0,
            After::Mark => 0.5,
            After::Nothing => 0.0,
        }
}

/// Adds the owners of phrases, such as "the founder of Intel" in "the founder of Intel's father":
/// an owner is also a description, and the model has to look it up first.
fn add_owners(text: &str, lexemes: &[Lexeme], found: &mut Vec<(f64, Phrase)>) {
    let mut owners = Vec::new();
    for (score, phrase) in found.iter() {
        let owner = (phrase.start..phrase.end - 1).find(|at| lexemes[*at].possessive > 0);
        let Some(owner) = owner else { continue };
        let owned = lexemes[owner + 1].kind;
        let owns_common_noun = matches!(owned, LexemeKind::Word(class) if !is_closed(class));
        let inner = &lexemes[phrase.start..=owner];
        let has_nested = inner[1..]
            .iter()
            .any(|part| part.kind.class() == Some(Class::Definite));
        let features = phrase.features;
        if !owns_common_noun || has_nested || features.possessive || !features.definite {
            continue;
        }
        let of = inner
            .iter()
            .position(|part| part.kind.class() == Some(Class::Of));
        let is_person = of
            .and_then(|of| inner.get(of.checked_sub(1)?))
            .is_some_and(|head| is_doer(&text[head.range.clone()].to_lowercase()));
        if is_person || is_epithetic(text, inner) {
            let mut inner = phrase.clone();
            inner.end = owner + 1;
            inner.features.epithet = !is_person;
            owners.push((score + if is_person { 1.5 } else { 0.0 }, inner));
        }
    }
    found.extend(owners);
}

/// Ranks each nested phrase above or below the phrase around it, as in "the place of birth of the
/// director of …".
///
/// The inner phrase ranks higher if the outer phrase only names a relation or if the prompt asks
/// for the outer phrase's name: the model then has to look up the inner phrase first. Otherwise the
/// inner phrase ranks lower.
fn rank_nested_phrases(text: &str, lexemes: &[Lexeme], found: &mut [(f64, Phrase)]) {
    for outer in 0..found.len() {
        for inner in 0..found.len() {
            let (o, i) = (&found[outer].1, &found[inner].1);
            let is_nested = o.start < i.start && i.end <= o.end;
            if !is_nested || !i.features.definite && !i.features.possessive {
                continue;
            }
            let asks_name = asks_for_name(text, lexemes, o.end);
            // Inside a title ("the director of The Black Star"), the article is capitalized.
            let is_epithet =
                i.features.epithet && matches!(lexemes[i.start].kind, LexemeKind::Word(_));
            let between = &lexemes[o.start + 1..i.start];
            let ranks_higher = (i.features.describes_alone() || is_epithet)
                && (asks_name || is_relation(text, between));
            let score = found[outer].0;
            found[inner].0 = if ranks_higher {
                found[inner].0.max(score + 1.0)
            } else {
                found[inner].0.min(score - 0.1)
            };
        }
    }
}

/// Returns whether the prompt asks for the name of the phrase that ends before `end`: "… is
/// called".
fn asks_for_name(text: &str, lexemes: &[Lexeme], end: usize) -> bool {
    let is = lexemes
        .get(end)
        .is_some_and(|lexeme| lexeme.kind.class() == Some(Class::Auxiliary));
    let called = lexemes
        .get(end + 1)
        .is_some_and(|lexeme| is_naming(&text[lexeme.range.clone()].to_lowercase()));
    is && called
}

/// Returns whether the words only name a relation, such as "place of birth of" or "symbol for".
fn is_relation(text: &str, words: &[Lexeme]) -> bool {
    let is_plain = |lexeme: &Lexeme| {
        matches!(
            lexeme.kind,
            LexemeKind::Word(Class::Open | Class::Of | Class::S | Class::Preposition)
        ) && lexeme.possessive == 0
    };
    let ends_in_preposition = words.last().is_some_and(|last| {
        last.kind.class() == Some(Class::Of) || text[last.range.clone()].eq_ignore_ascii_case("for")
    });
    words.len() <= 6 && ends_in_preposition && words.iter().all(is_plain)
}

impl Features {
    /// Returns whether the phrase describes an entity on its own, rather than as a part of the
    /// phrase around it.
    fn describes_alone(self) -> bool {
        self.superlative
            || self.relative
            || self.possessive
            || self.participle
            || (self.chain && self.name)
    }
}

#[cfg(test)]
mod tests;
