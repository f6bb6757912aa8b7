//! Documents match the code.

use hoplens_prompt::Code;
use hoplens_test_support::root;

use crate::sources::sources;

#[test]
fn every_code_has_its_page() {
    let docs = root().join("docs");
    let list = std::fs::read_to_string(docs.join("diagnostics.md")).unwrap();
    for code in Code::ALL {
        let page = std::fs::read_to_string(root().join(code.docs_url())).unwrap();
        assert!(page.starts_with(&format!("# {code}\n")), "{code}");
        let row = format!("| [`{code}`](diagnostics/{code}.md) | {} |", code.message());
        assert!(list.contains(&row), "{code} is not in the list");
    }
    let pages = std::fs::read_dir(docs.join("diagnostics")).unwrap().count();
    assert_eq!(pages, Code::ALL.len());
}

#[test]
fn documented_thresholds_are_those_in_force() {
    let docs = root().join("docs/method.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let defaults = serde_json::to_value(hoplens_analysis::Thresholds::default()).unwrap();
    for (name, value) in defaults.as_object().unwrap() {
        let stands = [format!("`{name}` {value}"), format!("`{name}` ({value})")];
        assert!(
            stands.iter().any(|text| docs.contains(text)),
            "docs/method.md does not say that {name} is {value}"
        );
    }
}

#[test]
fn editors_have_the_version_of_the_server() {
    let root = root();
    let version = env!("CARGO_PKG_VERSION");
    let plugin = std::fs::read_to_string(root.join("editors/nvim/lua/hoplens/init.lua")).unwrap();
    assert!(plugin.contains(&format!("M.version = '{version}'\n")));
    let manifest = std::fs::read(root.join("editors/vscode/package.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["version"], version);
}

#[test]
fn documents_that_are_named_exist() {
    let root = root();
    let named = sources()
        .into_iter()
        .map(|file| root.join(file.path))
        .chain(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root.join(name)));
    let mut seen = 0;
    for path in named {
        let text = std::fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("docs/") {
            let name: &str = text[at..]
                .split(|c: char| !(c.is_alphanumeric() || "/-.".contains(c)))
                .next()
                .unwrap();
            if let Some(end) = name.find(".md") {
                let document = root.join(&name[..end + 3]);
                assert!(document.is_file(), "{} names {name}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 3, "the names were not found");
}
