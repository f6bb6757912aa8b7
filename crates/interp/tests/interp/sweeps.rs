//! Sweeps and searches against plain passes, for every family and over random grids.

use std::sync::{LazyLock, Mutex};

use hoplens_injection::{Encoding, Scope, SpanScope};
use hoplens_interp::memory::{
    Cell, Grid, SEARCH_PASSES, Subject, Sweep, encode, encode_for, place, resolve_scope, search,
    sweep,
};
use hoplens_runtime::{
    BosPolicy, Cancel, Hooks, Model, ModelError, Token, log_softmax_at, rank_of,
};
use hoplens_test_support::{FAMILIES, assert_close, load, miniature};
use proptest::prelude::*;

const PROMPT: &str = "the reef lies off the coast of the land";
const FIRST_TOKENS: [u32; 2] = [9, 33];
const ENCODINGS: [Encoding; 3] = [Encoding::Embed, Encoding::Unembed, Encoding::Layerwise];

static MODELS: LazyLock<Vec<Mutex<Model>>> = LazyLock::new(|| {
    let models = FAMILIES.iter().map(|family| load(&miniature(family)));
    models.map(Mutex::new).collect()
});

fn subject(tokens: &[Token]) -> Subject<'_> {
    Subject {
        text: PROMPT,
        tokens,
        first_tokens: &FIRST_TOKENS,
        bos: BosPolicy::Never,
        interventions: &[],
    }
}

/// One whole pass with the cell's injection in force.
#[track_caller]
fn check_cell(model: &Model, tokens: &[Token], memory: &str, cell: &Cell) {
    let cancel = Cancel::new();
    let encoding = cell.encoding;
    let vector = encode_for(
        model,
        memory,
        encoding,
        cell.head,
        BosPolicy::Never,
        &cancel,
    )
    .unwrap();
    let at = resolve_scope(&cell.scope, PROMPT, tokens).unwrap();
    let change = place(&vector, cell.layer, cell.tau, at).unwrap();
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    let trace = model
        .forward(&[&ids], &Hooks::interventions(vec![change]), &cancel)
        .unwrap();
    let logits = trace.logits.row(0);
    let p: f64 = FIRST_TOKENS
        .iter()
        .map(|token| log_softmax_at(logits, *token as usize).exp())
        .sum();
    assert_close(cell.logp_first, p.ln(), 1e-4, &format!("{cell:?}"));
    // Of two tokens that are as good as equal either may be first.
    let ranks = FIRST_TOKENS.map(|token| rank_of(logits, token));
    let rank = ranks.into_iter().min().unwrap();
    assert!(cell.rank.abs_diff(rank) <= 1, "{cell:?} has rank {rank}");
}

fn scopes() -> impl Strategy<Value = Scope> {
    let span = |(text, nth): (&str, usize)| {
        Scope::Span(SpanScope {
            text: text.into(),
            nth,
        })
    };
    prop_oneof![
        Just(Scope::All),
        Just(Scope::Last),
        prop::sample::select(vec![
            ("reef", 1),
            ("the", 2),
            ("land", 1),
            ("off the coast", 1)
        ])
        .prop_map(span),
    ]
}

