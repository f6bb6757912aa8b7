//! Holds the tables of keys in docs/format.md equal to the code.

use std::fmt::Write;
use std::path::Path;

use crate::declarations::keys::Key;

/// Returns a table for each title.
pub(crate) fn tables(titles: &[(&str, &[Key])]) -> String {
    let mut out = String::new();
    for (title, keys) in titles {
        writeln!(out, "\n{title}:\n\n| key | |\n|---|---|").unwrap();
        for key in *keys {
            let needed = if key.required { " Required." } else { "" };
            writeln!(out, "| `{}` | {}{needed} |", key.name, key.doc).unwrap();
        }
    }
    out
}

/// Compares what stands between `<!-- mark -->` and `<!-- /mark -->` with the tables, and returns
/// the document; `HOPLENS_UPDATE=1` updates it.
#[track_caller]
pub(crate) fn check_document(mark: &str, tables: &str) -> String {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("docs/format.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("\n<!-- /{mark} -->"));
    let from = text.find(&begin).unwrap() + begin.len();
    let to = text.find(&end).unwrap_or(from);
    let made = format!("{}{tables}{}", &text[..from], &text[to.max(from)..]);
    if std::env::var("HOPLENS_UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(&path, &made).unwrap();
    }
    let shipped = std::fs::read_to_string(&path).unwrap();
    assert!(
        shipped == made,
        "docs/format.md: run this test with HOPLENS_UPDATE=1"
    );
    made
}
