//! Splits a prompt's text into words and the marks between them.

use std::ops::Range;

use crate::hop::mentions::words::{Class, class, is_abbreviation};

/// The most bytes of a quotation that counts as one name.
const QUOTATION: usize = 120;

/// A word or a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lexeme {
    /// Bytes of the text, a possessive ending included.
    pub(super) range: Range<usize>,
    pub(super) kind: LexemeKind,
    /// Bytes of the possessive ending (`'s`, or `'` after an s).
    pub(super) possessive: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LexemeKind {
    /// A word that begins with a lower-case letter.
    Word(Class),
    /// A word that begins with a capital, with the class of its lower-case form.
    Capital(Class),
    /// A number.
    Number,
    /// A quotation or a piece of code. It counts as a name, whatever it contains.
    Quotation,
    /// A comma, or a colon inside a line.
    Comma,
    /// Any other mark. It ends a phrase.
    Break,
    /// The end of a sentence.
    Stop,
}

/// Splits a text into lexemes.
pub(super) fn lex(text: &str) -> Vec<Lexeme> {
    let mut lexer = Lexer {
        text,
        at: 0,
        out: Vec::new(),
    };
    while lexer.step() {}
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    out: Vec<Lexeme>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Reads the next part of the text. Returns whether there was one.
    fn step(&mut self) -> bool {
        let Some(next) = self.rest().chars().next() else {
            return false;
        };
        let width = next.len_utf8();
        if next.is_alphanumeric() {
            self.word();
        } else if next == '\n' {
            self.line_break();
        } else if next.is_whitespace() {
            self.at += width;
        } else if self.rest().starts_with("```") {
            let fence = self.rest()[3..]
                .find("```")
                .map_or(self.rest().len(), |end| end + 6);
            self.push(LexemeKind::Stop, fence);
        } else if self.rest().starts_with("<|") {
            let mark = bounded(&self.rest()[2..], "|>", 40).map_or(2, |end| end + 4);
            self.push(LexemeKind::Stop, mark);
        } else if let Some(close) = closing(next) {
            match bounded(&self.rest()[width..], close, QUOTATION) {
                Some(length) => self.push(LexemeKind::Quotation, width + length + close.len()),
                // The quotation never closes: it is a typo, or the prompt ends inside it.
                None => self.at += width,
            }
        } else if matches!(next, ',' | ':') {
            self.push(LexemeKind::Comma, width);
        } else if matches!(next, '.' | '!' | '?' | '。' | '{' | '}') {
            self.push(LexemeKind::Stop, width);
        } else if matches!(next, '\'' | '’' | '‘' | '*' | '_') {
            // Quotes around single words, and emphasis.
            self.at += width;
        } else if next == '&' {
            self.push(LexemeKind::Word(Class::And), width);
        } else {
            self.push(LexemeKind::Break, width);
        }
        true
    }

    fn push(&mut self, kind: LexemeKind, length: usize) {
        let range = self.at..self.at + length;
        self.at = range.end;
        self.out.push(Lexeme {
            range,
            kind,
            possessive: 0,
        });
    }

    /// Reads line breaks. They end a sentence unless there is only one and the text continues:
    /// after a comma or a word that needs another one, or before a lower-case letter.
    fn line_break(&mut self) {
        let rest = self.rest();
        let next = rest.trim_start_matches(['\n', '\r', ' ', '\t']);
        let length = rest.len() - next.len();
        let blank = rest[..length].matches('\n').count() > 1;
        let open = self.out.last().is_some_and(|last| {
            matches!(
                last.kind,
                LexemeKind::Word(
                    Class::Definite
                        | Class::Determiner
                        | Class::Of
                        | Class::Preposition
                        | Class::And
                ) | LexemeKind::Comma
            )
        });
        let goes_on = next.starts_with(char::is_lowercase) || open;
        if blank || !goes_on {
            self.push(LexemeKind::Stop, length);
        } else {
            self.at += length;
        }
    }

    fn word(&mut self) {
        let rest = self.rest();
        let mut end = 0;
        let mut chars = rest.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let joins = matches!(c, '-' | '–' | '.' | '\'' | '’' | '/')
                && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric())
                // "3.5" and "U.S.", but not "end.Then".
                && (c != '.'
                    || is_short(&rest[..at])
                    || chars.peek().is_some_and(|(_, next)| next.is_lowercase()));
            if !c.is_alphanumeric() && !joins && !is_mark(c) {
                break;
            }
            end = at + c.len_utf8();
        }
        let mut text = &rest[..end];
        let mut possessive = 0;
        let shortened = rest[end..].starts_with('.') && is_abbreviation(text);
        if shortened {
            end += 1;
            text = &rest[..end];
        }
        for ending in ["'s", "’s"] {
            if text.ends_with(ending) {
                possessive = ending.len();
            } else if shortened && rest[end..].starts_with(ending) {
                possessive = ending.len();
                end += possessive;
            }
        }
        let after = &rest[end..];
        for mark in ['\'', '’'] {
            if possessive == 0 && text.ends_with('s') && after.starts_with(mark) {
                possessive = mark.len_utf8();
                end += possessive;
            }
        }
        let bare = &rest[..end - possessive];
        let first = bare.chars().next().unwrap_or_default();
        let class = class(&bare.to_lowercase().replace('’', "'"));
        let kind = if first.is_numeric() && class != Class::Superlative {
            LexemeKind::Number
        } else if first.is_uppercase() {
            LexemeKind::Capital(class)
        } else {
            LexemeKind::Word(class)
        };
        self.push(kind, end);
        if let Some(last) = self.out.last_mut() {
            last.possessive = possessive;
        }
    }
}

/// Returns whether the part before a full stop is a number or an initial.
fn is_short(before: &str) -> bool {
    let part = before.rsplit('.').next().unwrap_or_default();
    part.chars().all(char::is_numeric) || part.chars().count() == 1
}

/// Returns whether a character is a combining mark, which belongs to the letter before it.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// Returns the mark that closes a quotation opened by `open`.
fn closing(open: char) -> Option<&'static str> {
    Some(match open {
        '"' => "\"",
        '“' => "”",
        '«' => "»",
        '`' => "`",
        _ => return None,
    })
}

/// Returns the position of `close` within `most` bytes of one line.
fn bounded(text: &str, close: &str, most: usize) -> Option<usize> {
    let mut most = most.min(text.len());
    while !text.is_char_boundary(most) {
        most -= 1;
    }
    let line = text[..most].split('\n').next().unwrap_or_default();
    line.find(close)
}

impl LexemeKind {
    /// Returns the class of a word, capitalized or not.
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

/// Returns whether the class is one of function words. Those are no names, even where a title
/// capitalizes them.
pub(super) fn is_closed(class: Class) -> bool {
    !matches!(
        class,
        Class::Open | Class::S | Class::Ed | Class::Superlative | Class::Past | Class::Adverb
    )
}
