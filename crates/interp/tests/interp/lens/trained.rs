//! Trained lenses on the miniature models: training, files, evaluation, comparison.

use hoplens_interp::ModelContext;
use hoplens_interp::lens::trained::{
    CompareOptions, Disagreement, EvaluateOptions, Form, LensError, LensEvaluation, Objective,
    Schedule, TrainedLens, Trainer, TrainingOptions, compare, evaluate,
};
use hoplens_interp::lens::{
    AnyLens, HeadAt, LensText, SampleOptions, SampleStart, TextSource, sample,
};
use hoplens_runtime::{CancelToken, Matrix, Model};
use hoplens_test_support::{load, miniature};

fn model(family: &str) -> Model {
    load(&miniature(&format!("tiny-{family}")))
}

fn text(model: &Model, seed: u64) -> LensText {
    long_text(model, 24, seed)
}

fn long_text(model: &Model, sequences: usize, seed: u64) -> LensText {
    let options = SampleOptions {
        count: sequences,
        length: 20,
        seed,
        start: SampleStart::Word,
        top_p: None,
    };
    let cancel = CancelToken::new();
    sample(ModelContext::new(model, &cancel), options, &mut |_| {}).expect("text is sampled")
}

fn evaluated(
    model: &Model,
    lens: &TrainedLens,
    text: &LensText,
    pairs: &[(HeadAt, HeadAt)],
) -> LensEvaluation {
    let cancel = CancelToken::new();
    let options = EvaluateOptions { pairs, top: 5 };
    evaluate(
        ModelContext::new(model, &cancel),
        lens,
        text,
        options,
        &mut |_| {},
    )
    .expect("the lens is evaluated")
}

fn all_heads(model: &Model) -> Vec<HeadAt> {
    let heads = |layer| (0..model.info.heads).map(move |head| HeadAt { layer, head });
    (0..model.info.layers).flat_map(heads).collect()
}

fn options(model: &Model, form: Form, objective: Objective) -> TrainingOptions {
    TrainingOptions {
        form,
        objective,
        heads: all_heads(model),
        seed: 7,
        batch: 60,
        candidates: 200,
        schedule: Schedule {
            rate: 0.02,
            steps: 12,
        },
        held_out: 60,
        check_every: 4,
        patience: 3,
    }
}

const COMPACT: Form = Form::Compact { rank: 4 };

fn train(model: &Model, text: &LensText, options: TrainingOptions) -> TrainedLens {
    let cancel = CancelToken::new();
    let mut trainer = Trainer::new(model, text, options, &cancel).expect("training begins");
    while !trainer.is_done() {
        trainer.step(&cancel).expect("a step is done");
    }
    trainer.lens()
}

#[test]
fn training_lowers_the_held_out_loss_for_every_objective() {
    let model = model("llama");
    let text = long_text(&model, 200, 1);
    for (form, objective) in [
        (COMPACT, Objective::Head),
        (COMPACT, Objective::LayerSum),
        (COMPACT, Objective::Ablation),
        (COMPACT, Objective::Attended),
        (Form::Full, Objective::LayerSum),
    ] {
        let mut options = options(&model, form, objective);
        options.schedule = Schedule {
            rate: 0.005,
            steps: 40,
        };
        let cancel = CancelToken::new();
        let mut trainer = Trainer::new(&model, &text, options, &cancel).expect("training begins");
        while !trainer.is_done() {
            trainer.step(&cancel).expect("a step is done");
        }
        let held_out = held_out(&trainer);
        let best = held_out.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(
            best < held_out[0],
            "{form:?} {objective:?}: {held_out:?} never falls"
        );
    }
}

