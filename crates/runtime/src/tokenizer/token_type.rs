//! The values of `tokenizer.ggml.token_type`, as llama.cpp's `llama_token_type` defines them.

/// Pieces of text.
pub(super) const NORMAL: i64 = 1;
/// The token for text that the vocabulary lacks.
pub(super) const UNKNOWN: i64 = 2;
/// Control tokens.
pub(super) const CONTROL: i64 = 3;
/// Tokens that a fine-tune added.
pub(super) const USER_DEFINED: i64 = 4;
/// Tokens that stand for one byte, such as `<0x0A>`.
pub(super) const BYTE: i64 = 6;
