//! The Jacobian lens on the miniature models: the fit, its checkpoints, its file, and read-outs.

use hoplens_interp::ModelContext;
use hoplens_interp::lens::jacobian::{
    FIRST_POSITION, JacobianError, JacobianFit, JacobianLens, JacobianSource, MIN_TOKENS,
    ResidualLens, ResidualSearch, rank_in_residuals, read_residuals,
};
use hoplens_interp::lens::{
    AnyLens, HeadAt, LensText, SampleOptions, SampleStart, TextSource, sample,
};
use hoplens_runtime::{
    BosPolicy, CancelToken, Capture, Hooks, Matrix, Model, ModelError, Positions, PromptQuery,
    rank_of,
};
use hoplens_test_support::{FAMILIES, load, miniature};
use safetensors::SafeTensors;

fn model(family: &str) -> Model {
    load(&miniature(&format!("tiny-{family}")))
}

fn text(model: &Model, count: usize, length: usize) -> LensText {
    let options = SampleOptions {
        count,
        length,
        seed: 3,
        start: SampleStart::Bos,
        top_p: Some(0.95),
    };
    let cancel = CancelToken::new();
    sample(ModelContext::new(model, &cancel), options, &mut |_| {}).expect("text is sampled")
}

fn begin(model: &Model, text: LensText) -> JacobianFit<'_> {
    JacobianFit::new(model, text, 9, 3).expect("the fit begins")
}

fn step(fit: &mut JacobianFit<'_>, model: &Model) {
    let cancel = CancelToken::new();
    fit.step(ModelContext::new(model, &cancel), &mut |_| {})
        .expect("a step is done");
}

fn fitted(model: &Model, text: LensText, rank: usize) -> JacobianLens {
    let mut fit = begin(model, text);
    while !fit.is_done() {
        step(&mut fit, model);
    }
    fit.lens(rank).expect("the lens is truncated")
}

/// The columns of J_l, as rows: what the lens makes of each unit vector.
fn columns(lens: &JacobianLens, layer: usize, width: usize) -> Matrix {
    let mut units = Matrix::zeros(width, width);
    for index in 0..width {
        units.row_mut(index)[index] = 1.0;
    }
    lens.apply(layer, &units)
}

fn distance(a: &Matrix, b: &Matrix) -> f32 {
    let squares = a.data.iter().zip(&b.data).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f32>().sqrt()
}

#[test]
fn the_lens_is_the_mean_of_the_jacobians_of_its_sequences() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let width = model.info.width;
        let mut text = text(&model, 3, 40);
        text.sequences[1].truncate(33);
        let lens = fitted(&model, text.clone(), width);
        let cancel = CancelToken::new();
        let mut mean = vec![Matrix::zeros(width, width); model.info.layers - 1];
        for tokens in &text.sequences {
            let positions = FIRST_POSITION..tokens.len() - 1;
            let trace = model.trace_jacobians(tokens, positions, &cancel).unwrap();
            let rows = trace.rows(0..width, &cancel, &mut |_| {}).unwrap();
            for (mean, rows) in mean.iter_mut().zip(&rows) {
                for output in 0..width {
                    for input in 0..width {
                        mean.row_mut(input)[output] += rows.row(output)[input] / 3.0;
                    }
                }
            }
        }
        for (layer, mean) in mean.iter().enumerate() {
            let found = columns(&lens, layer, width);
            let norm = distance(mean, &Matrix::zeros(width, width));
            let error = distance(&found, mean);
            // f16 keeps 11 bits.
            assert!(
                error < 1e-3 * norm,
                "{family}, layer {layer}: {error} of {norm}"
            );
        }
        let last = columns(&lens, model.info.layers - 1, width);
        assert!((last.row(3)[3] - 1.0).abs() < f32::EPSILON && last.row(3)[4].abs() < f32::EPSILON);
    }
}