fn tau() -> impl Strategy<Value = f64> {
    prop_oneof![-15.0..15.0_f64, Just(0.0), Just(1.0)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_random_grid_is_as_the_plain_loop(
        family in 0..FAMILIES.len(),
        encodings in prop::sample::subsequence(ENCODINGS.to_vec(), 1..=3),
        layers in prop::sample::subsequence(vec![0, 1], 1..=2),
        taus in prop::collection::vec(tau(), 1..5),
        scopes in prop::collection::vec(scopes(), 1..3),
        head in prop::option::of(0..2_usize),
    ) {
        let model = MODELS[family].lock().unwrap();
        let tokens = model.tokenizer.encode(PROMPT, BosPolicy::Never);
        let grid = Grid { encodings, layers, taus, scopes, head };
        let swept = sweep(
            &model, &subject(&tokens), "great barrier", &grid, &Cancel::new(), &mut |_| {},
        ).unwrap();
        let cells = grid.encodings.len() * grid.layers.len() * grid.taus.len() * grid.scopes.len();
        prop_assert_eq!(swept.cells.len(), cells);
        for cell in &swept.cells {
            check_cell(&model, &tokens, "great barrier", cell);
        }
    }
}

fn wide_grid(model: &Model, scope: Scope) -> Grid {
    Grid {
        encodings: ENCODINGS.to_vec(),
        layers: (0..model.info.layers).collect(),
        taus: (-40..=40).map(|tau| f64::from(tau) / 2.0).collect(),
        scopes: vec![scope],
        head: None,
    }
}

fn same(found: &Sweep, all: &Sweep) {
    for cell in &found.cells {
        let place = |other: &&Cell| {
            (other.encoding, other.layer, other.tau.to_bits())
                == (cell.encoding, cell.layer, cell.tau.to_bits())
        };
        let other = all.cells.iter().find(place).unwrap();
        assert_close(cell.logp_first, other.logp_first, 1e-4, "a searched cell");
    }
}

#[test]
fn a_search_measures_some_cells_of_the_grid_exactly() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let tokens = model.tokenizer.encode(PROMPT, BosPolicy::Never);
        let subject = subject(&tokens);
        let grid = wide_grid(&model, Scope::All);
        let cancel = Cancel::new();
        let mut heard = 0;
        let found = search(
            &model,
            &subject,
            "great barrier",
            &grid,
            SEARCH_PASSES,
            &cancel,
            &mut |n| {
                heard = n;
            },
        )
        .unwrap();
        let all = sweep(
            &model,
            &subject,
            "great barrier",
            &grid,
            &cancel,
            &mut |_| {},
        )
        .unwrap();
        same(&found, &all);
        assert_eq!(heard, found.cells.len());
        assert!(
            found.cells.len() < all.cells.len() / 2,
            "{family}: {} of {} cells",
            found.cells.len(),
            all.cells.len()
        );
        assert_close(
            found.baseline.logp_first,
            all.baseline.logp_first,
            1e-4,
            "the prompt as it is",
        );
        let (found, best) = (found.best().unwrap(), all.best().unwrap());
        let gain = |cell: &Cell| cell.logp_first - all.baseline.logp_first;
        assert!(
            gain(found) > 0.5 * gain(best),
            "{family}: {found:?} where {best:?} is best"
        );
    }
}

#[test]
fn a_small_grid_is_measured_whole() {
    let model = load(&miniature("tiny-llama"));
    let tokens = model.tokenizer.encode(PROMPT, BosPolicy::Never);
    let mut grid = wide_grid(&model, Scope::Last);
    grid.taus = vec![-2.0, 0.0, 3.0];
    let cancel = Cancel::new();
    let subject = subject(&tokens);
    let found = search(
        &model,
        &subject,
        "reef",
        &grid,
        SEARCH_PASSES,
        &cancel,
        &mut |_| {},
    )
    .unwrap();
    let all = sweep(&model, &subject, "reef", &grid, &cancel, &mut |_| {}).unwrap();
    assert_eq!(found.cells.len(), all.cells.len());
    same(&found, &all);
}

#[test]
fn a_search_can_be_cancelled() {
    let model = load(&miniature("tiny-llama"));
    let tokens = model.tokenizer.encode(PROMPT, BosPolicy::Never);
    let grid = wide_grid(&model, Scope::All);
    let cancel = Cancel::new();
    let stop = cancel.clone();
    let found = search(
        &model,
        &subject(&tokens),
        "reef",
        &grid,
        SEARCH_PASSES,
        &cancel,
        &mut |_| {
            stop.cancel();
        },
    );
    assert!(matches!(
        found,
        Err(hoplens_interp::memory::MemoryError::Model(
            ModelError::Cancelled
        ))
    ));
}

#[test]
fn what_the_heads_write_of_a_memory_adds_up_to_the_layer() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let cancel = Cancel::new();
        let bos = BosPolicy::Never;
        let layerwise = Encoding::Layerwise;
        let whole = encode(&model, "great barrier", layerwise, bos, &cancel).unwrap();
        for layer in 0..model.info.layers {
            let mut sum: Vec<f32> = match model.attention_bias(layer) {
                Some(bias) => bias.to_vec(),
                None => vec![0.0; model.info.width],
            };
            for head in 0..model.info.heads {
                let part = encode_for(&model, "great barrier", layerwise, Some(head), bos, &cancel)
                    .unwrap();
                for (sum, value) in sum.iter_mut().zip(part.at(layer).iter()) {
                    *sum += value;
                }
            }
            for (sum, value) in sum.iter().zip(whole.at(layer).iter()) {
                assert_close(f64::from(*sum), f64::from(*value), 1e-4, family);
            }
        }
    }
}

#[test]
fn a_head_that_does_not_exist_is_refused() {
    let model = load(&miniature("tiny-gpt2"));
    for encoding in ENCODINGS {
        let refused = encode_for(
            &model,
            "reef",
            encoding,
            Some(99),
            BosPolicy::Never,
            &Cancel::new(),
        );
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("head 99"), "{message}");
    }
}
