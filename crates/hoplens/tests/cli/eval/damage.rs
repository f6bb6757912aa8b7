//! Damaged journals, and files that are no journals.

use crate::eval::Place;

const ARGS: [&str; 8] = [
    "--data",
    "data.csv",
    "--tau",
    "1",
    "--control",
    "0",
    "--out",
    "o",
];

#[test]
fn damaged_journals_are_reported() {
    let place = Place::new(3);
    place.succeeds(&ARGS);
    let path = place.path("o").join("journal.jsonl");
    let good = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let write = |lines: &[&str]| std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    write(&[lines[0], lines[1], "{nonsense", lines[3]]);
    place.refuses(&ARGS, &["journal.jsonl", "line 3", "Delete the line"]);
    write(&[lines[0], lines[1], lines[1]]);
    place.refuses(&ARGS, &["line 3", "row 0", "twice"]);
    write(&[
        lines[0],
        &lines[1].replace("\"logp\":[[", "\"logp\":[[1.0,"),
    ]);
    place.refuses(&ARGS, &["line 2", "does not fit"]);
    // A row without memories is not a row in which all overflowed.
    let mut row: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
    for key in ["memories", "logp", "rank"] {
        row["row"][key] = serde_json::json!([]);
    }
    write(&[lines[0], &row.to_string()]);
    place.refuses(&ARGS, &["line 2", "does not fit"]);
    write(&[lines[0], &lines[1].replace("\"row\":0", "\"row\":3")]);
    place.refuses(&ARGS, &["line 2", "row 3 does not belong"]);
    // An incomplete header counts as no run.
    for end in [0, 40, lines[0].len()] {
        std::fs::write(&path, &lines[0][..end]).unwrap();
        place.succeeds(&ARGS);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), good);
    }
}

/// Files that are no journal of this run are not changed.
#[test]
fn other_files_are_not_changed() {
    let place = Place::new(3);
    place.succeeds(&[&ARGS[..6], &["--shard", "1/1", "--out", "s"]].concat());
    let out = place.path("o");
    std::fs::create_dir(&out).unwrap();
    let path = out.join("journal.jsonl");
    let header = String::from_utf8(place.bytes("s", "journal.jsonl")).unwrap();
    let header = header.lines().next().unwrap();
    let other = header.replace("\"taus\":[1.0]", "\"taus\":[2.0]");
    for kept in [
        "hello",
        "hello\n",
        "{\"a\":1}\n{\"b\":2}\n",
        &other[..other.len() - 9],
    ] {
        std::fs::write(&path, kept).unwrap();
        place.refuses(&ARGS, &["journal.jsonl", "not a journal", "--out"]);
        place.refuses(
            &["merge", "s", "--out", "o"],
            &["journal.jsonl", "not a journal"],
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), kept);
    }
    let other = format!("{other}\n");
    std::fs::write(&path, &other).unwrap();
    place.refuses(&["merge", "s", "--out", "o"], &["another run", "--out"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
}

/// A header's numbers are checked before anything is allocated, counted or divided by them.
#[test]
fn invalid_headers_are_rejected() {
    let place = Place::new(4);
    for shard in ["1/2", "2/2"] {
        place.succeeds(&[&ARGS[..6], &["--shard", shard, "--out", &shard[..1]]].concat());
    }
    let (one, two) = (place.path("1"), place.path("2"));
    let read =
        |folder: &std::path::Path| std::fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    let write = |text: &str| std::fs::write(one.join("journal.jsonl"), text).unwrap();
    let good = read(&one);
    let merge = ["merge", "1", "--out", "m"];
    write(&good.replace("\"rows\":4", "\"rows\":99999999999999"));
    place.refuses(&merge, &["rows 1, 3, 4, 5", "99999999999987 more"]);
    for shard in ["{\"index\":0,\"of\":0}", "{\"index\":3,\"of\":2}"] {
        write(&good.replace("{\"index\":1,\"of\":2}", shard));
        place.refuses(&merge, &["line 1", "no such shard"]);
    }
    write(&good.replace("\"taus\":[1.0]", "\"taus\":[]"));
    place.refuses(&merge, &["line 1", "no such grid"]);
    // The journal contains a row of another shard.
    let stray = read(&two).lines().nth(1).unwrap().to_owned();
    write(&format!("{good}{stray}\n"));
    let again = [&ARGS[..6], &["--shard", "1/2", "--out", "1"]].concat();
    place.refuses(&again, &["line 4", "row 1 does not belong to this journal"]);
    place.refuses(&merge, &["line 4", "row 1 does not belong"]);
}

#[test]
fn control_lines_are_checked() {
    let place = Place::new(3);
    let args = [
        "--data",
        "data.csv",
        "--tau",
        "1",
        "--control",
        "3",
        "--out",
        "o",
    ];
    place.succeeds(&args);
    let path = place.path("o").join("journal.jsonl");
    let good = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    assert_eq!(lines.len(), 7);
    let damaged = |change: &dyn Fn(&mut serde_json::Value), word: &str| {
        let mut control: serde_json::Value = serde_json::from_str(lines[4]).unwrap();
        change(&mut control["control"]);
        let control = control.to_string();
        let text = [&lines[..4], &[control.as_str()], &lines[5..]].concat();
        std::fs::write(&path, text.join("\n") + "\n").unwrap();
        place.refuses(&args, &["journal.jsonl", "damaged", word]);
    };
    damaged(
        &|control| control["logp"] = serde_json::json!([]),
        "does not fit",
    );
    damaged(
        &|control| control["logp"][0] = serde_json::json!([]),
        "does not fit",
    );
    damaged(
        &|control| control["logp"][0].as_array_mut().unwrap().push(1.into()),
        "does not fit",
    );
    damaged(
        &|control| control["plan"]["memories"] = 2.into(),
        "does not fit",
    );
    damaged(
        &|control| control["plan"]["spots"][0]["layer"] = 77.into(),
        "does not fit",
    );
    damaged(
        &|control| control["row"] = 3.into(),
        "row 3 does not belong",
    );
    damaged(&|control| control["row"] = 1.into(), "row 1 occurs twice");
    std::fs::write(&path, &good).unwrap();
    place.succeeds(&args);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), good);
}
