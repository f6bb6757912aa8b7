//! Kills, shards, and what is refused to go on.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::{Place, same_results};

const GRID: [&str; 6] = ["--data", "data.csv", "--tau", "1..9", "--control", "4"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&GRID[..], more].concat()
}

/// A run that is killed midway, even within a line, goes on and leaves what a run in one piece
/// leaves.
#[test]
fn a_killed_run_goes_on() {
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
    // What was there was not measured again.
    let now = std::fs::read(&journal).unwrap();
    assert_eq!(now[..first_lines], kept[..first_lines]);
    assert_eq!(lines(), 1 + 400 + 400, "header, rows, controls");
    // A run that is finished changes nothing.
    place.succeeds(&with(&["--out", "killed"]));
    assert!(now == std::fs::read(&journal).unwrap());
}

#[test]
fn shards_are_the_whole() {
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
    // A merged run gets its control like any other.
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
fn another_experiment_does_not_go_on() {
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

#[test]
fn a_damaged_journal_is_named() {
    let place = Place::new(3);
    let args = [
        "--data",
        "data.csv",
        "--tau",
        "1",
        "--control",
        "0",
        "--out",
        "o",
    ];
    place.succeeds(&args);
    let path = place.path("o").join("journal.jsonl");
    let good = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let write = |lines: &[&str]| std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    write(&[lines[0], lines[1], "{nonsense", lines[3]]);
    place.refuses(&args, &["journal.jsonl", "line 3", "Take the line out"]);
    write(&[lines[0], lines[1], lines[1]]);
    place.refuses(&args, &["row 0", "twice"]);
    write(&[
        lines[0],
        &lines[1].replace("\"logp\":[[", "\"logp\":[[1.0,"),
    ]);
    place.refuses(&args, &["line 2", "does not fit"]);
    write(&["hello"]);
    place.refuses(&args, &["no journal"]);
    // A header that was torn is no run yet.
    std::fs::write(&path, &lines[0][..40]).unwrap();
    place.succeeds(&args);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), good);
}
