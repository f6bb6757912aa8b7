//! Everything in a file of reference numbers, against the library.

use hoplens_injection::{Encoding, Scope};
use hoplens_interp::ModelContext;
use hoplens_interp::lens::{self, HeadAt, ablate_heads, read_heads};
use hoplens_interp::memory::{Grid, MemoryEncoding, encode, sweep};
use hoplens_runtime::{
    Answer, BosPolicy, CancelToken, Capture, Hooks, Model, Positions, PromptQuery, Sequences,
    log_softmax, rank_of,
};
use hoplens_test_support::{
    ReferenceAblation, ReferenceInjection, ReferenceNumbers, ReferenceTrace, assert_close, ids,
};

/// Everything in a reference file, within `tolerance` nats.
pub fn check_reference(model: &Model, reference: &ReferenceNumbers, tolerance: f64) {
    assert!(!reference.traces.is_empty() && !reference.injections.is_empty());
    for trace in &reference.traces {
        check_trace(model, trace, reference.policy(), tolerance);
    }
    for injection in &reference.injections {
        check_injections(model, injection, reference.policy(), tolerance);
    }
    if let Some(ablations) = &reference.ablations {
        let tokens = ids(model, &ablations.prompt, reference.policy());
        check_ablations(
            model,
            &tokens,
            &ablations.expect,
            &ablations.cells,
            tolerance,
        );
    }
}

fn check_trace(model: &Model, trace: &ReferenceTrace, policy: BosPolicy, tolerance: f64) {
    let tokens = ids(model, &trace.prompt, policy);
    assert_eq!(tokens, trace.ids, "tokens of {:?}", trace.prompt);
    let answer = model.tokenizer.ids(&trace.expect);
    assert_eq!(answer, trace.expect_ids, "tokens of {:?}", trace.expect);

    let capture = Capture {
        logits: Positions::Last,
        token_logps: Sequences::All,
        ..Capture::default()
    };
    let run = model
        .forward(&[&tokens], &Hooks::capture(capture), &CancelToken::new())
        .unwrap();
    let logits = run.logits.row(0);
    let logps = log_softmax(logits);
    for (token, logp) in &trace.top10 {
        assert_close(
            logps[*token as usize],
            *logp,
            tolerance,
            "top-10 log-probability",
        );
    }
    assert_eq!(rank_of(logits, answer[0]), trace.rank_first);
    for (found, expected) in run.token_logps[0].iter().zip(&trace.token_logp) {
        assert_close(
            f64::from(*found),
            *expected,
            tolerance,
            "token log-probability",
        );
    }
    assert_eq!(run.token_logps[0].len(), trace.token_logp.len());

    let answers = [Answer {
        text: trace.expect.clone(),
        ids: answer.clone(),
    }];
    let hooks = Hooks::default();
    let (score, _) = model
        .score(&tokens, &answers, &hooks, &CancelToken::new())
        .unwrap();
    assert_close(score.logp_first, trace.logp_first, tolerance, "logp_first");
    assert_close(score.logp, trace.logp_full, tolerance, "logp_full");

    let reading = read_heads(
        ModelContext::new(model, &CancelToken::new()),
        &PromptQuery::from_ids(&tokens),
        answer[0],
        5,
    )
    .unwrap();
    for head in &trace.heads {
        let found = &reading.heads[head.layer * model.info.heads + head.head];
        let place = format!("layer {} head {}", head.layer, head.head);
        assert_close(
            f64::from(found.norm),
            head.norm,
            1e-3 * head.norm,
            &format!("norm, {place}"),
        );
        assert_close(
            f64::from(found.direct_logit),
            head.direct_logit,
            (1e-3 * head.direct_logit.abs()).max(tolerance),
            &format!("direct logit, {place}"),
        );
        assert_eq!(found.attention.len(), head.attention.len());
        for (a, b) in found.attention.iter().zip(&head.attention) {
            assert_close(f64::from(*a), *b, tolerance, &format!("attention, {place}"));
        }
        let top: Vec<u32> = found.top.iter().map(|(token, _)| *token).collect();
        assert_eq!(top, head.unembed_top5, "unembed top 5, {place}");
    }
    check_ablations(model, &tokens, &trace.expect, &trace.ablations, tolerance);
}

fn check_injections(
    model: &Model,
    injection: &ReferenceInjection,
    policy: BosPolicy,
    tolerance: f64,
) {
    let first = model.tokenizer.ids(&injection.expect)[0];
    let query = PromptQuery {
        answers: vec![Answer::from_token(first)],
        ..PromptQuery::new(&model.tokenizer, injection.prompt.as_str(), policy)
    };
    let cancel = CancelToken::new();
    let context = ModelContext::new(model, &cancel);
    let layers: Vec<usize> = (0..model.info.layers)
        .filter(|layer| injection.cells.iter().any(|cell| cell.layer == *layer))
        .collect();
    let mut taus: Vec<f64> = injection.cells.iter().map(|cell| cell.tau).collect();
    taus.sort_by(f64::total_cmp);
    taus.dedup();
    let grid = Grid {
        head: None,
        encodings: vec![Encoding::Embed, Encoding::Unembed, Encoding::Layerwise],
        layers,
        taus,
        scopes: vec![Scope::All, Scope::Last],
    };
    let swept = sweep(context, &query, &injection.memory, &grid, &mut |_| {}).unwrap();
    assert_eq!(swept.cells.len(), injection.cells.len());
    assert_close(
        swept.baseline.logp_first,
        injection.baseline_logp_first,
        tolerance,
        "injection baseline",
    );
    for cell in &injection.cells {
        let scope = if cell.scope == "all" {
            Scope::All
        } else {
            Scope::Last
        };
        let found = swept
            .cells
            .iter()
            .find(|c| {
                (c.encoding, c.layer, &c.scope) == (cell.encoding, cell.layer, &scope)
                    && (c.tau - cell.tau).abs() < 1e-9
            })
            .unwrap();
        assert_close(
            found.logp_first,
            cell.logp_first,
            tolerance,
            &format!("{cell:?}"),
        );
        let encoding = MemoryEncoding::new(cell.encoding, policy);
        let vector = encode(context, &injection.memory, encoding).unwrap();
        let norm = vector
            .at(cell.layer)
            .iter()
            .map(|v| f64::from(*v).powi(2))
            .sum::<f64>()
            .sqrt();
        assert_close(
            norm,
            cell.memory_norm,
            1e-3 * cell.memory_norm,
            &format!("{cell:?}"),
        );
    }
}

fn check_ablations(
    model: &Model,
    tokens: &[u32],
    expect: &str,
    cells: &[ReferenceAblation],
    tolerance: f64,
) {
    let first = model.tokenizer.ids(expect)[0];
    let head = |cell: &ReferenceAblation| HeadAt {
        layer: cell.layer,
        head: cell.head,
    };
    let heads: Vec<HeadAt> = cells.iter().map(head).collect();
    let query = PromptQuery {
        answers: vec![Answer::from_token(first)],
        ..PromptQuery::from_ids(tokens)
    };
    let cancel = CancelToken::new();
    let context = ModelContext::new(model, &cancel);
    let found = ablate_heads(context, &query, &heads, lens::Ablation::Zero).unwrap();
    for (logp, cell) in found.iter().zip(cells) {
        assert_close(*logp, cell.logp_first, tolerance, &format!("{cell:?}"));
    }
}