#[test]
fn a_trained_lens_beats_the_unembed_lens_on_unseen_text() {
    for family in ["gpt2", "llama"] {
        let model = model(family);
        let lens = train(
            &model,
            &text(&model, 1),
            options(&model, COMPACT, Objective::Head),
        );
        let pairs: Vec<_> = all_heads(&model).into_iter().map(|at| (at, at)).collect();
        let held = text(&model, 2);
        let found = evaluated(&model, &lens, &held, &pairs);
        assert_eq!(found.positions, 24 * 19, "every position with a next token");
        let mean =
            |of: &dyn Fn(usize) -> f64| (0..pairs.len()).map(of).sum::<f64>() / pairs.len() as f64;
        let unembed = mean(&|head| found.heads[head].unembed.kl);
        let trained = mean(&|head| found.heads[head].trained.kl);
        assert!(
            0.0 < trained && trained < unembed,
            "{family}: {trained} {unembed}"
        );
    }
}

#[test]
fn a_resumed_training_produces_identical_bytes() {
    let model = model("gpt2");
    let text = text(&model, 3);
    let cancel = CancelToken::new();
    for form in [COMPACT, Form::Full] {
        let objective = match form {
            Form::Full => Objective::LayerSum,
            Form::Compact { .. } => Objective::Head,
        };
        let options = options(&model, form, objective);
        let whole = train(&model, &text, options.clone());
        let mut stopped = Trainer::new(&model, &text, options.clone(), &cancel).expect("begins");
        for _ in 0..5 {
            stopped.step(&cancel).expect("a step is done");
        }
        let checkpoint = stopped.checkpoint().expect("a checkpoint is written");
        drop(stopped);
        let mut resumed =
            Trainer::resume(&model, &text, options.clone(), &checkpoint, &cancel).expect("resumes");
        while !resumed.is_done() {
            resumed.step(&cancel).expect("a step is done");
        }
        assert_eq!(resumed.lens(), whole, "{form:?}");
        let mut other = options;
        other.seed += 1;
        let refused = Trainer::resume(&model, &text, other, &checkpoint, &cancel);
        assert!(matches!(refused, Err(LensError::OtherTraining { .. })));
        assert!(matches!(
            Trainer::resume(
                &model,
                &text,
                resumed.about().options.clone(),
                &checkpoint[..checkpoint.len() / 2],
                &cancel
            ),
            Err(LensError::Damaged(_))
        ));
    }
}

#[test]
fn a_lens_file_round_trips_and_is_refused_for_other_models() {
    let gpt2 = model("gpt2");
    let lens = train(
        &gpt2,
        &text(&gpt2, 1),
        options(&gpt2, COMPACT, Objective::Head),
    );
    let bytes = lens.to_bytes().expect("the lens is written");
    let read = TrainedLens::from_bytes(&bytes, &gpt2).expect("the lens is read");
    assert_eq!(read, lens);
    let llama = model("llama");
    assert!(matches!(
        TrainedLens::from_bytes(&bytes, &llama),
        Err(LensError::OtherModel { .. })
    ));
    // A model with the same shapes and another digest.
    let digest = gpt2.info.sha256.as_bytes();
    let at = bytes.windows(digest.len()).position(|part| part == digest);
    let at = at.expect("the file names its model");
    let mut others = bytes.clone();
    others[at..at + digest.len()].reverse();
    assert!(matches!(
        TrainedLens::from_bytes(&others, &gpt2),
        Err(LensError::OtherModel { .. })
    ));
    let read = TrainedLens::of_any_model(&others, &gpt2).expect("its shapes fit");
    let first = HeadAt { layer: 0, head: 0 };
    let row = Matrix::zeros(1, gpt2.info.width);
    assert_eq!(
        read.scores(&gpt2, first, &row).ok(),
        lens.scores(&gpt2, first, &row).ok()
    );
    // Another family of this width and vocabulary reads it as well.
    assert!(TrainedLens::of_any_model(&bytes, &llama).is_ok());
    for cut in [0, 7, 100, bytes.len() - 1] {
        assert!(matches!(
            TrainedLens::from_bytes(&bytes[..cut], &gpt2),
            Err(LensError::Damaged(_))
        ));
    }
    let nowhere = HeadAt { layer: 9, head: 0 };
    let one = Matrix::zeros(1, gpt2.info.width);
    assert!(matches!(
        lens.scores(&gpt2, nowhere, &one),
        Err(LensError::NotCovered { .. })
    ));
}

fn held_out(trainer: &Trainer) -> Vec<f64> {
    let points = trainer.curve().iter();
    points.filter_map(|point| point.held_out).collect()
}

