//! The pre-tokenizers that `tokenizer.ggml.pre` names.
//!
//! Names and patterns follow llama.cpp's `src/llama-vocab.cpp`. Where that file adapts a pattern to
//! its regex engine, this module uses the original of the model's `tokenizer.json`.

use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::normalizers::unicode::NFC;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

/// How a byte-level BPE tokenizer splits text before it merges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BpePreTokenizer {
    /// Patterns that split the text, each applied to the pieces of the one before.
    patterns: &'static [&'static str],
    /// Whether a word that is a token stays whole, regardless of the merges.
    pub(super) ignores_merges: bool,
    /// Whether a text starts with BOS by default.
    pub(super) adds_bos: bool,
    /// Whether the model's tokenizer first composes characters (NFC).
    composes: bool,
}

impl BpePreTokenizer {
    const fn of(patterns: &'static [&'static str]) -> Self {
        Self {
            patterns,
            ignores_merges: false,
            adds_bos: false,
            composes: false,
        }
    }

    /// As tiktoken: keeps words that are tokens whole, and adds BOS.
    const fn whole_words(self) -> Self {
        Self {
            ignores_merges: true,
            adds_bos: true,
            ..self
        }
    }

    const fn composing(self) -> Self {
        Self {
            composes: true,
            ..self
        }
    }

    /// The pre-tokenizer of a name.
    ///
    /// # Errors
    /// The name is unknown.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        let found = TABLE.iter().find(|(names, _)| names.contains(&name));
        found.map(|(_, pre)| *pre).ok_or_else(|| {
            let known: Vec<&str> = TABLE.iter().map(|(names, _)| names[0]).collect();
            format!(
                "its pre-tokenizer '{name}' is not supported (supported: {} and their \
                 relatives)",
                known.join(", ")
            )
        })
    }

    /// The pre-tokenizer of the `tokenizers` library.
    ///
    /// # Errors
    /// The regex engine rejects a pattern.
    pub(super) fn build(&self) -> Result<PreTokenizerWrapper, String> {
        let mut parts = Vec::with_capacity(self.patterns.len() + 1);
        for pattern in self.patterns {
            let split = Split::new(
                SplitPattern::Regex((*pattern).to_owned()),
                SplitDelimiterBehavior::Isolated,
                false,
            )
            .map_err(|error| format!("its pre-tokenizer's pattern cannot be used: {error}"))?;
            parts.push(split.into());
        }
        parts.push(ByteLevel::new(false, true, false).into());
        Ok(Sequence::new(parts).into())
    }

    /// The normalizer before it, if there is one.
    pub(super) fn normalizer(&self) -> Option<NormalizerWrapper> {
        self.composes.then(|| NFC.into())
    }
}

