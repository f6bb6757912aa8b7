//! The prompts of `examples/`: well formed without a model, and on the default model what
//! `examples/README.md` says of them.
//!
//! The second part needs the default model on this disk (`hoplens models pull`) and is left out
//! where it is not; with `HOPLENS_REQUIRE_MODEL=1` its absence is a failure.
#![allow(clippy::print_stderr, reason = "a test that is left out must say so")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, CaseOutcome, PromptSource, Verdict, find_verdicts,
};
use hoplens_prompt::{
    PromptFile, all_problems, find_mention, has_prompt_fence, is_prompt_file, parse,
    prompt_of_sidecar, render, sidecar_name,
};
use hoplens_runtime::{CancelToken, LoadOptions, Model};
use hoplens_store::{ModelRef, StoreOptions, locate};

/// File, case and verdict; no verdict where no answer is expected.
const EXPECTED: [(&str, &str, Option<Verdict>); 32] = [
    ("arena.prompt", "arena", Some(Verdict::Ok)),
    (
        "backwards.prompt",
        "backwards",
        Some(Verdict::AnswerUnlikely),
    ),
    ("bias.prompt", "nurse", Some(Verdict::Ok)),
    ("capital.prompt", "france", Some(Verdict::Ok)),
    ("capital.prompt", "italy", Some(Verdict::HopLost)),
    (
        "capitals.prompty",
        "capital[country=France]",
        Some(Verdict::Ok),
    ),
    (
        "capitals.prompty",
        "capital[country=Italy]",
        Some(Verdict::Ok),
    ),
    (
        "capitals.prompty",
        "capital[country=Japan]",
        Some(Verdict::Ok),
    ),
    ("chat.prompt", "chat", Some(Verdict::HopUnknown)),
    ("currency.prompt", "ken", Some(Verdict::HopLost)),
    ("dream.prompt", "dream", Some(Verdict::Ok)),
    ("element.prompt", "lightest", Some(Verdict::HopLost)),
    ("fences.md", "chain", Some(Verdict::HopLost)),
    ("fences.md", "#2", None),
    ("hamlet.prompt", "#1", None),
    ("louvre.prompt", "louvre", Some(Verdict::HopUnknown)),
    ("names.prompt", "names", Some(Verdict::Ok)),
    ("opposite.prompt", "#1", None),
    ("parthenon.prompt", "parthenon", Some(Verdict::Ok)),
    ("plan.prompt", "limit[plan=Pro]", Some(Verdict::Ok)),
    ("plan.prompt", "limit[plan=Basic]", Some(Verdict::Ok)),
    ("private.prompt", "archive", Some(Verdict::Ok)),
    ("python.prompt", "python", Some(Verdict::AnswerUnknown)),
    ("reef.prompt", "reef", Some(Verdict::HopLost)),
    ("resident.prompt", "lena", Some(Verdict::HopLost)),
    ("school.txt", "school", Some(Verdict::HopUnknown)),
    ("several.prompt", "stale", Some(Verdict::Ok)),
    ("several.prompt", "bias", Some(Verdict::Ok)),
    ("several.prompt", "private", Some(Verdict::Ok)),
    ("several.prompt", "bystander", Some(Verdict::Ok)),
    ("stale.prompt", "nigeria", Some(Verdict::Ok)),
    ("tower.prompt.md", "tower", Some(Verdict::Ok)),
];

struct Example {
    name: String,
    text: String,
    file: PromptFile,
}

fn folder() -> PathBuf {
    hoplens_test_support::root().join("examples")
}

/// Every prompt file of the folder, found as `hoplens check examples` finds them.
fn examples() -> Vec<Example> {
    let mut paths = BTreeSet::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if let Some(prompt) = prompt_of_sidecar(&path) {
            paths.insert(prompt);
        } else if is_prompt_file(&path) || has_fence(&path) {
            paths.insert(path);
        }
    }
    paths.iter().map(|path| read(path)).collect()
}

fn has_fence(path: &Path) -> bool {
    let text = std::fs::read_to_string(path);
    text.is_ok_and(|text| has_prompt_fence(&path.to_string_lossy(), &text))
}

