//! The influence of sentences: against prompts that are written by hand on the miniatures, and on
//! the default model for prompts whose key sentence is known.

mod prompts;

use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, FileInfluence, InfluenceBaseline, InfluenceEvent,
    InfluenceMethod, InfluenceRequest, InfluenceRun, SegmentInfluence, measure_influence,
};
use hoplens_prompt::{PromptFile, parse};
use hoplens_runtime::{
    Answer, CancelToken, Capture, Hooks, Intervention, InterventionAction, Model, Positions,
    TargetPositions, kl, top_k,
};
use hoplens_test_support::{default_model, load, load_files, miniature, skip};

use prompts::PROMPTS;

const METHODS: [InfluenceMethod; 2] = [InfluenceMethod::Remove, InfluenceMethod::Knockout];

fn measured(model: &Model, text: &str, method: InfluenceMethod) -> FileInfluence {
    let file: PromptFile = parse("a.prompt", text, None);
    let request = InfluenceRequest::all(file, text.to_owned(), method);
    let settings = AnalysisSettings::default();
    let cancel = CancelToken::new();
    let context = AnalysisContext::new(model, &settings, &cancel);
    let mut found = FileInfluence::new(method);
    measure_influence(request, &context, &mut |event| found.apply(event)).unwrap();
    assert_eq!(found.failures, []);
    found
}

fn logp(model: &Model, prompt: &[u32], answer: &str, interventions: Vec<Intervention>) -> f64 {
    let answer = Answer {
        text: answer.to_owned(),
        ids: model.tokenizer.ids(answer),
    };
    let hooks = Hooks::interventions(interventions);
    let (score, _) = model
        .score(prompt, &[answer], &hooks, &CancelToken::new())
        .unwrap();
    score.logp
}

#[track_caller]
fn close(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-3, "{found} is not {expected}");
}

const TEXT: &str = "---\nhoplens.cases: [{expect: \" a reef\"}, {expect: \" sea\"}]\n---\n\
                    It is warm. It is by the sea.\n\nThe largest of them is";

#[test]
fn removal_is_the_prompt_that_an_author_would_write() {
    for family in ["tiny-llama", "tiny-gpt2"] {
        let model = load(&miniature(family));
        let found = measured(&model, TEXT, InfluenceMethod::Remove);
        let sources: Vec<&str> = found
            .of_case(Some(0))
            .map(|one| &TEXT[one.range.clone()])
            .collect();
        // The last line is what the answer continues.
        assert_eq!(sources, ["It is warm.", "It is by the sea."]);
        assert_eq!(found.segments.len(), 4);
        let ids = |text: &str| model.tokenizer.ids(text);
        let written = ids("It is warm. It is by the sea.\n\nThe largest of them is");
        let without = [
            ids("It is by the sea.\n\nThe largest of them is"),
            ids("It is warm.\n\nThe largest of them is"),
        ];
        for (case, answer) in [" a reef", " sea"].into_iter().enumerate() {
            let before = logp(&model, &written, answer, Vec::new());
            let baseline = InfluenceBaseline::Answer { logp: before };
            let InfluenceBaseline::Answer { logp: measured } = found.cases[case].baseline else {
                panic!("{baseline:?} is expected");
            };
            close(Some(measured), before);
            for (segment, prompt) in found.of_case(Some(case)).zip(&without) {
                assert_eq!(segment.kl, None);
                let after = logp(&model, prompt, answer, Vec::new());
                close(segment.delta_logp, after - before);
            }
        }
    }
}

#[test]
fn knockout_keeps_the_tokens_and_hides_them_from_later_ones() {
    let model = load(&miniature("tiny-llama"));
    let found = measured(&model, TEXT, InfluenceMethod::Knockout);
    let ids = |text: &str| model.tokenizer.ids(text);
    let written = ids("It is warm. It is by the sea.\n\nThe largest of them is");
    let (first, second) = (
        ids("It is warm.").len(),
        ids("It is warm. It is by the sea.").len(),
    );
    assert_eq!(written[..second], ids("It is warm. It is by the sea."));
    // The first position and the space between the sentences stay visible.
    for (segment, keys) in found.of_case(Some(0)).zip([1..first, first + 1..second]) {
        let blocked = (0..model.info.layers).map(|layer| Intervention {
            layer,
            sequence: None,
            at: TargetPositions::Range(keys.end..usize::MAX),
            action: InterventionAction::BlockAttention(keys.clone()),
        });
        let after = logp(&model, &written, " a reef", blocked.collect());
        close(
            segment.delta_logp,
            after - logp(&model, &written, " a reef", Vec::new()),
        );
    }
}