/// Names and their pre-tokenizers; the best known name of a row is first.
const TABLE: &[(&[&str], BpePreTokenizer)] = &[
    (
        &["default"],
        BpePreTokenizer::of(&[MARKS, GPT_2, r"\p{N}+", "[0-9][0-9][0-9]"]),
    ),
    (
        &[
            "gpt-2",
            "phi-2",
            "jina-es",
            "jina-de",
            "jina-en",
            "jina-v1-en",
            "jina-v2-es",
            "jina-v2-de",
            "jina-v2-code",
            "roberta-bpe",
            "gigachat",
            "a.x-4.0",
            "mellum",
            "modern-bert",
            "exaone4",
            "mpt",
            "olmo",
            "jais",
            "trillion",
            "granite-docling",
        ],
        BpePreTokenizer::of(&[GPT_2]),
    ),
    (
        &[
            "smollm",
            "starcoder",
            "refact",
            "command-r",
            "codeshell",
            "exaone",
            "minerva-7b",
            "mellum2",
        ],
        BpePreTokenizer::of(&[r"\p{N}", GPT_2]),
    ),
    (
        &[
            "llama-bpe",
            "llama3",
            "llama-v3",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano",
        ],
        BpePreTokenizer::of(&[LLAMA_3]).whole_words(),
    ),
    (
        &["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"],
        BpePreTokenizer::of(&[LLAMA_3]),
    ),
    (
        &["qwen2", "deepseek-r1-qwen", "megrez", "kormo", "f2llmv2"],
        BpePreTokenizer::of(&[QWEN_2]).composing(),
    ),
    (&["qwen35"], BpePreTokenizer::of(&[QWEN_3_5]).composing()),
    (
        &["stablelm2", "hunyuan", "solar-open", "grok-2"],
        BpePreTokenizer::of(&[QWEN_2]),
    ),
    (&["tekken"], BpePreTokenizer::of(&[TEKKEN]).whole_words()),
    (
        &["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"],
        BpePreTokenizer::of(&[GPT_4O]),
    ),
    (
        &["deepseek-llm"],
        BpePreTokenizer::of(&[
            r"[\r\n]",
            DEEPSEEK_LETTERS,
            DEEPSEEK_MARKS,
            r"\s+$",
            DEEPSEEK_CJK,
            r"\p{N}+",
        ]),
    ),
    (
        &["deepseek-coder"],
        BpePreTokenizer::of(&[
            r"[\r\n]",
            r"\s?\p{L}+",
            r"\s?\p{P}+",
            DEEPSEEK_CJK,
            r"\p{N}",
        ]),
    ),
    (
        &["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"],
        BpePreTokenizer::of(&[r"\p{N}{1,3}", r"[一-龥\u{3040}-ゟ゠-ヿ]+", DEEPSEEK_3]),
    ),
    (
        &["falcon"],
        BpePreTokenizer::of(&[FALCON_MARKS, GPT_2, "[0-9][0-9][0-9]"]),
    ),
    (
        &["poro-chat", "bloom", "gpt3-finnish"],
        BpePreTokenizer::of(&[BLOOM]),
    ),
    (&["viking"], BpePreTokenizer::of(&[BLOOM, r"\p{N}"])),
    (
        &["bailingmoe", "bailingmoe2", "llada-moe"],
        BpePreTokenizer::of(&[BAILING]),
    ),
    (&["seed-coder"], BpePreTokenizer::of(&[SEED_CODER])),
    (
        &["minicpm5"],
        BpePreTokenizer {
            ignores_merges: true,
            ..BpePreTokenizer::of(&[r"\p{N}{1,3}", MINICPM_5])
        },
    ),
];

const MARKS: &str = r"[\p{P}\$\+<=>\^~\|]+";
const FALCON_MARKS: &str = r"[\p{P}\$\+<=>\^~\|`]+";
const GPT_2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN_2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN_3_5: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT_4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Letters with case, as DeepSeek's first tokenizer lists them; escaped, because some of them
/// become others when an editor composes them.
const DEEPSEEK_LETTERS: &str = concat!(
    r"\s?[A-Za-z\u{B5}\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{1BA}\u{1BC}-\u{1BF}\u{1C4}-\u{293}",
    r"\u{295}-\u{2AF}\u{370}-\u{373}\u{376}\u{377}\u{37B}-\u{37D}\u{37F}\u{386}\u{388}-\u{38A}",
    r"\u{38C}\u{38E}-\u{3A1}\u{3A3}-\u{3F5}\u{3F7}-\u{481}\u{48A}-\u{52F}\u{531}-\u{556}",
    r"\u{10A0}-\u{10C5}\u{13A0}-\u{13F5}\u{13F8}-\u{13FD}\u{1C90}-\u{1CBA}\u{1CBD}-\u{1CBF}",
    r"\u{1D00}-\u{1D2B}\u{1D6B}-\u{1D77}\u{1D79}-\u{1D9A}\u{1E00}-\u{1F15}\u{1F18}-\u{1F1D}",
    r"\u{1F20}-\u{1F45}\u{1F48}-\u{1F4D}\u{1F50}-\u{1F57}\u{1F59}\u{1F5B}\u{1F5D}",
    r"\u{1F5F}-\u{1F7D}\u{1F80}-\u{1FB4}\u{1FB6}-\u{1FBC}\u{1FBE}\u{1FC2}-\u{1FC4}",
    r"\u{1FC6}-\u{1FCC}\u{1FD0}-\u{1FD3}\u{1FD6}-\u{1FDB}\u{1FE0}-\u{1FEC}\u{1FF2}-\u{1FF4}",
    r"\u{1FF6}-\u{1FFC}\u{2102}\u{2107}\u{210A}-\u{2113}\u{2115}\u{2119}-\u{211D}\u{2124}",
    r"\u{2126}\u{2128}\u{212A}-\u{212D}\u{212F}-\u{2134}\u{2139}\u{213C}-\u{213F}",
    r"\u{2145}-\u{2149}\u{214E}\u{2183}\u{2184}\u{2C00}-\u{2C7B}\u{2C7E}-\u{2CE4}",
    r"\u{2CEB}-\u{2CEE}\u{2CF2}\u{2CF3}\u{A640}-\u{A66D}\u{A680}-\u{A69B}\u{A722}-\u{A76F}",
    r"\u{A771}-\u{A787}\u{A78B}-\u{A78E}\u{AB70}-\u{ABBF}\u{FB00}-\u{FB06}\u{FB13}-\u{FB17}",
    r"\u{FF21}-\u{FF3A}\u{FF41}-\u{FF5A}\u{10400}-\u{1044F}\u{104B0}-\u{104D3}",
    r"\u{104D8}-\u{104FB}\u{10C80}-\u{10CB2}\u{10CC0}-\u{10CF2}\u{118A0}-\u{118DF}",
    r"\u{1E900}-\u{1E943}]+",
);
const DEEPSEEK_MARKS: &str =
    r"\s?[!-/:-~\u{FF01}-\u{FF0F}\u{FF1A}-\u{FF5E}\u{2018}-\u{201F}\u{3000}-\u{3002}]+";
