//! The bytes of a text that each of its tokens covers.

use std::ops::Range;

use tokenizers::tokenizer::{
    NormalizedString, Normalizer, OffsetReferential, OffsetType, normalizer,
};

/// Byte ranges from the tokens' own bytes; `None` where they do not concatenate to the text. (The
/// library widens its offsets to whole characters.)
pub(super) fn spelled(text: &str, tokens: &[Vec<u8>]) -> Option<Vec<Range<usize>>> {
    let mut at = 0;
    let mut ranges = Vec::with_capacity(tokens.len());
    for bytes in tokens {
        if bytes.is_empty() || !text.as_bytes().get(at..)?.starts_with(bytes) {
            return None;
        }
        ranges.push(at..at + bytes.len());
        at += bytes.len();
    }
    (at == text.len()).then_some(ranges)
}

/// Byte ranges in a text that was normalised before it was tokenized: in order, inside the text,
/// without gaps, and exact wherever the text contains the token's bytes. Inserted characters (the
/// `▁` of SentencePiece) cover nothing; composed or decomposed ones cover whole characters.
///
/// `tokens` are the tokens' bytes, `offsets` the library's ranges.
pub(super) fn aligned(
    tokenizer: &tokenizers::Tokenizer,
    text: &str,
    tokens: &[Vec<u8>],
    offsets: &[(usize, usize)],
) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = offsets.iter().map(|&(from, to)| from..to).collect();
    let parts = tokenizer
        .get_added_vocabulary()
        .extract_and_normalize(tokenizer.get_normalizer(), text);
    let mut next = 0;
    for (changed, (from, to), added) in
        parts.get_splits(OffsetReferential::Original, OffsetType::Byte)
    {
        let first = next;
        while offsets.get(next).is_some_and(|(start, _)| *start < to) {
            next += 1;
        }
        let (Some(part), None) = (text.get(from..to), added) else {
            continue;
        };
        let origin = origins(tokenizer, part, changed);
        let own = origin.and_then(|origin| placed(changed, &origin, &tokens[first..next]));
        for (range, own) in ranges[first..next].iter_mut().zip(own.unwrap_or_default()) {
            *range = from + own.start..from + own.end;
        }
    }
    covering(ranges, text.len())
}

/// For every byte of the normalised text `changed`, the bytes of `part` that it comes from.
fn origins(
    tokenizer: &tokenizers::Tokenizer,
    part: &str,
    changed: &str,
) -> Option<Vec<Range<usize>>> {
    let mut normalized = NormalizedString::from(part);
    if let Some(normalizer) = tokenizer.get_normalizer() {
        normalizer.normalize(&mut normalized).ok()?;
    }
    if normalized.get() != changed {
        return None;
    }
    let mut characters: Vec<(char, Range<usize>)> = Vec::new();
    for (at, c) in changed.char_indices() {
        let bytes = normalizer::Range::Normalized(at..at + c.len_utf8());
        characters.push((c, normalized.convert_offsets(bytes)?));
    }
    let mut origins = Vec::with_capacity(changed.len());
    for (index, (c, range)) in characters.iter().enumerate() {
        let stands = |(c, range): &(char, Range<usize>)| {
            let source = part.get(range.clone());
            let mut buffer = [0; 4];
            source == Some(c.encode_utf8(&mut buffer)) || (*c == '▁' && source == Some(" "))
        };
        let own = stands(&characters[index]);
        // The library gives an inserted character the range of the character after it.
        let inserted = characters[index + 1..]
            .iter()
            .take_while(|(_, other)| other == range)
            .any(stands);
        for byte in 0..c.len_utf8() {
            origins.push(if inserted {
                range.start..range.start
            } else if own && c.len_utf8() == range.len() {
                range.start + byte..range.start + byte + 1
            } else {
                range.clone()
            });
        }
    }
    Some(origins)
}

/// The ranges of tokens that concatenate to `changed`, with or without a space before it.
fn placed(
    changed: &str,
    origins: &[Range<usize>],
    tokens: &[Vec<u8>],
) -> Option<Vec<Range<usize>>> {
    let mut bytes = Vec::with_capacity(changed.len());
    let mut from: Vec<Range<usize>> = Vec::with_capacity(changed.len());
    let mut at = 0;
    for c in changed.chars() {
        let length = c.len_utf8();
        let own = origins.get(at..at + length)?;
        if c == '▁' {
            bytes.push(b' ');
            from.push(own.first()?.start..own.last()?.end);
        } else {
            bytes.extend_from_slice(&changed.as_bytes()[at..at + length]);
            from.extend_from_slice(own);
        }
        at += length;
    }
    let spelled = tokens.concat();
    if spelled.len() == bytes.len() + 1 && spelled.first() == Some(&b' ') {
        let start = from.first().map_or(0, |range| range.start);
        bytes.insert(0, b' ');
        from.insert(0, start..start);
    }
    if spelled != bytes {
        return None;
    }
    let mut at = 0;
    let mut ranges = Vec::with_capacity(tokens.len());
    for token in tokens {
        let own = from.get(at..at + token.len())?;
        ranges.push(own.first()?.start..own.last()?.end);
        at += token.len();
    }
    Some(ranges)
}

/// The ranges in order and without gaps: bytes that no token covers go to the token before them.
fn covering(mut ranges: Vec<Range<usize>>, length: usize) -> Vec<Range<usize>> {
    let (mut start, mut end) = (0, 0);
    for range in &mut ranges {
        start = range.start.clamp(start, length);
        end = range.end.clamp(end.max(start), length);
        *range = start..end;
    }
    if let Some(first) = ranges.first_mut() {
        first.start = 0;
    }
    if let Some(last) = ranges.last_mut() {
        last.end = length;
    }
    for index in 1..ranges.len() {
        let start = ranges[index].start;
        ranges[index - 1].end = ranges[index - 1].end.max(start);
    }
    ranges
}
