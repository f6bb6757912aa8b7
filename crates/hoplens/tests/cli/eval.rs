//! Tests the real binary's `eval`: its numbers, its journal, its shards, and its errors.

mod damage;
mod journal;
mod numbers;
mod refusals;
mod smollm2;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hoplens_test_support::miniature;
use serde_json::Value;

const HEADER: &str = "explicit_sentence,obscure_sentence,explicit_entity,obscure_entity,answer";

/// A folder with a data set of `rows` rows.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(rows: usize) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let words = ["the", "river", "of a", "king", "stone", "in", "and sea"];
        let word = |at: usize| words[at % words.len()];
        let mut csv = format!("{HEADER}\n");
        for row in 0..rows {
            let (bridge, mention) = (word(row), format!("{} {}", word(row + 1), word(row * 3)));
            let answer = word(row / 2 + 2);
            writeln!(
                csv,
                "{bridge} is in the,{mention} is in the,{bridge},{mention},{answer}"
            )
            .unwrap();
        }
        std::fs::write(place.path("data.csv"), csv).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the bytes of a run's file.
    fn bytes(&self, folder: &str, name: &str) -> Vec<u8> {
        let path = self.path(folder).join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Returns the command in this folder, on the smallest miniature.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hoplens"));
        command
            .current_dir(self.folder.path())
            .arg("eval")
            .args(args)
            .args(["--model", miniature("tiny-llama").to_str().unwrap()])
            .env("HF_HUB_OFFLINE", "1");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    #[track_caller]
    fn succeeds(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.succeeds(&[args, &["--json"]].concat())).unwrap()
    }

    #[track_caller]
    fn refuses(&self, args: &[&str], words: &[&str]) {
        let output = self.run(args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(!error.contains("panicked"), "{args:?}: {error}");
        assert!(output.stdout.is_empty(), "{args:?} printed a result");
        for word in words {
            assert!(error.contains(word), "{args:?}: no '{word}' in: {error}");
        }
    }
}

/// Checks that every result file of two runs has the same bytes.
#[track_caller]
fn same_results(a: &Path, b: &Path) {
    let names = |folder: &Path| {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(a), names(b));
    assert!(names(a).contains(&"results.json".to_owned()));
    for name in names(a) {
        let bytes = |folder: &Path| std::fs::read(folder.join(&name)).unwrap();
        assert!(bytes(a) == bytes(b), "{name} differs");
    }
}
