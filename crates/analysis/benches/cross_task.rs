//! Does a repair of a multi-hop prompt harm single-hop prompts?
//!
//! The injections that hoplens offers for the failing cases of `examples/` act on single-hop
//! prompts that they were not made for, and the answers are counted before and after. Prints the
//! table of `docs/injections-examples.md`. Needs the default model (`hoplens models pull`).
#![allow(clippy::print_stdout, reason = "a table is what this program is for")]

use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, PromptSource, answers, find_repairs, find_verdicts,
};
use hoplens_injection::{Encoding, Scope};
use hoplens_interp::ModelContext;
use hoplens_interp::memory::{MemoryEncoding, MemoryInjection, Placement, encode, measure};
use hoplens_prompt::{is_prompt_file, parse};
use hoplens_runtime::{
    BosPolicy, CancelToken, FirstTokenScore, Fork, LoadOptions, Model, PromptQuery, TargetPositions,
};
use hoplens_store::{ModelRef, StoreOptions, locate};

/// Prompts of one step and how they go on. The model answers most of them.
const SINGLE_HOP: [(&str, &str); 36] = [
    ("The capital of France is the city of", " Paris"),
    ("The capital of Italy is the city of", " Rome"),
    ("The capital of Spain is the city of", " Madrid"),
    ("The capital of Germany is the city of", " Berlin"),
    ("The capital of Austria is the city of", " Vienna"),
    ("The capital of Greece is the city of", " Athens"),
    ("The capital of Japan is the city of", " Tokyo"),
    ("The capital of Egypt is the city of", " Cairo"),
    ("The capital of Portugal is the city of", " Lisbon"),
    ("The capital of Ireland is the city of", " Dublin"),
    ("The Eiffel Tower stands in the city of", " Paris"),
    ("The Colosseum stands in the city of", " Rome"),
    ("The Parthenon stands in the city of", " Athens"),
    ("Big Ben is a clock in the city of", " London"),
    ("The Statue of Liberty stands in the city of", " New"),
    ("The Great Barrier Reef lies off the coast of", " Australia"),
    ("Mount Fuji is a mountain in", " Japan"),
    ("The Taj Mahal is a building in", " India"),
    ("The Great Wall was built in", " China"),
    ("The chemical symbol for hydrogen is", " H"),
    ("The chemical symbol for oxygen is", " O"),
    ("Water freezes at zero degrees", " Celsius"),
    ("The planet nearest to the Sun is", " Mercury"),
    ("The Earth goes round the", " Sun"),
    ("The opposite of hot is", " cold"),
    ("The opposite of tall is", " short"),
    ("A week has seven", " days"),
    ("A year has twelve", " months"),
    ("The play \"Hamlet\" was written by William", " Shakespeare"),
    ("\"The Starry Night\" was painted by Vincent van", " G"),
    ("The theory of evolution was proposed by Charles", " Darwin"),
    (
        "The theory of relativity was proposed by Albert",
        " Einstein",
    ),
    ("Harry Potter goes to a school called", " Hogwarts"),
    ("Romeo is in love with", " Juliet"),
    ("The heart pumps", " blood"),
    ("Bees make", " honey"),
];

/// An injection with what it does to its own prompt.
struct Repair {
    case: String,
    memory: String,
    encoding: Encoding,
    layer: usize,
    tau: f64,
    scope: Scope,
    before: f64,
    after: f64,
}