/// KL(model's next token ‖ average) over a text's positions: the score of the bias alone.
fn bias_kl(model: &Model, lens: &TrainedLens, text: &LensText) -> f64 {
    let at = HeadAt { layer: 0, head: 0 };
    evaluated(model, lens, text, &[(at, at)]).bias.kl
}

#[test]
fn training_begins_with_lenses_better_than_the_average() {
    for family in ["gpt2", "llama", "qwen2"] {
        let model = model(family);
        let text = text(&model, 1);
        let options = options(&model, COMPACT, Objective::Head);
        let trainer = Trainer::new(&model, &text, options, &CancelToken::new()).expect("begins");
        let lens = trainer.lens();
        let total: f64 = lens.bias().iter().map(|log| f64::from(*log).exp()).sum();
        assert!((total - 1.0).abs() < 1e-3, "a distribution: {total}");
        // The end of the text is held out.
        let mut end = text.clone();
        end.sequences.drain(..text.sequences.len() - 4);
        let average = bias_kl(&model, &lens, &end);
        let fitted = held_out(&trainer)[0];
        assert!(
            fitted < average,
            "{family}: {fitted}, the average {average}"
        );
    }
}

#[test]
fn sequences_of_different_lengths_are_not_padded() {
    let model = model("gpt2");
    let mut text = text(&model, 4);
    for (index, sequence) in text.sequences.iter_mut().enumerate() {
        sequence.truncate(2 + index % 9);
    }
    text.source = TextSource::Files;
    let tokens: usize = text
        .sequences
        .iter()
        .map(|sequence| sequence.len() - 1)
        .sum();
    let lens = train(&model, &text, options(&model, COMPACT, Objective::Head));
    let pair = HeadAt { layer: 0, head: 0 };
    let score = |text: &LensText| evaluated(&model, &lens, text, &[(pair, pair)]);
    let together = score(&text);
    assert_eq!(together.positions, tokens);
    // Evaluated one by one, the sequences give the same mean.
    let alone: f64 = text
        .sequences
        .iter()
        .map(|sequence| {
            let one = LensText {
                sequences: vec![sequence.clone()],
                source: TextSource::Files,
            };
            score(&one).heads[0].trained.kl * (sequence.len() - 1) as f64
        })
        .sum();
    let mean = alone / tokens as f64;
    assert!((mean - together.heads[0].trained.kl).abs() < 1e-4);
}

#[test]
fn a_lens_agrees_with_itself_and_differs_from_other_objectives() {
    let model = model("llama");
    let learned = long_text(&model, 60, 1);
    let lens = |objective| train(&model, &learned, options(&model, COMPACT, objective));
    let (head, attended) = (lens(Objective::Head), lens(Objective::Attended));
    let held = text(&model, 2);
    let disagreement = |first: AnyLens, second: AnyLens| -> Vec<Disagreement> {
        let (heads, cancel) = (all_heads(&model), CancelToken::new());
        let options = CompareOptions {
            first,
            second,
            heads: &heads,
            top: 5,
        };
        let context = ModelContext::new(&model, &cancel);
        compare(context, &held, options, &mut |_| {}).expect("the lenses are compared")
    };
    let (head, attended) = (AnyLens::Trained(&head), AnyLens::Trained(&attended));
    for same in disagreement(head, head) {
        assert!(same.kl.abs() < 1e-5, "{same:?}");
        assert!(same.top_differs.abs() + same.tops_differ.abs() < 1e-9);
    }
    for (one, other) in [(head, attended), (head, AnyLens::Unembed)] {
        let there = disagreement(one, other);
        let back = disagreement(other, one);
        for (there, back) in there.iter().zip(&back) {
            assert!(there.kl > 0.0 && back.kl > 0.0);
            // Both measures are symmetric.
            assert!((there.top_differs - back.top_differs).abs() < 1e-9);
            assert!((there.tops_differ - back.tops_differ).abs() < 1e-9);
        }
        assert!(there.iter().any(|found| found.top_differs > 0.0));
    }
}
