//! Read-outs of the default model with the Jacobians that another program fitted to it
//! (`../shared/reference/jlens`): the best rank of the bridge of every development row, layer by
//! layer.
//!
//! Skips, loudly, without the model or the files.

use hoplens_interp::ModelContext;
use hoplens_interp::lens::jacobian::{
    JacobianLens, ResidualLens, ResidualSearch, bridge_tokens, rank_in_residuals,
};
use hoplens_runtime::{BosPolicy, CancelToken, Model, PromptQuery};
use hoplens_test_support::{default_model, load_files, shared, skip};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    rows: Vec<ReferenceRanks>,
}

#[derive(Deserialize)]
struct ReferenceRanks {
    prompt: String,
    bridge: String,
    jlens_min_rank_by_layer: Vec<usize>,
    logit_lens_min_rank_by_layer: Vec<usize>,
}

/// The best rank of the bridge in each layer, from the end of the mention on.
fn ranks(model: &Model, row: &ReferenceRanks, mention: &str, lens: ResidualLens<'_>) -> Vec<usize> {
    let query = PromptQuery::new(&model.tokenizer, row.prompt.as_str(), BosPolicy::Never);
    let tokens = bridge_tokens(model, &row.bridge, &query.ids());
    // Three rows write the mention in other words than the prompt: their whole prompt is read.
    let found = row.prompt.find(mention);
    let end = found.map_or(0, |start| start + mention.len());
    let reaches = query.tokens.iter().position(|token| end <= token.range.end);
    let search = ResidualSearch {
        first: reaches.unwrap(),
        tokens: &tokens,
        lens,
    };
    let cancel = CancelToken::new();
    let found = rank_in_residuals(ModelContext::new(model, &cancel), &query, search).unwrap();
    found.iter().map(|found| found.rank).collect()
}

#[test]
fn read_outs_equal_those_of_the_reference_implementation() {
    let files = (
        default_model(),
        shared("reference/jlens/smollm2.safetensors"),
        shared("reference/jlens/read_dev.json"),
        shared("data/handwritten_dev.csv"),
    );
    let (Some(files), Some(lens), Some(ranks_file), Some(data)) = files else {
        return skip("the default model, ../shared/reference/jlens and ../shared/data");
    };
    let model = load_files(&files);
    let bytes = std::fs::read(lens).unwrap();
    let lens = JacobianLens::import(&bytes, &model, model.info.width).unwrap();
    let reference: Reference = serde_json::from_slice(&std::fs::read(ranks_file).unwrap()).unwrap();
    let mut data = csv::Reader::from_path(data).unwrap();
    let mentions: Vec<String> = data
        .records()
        .map(|row| row.unwrap()[3].to_owned())
        .collect();
    assert_eq!(reference.rows.len(), mentions.len());
    for (row, mention) in reference.rows.iter().zip(&mentions) {
        let lenses = [
            (ResidualLens::Jacobian(&lens), &row.jlens_min_rank_by_layer),
            (ResidualLens::Logit, &row.logit_lens_min_rank_by_layer),
        ];
        for (lens, expected) in lenses {
            let found = ranks(&model, row, mention, lens);
            assert_eq!(found.len(), expected.len());
            for (layer, (found, expected)) in found.iter().zip(expected).enumerate() {
                // Far down, neighbours differ by less than rounding.
                let tolerance = 1 + expected / 100;
                assert!(
                    found.abs_diff(*expected) <= tolerance,
                    "{:?}, layer {layer}: rank {found} is not {expected}",
                    row.prompt
                );
            }
        }
    }
}