fn main() {
    let located = locate(&ModelRef::default_model(), &StoreOptions::from_env());
    let Ok(Some(located)) = located else {
        println!(
            "SKIPPED: the default model is not on this disk; `hoplens models pull` fetches it"
        );
        return;
    };
    let model = Model::load(&located.format, &LoadOptions::default()).expect("the model loads");
    let found = offered(&model);
    let mut readings: Vec<Vec<(FirstTokenScore, FirstTokenScore)>> =
        found.iter().map(|_| Vec::new()).collect();
    for (prompt, answer) in SINGLE_HOP {
        let (clean, injected) = ask(&model, prompt, answer, &found);
        for (rows, reading) in readings.iter_mut().zip(injected) {
            rows.push((clean, reading));
        }
    }
    println!(
        "| repair of | memory | encoding | layer | τ | scope | own prompt | right | flipped to wrong | mean P |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (repair, rows) in found.iter().zip(&readings) {
        let right = |reading: &FirstTokenScore| usize::from(reading.rank == 0);
        let p = |reading: &FirstTokenScore| reading.logp_first.exp();
        let before: usize = rows.iter().map(|(clean, _)| right(clean)).sum();
        let after: usize = rows.iter().map(|(_, injected)| right(injected)).sum();
        let lost = rows.iter();
        let lost = lost.filter(|(clean, injected)| right(clean) > right(injected));
        let mean = |p: f64| 100.0 * p / rows.len() as f64;
        println!(
            "| `{}` | \"{}\" | {} | {} | {} | {} | {:.1} % → {:.1} % | {before} → {after} of {} | {} | {:.1} % → {:.1} % |",
            repair.case,
            repair.memory,
            match repair.encoding {
                Encoding::Embed => "embed",
                Encoding::Unembed => "unembed",
                Encoding::Layerwise => "layerwise",
            },
            repair.layer,
            repair.tau,
            if repair.scope == Scope::All {
                "all"
            } else {
                "last"
            },
            100.0 * repair.before,
            100.0 * repair.after,
            rows.len(),
            lost.count(),
            mean(rows.iter().map(|(clean, _)| p(clean)).sum()),
            mean(rows.iter().map(|(_, injected)| p(injected)).sum()),
        );
    }
}

/// The injections that `hoplens check examples` offers.
fn offered(model: &Model) -> Vec<Repair> {
    let folder = hoplens_test_support::root().join("examples");
    let entries = std::fs::read_dir(folder).expect("examples/ is there");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| is_prompt_file(path));
    paths.sort();
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let mut found = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("an example is text");
        let file = parse(&path.to_string_lossy(), &text, None);
        let mut context = AnalysisContext::new(model, &settings, &cancel);
        let source = PromptSource::new(&file, &text);
        let findings = find_verdicts(&context, source).expect("not cancelled");
        for case in &findings.cases {
            let Ok(outcome) = &case.outcome else { continue };
            if !outcome.wants_repairs() {
                continue;
            }
            let offers = find_repairs(&mut context, case);
            for offer in offers.expect("repairs are measured") {
                let Some(memory_injection) = offer.change.injection() else {
                    continue;
                };
                let MemoryInjection { memory, placement } = memory_injection.clone();
                let Placement {
                    encoding,
                    layer,
                    tau,
                    scope,
                    ..
                } = placement;
                found.push(Repair {
                    case: case.id.clone(),
                    memory,
                    encoding,
                    layer,
                    tau,
                    scope,
                    before: offer.logp_before.exp(),
                    after: offer.logp_after.exp(),
                });
            }
        }
    }
    found
}

/// One single-hop prompt as it is and with each injection.
fn ask(
    model: &Model,
    prompt: &str,
    answer: &str,
    repairs: &[Repair],
) -> (FirstTokenScore, Vec<FirstTokenScore>) {
    let (bos, cancel) = (BosPolicy::Auto, CancelToken::new());
    let context = ModelContext::new(model, &cancel);
    let query = PromptQuery {
        answers: answers(model, prompt, &[answer.into()]).expect("an answer has tokens"),
        ..PromptQuery::new(&model.tokenizer, prompt, bos)
    };
    let fork = |repair: &Repair| {
        let encoding = MemoryEncoding::new(repair.encoding, bos);
        let memory = encode(context, &repair.memory, encoding);
        let memory = memory.expect("a memory has tokens");
        let at = memory.at(repair.layer).iter();
        Fork {
            sequence: 0,
            layer: repair.layer,
            at: match repair.scope {
                Scope::All => TargetPositions::All,
                _ => TargetPositions::Range(query.tokens.len() - 1..query.tokens.len()),
            },
            vector: at.map(|value| value * repair.tau as f32).collect(),
        }
    };
    let forks: Vec<Fork> = repairs.iter().map(fork).collect();
    measure(context, &query, &forks, &mut |_| {}).expect("measured")
}
