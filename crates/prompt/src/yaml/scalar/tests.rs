use granit_parser::ScalarStyle;

use super::*;

fn plain(text: &str, dialect: Dialect) -> Result<Plain, String> {
    resolve(text, ScalarStyle::Plain, None, dialect)
}

#[track_caller]
fn check(dialect: Dialect, expected: &[(&str, Plain)]) {
    for (text, expected) in expected {
        assert_eq!(plain(text, dialect), Ok(*expected), "{text}");
    }
}

#[test]
fn the_core_schema_decides_outside_prompty() {
    check(
        Dialect::NpmYaml,
        &[
            ("", Plain::Null),
            ("Null", Plain::Null),
            ("yes", Plain::String),
            ("TRUE", Plain::Bool(true)),
            ("010", Plain::Integer(10)),
            ("0o17", Plain::Integer(15)),
            ("0x1F", Plain::Integer(31)),
            ("-0x1F", Plain::String),
            ("1_000", Plain::String),
            ("+1", Plain::Integer(1)),
            ("12:30", Plain::String),
            ("1e3", Plain::Float(1000.0)),
            (".5", Plain::Float(0.5)),
            ("5.", Plain::Float(5.0)),
            (".", Plain::String),
            ("-", Plain::String),
            ("-.inf", Plain::Float(f64::NEG_INFINITY)),
            (
                "12345678901234567890",
                Plain::Float(12_345_678_901_234_567_890.0),
            ),
            ("2001-12-14", Plain::String),
        ],
    );
}

#[test]
fn yaml_1_1_decides_in_prompty() {
    check(
        Dialect::PyYaml,
        &[
            ("~", Plain::Null),
            ("yes", Plain::Bool(true)),
            ("Off", Plain::Bool(false)),
            ("y", Plain::String),
            ("010", Plain::Integer(8)),
            ("08", Plain::String),
            ("0o17", Plain::String),
            ("-0x1F", Plain::Integer(-31)),
            ("0b101", Plain::Integer(5)),
            ("1_000", Plain::Integer(1000)),
            ("12:30", Plain::Integer(750)),
            ("12:60", Plain::String),
            ("1:30.5", Plain::Float(90.5)),
            ("1e3", Plain::String),
            ("1.0e3", Plain::String),
            ("1.0e+3", Plain::Float(1000.0)),
            (".5", Plain::Float(0.5)),
            ("-.5", Plain::String),
            ("1_0.5", Plain::Float(10.5)),
            ("12345678901234567890", Plain::String),
            ("2001-12-14", Plain::Timestamp),
            ("2001-12-14 ", Plain::String),
        ],
    );
}

#[test]
fn what_pyyaml_cannot_construct_is_refused() {
    for text in ["=", "2001-13-01", "0b_"] {
        assert!(plain(text, Dialect::PyYaml).is_err(), "{text}");
        assert!(plain(text, Dialect::NpmYaml).is_ok(), "{text}");
    }
}
