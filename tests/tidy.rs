//! Habits of the house that one package cannot enforce by crate walls.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// The parts, highest first: each may use those above it and none below it.
const PARTS: [&str; 12] = [
    "text", "prompt", "model", "lens", "memory", "hop", "eval", "engine", "ide", "show", "server",
    "cli",
];

/// Neighbours that keep apart although one stands higher: the runtime knows no prompts, and
/// read-outs and injections do not know each other.
const APART: [(&str, &str); 3] = [("model", "prompt"), ("model", "text"), ("memory", "lens")];

/// Crates that belong to some parts only.
const FOREIGN: [(&str, &[&str]); 8] = [
    ("tower_lsp_server", &["server"]),
    ("candle_core", &["model"]),
    ("candle_nn", &["model"]),
    ("gemm", &["model"]),
    ("tokenizers", &["model"]),
    ("clap", &["cli"]),
    ("csv", &["eval", "cli"]),
    ("plotters", &["show", "cli"]),
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
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    assert!(found.len() > 20, "the sources were not found");
    found
}

/// The part that a file belongs to; none for `lib.rs` and `main.rs`.
fn part_of(path: &Path) -> Option<&'static str> {
    let inside = path
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap();
    let first = inside.components().next().unwrap();
    let first = Path::new(first.as_os_str()).file_stem().unwrap();
    PARTS.into_iter().find(|part| first.to_str() == Some(*part))
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

fn parsed() -> Vec<(PathBuf, &'static str, Paths)> {
    sources()
        .into_iter()
        .filter_map(|path| {
            let part = part_of(&path)?;
            let text = std::fs::read_to_string(&path).unwrap();
            let file = syn::parse_file(&text).unwrap();
            Some((path, part, Paths::of(&file)))
        })
        .collect()
}

fn rank(part: &str) -> usize {
    PARTS.iter().position(|other| *other == part).unwrap()
}

/// Whether `part` may use `other`.
fn may_use(part: &str, other: &str) -> bool {
    part == other || (rank(other) < rank(part) && !APART.contains(&(part, other)))
}

#[test]
fn each_part_uses_only_those_above_it() {
    for (path, part, paths) in parsed() {
        for (first, second) in &paths.0 {
            if first == "crate" && PARTS.contains(&second.as_str()) {
                assert!(
                    may_use(part, second),
                    "{} belongs to `{part}`, which may not use `{second}`",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn foreign_types_stay_where_they_belong() {
    for (path, part, paths) in parsed() {
        for (name, parts) in FOREIGN {
            let uses = paths.0.iter().any(|(first, _)| first == name);
            assert!(
                !uses || parts.contains(&part),
                "{} belongs to `{part}`, but `{name}` belongs to {parts:?}",
                path.display()
            );
        }
    }
}

#[test]
fn the_guard_sees_what_it_guards_against() {
    let bad = syn::parse_file(
        "use crate::{text::LineIndex, server::{convert, x as y}};
         fn f() -> tower_lsp_server::ls_types::Range { crate::cli::main() }",
    )
    .unwrap();
    let paths = Paths::of(&bad);
    let has = |first: &str, second: &str| paths.0.contains(&(first.into(), second.into()));
    assert!(has("crate", "text") && has("crate", "server") && has("crate", "cli"));
    assert!(has("tower_lsp_server", "ls_types"));
    assert!(may_use("server", "ide") && !may_use("ide", "server"));
    assert!(!may_use("memory", "lens") && may_use("hop", "lens"));
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
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let list = std::fs::read_to_string(docs.join("diagnostics.md")).unwrap();
    for code in hoplens::prompt::CODES {
        let page = std::fs::read_to_string(docs.join(format!("diagnostics/{code}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {code}\n")), "{code}");
        let row = format!("| [`{code}`](diagnostics/{code}.md) |");
        assert!(list.contains(&row), "{code} is not in the list");
    }
    let pages = std::fs::read_dir(docs.join("diagnostics")).unwrap().count();
    assert_eq!(pages, hoplens::prompt::CODES.len());
}

#[test]
fn documented_thresholds_are_those_in_force() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/method.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let defaults = serde_json::to_value(hoplens::hop::Thresholds::default()).unwrap();
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let version = env!("CARGO_PKG_VERSION");
    let plugin = std::fs::read_to_string(root.join("editors/nvim/lua/hoplens/init.lua")).unwrap();
    assert!(plugin.contains(&format!("M.version = '{version}'\n")));
    let manifest = std::fs::read(root.join("editors/vscode/package.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["version"], version);
}

#[test]
fn documents_that_are_named_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
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
