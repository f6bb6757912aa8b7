//! Sweeps and searches against plain passes, for every family and over random grids.

use std::sync::{LazyLock, Mutex};

use hoplens_injection::{Encoding, Scope, SpanScope};
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{
    Cell, Grid, GridSearch, MemoryEncoding, SEARCH_PASSES, Sweep, encode, place, resolve_scope,
    search, sweep,
};
use hoplens_runtime::{
    Answer, BosPolicy, CancelToken, Hooks, Model, ModelError, PromptQuery, log_softmax_at, rank_of,
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

fn query(model: &Model) -> PromptQuery {
    PromptQuery {
        answers: FIRST_TOKENS.map(Answer::from_token).to_vec(),
        ..PromptQuery::new(&model.tokenizer, PROMPT, BosPolicy::Never)
    }
}

/// One whole pass with the cell's injection in force.
#[track_caller]
fn check_cell(model: &Model, query: &PromptQuery, memory: &str, cell: &Cell) {
    let cancel = CancelToken::new();
    let encoding = MemoryEncoding {
        encoding: cell.encoding,
        head: cell.head,
        bos: BosPolicy::Never,
    };
    let vector = encode(ModelContext::new(model, &cancel), memory, encoding).unwrap();
    let at = resolve_scope(&cell.scope, PROMPT, &query.tokens).unwrap();
    let change = place(&vector, cell.layer, cell.tau, at).unwrap();
    let trace = model
        .forward(
            &[&query.ids()],
            &Hooks::interventions(vec![change]),
            &cancel,
        )
        .unwrap();
    let logits = trace.logits.row(0);
    let p: f64 = FIRST_TOKENS
        .iter()
        .map(|token| log_softmax_at(logits, *token as usize).exp())
        .sum();
    assert_close(cell.logp_first, p.ln(), 1e-4, &format!("{cell:?}"));
    // Rounding may swap the ranks of two nearly equal tokens.
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
    fn a_sweep_equals_single_passes_on_random_grids(
        family in 0..FAMILIES.len(),
        encodings in prop::sample::subsequence(ENCODINGS.to_vec(), 1..=3),
        layers in prop::sample::subsequence(vec![0, 1], 1..=2),
        taus in prop::collection::vec(tau(), 1..5),
        scopes in prop::collection::vec(scopes(), 1..3),
        head in prop::option::of(0..2_usize),
    ) {
        let model = MODELS[family].lock().unwrap();
        let query = query(&model);
        let grid = Grid { encodings, layers, taus, scopes, head };
        let cancel = CancelToken::new();
        let context = ModelContext::new(&model, &cancel);
        let swept = sweep(context, &query, "great barrier", &grid, &mut |_| {}).unwrap();
        let cells = grid.encodings.len() * grid.layers.len() * grid.taus.len() * grid.scopes.len();
        prop_assert_eq!(swept.cells.len(), cells);
        for cell in &swept.cells {
            check_cell(&model, &query, "great barrier", cell);
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

fn budget(grid: &Grid) -> GridSearch<'_> {
    GridSearch {
        grid,
        passes: SEARCH_PASSES,
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
fn a_search_finds_a_good_cell_with_exact_measurements() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let query = query(&model);
        let grid = wide_grid(&model, Scope::All);
        let cancel = CancelToken::new();
        let context = ModelContext::new(&model, &cancel);
        let mut done = 0;
        let found = search(context, &query, "great barrier", budget(&grid), &mut |n| {
            done = n;
        })
        .unwrap();
        let all = sweep(context, &query, "great barrier", &grid, &mut |_| {}).unwrap();
        same(&found, &all);
        assert_eq!(done, found.cells.len());
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
fn a_search_measures_every_cell_of_a_small_grid() {
    let model = load(&miniature("tiny-llama"));
    let query = query(&model);
    let mut grid = wide_grid(&model, Scope::Last);
    grid.taus = vec![-2.0, 0.0, 3.0];
    let cancel = CancelToken::new();
    let context = ModelContext::new(&model, &cancel);
    let found = search(context, &query, "reef", budget(&grid), &mut |_| {}).unwrap();
    let all = sweep(context, &query, "reef", &grid, &mut |_| {}).unwrap();
    assert_eq!(found.cells.len(), all.cells.len());
    same(&found, &all);
}

#[test]
fn a_search_can_be_cancelled() {
    let model = load(&miniature("tiny-llama"));
    let grid = wide_grid(&model, Scope::All);
    let cancel = CancelToken::new();
    let stop = cancel.clone();
    let context = ModelContext::new(&model, &cancel);
    let found = search(context, &query(&model), "reef", budget(&grid), &mut |_| {
        stop.cancel();
    });
    assert!(matches!(
        found,
        Err(hoplens_interp::memory::MemoryError::Model(
            ModelError::Cancelled
        ))
    ));
}

#[test]
fn layerwise_memories_of_the_heads_add_up_to_the_layer() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let cancel = CancelToken::new();
        let context = ModelContext::new(&model, &cancel);
        let layerwise = MemoryEncoding::new(Encoding::Layerwise, BosPolicy::Never);
        let whole = encode(context, "great barrier", layerwise).unwrap();
        for layer in 0..model.info.layers {
            let mut sum: Vec<f32> = match model.attention_bias(layer) {
                Some(bias) => bias.to_vec(),
                None => vec![0.0; model.info.width],
            };
            for head in 0..model.info.heads {
                let of_head = MemoryEncoding {
                    head: Some(head),
                    ..layerwise
                };
                let part = encode(context, "great barrier", of_head).unwrap();
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
        let encoding = MemoryEncoding {
            encoding,
            head: Some(99),
            bos: BosPolicy::Never,
        };
        let cancel = CancelToken::new();
        let refused = encode(ModelContext::new(&model, &cancel), "reef", encoding);
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("head 99"), "{message}");
    }
}
