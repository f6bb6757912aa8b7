//! Rules that the compiler does not enforce: where foreign types may appear, file sizes, and that
//! documents match the code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hoplens_prompt::Code;
use hoplens_test_support::root;
use syn::visit::Visit;

/// Where the types of a crate may appear: crates, or modules of `hoplens`.
const FOREIGN: [(&str, &[&str]); 8] = [
    ("tower_lsp_server", &["hoplens/src/server"]),
    ("candle_core", &["runtime"]),
    ("candle_nn", &["runtime"]),
    ("gemm", &["runtime"]),
    ("tokenizers", &["runtime"]),
    ("clap", &["hoplens/src/cli"]),
    ("csv", &["eval", "hoplens/src/cli"]),
    ("plotters", &["ide", "hoplens/src/cli"]),
];

fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for member in std::fs::read_dir(root().join("crates")).unwrap() {
        walk(&member.unwrap().path().join("src"), &mut found);
    }
    assert!(found.len() > 20, "the sources were not found");
    found
}

/// Every path that a file mentions, in `use` and in code, as its first two names.
#[derive(Default)]
struct Paths(BTreeSet<(String, String)>);

impl Paths {
    fn of(file: &syn::File) -> Self {
        let mut paths = Self::default();
        paths.visit_file(file);
        paths
    }

    fn tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| {
            let mut all = before.to_vec();
            all.push(name.to_string());
            all
        };
        match tree {
            syn::UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(before, tree);
                }
            }
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(before),
        }
    }

    fn add(&mut self, names: &[String]) {
        let name = |index: usize| names.get(index).cloned().unwrap_or_default();
        self.0.insert((name(0), name(1)));
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.add(&names);
        syn::visit::visit_path(self, path);
    }
}

#[test]
fn foreign_types_stay_where_they_belong() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        let paths = Paths::of(&syn::parse_file(&text).unwrap());
        for (name, places) in FOREIGN {
            let uses = paths.0.iter().any(|(first, _)| first == name);
            let crates = root().join("crates");
            let inside = |place: &&str| {
                path.starts_with(crates.join(place)) || path == crates.join(format!("{place}.rs"))
            };
            assert!(
                !uses || places.iter().any(inside),
                "{} uses `{name}`, which belongs to {places:?}",
                path.display()
            );
        }
    }
}

#[test]
fn files_stay_small() {
    for path in sources() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(
            lines <= 500,
            "{} has {lines} lines: two files",
            path.display()
        );
    }
}

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
        .chain(["README.md", "ARCHITECTURE.md"].map(|name| root.join(name)));
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
