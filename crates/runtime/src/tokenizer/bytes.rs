//! The bytes that a vocabulary entry stands for.

use std::collections::HashMap;

use tokenizers::pre_tokenizers::byte_level::ByteLevel;

/// How vocabulary entries encode bytes.
#[derive(Debug, Clone)]
pub(super) enum Alphabet {
    /// One character per byte (GPT-2's table).
    ByteLevel(HashMap<char, u8>),
    /// Text, with `▁` for a space and `<0x0A>` for a lone byte (SentencePiece).
    SentencePiece,
}

impl Alphabet {
    /// The alphabet of a tokenizer, as its decoder or its pre-tokenizer defines it.
    pub(super) fn of(tokenizer: &tokenizers::Tokenizer) -> Self {
        let mentions = |json: Result<String, serde_json::Error>| {
            json.is_ok_and(|json| json.contains("\"ByteLevel\""))
        };
        let is_byte_level = mentions(serde_json::to_string(&tokenizer.get_decoder()))
            || mentions(serde_json::to_string(&tokenizer.get_pre_tokenizer()));
        if is_byte_level {
            Self::ByteLevel(byte_characters())
        } else {
            Self::SentencePiece
        }
    }

    /// The bytes that a vocabulary entry stands for.
    pub(super) fn bytes(&self, token: &str) -> Vec<u8> {
        match self {
            Self::ByteLevel(table) => token
                .chars()
                .flat_map(|c| match table.get(&c) {
                    Some(byte) => vec![*byte],
                    None => c.to_string().into_bytes(),
                })
                .collect(),
            Self::SentencePiece => {
                let lone = token
                    .strip_prefix("<0x")
                    .and_then(|rest| rest.strip_suffix('>'));
                match lone.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    Some(byte) => vec![byte],
                    None => token.replace('▁', " ").into_bytes(),
                }
            }
        }
    }
}

/// GPT-2's table: printable bytes map to themselves, the others in order to characters from U+0100
/// on. The library exposes the characters but not the assignment.
pub(super) fn byte_characters() -> HashMap<char, u8> {
    let alphabet = ByteLevel::alphabet();
    let mut next = 0x100;
    (0..=255_u8)
        .filter_map(|byte| {
            let own = char::from(byte);
            let printable = matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
            let shown = if printable {
                own
            } else {
                next += 1;
                char::from_u32(next - 1)?
            };
            alphabet.contains(&shown).then_some((shown, byte))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_own_character() {
        let table = byte_characters();
        assert_eq!(table.len(), 256);
        assert_eq!(table[&'Ġ'], b' ');
        assert_eq!(table[&'Ċ'], b'\n');
        assert_eq!(table[&'Ã'], 0xC3);
    }
}
