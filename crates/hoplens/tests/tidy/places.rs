//! Where the types of other crates may appear, and which way the crates depend on each other.

use std::collections::BTreeSet;
use std::path::Path;

use hoplens_test_support::root;
use syn::visit::Visit;

use crate::sources::sources;

/// The crates, lowest first, each with those that it may use. Cargo enforces the direction; this
/// keeps the list in ARCHITECTURE.md and the manifests equal.
const CRATES: [(&str, &[&str]); 10] = [
    ("injection", &[]),
    ("prompt", &["injection"]),
    ("store", &[]),
    ("runtime", &["store"]),
    ("interp", &["injection", "runtime", "store"]),
    (
        "analysis",
        &["injection", "interp", "prompt", "runtime", "store"],
    ),
    (
        "eval",
        &["analysis", "injection", "interp", "runtime", "store"],
    ),
    ("workspace", &["injection", "prompt"]),
    (
        "ide",
        &[
            "analysis",
            "injection",
            "interp",
            "prompt",
            "runtime",
            "store",
            "workspace",
        ],
    ),
    (
        "hoplens",
        &[
            "analysis",
            "eval",
            "ide",
            "injection",
            "interp",
            "prompt",
            "runtime",
            "store",
            "workspace",
        ],
    ),
];

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
    for file in sources() {
        let paths = Paths::of(&file.syntax);
        for (name, places) in FOREIGN {
            let uses = paths.0.iter().any(|(first, _)| first == name);
            let inside = |place: &&str| {
                let place = format!("crates/{place}");
                file.path.starts_with(&place) || file.path == Path::new(&format!("{place}.rs"))
            };
            assert!(
                !uses || places.iter().any(inside),
                "{} uses `{name}`, which belongs to {places:?}",
                file.path.display()
            );
        }
    }
}

#[test]
fn crates_depend_only_on_those_below_them() {
    let mut below: Vec<&str> = Vec::new();
    for (name, uses) in CRATES {
        let manifest = root().join("crates").join(name).join("Cargo.toml");
        let manifest: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
        let dependencies = manifest["dependencies"].as_table().unwrap();
        let found: BTreeSet<&str> = dependencies
            .keys()
            .filter_map(|key| key.strip_prefix("hoplens-"))
            .collect();
        assert_eq!(found, uses.iter().copied().collect(), "`{name}`");
        assert!(uses.iter().all(|used| below.contains(used)), "`{name}`");
        below.push(name);
    }
    let folders = std::fs::read_dir(root().join("crates")).unwrap();
    let folders: BTreeSet<String> = folders
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "test-support")
        .collect();
    assert_eq!(
        folders,
        below.iter().map(|name| (*name).to_owned()).collect()
    );
}