fn read(path: &Path) -> Example {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let text = std::fs::read_to_string(path).unwrap();
    let sidecar = path.with_file_name(sidecar_name(&name));
    let sidecar = sidecar
        .is_file()
        .then(|| std::fs::read_to_string(sidecar).unwrap());
    let file = parse(&name, &text, sidecar.as_deref());
    Example { name, text, file }
}

/// The default model, if it is on this disk.
fn default_model() -> Option<Model> {
    let located = locate(&ModelRef::default_model(), &StoreOptions::from_env()).unwrap();
    let Some(located) = located else {
        let required = std::env::var("HOPLENS_REQUIRE_MODEL").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "the default model is not on this disk: run `hoplens models pull`"
        );
        eprintln!(
            "SKIPPED: the verdicts of examples/ need the default model; `hoplens models pull` \
             fetches it"
        );
        return None;
    };
    let options = LoadOptions {
        name: located.name.clone(),
        sha256: located.sha256.clone(),
        ..LoadOptions::default()
    };
    Some(Model::load(&located.format, &options).unwrap())
}

#[test]
fn examples_are_well_formed() {
    for example in examples() {
        let Example { name, text, file } = &example;
        assert_eq!(all_problems(file, text), [], "{name}");
        let prompts = if file.cases.is_empty() {
            vec![render(file, text, None)]
        } else {
            file.cases
                .iter()
                .map(|case| render(file, text, Some(case)))
                .collect()
        };
        for (at, rendered) in prompts.iter().enumerate() {
            let prompt = rendered.joined();
            assert!(!prompt.text.is_empty(), "{name}");
            // A line break or space at the end is a token of its own to the model.
            assert_eq!(prompt.text.trim_end(), prompt.text, "{name}");
            for hop in file.cases.get(at).map_or(&[][..], |case| &case.hops) {
                let mention = &hop.mention.value;
                assert!(
                    find_mention(&prompt, mention).is_some(),
                    "{name}: {mention}"
                );
                assert!(hop.bridge.is_some(), "{name}: {mention}");
            }
        }
    }
}

#[test]
fn the_readme_lists_every_example() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let listed: BTreeSet<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| [`")?.split_once("`]"))
        .map(|(name, _)| name)
        .collect();
    let found = examples();
    let found: BTreeSet<&str> = found.iter().map(|example| example.name.as_str()).collect();
    assert_eq!(listed, found);
}

#[test]
fn examples_get_their_verdicts_on_the_default_model() {
    let Some(model) = default_model() else {
        return;
    };
    let mut found = Vec::new();
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let context = AnalysisContext::new(&model, &settings, &cancel);
    for Example { name, text, file } in &examples() {
        let findings = find_verdicts(&context, PromptSource::new(file, text)).unwrap();
        for case in &findings.cases {
            let outcome = case.outcome.as_ref().unwrap();
            found.push((name.clone(), case.id.clone(), outcome.verdict));
            check_injections(&model, file, &case.id, outcome);
        }
    }
    let expected: Vec<_> = EXPECTED
        .iter()
        .map(|(name, id, verdict)| ((*name).to_owned(), (*id).to_owned(), *verdict))
        .collect();
    assert_eq!(found, expected);
}

/// What an example records as measured is what this model does. Injections without a case act on
/// several, so that no one measurement could stand beside them.
fn check_injections(model: &Model, file: &PromptFile, id: &str, outcome: &CaseOutcome) {
    for injection in &file.injections {
        if injection.case.as_ref().is_none_or(|case| case.value != id) {
            continue;
        }
        let measured = injection.measured.as_ref().unwrap();
        let digest = measured.model.strip_prefix("sha256:").unwrap();
        assert!(model.info.sha256.starts_with(digest), "{id}: {digest}");
        let before = outcome.probes.without_injections.as_ref().unwrap().p;
        let after = outcome.probes.composed.p;
        // The file holds three digits; the last may round the other way on other hardware.
        assert!((before - measured.before).abs() < 1e-3, "{id}: {before}");
        assert!((after - measured.after).abs() < 1e-3, "{id}: {after}");
    }
}
