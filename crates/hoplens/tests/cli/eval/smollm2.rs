//! The default model on the papers' prompts, compared with Hugging Face Transformers
//! (`../shared/reference/smollm2.json`).

use std::process::Command;

use serde_json::Value;

use hoplens_test_support::{
    SMOLLM2_TOLERANCE, assert_close, default_model, shared, skip, smollm2_reference,
};

fn eval(args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .arg("eval")
        .args(args)
        .args(["--json", "--offline", "--bos", "never", "--control", "0"])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_papers_prompts_agree_with_transformers() {
    let data = shared("data/handwritten_dev.csv");
    let (Some(_), Some(reference), Some(data)) = (default_model(), smollm2_reference(), data)
    else {
        return skip("the default model and ../shared");
    };
    let number = |value: &Value| value.as_f64().unwrap();

    // Run every prompt as written, with the cheapest cell.
    let all = eval(&[
        "--data",
        data.to_str().unwrap(),
        "--encoding",
        "embed",
        "--layers",
        "29",
        "--tau",
        "1",
        "--scope",
        "last",
    ]);
    let rows = all["rows"].as_array().unwrap();
    assert_eq!(rows.len(), reference.rows.len());
    for (row, expected) in rows.iter().zip(&reference.rows) {
        let what = format!("row {}", expected.row);
        let close = |key: &str, expected| {
            assert_close(number(&row[key]), expected, SMOLLM2_TOLERANCE, &what);
        };
        close("obscure_logp_first", expected.obscure_logp_first);
        close("explicit_logp_first", expected.explicit_logp_first);
        assert_eq!(row["obscure_rank"], expected.obscure_rank_first, "{what}");
    }
    let cell = &all["cells"][0];
    assert_close(number(&cell["mean_p_obscure"]), 0.160, 5e-4, "mean p");
    assert_close(number(&cell["mean_p_explicit"]), 0.189, 5e-4, "mean p");

    // Run the prompts whose cells Transformers measured one at a time: the cells of a data set with
    // one row are that row's.
    let mut reader = csv::Reader::from_path(&data).unwrap();
    let header = reader.headers().unwrap().clone();
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let folder = tempfile::tempdir().unwrap();
    for injection in &reference.injections {
        let record = records
            .iter()
            .find(|record| record[1] == injection.prompt && record[2] == injection.memory)
            .unwrap();
        let path = folder.path().join("one.csv");
        let mut one = csv::Writer::from_path(&path).unwrap();
        one.write_record(&header).unwrap();
        one.write_record(record).unwrap();
        one.flush().unwrap();
        let result = eval(&[
            "--data",
            path.to_str().unwrap(),
            "--layers",
            "0,6,12,18,24,29",
            "--tau",
            "1,3,6",
            "--scope",
            "all,last",
        ]);
        let cells = result["cells"].as_array().unwrap();
        assert_eq!(cells.len(), injection.cells.len());
        for expected in &injection.cells {
            let found = cells.iter().find(|cell| {
                cell["encoding"] == serde_json::to_value(expected.encoding).unwrap()
                    && cell["layer"] == expected.layer
                    && cell["tau"] == expected.tau
                    && cell["scope"] == expected.scope.as_str()
            });
            let found = found.unwrap();
            let logp = number(&found["mean_p_injected"]).ln();
            assert_close(
                logp,
                expected.logp_first,
                SMOLLM2_TOLERANCE,
                &format!("{expected:?}"),
            );
            let gain = expected.logp_first - injection.baseline_logp_first;
            assert_close(
                number(&found["geo"]).ln(),
                gain,
                2.0 * SMOLLM2_TOLERANCE,
                "geo",
            );
        }
    }
}