#[test]
fn a_higher_rank_is_a_better_approximation() {
    let model = model("llama");
    let width = model.info.width;
    let text = text(&model, 2, 40);
    let full = columns(&fitted(&model, text.clone(), width), 0, width);
    let error = |rank| {
        let lens = fitted(&model, text.clone(), rank);
        assert_eq!(lens.about.rank, rank.min(width));
        distance(&columns(&lens, 0, width), &full)
    };
    let errors = [2, 8, 24, width, 10 * width].map(error);
    assert!(errors.is_sorted_by(|a, b| a >= b), "{errors:?}");
    assert!(errors[1] < 0.9 * errors[0] && errors[3].abs() < f32::EPSILON);
}

#[test]
fn a_fit_that_was_stopped_continues_to_the_same_bytes() {
    let model = model("qwen2");
    let text = text(&model, 3, 36);
    let whole = fitted(&model, text.clone(), 6).to_bytes().unwrap();
    let mut fit = begin(&model, text.clone());
    step(&mut fit, &model);
    assert_eq!(fit.sequences(), (1, 3));
    let checkpoint = fit.checkpoint().unwrap();
    let mut fit = begin(&model, text.clone()).resume(&checkpoint).unwrap();
    assert_eq!(fit.sequences(), (1, 3));
    // A cancelled step changes nothing.
    let cancel = CancelToken::new();
    cancel.cancel();
    let stopped = fit.step(ModelContext::new(&model, &cancel), &mut |_| {});
    assert!(matches!(
        stopped,
        Err(JacobianError::Model(ModelError::Cancelled))
    ));
    assert_eq!(fit.checkpoint().unwrap(), checkpoint);
    while !fit.is_done() {
        step(&mut fit, &model);
    }
    assert_eq!(fit.lens(6).unwrap().to_bytes().unwrap(), whole);
}

#[test]
fn progress_reaches_the_end_of_each_sequence() {
    let model = model("gpt2");
    let mut fit = begin(&model, text(&model, 2, 36));
    let cancel = CancelToken::new();
    let mut shares = Vec::new();
    while !fit.is_done() {
        let context = ModelContext::new(&model, &cancel);
        fit.step(context, &mut |share| shares.push(share)).unwrap();
        let last = shares.last().copied().unwrap_or(0.0);
        assert!((last - fit.share()).abs() < 1e-9);
    }
    assert!(shares.is_sorted() && (fit.share() - 1.0).abs() < 1e-9);
}

#[test]
fn a_checkpoint_of_another_fit_is_refused() {
    let (llama, gpt2) = (model("llama"), model("gpt2"));
    let mut fit = begin(&llama, text(&llama, 2, 36));
    step(&mut fit, &llama);
    let checkpoint = fit.checkpoint().unwrap();
    let other_text = begin(&llama, text(&llama, 2, 37)).resume(&checkpoint);
    assert!(matches!(
        other_text,
        Err(JacobianError::OtherFit { what: "text" })
    ));
    let other_model = begin(&gpt2, text(&gpt2, 2, 36)).resume(&checkpoint);
    assert!(matches!(
        other_model,
        Err(JacobianError::OtherFit { what: "model" })
    ));
    let damaged = begin(&llama, text(&llama, 2, 36)).resume(&checkpoint[..checkpoint.len() - 7]);
    assert!(matches!(damaged, Err(JacobianError::Damaged(_))));
}

#[test]
fn a_lens_survives_its_file() {
    let model = model("qwen3");
    for rank in [5, model.info.width] {
        let lens = fitted(&model, text(&model, 2, 36), rank);
        let bytes = lens.to_bytes().unwrap();
        assert_eq!(JacobianLens::from_bytes(&bytes, &model).unwrap(), lens);
        assert_eq!(lens.about.model, model.info);
        let JacobianSource::Fitted { text, seed, .. } = &lens.about.source else {
            panic!("the lens was fitted");
        };
        assert_eq!((text.source, *seed), (TextSource::Sampled, 3));
        assert_eq!((text.sequences, text.tokens), (2, 72));
    }
}

