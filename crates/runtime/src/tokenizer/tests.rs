use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use candle_core::quantized::gguf_file::Value;
use proptest::prelude::*;
use serde::Deserialize;
use tokenizers::normalizers::unicode::NFC;

use super::*;

/// A vocabulary that the `sentencepiece` package trained (BPE, byte fallback, identity
/// normalization) on a few sentences, with what it makes of some texts; texts with special tokens
/// are Hugging Face `tokenizers`' own.
#[derive(Deserialize)]
struct Trained {
    tokens: Vec<String>,
    scores: Vec<f32>,
    kinds: Vec<i32>,
    sentencepiece: Vec<Case>,
    tokenizers: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
}

fn trained() -> Trained {
    serde_json::from_str(include_str!(
        "../../../../tests/fixtures/tokenizers/sentencepiece.json"
    ))
    .unwrap()
}

fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> Value {
    let items = items.into_iter();
    Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
}

fn entries(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> HashMap<String, Value> {
    pairs
        .into_iter()
        .map(|(key, value)| (format!("tokenizer.ggml.{key}"), value))
        .collect()
}

fn of_gguf(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Tokenizer {
    Tokenizer::from_gguf(&entries(pairs), Path::new("a.gguf")).unwrap()
}

fn sentencepiece_with(more: Vec<(&'static str, Value)>) -> Tokenizer {
    let trained = trained();
    let mut pairs = vec![
        ("model", Value::String("llama".into())),
        ("tokens", texts(trained.tokens.iter().map(String::as_str))),
        (
            "scores",
            Value::Array(trained.scores.iter().map(|s| Value::F32(*s)).collect()),
        ),
        (
            "token_type",
            Value::Array(trained.kinds.iter().map(|k| Value::I32(*k)).collect()),
        ),
    ];
    pairs.extend(more);
    of_gguf(pairs)
}

fn sentencepiece() -> Tokenizer {
    sentencepiece_with(Vec::new())
}

/// A byte-level vocabulary of single bytes, a few merges and two special tokens.
fn byte_level(pre: &str) -> Tokenizer {
    let mut tokens: Vec<String> = bytes::byte_characters()
        .into_keys()
        .map(String::from)
        .collect();
    tokens.sort();
    let merges = ["Ġ t", "h e", "Ġt he", "Ã ©", "ð Ł"];
    tokens.extend(merges.map(|merge| merge.replace(' ', "")));
    let mut kinds = vec![Value::I32(1); tokens.len()];
    tokens.extend(["<|bos|>".to_owned(), "<|im_start|>".to_owned()]);
    kinds.extend([Value::I32(3), Value::I32(3)]);
    of_gguf([
        ("model", Value::String("gpt2".into())),
        ("pre", Value::String(pre.into())),
        ("bos_token_id", Value::U32(261)),
        ("tokens", texts(tokens.iter().map(String::as_str))),
        ("merges", texts(merges)),
        ("token_type", Value::Array(kinds)),
    ])
}

fn shown(tokenizer: &Tokenizer, text: &str) -> Vec<(String, Range<usize>)> {
    tokenizer
        .encode(text, BosPolicy::Never)
        .into_iter()
        .map(|token| (tokenizer.text(token.id), token.range))
        .collect()
}

/// In order, in the text, without gaps.
fn check_ranges(text: &str, tokens: &[Token]) {
    let (mut start, mut end) = (0, 0);
    for token in tokens {
        assert!(
            token.range.start >= start && token.range.end >= end,
            "{text:?} {tokens:?}"
        );
        assert!(token.range.start <= end, "{text:?} {tokens:?}");
        (start, end) = (token.range.start, token.range.end);
    }
    assert_eq!(end, text.len(), "{text:?} {tokens:?}");
}

#[test]
fn a_sentencepiece_vocabulary_tokenizes_as_sentencepiece_does() {
    let tokenizer = sentencepiece();
    let trained = trained();
    assert!(trained.sentencepiece.len() > 40);
    for case in trained.sentencepiece.iter().chain(&trained.tokenizers) {
        assert_eq!(tokenizer.ids(&case.text), case.ids, "{:?}", case.text);
        check_ranges(&case.text, &tokenizer.encode(&case.text, BosPolicy::Never));
    }
}

#[test]
fn sentencepiece_decoding_keeps_the_added_space() {
    let tokenizer = sentencepiece();
    for case in &trained().sentencepiece {
        let wanted = if case.text.is_empty() {
            String::new()
        } else {
            format!(" {}", case.text.replace('▁', " "))
        };
        assert_eq!(tokenizer.decode(&case.ids), wanted);
    }
}

#[test]
fn characters_that_the_tokenizer_inserts_cover_nothing() {
    let tokenizer = sentencepiece();
    let ranges = |text: &str| -> Vec<Range<usize>> {
        shown(&tokenizer, text)
            .into_iter()
            .map(|(_, range)| range)
            .collect()
    };
    let first = shown(&tokenizer, "The reef").remove(0);
    assert_eq!(first, (" The".to_owned(), 0..3));
    // Its own space is there, the one before it is not.
    assert_eq!(shown(&tokenizer, " The")[..1], [("  ".to_owned(), 0..1)]);
    assert_eq!(ranges(" The").last(), Some(&(1..4)));
    // A fish of four bytes that the vocabulary lacks, after a mark that covers nothing.
    assert_eq!(ranges("🐠"), [0..0, 0..1, 1..2, 2..3, 3..4]);
    assert_eq!(ranges("<|sep|>🐠")[..2], [0..7, 7..7]);
}

#[test]
fn a_continuation_gets_no_added_space() {
    let tokenizer = sentencepiece();
    let decoded = |text: &str| tokenizer.decode(&tokenizer.continuation(text));
    for text in [" The reef", "The reef", "reef", "  two", "\n", " ", "é"] {
        assert_eq!(decoded(text), text);
    }
    assert_eq!(tokenizer.continuation(" The"), tokenizer.ids("The"));
    let plain = sentencepiece_with(vec![("add_space_prefix", Value::Bool(false))]);
    assert_eq!(plain.decode(&plain.ids("The reef")), "The reef");
    assert_eq!(plain.continuation(" The"), plain.ids(" The"));
}

#[test]
fn bos_is_added_at_most_once() {
    let first_two = |tokenizer: &Tokenizer, text: &str, policy| -> Vec<u32> {
        let tokens = tokenizer.encode(text, policy);
        tokens.iter().take(2).map(|token| token.id).collect()
    };
    // SentencePiece begins with BOS (1) unless the file says otherwise.
    let tokenizer = sentencepiece();
    for text in ["The reef", "<s>The reef"] {
        for policy in [BosPolicy::Auto, BosPolicy::Always] {
            let ids = first_two(&tokenizer, text, policy);
            assert!(ids[0] == 1 && ids[1] != 1, "{text} {ids:?}");
        }
    }
    assert_ne!(first_two(&tokenizer, "The", BosPolicy::Never)[0], 1);
    let silent = sentencepiece_with(vec![("add_bos_token", Value::Bool(false))]);
    assert_ne!(first_two(&silent, "The", BosPolicy::Auto)[0], 1);
    assert_eq!(first_two(&silent, "The", BosPolicy::Always)[0], 1);
    // llama.cpp's default for Llama 3.
    assert_eq!(
        first_two(&byte_level("llama-bpe"), "a", BosPolicy::Auto)[0],
        261
    );
    assert_ne!(
        first_two(&byte_level("gpt-2"), "a", BosPolicy::Auto)[0],
        261
    );
    let once = byte_level("gpt-2").encode("<|bos|>a", BosPolicy::Always);
    assert_eq!(once.len(), 2);
    assert_eq!(once[0].range, 0..7);
}

#[test]
fn special_tokens_are_found_in_text() {
    let tokenizer = byte_level("smollm");
    let tokens = shown(&tokenizer, "<|im_start|> the");
    assert_eq!(tokens[0], ("<|im_start|>".to_owned(), 0..12));
    assert_eq!(tokens[1], (" the".to_owned(), 12..16));
}

#[test]
fn tokens_of_composed_characters_cover_whole_characters() {
    // "e" and the accent become one é of two bytes; the word is exact on both sides.
    let tokenizer = byte_level("qwen2");
    assert_eq!(
        shown(&tokenizer, "ae\u{301}b"),
        [
            ("a".to_owned(), 0..1),
            ("é".to_owned(), 1..4),
            ("b".to_owned(), 4..5)
        ]
    );
}

#[test]
fn a_large_sentencepiece_vocabulary_is_read_fast() {
    // 32000 pieces that begin with each other, as those of a trained vocabulary do.
    let mut tokens: Vec<String> = vec!["<unk>".into(), "<s>".into(), "</s>".into()];
    let letters = "▁abcdefghijklmnopqrstuvwxyz";
    tokens.extend(letters.chars().map(String::from));
    let mut index = 3;
    while tokens.len() < 32000 {
        let from = tokens[index].clone();
        tokens.extend(
            letters
                .chars()
                .skip(1)
                .map(|letter| format!("{from}{letter}")),
        );
        index += 1;
    }
    let kinds = (0..tokens.len()).map(|id| {
        Value::I32(if id == 0 {
            2
        } else if id < 3 {
            3
        } else {
            1
        })
    });
    let pairs = entries([
        ("model", Value::String("llama".into())),
        ("tokens", texts(tokens.iter().map(String::as_str))),
        ("token_type", Value::Array(kinds.collect())),
    ]);
    let start = std::time::Instant::now();
    let tokenizer = Tokenizer::from_gguf(&pairs, Path::new("a.gguf")).unwrap();
    let took = start.elapsed();
    assert!(tokenizer.ids("banana").len() < 6);
    // Ten times what it takes; a build without optimization is no measure.
    assert!(
        cfg!(debug_assertions) || took.as_millis() < 1000,
        "{took:?}"
    );
    #[allow(clippy::print_stderr, reason = "the figure is shown with --nocapture")]
    {
        eprintln!("a vocabulary of {} pieces took {took:?}", tokens.len());
    }
}

#[test]
fn errors_say_what_cannot_be_read() {
    let refused = |pairs: Vec<(&'static str, Value)>| {
        let error = Tokenizer::from_gguf(&entries(pairs), Path::new("a.gguf"));
        error.unwrap_err().to_string()
    };
    let model = |name: &str| ("model", Value::String(name.into()));
    let mut said = String::new();
    for pairs in [
        vec![],
        vec![model("t5")],
        vec![model("llama")],
        vec![
            model("gpt2"),
            ("tokens", texts(["a"])),
            ("merges", texts(["a"])),
        ],
        vec![
            model("gpt2"),
            ("tokens", texts(["a"])),
            ("merges", texts(["a b"])),
        ],
    ] {
        writeln!(said, "{}", refused(pairs)).unwrap();
    }
    for part in [
        "tokenizer.ggml.model is missing",
        "kind 't5'",
        "tokenizer.ggml.tokens is missing",
        "merge 'a' is not a pair",
        "do not fit",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

fn composing() -> Tokenizer {
    let mut inner = sentencepiece().inner;
    inner.with_normalizer(Some(NFC)).unwrap();
    Tokenizer::new(inner, None, None, false)
}

/// Text with what breaks ranges: accents on their own, characters of four bytes, spaces, marks
/// that look like the tokenizer's own, special tokens.
fn texts_of_all_kinds() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,3}",
        "[ a-z]{0,4}",
        Just("e\u{301}".to_owned()),
        Just("각".to_owned()),
        Just("\u{1112}\u{1161}\u{11ab}".to_owned()),
        Just("▁".to_owned()),
        Just("  ".to_owned()),
        Just("\n".to_owned()),
        Just("🐠🏽".to_owned()),
        Just("<|sep|>".to_owned()),
        Just("<0xF0>".to_owned()),
        Just("<s>".to_owned()),
        Just("<|im_start|>".to_owned()),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Built once: a property looks at hundreds of texts.
static BYTE_LEVEL: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
    let names = [
        "gpt-2",
        "default",
        "smollm",
        "llama-bpe",
        "tekken",
        "deepseek-llm",
    ];
    names.map(byte_level).into()
});
static CHANGING: LazyLock<[Tokenizer; 3]> =
    LazyLock::new(|| [sentencepiece(), byte_level("qwen2"), composing()]);

proptest! {
    #[test]
    fn byte_level_tokens_spell_the_text(text in texts_of_all_kinds()) {
        for tokenizer in BYTE_LEVEL.iter() {
            let tokens = tokenizer.encode(&text, BosPolicy::Never);
            check_ranges(&text, &tokens);
            let spelled: Vec<u8> = tokens.iter().flat_map(|t| tokenizer.bytes(t.id)).collect();
            prop_assert_eq!(&spelled, text.as_bytes());
            for token in &tokens {
                prop_assert_eq!(&text.as_bytes()[token.range.clone()], tokenizer.bytes(token.id));
            }
        }
    }

    #[test]
    fn ranges_survive_what_changes_the_text(text in texts_of_all_kinds()) {
        for tokenizer in CHANGING.iter() {
            check_ranges(&text, &tokenizer.encode(&text, BosPolicy::Never));
        }
    }

    #[test]
    fn sentencepiece_ranges_are_exact(text in "([a-z ]|é|🐠|月|\n){0,12}") {
        let tokenizer = &CHANGING[0];
        for token in tokenizer.encode(&text, BosPolicy::Never) {
            let bytes = tokenizer.bytes(token.id);
            let covered = &text.as_bytes()[token.range.clone()];
            prop_assert!(
                bytes == covered || (bytes.first() == Some(&b' ') && &bytes[1..] == covered),
                "{:?} {:?}", text, token
            );
        }
    }
}
