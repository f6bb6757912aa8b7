//! Entry points for fuzzing: the readers of model files on arbitrary bytes.

use std::path::Path;

use crate::config::from_gguf;
use crate::error::ModelError;
use crate::load::read_tokenizer;
use crate::tokenizer::{BosPolicy, Tokenizer};
use crate::weights::{FileKind, GgufFile, SafetensorsFile, TensorSource, build};

/// A text with contractions, digits, combining marks, CJK, emoji, spaces and a special token.
const TEXT: &str = "It's 1234 café\u{301} 漢字 🙂\n\n  \t<|endoftext|> x";

/// Reads a GGUF file as a model.
///
/// # Errors
/// As [`super::Model::load`].
pub fn gguf(bytes: &[u8]) -> Result<(), ModelError> {
    let path = Path::new("fuzz.gguf");
    let file = GgufFile::new(path, bytes)?;
    for name in file.names() {
        // An unreadable tensor does not stop the others.
        let _ = file.read(name);
    }
    if let Ok(tokenizer) = read_tokenizer(path, || Tokenizer::from_gguf(file.metadata(), path)) {
        let _ = tokenizer.encode(TEXT, BosPolicy::Always);
    }
    let vocab = file.shape("token_embd.weight").and_then(<[usize]>::first);
    let config = from_gguf(file.metadata(), vocab.copied().unwrap_or(0), path)?;
    build(config, &file, FileKind::Gguf, false).map(|_| ())
}

/// Reads every tensor of a safetensors file.
///
/// # Errors
/// As [`super::Model::load`].
pub fn safetensors(bytes: &[u8]) -> Result<(), ModelError> {
    let shard = SafetensorsFile::new(Path::new("fuzz.safetensors"), bytes)?;
    for name in shard.names() {
        let _ = shard.read(&name);
    }
    Ok(())
}

/// Reads a `tokenizer.json` from the disk, then encodes and decodes with it.
///
/// # Errors
/// As [`super::Model::load`].
pub fn tokenizer(path: &Path) -> Result<(), ModelError> {
    let tokenizer = read_tokenizer(path, || Tokenizer::from_file(path, Some(0)))?;
    let tokens = tokenizer.encode(TEXT, BosPolicy::Always);
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    let _ = tokenizer.decode(&ids);
    let _ = tokenizer.vocab_size();
    Ok(())
}
