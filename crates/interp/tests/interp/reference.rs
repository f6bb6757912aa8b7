//! The forward pass, injections and ablations against numbers that Hugging Face Transformers
//! computed (fp32, eager attention): `tests/fixtures/tiny-*/reference.json`.

use hoplens_test_support::{ReferenceNumbers, miniature};

use crate::numbers::check_reference;

const TINY: f64 = 1e-4;

fn check(family: &str) {
    let folder = miniature(family);
    let reference = ReferenceNumbers::read(&folder.join("reference.json"));
    let model = hoplens_test_support::load(&folder);
    check_reference(&model, &reference, TINY);
}

#[test]
fn gpt2_agrees_with_transformers() {
    check("tiny-gpt2");
}

#[test]
fn gpt_neo_agrees_with_transformers() {
    check("tiny-gpt-neo");
}

#[test]
fn gptj_agrees_with_transformers() {
    check("tiny-gptj");
}

#[test]
fn gpt_neox_agrees_with_transformers() {
    check("tiny-gpt-neox");
}

#[test]
fn llama_agrees_with_transformers() {
    check("tiny-llama");
}

#[test]
fn qwen2_agrees_with_transformers() {
    check("tiny-qwen2");
}

#[test]
fn qwen3_agrees_with_transformers() {
    check("tiny-qwen3");
}
