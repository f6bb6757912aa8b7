//! Runs the project's tests and checks, after installing what they need: `tests/run`.
//!
//! Each part of a run is one file in `parts`. Parts print the output of the test runners as it is,
//! under headings of their own; what cannot run on a machine says so on a line that starts with
//! `SKIPPED:`. The first failing command ends the run with its exit code.

mod arguments;
mod environment;
mod failure;
mod named_tests;
mod npm;
mod part;
mod parts;
mod python;
mod step;
mod system;

use std::process::ExitCode;

use arguments::Request;
use environment::Environment;
use failure::Failure;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.message);
            ExitCode::from(failure.exit_code)
        }
    }
}

fn run() -> Result<(), Failure> {
    let parts = match arguments::parse(std::env::args().skip(1))? {
        Request::Help => {
            println!("{}", arguments::usage());
            return Ok(());
        }
        Request::Parts(parts) => parts,
    };
    let environment = Environment::read()?;
    for part in &parts {
        part.run(&environment)?;
    }
    let names: Vec<&str> = parts.iter().map(|part| part.name()).collect();
    heading(&format!("all asked-for parts passed: {}", names.join(" ")));
    Ok(())
}

/// Prints the heading of a part or of one of its steps.
fn heading(text: &str) {
    println!("\n== {text}");
}

/// Prints why something is left out.
fn skipped(reason: &str) {
    println!("SKIPPED: {reason}");
}
