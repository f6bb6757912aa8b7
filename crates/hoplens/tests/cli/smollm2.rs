//! The commands on the default model, compared with numbers that Hugging Face Transformers computed
//! on the same weights (`../shared/reference/smollm2.json`).
//!
//! Skips with a message without the model or the numbers. With `HOPLENS_REQUIRE_MODEL=1`, a missing
//! model is a failure.

use std::process::Command;

use hoplens_test_support::{
    SMOLLM2_TOLERANCE, assert_close, default_model, skip, smollm2_reference,
};
use serde_json::Value;

#[test]
fn the_commands_print_the_same_numbers() {
    let (Some(_), Some(reference)) = (default_model(), smollm2_reference()) else {
        return skip("the default model and ../shared/reference/smollm2.json");
    };
    let trace = &reference.traces[0];
    let probe = json(&[
        "probe",
        "--prompt",
        &trace.prompt,
        "--expect",
        &trace.expect,
    ]);
    let number = |value: &Value| value.as_f64().unwrap();
    assert_close(
        number(&probe["logp_first"]),
        trace.logp_first,
        SMOLLM2_TOLERANCE,
        "probe",
    );
    assert_close(
        number(&probe["logp"]),
        trace.logp_full,
        SMOLLM2_TOLERANCE,
        "probe",
    );
    assert_eq!(probe["rank"], trace.rank_first);
    assert_eq!(probe["model"]["layers"], 30);
    assert_eq!(probe["schema"], 1);
    for (token, expected) in probe["tokens"].as_array().unwrap()[1..]
        .iter()
        .zip(&trace.token_logp)
    {
        assert_close(
            number(&token["logp"]),
            *expected,
            SMOLLM2_TOLERANCE,
            "token",
        );
    }

    let injection = &reference.injections[0];
    let swept = json(&[
        "sweep",
        "--prompt",
        &injection.prompt,
        "--expect",
        &injection.expect,
        "--memory",
        &injection.memory,
        "--encoding",
        "embed,unembed,layerwise",
        "--scope",
        "all,last",
        "--layers",
        "0,6,12,18,24,29",
        "--tau",
        "1,3,6",
    ]);
    let cells = swept["cells"].as_array().unwrap();
    assert_eq!(cells.len(), injection.cells.len());
    for expected in &injection.cells {
        let found = cells.iter().find(|cell| {
            cell["encoding"] == serde_json::to_value(expected.encoding).unwrap()
                && cell["layer"] == expected.layer
                && cell["tau"] == expected.tau
                && cell["scope"] == expected.scope.as_str()
        });
        let found = number(&found.unwrap()["logp_first"]);
        assert_close(
            found,
            expected.logp_first,
            SMOLLM2_TOLERANCE,
            &format!("{expected:?}"),
        );
    }
}

fn json(args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_hoplens"))
        .args(args)
        .args(["--json", "--offline", "--bos", "never"])
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}