#[test]
fn without_an_answer_the_reply_is_compared() {
    let model = load(&miniature("tiny-llama"));
    let text = "It is warm. It is by the sea.\n\nThe largest of them is";
    let found = measured(&model, text, InfluenceMethod::Remove);
    let run = |ids: &[u32], start: usize| {
        let hooks = Hooks::capture(Capture {
            logits: Positions::From(vec![start]),
            ..Capture::default()
        });
        model
            .forward(&[ids], &hooks, &CancelToken::new())
            .unwrap()
            .logits
    };
    let prompt = model.tokenizer.ids(text);
    let mut reply = Vec::new();
    while reply.len() < 16 {
        let all = [prompt.as_slice(), &reply].concat();
        let logits = run(&all, all.len() - 1);
        let next = top_k(logits.row(0), 1)[0].token;
        reply.push(next);
        if model.config().eos.contains(&next) {
            break;
        }
    }
    let rows = |prompt: &[u32]| {
        let all = [prompt, &reply[..reply.len() - 1]].concat();
        run(&all, prompt.len() - 1)
    };
    let written = rows(&prompt);
    let without = [
        "It is by the sea.\n\nThe largest of them is",
        "It is warm.\n\nThe largest of them is",
    ];
    assert_eq!(found.segments.len(), 2);
    for (segment, without) in found.segments.iter().zip(without) {
        let without = rows(&model.tokenizer.ids(without));
        let divergences = (0..reply.len()).map(|row| kl(written.row(row), without.row(row)));
        let mean = divergences.sum::<f64>() / reply.len() as f64;
        assert_eq!(segment.delta_logp, None);
        close(segment.kl, mean);
    }
}

#[test]
fn a_cancelled_measurement_ends_between_two_passes() {
    let model = load(&miniature("tiny-llama"));
    let file = parse("a.prompt", TEXT, None);
    let request = InfluenceRequest::all(file, TEXT.to_owned(), InfluenceMethod::Remove);
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let context = AnalysisContext::new(&model, &settings, &cancel);
    let mut run = InfluenceRun::new(request);
    let begun = run.step(&context).unwrap().unwrap();
    assert!(matches!(
        &begun[..],
        [InfluenceEvent::Case { segments: 2, .. }]
    ));
    cancel.cancel();
    assert!(run.step(&context).unwrap_err().is_cancelled());
}

#[test]
fn a_case_that_cannot_be_run_does_not_stop_the_others() {
    let model = load(&miniature("tiny-llama"));
    let text = "---\nhoplens.cases: [{id: a}, {id: b, input: {x: true}}]\n---\n\
                {{#if x}}One. Two{{/if}}";
    let file = parse("a.prompt", text, None);
    let request = InfluenceRequest::all(file, text.to_owned(), InfluenceMethod::Remove);
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let mut found = FileInfluence::new(InfluenceMethod::Remove);
    let context = AnalysisContext::new(&model, &settings, &cancel);
    measure_influence(request, &context, &mut |event| found.apply(event)).unwrap();
    let ids = |of: &[(String, String)]| of.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&found.failures), ["a"]);
    assert_eq!(found.cases.len(), 1);
    assert_eq!(found.cases[0].id, "b");
    let sources: Vec<&str> = found
        .of_case(Some(1))
        .map(|one| &text[one.range.clone()])
        .collect();
    assert_eq!(sources, ["One."]);
}

/// Returns the segments of a file's only case, the largest effect first.
fn ranked(found: &FileInfluence) -> Vec<&SegmentInfluence> {
    let mut segments: Vec<&SegmentInfluence> = found.segments.iter().collect();
    segments.sort_by(|a, b| b.size().unwrap().total_cmp(&a.size().unwrap()));
    segments
}

#[test]
fn the_key_sentence_of_a_prompt_is_found_first() {
    let Some(files) = default_model() else {
        return skip("the default model");
    };
    let model = load_files(&files);
    for method in METHODS {
        let (mut missed, mut shares) = (Vec::new(), Vec::new());
        for prompt in &PROMPTS {
            let (text, key) = prompt.file();
            let found = measured(&model, &text, method);
            let ranked = ranked(&found);
            let first = &text[ranked[0].range.clone()];
            let share = |one: &&SegmentInfluence| one.size().unwrap() / ranked[0].size().unwrap();
            shares.extend(ranked[1..].iter().map(share));
            if !first.contains(key) {
                missed.push(format!("{key}: {first}"));
            }
        }
        let found = PROMPTS.len() - missed.len();
        assert!(found >= 16, "{method:?}: {found}, not {missed:#?}");
        shares.sort_by(f64::total_cmp);
        let median = shares[shares.len() / 2];
        assert!(median < 0.05, "{method:?}: the others have {median} of it");
    }
}

#[test]
fn a_stated_answer_ranks_first_and_an_unrelated_sentence_near_zero() {
    let Some(files) = default_model() else {
        return skip("the default model");
    };
    let model = load_files(&files);
    let stated = "The gate code is 5829.";
    let unrelated = "The kiosk sells bread.";
    let text = format!(
        "---\nhoplens.cases: [{{expect: \" 5829\"}}]\n---\n{{{{role \"system\"}}}}\n\
         You help the guests of a campsite. {unrelated} {stated} Be cheerful.\n\
         {{{{role \"user\"}}}}\nWhat is the code of the gate?\n\
         {{{{role \"model\"}}}}\nThe code of the gate is"
    );
    for method in METHODS {
        let found = measured(&model, &text, method);
        let size = |sentence: &str| {
            let of = |one: &&SegmentInfluence| &text[one.range.clone()] == sentence;
            found.segments.iter().find(of).unwrap().size().unwrap()
        };
        let ranked = ranked(&found);
        assert_eq!(&text[ranked[0].range.clone()], stated, "{method:?}");
        assert!(
            size(unrelated) < 0.02 * size(stated),
            "{method:?}: {found:#?}"
        );
    }
}
