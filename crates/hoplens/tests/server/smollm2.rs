//! The main scenario on the default model, if it is on this disk.

use std::process::Command;
use std::time::Duration;

use crate::scenario::{self, Scenario};
use crate::session_start::Start;

const MODEL: &str = "smollm2-135m";

/// Returns whether the model is on this disk. If not, prints a message, or fails if the model is
/// required.
fn has_model() -> bool {
    let found = Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .args(["models", "path", MODEL])
        .output()
        .unwrap();
    if found.status.success() {
        return true;
    }
    let message = format!("{MODEL} is not on this disk: run `hoplens models pull {MODEL}`");
    assert!(
        std::env::var_os("HOPLENS_REQUIRE_MODEL").is_none_or(|value| value != "1"),
        "{message}"
    );
    eprintln!("SKIPPED: {message}");
    false
}

#[test]
fn the_reef_is_found_and_repaired() {
    if !has_model() {
        return;
    }
    let start = Start {
        model: MODEL.into(),
        patience: Duration::from_mins(5),
        ..Start::default()
    };
    let scenario = Scenario {
        code: "hop-lost",
        numbers: 2,
        text: include_str!("reef.prompt"),
        mention: "The largest coral reef system in the world",
        bridge: "\"the Great Barrier Reef\"",
    };
    let figures = scenario::run(&start, &scenario);
    eprintln!("{MODEL}: {figures:#?}");
}
