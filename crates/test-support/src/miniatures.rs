//! Models for tests: the miniatures in `tests/fixtures`, and the default model where it is
//! installed.

use std::path::{Path, PathBuf};

use hoplens_runtime::{BosPolicy, LoadOptions, Model};
use hoplens_store::{ModelFiles, ModelRef, StoreOptions, locate};

/// The miniature models, one for each family.
pub const FAMILIES: [&str; 7] = [
    "tiny-gpt2",
    "tiny-gpt-neo",
    "tiny-gptj",
    "tiny-gpt-neox",
    "tiny-llama",
    "tiny-qwen2",
    "tiny-qwen3",
];

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap().into()
}

/// The folder of a miniature model.
pub fn miniature(name: &str) -> PathBuf {
    root().join("tests/fixtures").join(name)
}

/// The files of the default model, if it is on this disk.
///
/// # Panics
/// The model is missing and `HOPLENS_REQUIRE_MODEL=1` requires it.
pub fn default_model() -> Option<ModelFiles> {
    let options = StoreOptions::from_env();
    let located = locate(&ModelRef::default_model(), &options).unwrap();
    let required = std::env::var("HOPLENS_REQUIRE_MODEL").is_ok_and(|value| value == "1");
    assert!(
        located.is_some() || !required,
        "HOPLENS_REQUIRE_MODEL=1, but the default model is not on this disk: run `hoplens models pull`"
    );
    located.map(|located| located.format)
}

/// Prints that a test was skipped and what it needs.
#[allow(clippy::print_stderr, reason = "a skipped test must be seen")]
pub fn skip(missing: &str) {
    eprintln!("SKIPPED: this test needs {missing}");
}

/// Loads a model from its files.
pub fn load_files(files: &ModelFiles) -> Model {
    Model::load(files, &LoadOptions::default()).unwrap()
}

/// Loads a model from a folder or a GGUF file.
pub fn load(path: &Path) -> Model {
    let files = if path.is_dir() {
        ModelFiles::Folder(path.into())
    } else {
        ModelFiles::Gguf(path.into())
    };
    load_files(&files)
}

/// The token ids of a prompt.
pub fn ids(model: &Model, text: &str, policy: BosPolicy) -> Vec<u32> {
    model
        .tokenizer
        .encode(text, policy)
        .iter()
        .map(|token| token.id)
        .collect()
}
