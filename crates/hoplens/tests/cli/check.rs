//! Runs the real binary's `check` and `repair` on a miniature model.

mod baseline;
mod cases;
mod flags;
mod formats;
mod paths;
mod repair;
mod settings;
mod text;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder in which the binary runs. Its `.git` keeps settings of parent folders from applying.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.path(".git")).unwrap();
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs the binary in this folder on the tiny GPT-2.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.run_on("tiny-gpt2", args)
    }

    fn run_on(&self, family: &str, args: &[&str]) -> Output {
        self.bare(args, Some(&hoplens_test_support::miniature(family)))
    }

    fn bare(&self, args: &[&str], model: Option<&Path>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hoplens"));
        command
            .args(args)
            .arg("--offline")
            .current_dir(self.0.path());
        if let Some(model) = model {
            command.arg("--model").arg(model);
        }
        command.output().unwrap()
    }
}

pub(crate) fn code(output: &Output) -> i32 {
    let code = output.status.code().unwrap();
    assert!(code <= 2, "{}", stderr(output));
    code
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(output), stderr(output)))
}

/// Returns a prompt whose answer the tiny GPT-2 gives only once the bridge is named.
pub(crate) fn failing(mention: &str) -> String {
    format!(
        "---\nhoplens.cases:\n  - id: one\n    expect: \" fought\"\n    hops:\n      - {{mention: \
         \"{mention}\", bridge: \"café\"}}\n---\n{mention} is located off the coast of\n"
    )
}
