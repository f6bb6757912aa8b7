//! Reported numbers, compared with sweeps of each row and explicit formulas.

use std::path::Path;
use std::process::Command;

use hoplens_eval::{SummarySettings, summarise};
use serde_json::Value;

use crate::eval::{Place, same_results};
use hoplens_test_support::{assert_close, miniature};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn rows_of(place: &Place) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(place.path("data.csv")).unwrap();
    reader.records().map(Result::unwrap).collect()
}

/// Returns the cells that `hoplens sweep` measures for one prompt.
fn swept(row: &csv::StringRecord, memory: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .args(["sweep", "--json", "--tau", "1,4", "--scope", "all,last"])
        .args(["--encoding", "embed,unembed,layerwise"])
        .args(["--prompt", &row[1], "--expect", &row[4], "--memory", memory])
        .args(["--model", miniature("tiny-llama").to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

const ARGS: [&str; 6] = ["--data", "data.csv", "--tau", "1,4", "--scope", "all,last"];

#[test]
fn cells_equal_the_sums_of_sweeps() {
    let place = Place::new(6);
    let result = place.json(&ARGS);
    let sweeps: Vec<Value> = rows_of(&place)
        .iter()
        .map(|row| swept(row, &row[2]))
        .collect();
    let cells = result["cells"].as_array().unwrap();
    let layers = number(&result["model"]["layers"]) as usize;
    assert_eq!(cells.len(), 3 * 2 * layers * 2);
    for (index, cell) in cells.iter().enumerate() {
        let mut gains = Vec::new();
        let mut after = 0.0;
        for sweep in &sweeps {
            let one = &sweep["cells"][index];
            for key in ["encoding", "layer", "tau", "scope"] {
                assert_eq!(one[key], cell[key], "{key} of cell {index}");
            }
            let p = number(&sweep["baseline"]["logp_first"]).exp();
            let injected = number(&one["logp_first"]).exp();
            gains.push((injected - p) / p);
            after += injected / 6.0;
        }
        let close = |key: &str, expected: f64| {
            assert_close(
                number(&cell[key]),
                expected,
                1e-4 * expected.abs().max(1.0),
                key,
            );
        };
        close("mean_p_injected", after);
        close("mean_pct_increase", 100.0 * gains.iter().sum::<f64>() / 6.0);
        let product: f64 = gains.iter().map(|gain| 1.0 + gain).product();
        close("geo", product.powf(1.0 / 6.0));
        gains.sort_by(f64::total_cmp);
        close("median_pct_increase", 50.0 * (gains[2] + gains[3]));
        let better = gains.iter().filter(|gain| **gain > 0.0).count();
        close("share_improved", better as f64 / 6.0);
    }
    let best = result["best"].as_array().unwrap();
    for one in best {
        let key = one["criterion"].as_str().unwrap();
        let values = cells.iter().map(|cell| number(&cell[key]));
        let most = values.fold(f64::MIN, f64::max);
        assert_close(number(&one[key]), most, 1e-12, key);
    }
    assert_eq!(best.len(), 5);
    for (row, sweep) in result["rows"].as_array().unwrap().iter().zip(&sweeps) {
        let (found, expected) = (&row["best"]["logp_first"], &sweep["best"]["logp_first"]);
        assert_close(number(found), number(expected), 1e-5, "a row's best cell");
    }
}

/// Computes the control's numbers from the lines of the journal by plain loops.
#[test]
fn the_control_equals_the_sums_of_its_lines() {
    let place = Place::new(6);
    let result = place.json(&[&ARGS[..], &["--control", "7", "--out", "o"]].concat());
    let journal = String::from_utf8(place.bytes("o", "journal.jsonl")).unwrap();
    let lines = || {
        journal
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
    };
    let kind = |kind: &str| -> Vec<Value> {
        let lines = lines().filter_map(|line: Value| line.get(kind).cloned());
        lines.collect()
    };
    let (rows, controls) = (kind("row"), kind("control"));
    assert_eq!((rows.len(), controls.len()), (6, 6));
    // Journals store f32, so values that are equal there must be equal here.
    let logp = |value: &Value| f64::from(number(value) as f32);
    let share_below = |own: f64, others: &[f64]| {
        let mut below = 0.0;
        for other in others {
            if *other < own {
                below += 1.0;
            } else if other.total_cmp(&own).is_eq() {
                below += 0.5;
            }
        }
        100.0 * below / others.len() as f64
    };
    let cells = result["control"]["cells"].as_array().unwrap();
    assert!(!cells.is_empty());
    for (spot, cell) in cells.iter().enumerate() {
        let is_it = |other: &Value| {
            ["encoding", "scope", "layer", "tau"]
                .iter()
                .all(|key| other[*key] == cell[*key])
        };
        let at = result["cells"].as_array().unwrap().iter().position(is_it);
        let at = at.unwrap();
        let (mut own, mut draws) = (0.0, [0.0; 7]);
        let (mut row_percentiles, mut sum_p, mut sum_gain, mut better) = (0.0, 0.0, 0.0, 0);
        for row in 0..6 {
            assert_eq!(controls[row]["row"], row);
            let before = logp(&rows[row]["obscure"]["logp_first"]);
            let chosen = logp(&rows[row]["logp"][0][at]);
            own += (chosen - before) / 6.0;
            let mut of_row = Vec::new();
            for (draw, sum) in draws.iter_mut().enumerate() {
                let random = logp(&controls[row]["logp"][spot][draw]);
                of_row.push(random);
                *sum += (random - before) / 6.0;
                sum_p += random.exp() / 42.0;
                sum_gain += (random - before) / 42.0;
                better += usize::from(before < random);
            }
            row_percentiles += share_below(chosen, &of_row) / 6.0;
        }
        let close = |key: &str, expected| assert_close(number(&cell[key]), expected, 1e-9, key);
        close("percentile", share_below(own, &draws));
        close("mean_row_percentile", row_percentiles);
        close("mean_p_random", sum_p);
        close("geo", sum_gain.exp());
        close("share_improved", better as f64 / 42.0);
    }
}

/// A magnitude that is too large affects its own cells only.
#[test]
fn an_overflow_leaves_only_its_own_cells_without_numbers() {
    let place = Place::new(3);
    let args = ["--data", "data.csv", "--layers", "0", "--control", "3"];
    let both = place.json(&[&args[..], &["--tau", "1e300,1"]].concat());
    let alone = place.json(&[&args[..], &["--tau", "1"]].concat());
    let cells = both["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 6);
    for (pair, cell) in cells.chunks(2).zip(alone["cells"].as_array().unwrap()) {
        assert_eq!(pair[0]["overflowed"], 3);
        assert!(pair[0]["geo"].is_null() && pair[0]["mean_p_injected"].is_null());
        assert_eq!(number(&pair[0]["share_top"]).to_bits(), 0.0f64.to_bits());
        for key in ["geo", "mean_p_injected", "overflowed"] {
            assert_eq!(pair[1][key], cell[key], "{key}");
        }
    }
    for key in ["best", "fit", "control"] {
        assert_eq!(both[key], alone[key], "{key}");
    }
    // If no cell can be measured, there is nothing to choose from.
    let none = place.json(&[&args[..], &["--tau", "1e300", "--out", "o"]].concat());
    assert!(none["best"].as_array().unwrap().is_empty());
    assert!(none["fit"].is_null() && none["control"].is_null());
}

/// The words of a prompt are injected one by one, with equal weight.
#[test]
fn words_are_injected_as_memories() {
    let place = Place::new(3);
    std::fs::write(place.path("words.txt"), "\u{feff}stone\r\n\nking\n").unwrap();
    let words = ["--memories", "words.txt", "--words", "2"];
    let result = place.json(&[&ARGS[..], &words].concat());
    assert!(result["control"].is_null());
    let rows = rows_of(&place);
    let mut sum = 0.0;
    for row in &rows {
        for word in ["stone", "king"] {
            sum += number(&swept(row, word)["cells"][0]["logp_first"]).exp() / 6.0;
        }
    }
    assert_close(
        number(&result["cells"][0]["mean_p_injected"]),
        sum,
        1e-6,
        "words",
    );
    // A prompt gets at most as many words as the list has.
    let words = ["--memories", "words.txt", "--words", "9"];
    let more = place.json(&[&ARGS[..], &words].concat());
    assert_eq!(more["cells"], result["cells"]);
    for list in [
        "nouns",
        "verbs",
        "adjectives",
        "adverbs",
        "conjunctions",
        "random",
    ] {
        let args = ["--data", "data.csv", "--tau", "1", "--memories", list];
        let said = place.succeeds(&args);
        assert!(said.contains(&format!("5 of {list} a prompt")), "{said}");
    }
}

/// Results are read from the journal in as many passes as the memory limit requires.
#[test]
fn the_memory_limit_does_not_change_results() {
    let place = Place::new(7);
    place.succeeds(&[&ARGS[..], &["--out", "o"]].concat());
    let journal = place.path("o").join("journal.jsonl");
    let all = summarise(&journal, &SummarySettings::default(), None).unwrap();
    for bytes in [0, 100, 1000] {
        let settings = SummarySettings {
            bytes,
            ..SummarySettings::default()
        };
        assert_eq!(summarise(&journal, &settings, None).unwrap(), all);
    }
}

#[test]
fn files_contain_the_printed_results() {
    let place = Place::new(5);
    let args = [&ARGS[..], &["--out", "o"]].concat();
    let printed = place.json(&args);
    let file = place.bytes("o", "results.json");
    assert_eq!(printed, serde_json::from_slice::<Value>(&file).unwrap());
    assert_eq!(printed["schema"], 1);
    let shown = place.succeeds(&args);
    let table = String::from_utf8(place.bytes("o", "table.md")).unwrap();
    assert!(shown.starts_with(&table));
    let count = |name: &str| {
        let bytes = place.bytes("o", name);
        csv::Reader::from_reader(&bytes[..])
            .into_records()
            .map(Result::unwrap)
            .count()
    };
    assert_eq!(count("rows.csv"), 5);
    assert_eq!(
        count("cells.csv"),
        printed["cells"].as_array().unwrap().len()
    );
    let defaults = String::from_utf8(place.bytes("o", "defaults.toml")).unwrap();
    let defaults: toml::Table = defaults.parse().unwrap();
    assert_eq!(
        defaults["default"]["layer"].as_integer(),
        printed["fit"]["default"]["layer"].as_i64()
    );
    for encoding in ["embed", "unembed", "layerwise"] {
        for scope in ["all", "last"] {
            for metric in ["mean-2sd", "median"] {
                let name = format!("heatmap-{encoding}-{scope}-{metric}");
                let svg = String::from_utf8(place.bytes("o", &format!("{name}.svg"))).unwrap();
                for word in [encoding, "magnitude τ", "layer (from 0)", "5 prompts"] {
                    assert!(svg.contains(word), "{name}: no {word}");
                }
                let png = place.bytes("o", &format!("{name}.png"));
                assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "{name}");
            }
        }
    }
    // A second run in another folder leaves the same bytes.
    place.succeeds(&[&ARGS[..], &["--out", "p"]].concat());
    same_results(&place.path("o"), &place.path("p"));
    assert!(!Path::new("journal.jsonl").exists());
}
