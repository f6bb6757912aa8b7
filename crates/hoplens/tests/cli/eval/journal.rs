//! Killed runs, shards, and runs that cannot be resumed.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::eval::{Place, same_results};

const GRID: [&str; 6] = ["--data", "data.csv", "--tau", "1..9", "--control", "4"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&GRID[..], more].concat()
}

/// A run that is killed, even within a line, resumes and leaves the results of an uninterrupted
/// run.
#[test]
fn a_killed_run_resumes() {
    let place = Place::new(400);
    let journal = place.path("killed").join("journal.jsonl");
    let mut running = place
        .command(&with(&["--out", "killed"]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = || {
        let text = std::fs::read_to_string(&journal).unwrap_or_default();
        text.matches('\n').count()
    };
    let start = Instant::now();
    while lines() < 5 {
        assert!(
            start.elapsed() < Duration::from_mins(2),
            "nothing is written"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    running.kill().unwrap();
    running.wait().unwrap();
    let before = lines();
    assert!(
        (5..400).contains(&before),
        "{before} lines: killed too late"
    );
    for name in ["results.json", "cells.csv", "table.md"] {
        assert!(!place.path("killed").join(name).exists(), "{name} is there");
    }
    let mut torn = std::fs::OpenOptions::new()
        .append(true)
        .open(&journal)
        .unwrap();
    torn.write_all(b"{\"row\":{\"row\":399,\"obsc").unwrap();
    drop(torn);
    let kept = std::fs::read(&journal).unwrap();
    let first_lines = kept.iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    place.succeeds(&with(&["--out", "killed"]));
    place.succeeds(&with(&["--out", "whole"]));
    same_results(&place.path("killed"), &place.path("whole"));
    // Rows in the journal were not measured again.
    let now = std::fs::read(&journal).unwrap();
    assert_eq!(now[..first_lines], kept[..first_lines]);
    assert_eq!(lines(), 1 + 400 + 400, "header, rows, controls");
    // Running a finished experiment again changes nothing.
    place.succeeds(&with(&["--out", "killed"]));
    assert!(now == std::fs::read(&journal).unwrap());
}

#[test]
fn merged_shards_equal_the_whole_run() {
    let place = Place::new(11);
    let no_control = ["--data", "data.csv", "--tau", "1..3", "--control", "0"];
    let run = |more: &[&str]| place.succeeds(&[&no_control[..], more].concat());
    run(&["--out", "whole"]);
    for shard in ["1/3", "2/3", "3/3"] {
        let out = format!("s{}", &shard[..1]);
        let said = run(&["--shard", shard, "--out", &out]);
        assert!(said.contains("merge"), "{said}");
        assert!(!place.path(&out).join("results.json").exists());
    }
    place.refuses(
        &["merge", "s1", "s3", "--out", "merged"],
        &["rows 1, 4, 7, 10", "not measured"],
    );
    assert!(!place.path("merged").join("journal.jsonl").exists());
    place.refuses(
        &["merge", "s1", "s2", "s3", "s2", "--out", "merged"],
        &["row 1", "s2", "once"],
    );
    place.succeeds(&["merge", "s3", "s1/journal.jsonl", "s2", "--out", "merged"]);
    same_results(&place.path("merged"), &place.path("whole"));
    // A merged run gets its control like any other run.
    let control = ["--data", "data.csv", "--tau", "1..3", "--control", "5"];
    for out in ["merged", "whole"] {
        place.succeeds(&[&control[..], &["--out", out]].concat());
    }
    same_results(&place.path("merged"), &place.path("whole"));
    place.refuses(&["merge", "s1", "--out", "s2"], &["--out", "another run"]);
    place.succeeds(&[
        "--data", "data.csv", "--tau", "2", "--shard", "2/3", "--out", "other",
    ]);
    place.refuses(
        &["merge", "s1", "other", "s3", "--out", "x"],
        &[
            "other",
            "another experiment",
            "taus is [2.0] there and [1.0,2.0,3.0] here",
        ],
    );
}

#[test]
fn a_journal_of_another_experiment_is_rejected() {
    let place = Place::new(4);
    let base = [
        "--data",
        "data.csv",
        "--tau",
        "1",
        "--control",
        "0",
        "--out",
        "o",
    ];
    place.succeeds(&base);
    let other = |more: &[&str], words: &[&str]| {
        place.refuses(
            &[&base[..], more].concat(),
            &[&["journal.jsonl", "--out"], words].concat(),
        );
    };
    other(
        &["--bos", "always"],
        &["bos is \"auto\" there and \"always\" here"],
    );
    other(&["--layers", "0"], &["layers is"]);
    other(&["--memories", "nouns"], &["memories is"]);
    other(&["--shard", "1/2"], &["the whole there and shard 1/2 here"]);
    let mut data = std::fs::read_to_string(place.path("data.csv")).unwrap();
    data.push_str("a,b,c,d,e\n");
    std::fs::write(place.path("data.csv"), data).unwrap();
    other(&[], &["data is", "rows is 4 there and 5 here"]);
}

/// The words of a list count, not its path.
#[test]
fn a_list_may_be_moved() {
    let place = Place::new(3);
    std::fs::write(place.path("words.txt"), "stone\nking\n").unwrap();
    let run = |list| {
        let args = [
            "--data",
            "data.csv",
            "--tau",
            "1",
            "--out",
            "o",
            "--memories",
            list,
        ];
        place.run(&args)
    };
    assert!(run("words.txt").status.success());
    let journal = place.bytes("o", "journal.jsonl");
    std::fs::rename(place.path("words.txt"), place.path("moved.txt")).unwrap();
    assert!(run("moved.txt").status.success());
    assert!(journal == place.bytes("o", "journal.jsonl"));
    std::fs::write(place.path("moved.txt"), "stone\nsea\n").unwrap();
    let said = String::from_utf8(run("moved.txt").stderr).unwrap();
    assert!(said.contains("memories is"), "{said}");
}

/// Without locks, another run's lines are not overwritten.
#[cfg(unix)]
#[test]
fn journal_lines_are_appended() {
    use hoplens_eval::{Journal, JournalLine, JournalReader};
    let place = Place::new(3);
    place.succeeds(&[
        "--data",
        "data.csv",
        "--tau",
        "1",
        "--control",
        "0",
        "--out",
        "o",
    ]);
    let path = place.path("o").join("journal.jsonl");
    let good = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.split_inclusive('\n').collect();
    std::fs::write(&path, lines[..2].concat()).unwrap();
    let header = JournalReader::open(&path).unwrap().header;
    let mut journal = Journal::open(&path, &header).unwrap();
    let mut other = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    other.write_all(lines[2].as_bytes()).unwrap();
    let last: JournalLine = serde_json::from_str(lines[3]).unwrap();
    journal.add(&last).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), good);
}

/// A run and a merge do not write to the same folder at once, and the leftovers of a killed run do
/// no harm.
#[test]
fn a_folder_has_one_writer_at_a_time() {
    let place = Place::new(4);
    let base = ["--data", "data.csv", "--tau", "1", "--control", "0"];
    let run = |more: &[&str]| place.succeeds(&[&base[..], more].concat());
    run(&["--shard", "1/2", "--out", "a"]);
    run(&["--shard", "2/2", "--out", "b"]);
    run(&["--out", "whole"]);
    let merge = ["merge", "a", "b", "--out", "whole"];
    let held = std::fs::File::open(place.path("whole").join("journal.jsonl")).unwrap();
    held.try_lock().unwrap();
    place.refuses(&merge, &["journal.jsonl", "another run", "Wait"]);
    place.refuses(&[&base[..], &["--out", "whole"]].concat(), &["another run"]);
    drop(held);
    place.succeeds(&merge);
    // Leftovers of killed runs.
    let merged = place.path("merged");
    std::fs::create_dir(&merged).unwrap();
    for name in [".journal.jsonl.part", ".results.json.part"] {
        std::fs::write(merged.join(name), "x".repeat(100_000)).unwrap();
    }
    let part = std::fs::File::open(merged.join(".journal.jsonl.part")).unwrap();
    part.try_lock().unwrap();
    let again = ["merge", "a", "b", "--out", "merged"];
    place.refuses(&again, &["another run"]);
    drop(part);
    place.succeeds(&again);
    same_results(&merged, &place.path("whole"));
    #[cfg(unix)]
    for name in ["journal.jsonl", "results.json"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode();
        // The permissions equal those of any other new file.
        assert_eq!(
            mode(&merged.join(name)),
            mode(&place.path("data.csv")),
            "{name}"
        );
    }
}