const DEEPSEEK_CJK: &str = r"[\u{4E00}-\u{9FA5}\u{800}-\u{4E00}\u{AC00}-\u{D7FF}]+";
const DEEPSEEK_3: &str = concat!(
    r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"##,
    r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
);
const BLOOM: &str = r" ?[^(\s|.,!?…。，、।۔،)]+";
const BAILING: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";
const SEED_CODER: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+";
const MINICPM_5: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use tokenizers::tokenizer::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    use super::*;

    fn words(name: &str, text: &str) -> Vec<String> {
        cut(
            &BpePreTokenizer::named(name).unwrap().build().unwrap(),
            text,
        )
    }

    fn cut(pre: &PreTokenizerWrapper, text: &str) -> Vec<String> {
        let mut pieces = PreTokenizedString::from(text);
        pre.pre_tokenize(&mut pieces).unwrap();
        pieces
            .get_splits(OffsetReferential::Original, OffsetType::Byte)
            .iter()
            .map(|(_, (from, to), _)| text[*from..*to].to_owned())
            .collect()
    }

    #[test]
    fn every_name_is_there_once_and_builds() {
        let mut seen = std::collections::BTreeSet::new();
        for (names, pre) in TABLE {
            pre.build().unwrap();
            for name in *names {
                assert!(seen.insert(name), "{name}");
            }
        }
    }

    #[test]
    fn numbers_and_marks_are_cut_as_each_model_cuts_them() {
        let text = "It's 12345, ok?\n";
        let cut = |name| words(name, text).join("|");
        assert_eq!(cut("gpt-2"), "It|'s| 12345|,| ok|?|\n");
        assert_eq!(cut("smollm"), "It|'s| |1|2|3|4|5|,| ok|?|\n");
        assert_eq!(cut("default"), "It|'|s| |123|45|,| ok|?|\n");
        assert_eq!(cut("llama-bpe"), "It|'s| |123|45|,| ok|?\n");
        assert_eq!(cut("qwen2"), "It|'s| |1|2|3|4|5|,| ok|?\n");
        assert_eq!(cut("gpt-4o"), "It's| |123|45|,| ok|?\n");
        assert_eq!(cut("tekken"), "It|'s| |1|2|3|4|5|,| ok|?\n");
        assert_eq!(cut("deepseek-llm"), "It|'|s| |12345|,| ok|?|\n");
        assert_eq!(cut("deepseek-coder"), "It|'|s| |1|2|3|4|5|,| ok|?|\n");
        assert_eq!(cut("deepseek-v3"), "It|'s| |123|45|,| ok|?\n");
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = BpePreTokenizer::named("elvish").unwrap_err();
        assert!(
            error.contains("'elvish'") && error.contains("llama-bpe"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn words_spell_the_text(text in "(\\PC| |\n|\t|[0-9]|'s|é|e\u{301}){0,24}") {
            static ALL: LazyLock<Vec<PreTokenizerWrapper>> =
                LazyLock::new(|| TABLE.iter().map(|(_, pre)| pre.build().unwrap()).collect());
            for (pre, (names, _)) in ALL.iter().zip(TABLE) {
                prop_assert_eq!(cut(pre, &text).concat(), text.as_str(), "{}", names[0]);
            }
        }
    }
}