#[test]
fn foreign_and_damaged_files_are_refused() {
    let (llama, qwen2) = (model("llama"), model("qwen2"));
    let lens = fitted(&llama, text(&llama, 1, 36), 5);
    let bytes = lens.to_bytes().unwrap();
    let other = JacobianLens::from_bytes(&bytes, &qwen2);
    assert!(matches!(other, Err(JacobianError::OtherModel { .. })));
    let changed = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = bytes
            .windows(from.len())
            .position(|part| part == from.as_bytes());
        let at = at.unwrap_or_else(|| panic!("{from} is in the file"));
        let mut changed = bytes.clone();
        changed[at..at + to.len()].copy_from_slice(to.as_bytes());
        changed
    };
    let mut nan = bytes.clone();
    let end = nan.len();
    nan[end - 2..].copy_from_slice(&0x7e00_u16.to_le_bytes());
    let checkpoint = begin(&llama, text(&llama, 1, 36)).checkpoint().unwrap();
    for damaged in [
        b"PK\x03\x04 not a tensor file".to_vec(),
        Vec::new(),
        bytes[..bytes.len() / 2].to_vec(),
        changed("\\\"rank\\\":5", "\\\"rank\\\":4"),
        changed("\\\"rank\\\":5", "\\\"rank\\\":0"),
        changed("\"right\"", "\"wrong\""),
        nan,
        checkpoint,
    ] {
        let found = JacobianLens::from_bytes(&damaged, &llama);
        assert!(matches!(found, Err(JacobianError::Damaged(_))), "{found:?}");
    }
}

#[test]
fn matrices_of_other_programs_are_imported_if_their_shape_fits() {
    let model = model("llama");
    let width = model.info.width;
    let lens = fitted(&model, text(&model, 1, 36), width);
    let bytes = lens.to_bytes().unwrap();
    // A file with nothing but the tensor `J`.
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let plain = safetensors::serialize([("J", file.tensor("J").unwrap())], None).unwrap();
    assert!(matches!(
        JacobianLens::from_bytes(&plain, &model),
        Err(JacobianError::Damaged(_))
    ));
    let imported = JacobianLens::import(&plain, &model, width).unwrap();
    assert_eq!(columns(&imported, 1, width), columns(&lens, 1, width));
    assert!(matches!(
        imported.about.source,
        JacobianSource::Imported { .. }
    ));
    let neo = load(&miniature("tiny-gpt-neo"));
    let refused = JacobianLens::import(&plain, &neo, width);
    assert!(matches!(refused, Err(JacobianError::Damaged(_))));
}

#[test]
fn sequences_that_are_too_short_are_left_out() {
    let model = model("gpt2");
    let long = text(&model, 4, MIN_TOKENS);
    let mut mixed = text(&model, 3, MIN_TOKENS - 1);
    mixed.sequences.extend(long.sequences.clone());
    assert_eq!(begin(&model, mixed).sequences(), (0, 4));
    let short = JacobianFit::new(&model, text(&model, 3, MIN_TOKENS - 1), 3, 0);
    let Err(JacobianError::TooLittleText { longest, wanted }) = short else {
        panic!("the text is too short");
    };
    assert_eq!((longest, wanted), (MIN_TOKENS - 1, MIN_TOKENS));
}

#[test]
fn the_seed_chooses_sequences_of_the_users_text() {
    let model = model("gpt2");
    let mut files = text(&model, 12, 34);
    files.source = TextSource::Files;
    let source = |seed| {
        let fit = JacobianFit::new(&model, files.clone(), 2, seed).unwrap();
        assert_eq!(fit.sequences(), (0, 2));
        fit.checkpoint().unwrap()
    };
    assert_eq!(source(1), source(1));
    assert_ne!(source(1), source(2));
}

