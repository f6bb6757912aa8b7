//! Side effects on several prompts at once, against those on each prompt alone.

use hoplens_injection::{Encoding, Scope, SpanScope};
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{
    Grid, GridSearch, MemoryInjection, Placement, SEARCH_PASSES, SideEffect, search, search_all,
    side_effects,
};
use hoplens_runtime::{Answer, BosPolicy, CancelToken, Model, PromptQuery};
use hoplens_test_support::{FAMILIES, assert_close, load, miniature};

/// Prompts of which some begin alike.
const PROMPTS: [&str; 5] = [
    "the reef lies off the coast of the land",
    "the reef lies off the shore",
    "the land",
    "a barrier of the coast",
    "the reef lies off the coast",
];

fn prompts(model: &Model) -> Vec<PromptQuery> {
    let prompt = |text| PromptQuery {
        answers: vec![Answer::from_token(9)],
        ..PromptQuery::new(&model.tokenizer, text, BosPolicy::Never)
    };
    PROMPTS.into_iter().map(prompt).collect()
}

fn injections(model: &Model) -> Vec<MemoryInjection> {
    let span = Scope::Span(SpanScope {
        text: "reef".into(),
        nth: 1,
    });
    let injection = |(at, scope)| MemoryInjection {
        memory: "great barrier".into(),
        placement: Placement {
            encoding: [Encoding::Embed, Encoding::Unembed, Encoding::Layerwise][at % 3],
            layer: at % model.info.layers,
            head: None,
            tau: 1.0 + at as f64,
            scope,
        },
    };
    [Scope::All, span, Scope::Last, Scope::All, Scope::All]
        .into_iter()
        .enumerate()
        .map(injection)
        .collect()
}

#[track_caller]
fn same(a: &SideEffect, b: &SideEffect, what: &str) {
    assert_close(a.kl, b.kl, 1e-4, what);
    assert_eq!((a.flips, a.right), (b.flips, b.right), "{what}");
}

#[test]
fn effects_on_many_prompts_are_those_on_each_alone() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let cancel = CancelToken::new();
        let context = ModelContext::new(&model, &cancel);
        let (prompts, injections) = (prompts(&model), injections(&model));
        let measure = |prompts: &[PromptQuery], injections: &[MemoryInjection]| {
            side_effects(context, prompts, injections, BosPolicy::Never, &mut |_| {}).unwrap()
        };
        // The second time, the runs over the prompts are known.
        let both = [0, 1].map(|_| measure(&prompts, &injections));
        for (index, injection) in injections.iter().enumerate() {
            let injection = std::slice::from_ref(injection);
            for (at, prompt) in prompts.iter().enumerate() {
                model.clear_cache();
                let alone = measure(std::slice::from_ref(prompt), injection);
                for together in &both {
                    match (&together[index], &alone[0]) {
                        (Some(found), Some(alone)) => same(&found[at], &alone[0], family),
                        (None, None) => assert_eq!(index, 1, "a span is in one prompt only"),
                        _ => panic!("{family}: {index}"),
                    }
                }
            }
        }
    }
}

#[test]
fn searches_together_find_what_each_finds_alone() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let cancel = CancelToken::new();
        let context = ModelContext::new(&model, &cancel);
        let query = &prompts(&model)[0];
        let grids = [Scope::All, Scope::Last].map(|scope| Grid {
            encodings: vec![Encoding::Embed, Encoding::Layerwise],
            layers: (0..model.info.layers).collect(),
            taus: (1..=60).map(|tau| f64::from(tau) / 4.0).collect(),
            scopes: vec![scope],
            head: None,
        });
        let searches = grids.each_ref().map(|grid| GridSearch {
            grid,
            passes: SEARCH_PASSES / 2.0,
        });
        let mut done = 0;
        let mut tick = |count| {
            assert!(done <= count, "{family}: progress goes back");
            done = count;
        };
        let together = search_all(context, query, "reef", &searches, &mut tick).unwrap();
        let cells: usize = together.iter().map(|sweep| sweep.cells.len()).sum();
        assert_eq!(done, cells, "{family}");
        for (found, one) in together.iter().zip(searches) {
            let alone = search(context, query, "reef", one, &mut |_| {}).unwrap();
            assert_eq!(found.cells.len(), alone.cells.len(), "{family}");
            for (a, b) in found.cells.iter().zip(&alone.cells) {
                assert_eq!((a.layer, a.tau.to_bits()), (b.layer, b.tau.to_bits()));
                assert_close(a.logp_first, b.logp_first, 1e-4, family);
            }
        }
    }
}
