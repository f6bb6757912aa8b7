//! Bad data sets and flags cause an error with the file, the line, the column and the remedy, and
//! no result.

use crate::eval::{HEADER, Place};

const GOOD: &str = "a river is in,the stone is in,river,stone,sea";

#[track_caller]
fn refuses(csv: impl AsRef<[u8]>, words: &[&str]) {
    let place = Place::new(1);
    std::fs::write(place.path("data.csv"), csv).unwrap();
    let args = ["--data", "data.csv", "--tau", "1", "--out", "o"];
    place.refuses(&args, &[&["data.csv"], words].concat());
    assert!(!place.path("o").exists(), "something was left");
}

#[test]
fn unusable_data_sets_are_rejected() {
    refuses("", &["is empty", HEADER]);
    refuses("\n\n", &["is empty", HEADER]);
    refuses(format!("{HEADER}\n"), &["no rows"]);
    refuses(
        "a,b\n1,2\n",
        &["lacks", "explicit_sentence", "answer", "has a, b"],
    );
    let twice = format!("{HEADER},answer\n{GOOD},x\n");
    refuses(twice, &["answer twice"]);
    let semicolons = HEADER.replace(',', ";");
    refuses(format!("{semicolons}\n"), &["lacks", "commas"]);
}

#[test]
fn unusable_rows_are_rejected() {
    let second = |line: &str| format!("{HEADER}\n{GOOD}\n{line}\n");
    refuses(second("a,b,c"), &["line 3", "3 fields", "5", "quotes"]);
    refuses(
        second("a,b,c,d,"),
        &["line 3", "answer is empty", "delete the row"],
    );
    refuses(
        second("a,b,\" \",d,e"),
        &["line 3", "explicit_entity is empty"],
    );
    let crlf = |line: &str| second(line).replace('\n', "\r\n");
    refuses(crlf("a,b,c"), &["line 3", "3 fields"]);
    refuses(crlf("a,b,c,d,"), &["line 3", "answer is empty"]);
    let mut latin = second("").into_bytes();
    latin.extend(b"caf\xe9,b,c,d,e\n");
    refuses(latin, &["UTF-8", "field 1"]);
    let long = "word ".repeat(500);
    refuses(
        second(&format!("a,{long},c,d,e")),
        &["line 3", "obscure_sentence", "tokens", "Shorten"],
    );
}

/// A stray quote merges many rows into one cell. None of them is lost silently.
#[test]
fn stray_quotes_are_rejected() {
    let with = |line: &str| format!("{HEADER}\n{GOOD}\n{line}\n{GOOD}\n{GOOD}\n");
    refuses(
        with("a,b,\"c,d,e"),
        &["line 3", "explicit_entity", "never closed", "twice"],
    );
    refuses(
        with("a,b,\"War\"x,d,e").replace('\n', "\r\n"),
        &["line 3", "explicit_entity", "behind its closing"],
    );
    let two = format!("{HEADER}\n{GOOD}\na,b,c,d,\"e\n{GOOD}\nf,g\",h,i,j,k\n");
    refuses(two, &["line 3", "9 fields"]);
    let two = format!("{HEADER}\n{GOOD}\na,b,c,\"d\n{GOOD}\nf\",g\n");
    refuses(two, &["line 3", "obscure_entity", "several lines", "Close"]);
    refuses(format!("\"{HEADER}\n{GOOD}\n"), &["line 1", "field 1"]);
}

/// A data set is read several times, which a pipe does not support.
#[test]
fn data_must_be_a_regular_file() {
    let place = Place::new(1);
    place.refuses(&["--data", "."], &["not a regular file", "Save the rows"]);
    #[cfg(unix)]
    place.refuses(
        &["--data", "/dev/null"],
        &["/dev/null", "not a regular file"],
    );
}

/// Errors of a measurement are reported with the row's line.
#[test]
fn rows_that_cannot_be_measured_are_reported() {
    let place = Place::new(1);
    let long = "river ".repeat(500);
    let csv = format!("{HEADER}\n{GOOD}\na river is in,the stone is in,{long},stone,sea\n");
    std::fs::write(place.path("data.csv"), csv).unwrap();
    let args = [
        "--data",
        "data.csv",
        "--tau",
        "1",
        "--encoding",
        "layerwise",
    ];
    place.refuses(&args, &["data.csv, line 3", "tokens"]);
}

#[test]
fn invalid_flags_are_rejected() {
    let place = Place::new(4);
    let refuses = |more: &[&str], words: &[&str]| {
        place.refuses(&[&["--data", "data.csv"], more].concat(), words);
    };
    refuses(&["--tau", "nan"], &["--tau", "finite"]);
    refuses(&["--layers", "99"], &["layer 99 does not exist"]);
    refuses(&["--folds", "1"], &["--folds", "2 or more"]);
    refuses(&["--shard", "1/2"], &["--shard", "--out"]);
    refuses(&["--shard", "3/2", "--out", "o"], &["no shard 3 of 2"]);
    refuses(
        &["--memories", "nowns"],
        &["nowns", "nouns", "one memory per line"],
    );
    refuses(
        &["--memories", "nouns", "--words", "0"],
        &["--words", "1 or more"],
    );
    std::fs::write(place.path("none.txt"), "\n \n").unwrap();
    refuses(&["--memories", "none.txt"], &["none.txt", "no words"]);
    place.refuses(&["--data", "absent.csv"], &["absent.csv", "Check the path"]);
    place.refuses(&[], &["--data"]);
    place.refuses(&["merge", "absent", "--out", "m"], &["absent"]);
    // The bridges of this data set are no names: half of their random memories are names, and half
    // are words of the same kind.
    let too_many = place.run(&["--data", "data.csv", "--tau", "1", "--control", "100000"]);
    assert_eq!(too_many.status.code(), Some(2));
    let said = String::from_utf8(too_many.stderr).unwrap();
    assert!(
        said.contains("--control") && said.contains("not 100000"),
        "{said}"
    );
    let most = said
        .split("give ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let args = [
        "--data",
        "data.csv",
        "--tau",
        "1",
        "--layers",
        "0",
        "--control",
    ];
    let control = &place.json(&[&args[..], &[most]].concat())["control"];
    assert_eq!(control["memories"].to_string(), most);
    let more = (most.parse::<usize>().unwrap() + 1).to_string();
    place.refuses(
        &[&args[..], &[more.as_str()]].concat(),
        &["--control", most],
    );
}

/// Scope span acts on the row's mention, which must be in the prompt.
#[test]
fn a_mention_must_be_in_its_prompt() {
    let place = Place::new(3);
    place.succeeds(&["--data", "data.csv", "--tau", "1", "--scope", "span"]);
    let csv = format!("{HEADER}\n{GOOD}\na river is in,the stone is in,river,zebra,sea\n");
    std::fs::write(place.path("data.csv"), csv).unwrap();
    place.succeeds(&["--data", "data.csv", "--tau", "1"]);
    place.refuses(
        &["--data", "data.csv", "--tau", "1", "--scope", "span"],
        &["data.csv", "line 3", "obscure_entity", "zebra"],
    );
}
