//! The real default model against numbers that Hugging Face Transformers computed on the same
//! weights (`../shared/reference/smollm2.json`; prompts are the rows of `handwritten_dev.csv`).
//!
//! Skips, loudly, without the model or the numbers; fails instead where
//! `HOPLENS_REQUIRE_MODEL=1` says that the model must be there.

use crate::numbers::check_reference;
use hoplens_runtime::{Answer, CancelToken, Hooks};
use hoplens_test_support::{
    SMOLLM2_TOLERANCE, assert_close, default_model, shared, skip, smollm2_reference,
};

#[test]
fn the_library_agrees_with_transformers() {
    let (Some(files), Some(reference)) = (default_model(), smollm2_reference()) else {
        return skip("the default model and ../shared/reference/smollm2.json");
    };
    check_reference(
        &hoplens_test_support::load_files(&files),
        &reference,
        SMOLLM2_TOLERANCE,
    );
}

#[test]
fn every_development_prompt_has_its_probability() {
    let data = shared("data/handwritten_dev.csv");
    let (Some(files), Some(reference), Some(data)) = (default_model(), smollm2_reference(), data)
    else {
        return skip("the default model and ../shared");
    };
    let model = hoplens_test_support::load_files(&files);
    let mut rows = csv::Reader::from_path(data).unwrap();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(reference.rows.len(), 53);
    let score = |prompt: &str, answer: &str| {
        let ids = hoplens_test_support::ids(&model, prompt, reference.policy());
        let text = format!(" {answer}");
        let answers = [Answer {
            ids: model.tokenizer.ids(&text),
            text,
        }];
        model
            .score(&ids, &answers, &Hooks::default(), &CancelToken::new())
            .unwrap()
            .0
    };
    for expected in &reference.rows {
        let row = &rows[expected.row];
        let (obscure, explicit) = (score(&row[1], &row[4]), score(&row[0], &row[4]));
        let close = |found, expected, what: &str| {
            assert_close(
                found,
                expected,
                SMOLLM2_TOLERANCE,
                &format!("{what}: {row:?}"),
            );
        };
        close(obscure.logp_first, expected.obscure_logp_first, "obscure");
        close(obscure.logp, expected.obscure_logp_full, "obscure, full");
        close(
            explicit.logp_first,
            expected.explicit_logp_first,
            "explicit",
        );
        close(explicit.logp, expected.explicit_logp_full, "explicit, full");
    }
}
