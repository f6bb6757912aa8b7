//! A SentencePiece vocabulary (`tokenizer.ggml.model = llama`) as byte-fallback BPE.

use std::collections::HashMap;

use tokenizers::Tokenizer;
use tokenizers::decoders::DecoderWrapper;
use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence as Decoders;
use tokenizers::decoders::strip::Strip;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::replace::Replace;
use tokenizers::normalizers::{NormalizerWrapper, Prepend, Sequence};

use crate::tokenizer::token_type::{BYTE, NORMAL};

/// The longest piece that is split into merges, in bytes. Trained vocabularies have no longer ones
/// (SentencePiece's default limit is 16 characters), and the time grows with the square.
const LONGEST_PIECE: usize = 1024;

/// The entries of a GGUF file that define a SentencePiece vocabulary.
pub(super) struct SentencePieceVocab<'a> {
    /// The pieces; the id of a token is its index.
    pub(super) tokens: &'a [&'a str],
    /// The scores of the pieces: higher ones merge first. Without scores, lower ids merge first.
    pub(super) scores: Option<Vec<f32>>,
    /// The `tokenizer.ggml.token_type` of each piece; without them, all are normal.
    pub(super) kinds: Option<Vec<i64>>,
    /// The unknown token.
    pub(super) unknown: Option<u32>,
    /// Whether the tokenizer adds `▁` before a text, so that its first word is like any other.
    pub(super) prefix: bool,
}

impl SentencePieceVocab<'_> {
    fn is(&self, id: usize, kind: i64) -> bool {
        match &self.kinds {
            Some(kinds) => kinds.get(id) == Some(&kind),
            None => kind == NORMAL,
        }
    }

    /// The tokenizer, without its added tokens.
    ///
    /// # Errors
    /// The entries contradict each other.
    pub(super) fn build(&self) -> Result<Tokenizer, String> {
        let vocabulary: Vocab = self
            .tokens
            .iter()
            .zip(0..)
            .map(|(token, id)| ((*token).to_owned(), id))
            .collect();
        let has_bytes = (0..self.tokens.len()).any(|id| self.is(id, BYTE));
        let mut model = BPE::builder()
            .vocab_and_merges(vocabulary, self.merges())
            .fuse_unk(true)
            .byte_fallback(has_bytes);
        if let Some(unknown) = self.unknown.and_then(|id| self.tokens.get(id as usize)) {
            model = model.unk_token((*unknown).to_owned());
        }
        let model = model
            .build()
            .map_err(|error| format!("its pieces make no vocabulary: {error}"))?;
        let mut tokenizer = Tokenizer::new(model);
        let unusable = |error| format!("its spaces cannot be marked: {error}");
        let mut steps: Vec<NormalizerWrapper> = Vec::new();
        if self.prefix {
            steps.push(Prepend::new("▁".to_owned()).into());
        }
        steps.push(Replace::new(" ", "▁").map_err(unusable)?.into());
        tokenizer
            .with_normalizer(Some(Sequence::new(steps)))
            .map_err(unusable)?;
        let mut steps: Vec<DecoderWrapper> = vec![
            Replace::new("▁", " ").map_err(unusable)?.into(),
            ByteFallback::new().into(),
            Fuse::new().into(),
        ];
        if self.prefix {
            steps.push(Strip::new(' ', 1, 0).into());
        }
        tokenizer.with_decoder(Some(Decoders::new(steps)));
        Ok(tokenizer)
    }

    /// The pairs of normal pieces that form a normal piece of at most [`LONGEST_PIECE`] bytes, best
    /// piece first, in the order of Transformers' converter (`build_tokenizer_from_spm_proto`).
    /// SentencePiece itself has no list of merges: it joins the neighbours that form the piece with
    /// the highest score.
    fn merges(&self) -> Vec<(String, String)> {
        let normal: HashMap<&str, usize> = self
            .tokens
            .iter()
            .enumerate()
            .filter(|(id, _)| self.is(*id, NORMAL))
            .map(|(id, token)| (*token, id))
            .collect();
        let score = |id: usize| match &self.scores {
            Some(scores) => scores.get(id).copied().unwrap_or(f32::MIN),
            None => -(id as f32),
        };
        let mut ranked: Vec<(usize, &str, &str)> = Vec::with_capacity(self.tokens.len() * 2);
        for (piece, id) in &normal {
            if piece.len() > LONGEST_PIECE {
                continue;
            }
            for (at, _) in piece.char_indices().skip(1) {
                let (left, right) = piece.split_at(at);
                if normal.contains_key(left) && normal.contains_key(right) {
                    ranked.push((*id, left, right));
                }
            }
        }
        ranked.sort_unstable_by(|a, b| {
            let by_score = score(b.0).total_cmp(&score(a.0));
            by_score.then_with(|| a.cmp(b))
        });
        ranked
            .into_iter()
            .map(|(_, left, right)| (left.to_owned(), right.to_owned()))
            .collect()
    }
}
