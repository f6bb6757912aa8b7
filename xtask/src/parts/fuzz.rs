//! The readers of model files on hostile bytes, a minute each or `HOPLENS_FUZZ_SECONDS`. Inputs
//! that make one fail stay in `fuzz/artifacts`.

use crate::environment::{Environment, variable};
use crate::failure::Failure;
use crate::step::Step;
use crate::{heading, skipped, system};

const TARGETS: [&str; 3] = ["gguf_header", "safetensors_header", "tokenizer_json"];

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("fuzzing");
    if system::program("cargo-fuzz").is_none() {
        if environment.offline {
            skipped("HOPLENS_OFFLINE=1, so cargo-fuzz is not installed");
            return Ok(());
        }
        Step::new("cargo")
            .args(["install", "cargo-fuzz", "--locked"])
            .run()?;
    }
    cargo_fuzz("build").run()?;
    let mut failed = Vec::new();
    for target in TARGETS {
        heading(&format!("fuzzing {target}"));
        if let Err(failure) = fuzz(target) {
            eprintln!("{}", failure.message);
            failed.push(target);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    eprintln!(
        "fuzzing failed: {}; the inputs that did it:",
        failed.join(" ")
    );
    // Whether or not the list can be printed, fuzzing failed.
    Step::new("find")
        .args(["fuzz/artifacts", "-type", "f"])
        .output_to_stderr()
        .succeeds();
    Err(Failure::other("tests/run: fuzzing failed"))
}

fn fuzz(target: &str) -> Result<(), Failure> {
    let corpus = format!("fuzz/corpus/{target}");
    std::fs::create_dir_all(&corpus)
        .map_err(|error| Failure::other(format!("{corpus}: {error}")))?;
    let seconds = variable("HOPLENS_FUZZ_SECONDS").unwrap_or_else(|| "60".to_owned());
    cargo_fuzz("run")
        .arg(target)
        // New inputs go into the first folder, which git ignores; the second is only read.
        .args([corpus, format!("fuzz/seeds/{target}")])
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        .args(["-rss_limit_mb=2048", "-malloc_limit_mb=1024"])
        .args(["-timeout=10", "-max_len=65536", "-print_final_stats=1"])
        .run()
}

fn cargo_fuzz(command: &str) -> Step {
    Step::new("cargo")
        .args(["fuzz", command, "--sanitizer", "address"])
        // Sanitizers are not stable; the stable compiler has them and asks for this variable.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_INCREMENTAL", "0")
        // Backtraces of refusals, which are no failures, cost most of the time.
        .env("RUST_BACKTRACE", "0")
}