const PROMPT: &str = "The largest coral reef system in the world is located in the country of";

#[test]
fn the_last_layer_reads_what_the_model_says_next() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let lens = fitted(&model, text(&model, 1, 36), 4);
        let query = PromptQuery::new(&model.tokenizer, PROMPT, BosPolicy::Auto);
        let cancel = CancelToken::new();
        let context = ModelContext::new(&model, &cancel);
        let first = 3;
        let residuals = read_residuals(context, &query, first).unwrap();
        assert_eq!(residuals.len(), model.info.layers);
        let hooks = Hooks::capture(Capture {
            logits: Positions::From(vec![first]),
            ..Capture::default()
        });
        let clean = model.forward(&[&query.ids()], &hooks, &cancel).unwrap();
        let last = model.info.layers - 1;
        for lens in [ResidualLens::Logit, ResidualLens::Jacobian(&lens)] {
            let found = lens.logits(&model, last, &residuals[last]).unwrap();
            assert_eq!(
                (found.rows, found.cols),
                (clean.logits.rows, clean.logits.cols)
            );
            let error = distance(&found, &clean.logits);
            assert!(error < 1e-3, "{family}: {error}");
        }
        assert!(
            ResidualLens::Logit
                .logits(&model, last + 1, &residuals[0])
                .is_err()
        );
    }
}

#[test]
fn ranks_are_those_of_the_best_position() {
    let model = model("llama");
    let lens = fitted(&model, text(&model, 1, 36), 6);
    let query = PromptQuery::new(&model.tokenizer, PROMPT, BosPolicy::Auto);
    let cancel = CancelToken::new();
    let context = ModelContext::new(&model, &cancel);
    let (first, tokens) = (5, [17, 230, 404]);
    let search = ResidualSearch {
        first,
        tokens: &tokens,
        lens: ResidualLens::Jacobian(&lens),
    };
    let found = rank_in_residuals(context, &query, search).unwrap();
    let residuals = read_residuals(context, &query, first).unwrap();
    assert_eq!(found.len(), model.info.layers);
    for (layer, found) in found.iter().enumerate() {
        let scores = model
            .final_logits(&lens.apply(layer, &residuals[layer]))
            .unwrap();
        let ranks = (0..scores.rows)
            .flat_map(|row| tokens.map(|token| (rank_of(scores.row(row), token), row, token)));
        let (rank, row, token) = ranks.min().unwrap();
        assert_eq!(found.layer, layer);
        assert_eq!(
            (found.rank, found.position, found.token),
            (rank, first + row, token)
        );
    }
}

#[test]
fn heads_of_the_last_layer_are_read_without_a_map() {
    for family in ["gpt2", "llama"] {
        let model = model(family);
        let lens = fitted(&model, text(&model, 1, 36), 4);
        let at = HeadAt {
            layer: model.info.layers - 1,
            head: 1,
        };
        let width = model.info.width;
        let output: Vec<f32> = (0..width).map(|i| (i as f32 * 0.9).cos()).collect();
        let mean = if model.centres() {
            output.iter().sum::<f32>() / width as f32
        } else {
            0.0
        };
        let scaled = output.iter().zip(model.final_gain());
        let scaled = Matrix {
            rows: 1,
            cols: width,
            data: scaled.map(|(value, gain)| (value - mean) * gain).collect(),
        };
        let output = Matrix {
            rows: 1,
            cols: width,
            data: output,
        };
        let lens = AnyLens::Jacobian(&lens);
        assert!(lens.covers(at) && lens.bias().is_empty());
        let found = lens.scores(&model, at, &output).unwrap();
        assert!(distance(&found, &model.unembed(&scaled)) < 1e-4);
        let beyond = HeadAt {
            layer: at.layer + 1,
            head: 0,
        };
        assert!(lens.scores(&model, beyond, &output).is_err());
    }
}
