//! How the files of a crate import each other: along no cycle, and from the defining file rather
//! than through what an ancestor re-exports.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;

use crate::sources::{SourceFile, is_for_tests, sources};

/// The names on the way to an item, from the crate's root.
type ItemPath = Vec<String>;

/// What a file defines, re-exports and imports, by absolute paths.
#[derive(Default)]
struct Module {
    definitions: BTreeSet<String>,
    exports: BTreeMap<String, ItemPath>,
    imports: BTreeSet<ItemPath>,
}

/// The modules of one crate that are files.
type Crate = BTreeMap<ItemPath, Module>;

/// Collects what a file says; paths become absolute.
struct Collector<'a> {
    here: &'a [String],
    children: &'a BTreeSet<ItemPath>,
    module: Module,
}

impl Collector<'_> {
    /// The absolute path; `None` for paths into other crates.
    fn absolute(&self, path: &[String]) -> Option<ItemPath> {
        let mut here = self.here.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|step| step == "super") {
                    here.pop()?;
                    rest = &rest[1..];
                }
            }
            first => {
                here.push(first.to_owned());
                let is_child = self.children.contains(&here);
                here.pop();
                if !is_child {
                    return None;
                }
            }
        }
        here.extend(rest.iter().cloned());
        Some(here)
    }

    fn add_use(&mut self, before: &[String], tree: &syn::UseTree, is_export: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_use(&with(&path.ident), &path.tree, is_export),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(before, tree, is_export);
                }
            }
            syn::UseTree::Name(name) if name.ident == "self" => {
                let alias = before.last().cloned().unwrap_or_default();
                self.add_leaf(before, alias, is_export);
            }
            syn::UseTree::Name(name) => {
                self.add_leaf(&with(&name.ident), name.ident.to_string(), is_export);
            }
            syn::UseTree::Rename(rename) => {
                self.add_leaf(&with(&rename.ident), rename.rename.to_string(), is_export);
            }
            syn::UseTree::Glob(_) => self.add_leaf(before, "*".to_owned(), is_export),
        }
    }

    fn add_leaf(&mut self, path: &[String], alias: String, is_export: bool) {
        let Some(path) = self.absolute(path) else {
            return;
        };
        if is_export {
            self.module.exports.insert(alias, path);
        } else {
            self.module.imports.insert(path);
        }
    }
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let (attributes, name) = match item {
            syn::Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            syn::Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Type(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Const(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Static(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
            syn::Item::Mod(item) => (&item.attrs, None),
            syn::Item::Impl(item) => (&item.attrs, None),
            syn::Item::Use(item) => (&item.attrs, None),
            _ => return,
        };
        if is_for_tests(attributes) {
            return;
        }
        if let Some(name) = name {
            self.module.definitions.insert(name.to_string());
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_export = !matches!(item.vis, syn::Visibility::Inherited);
        self.add_use(&[], &item.tree, is_export);
    }

    // `pub(in crate::module)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        let is_local = ["crate", "super", "self"].contains(&names[0].as_str());
        if 1 < names.len()
            && is_local
            && let Some(path) = self.absolute(&names)
        {
            self.module.imports.insert(path);
        }
        syn::visit::visit_path(self, path);
    }
}

/// The crates by their folders.
fn crates(files: &[SourceFile]) -> BTreeMap<&str, Crate> {
    let mut modules: BTreeMap<&str, BTreeSet<ItemPath>> = BTreeMap::new();
    for file in files {
        let known = modules.entry(&file.krate).or_default();
        known.insert(file.module.clone());
    }
    let mut crates: BTreeMap<&str, Crate> = BTreeMap::new();
    for file in files {
        let mut collector = Collector {
            here: &file.module,
            children: &modules[file.krate.as_str()],
            module: Module::default(),
        };
        collector.visit_file(&file.syntax);
        let module = collector.module;
        let krate = crates.entry(&file.krate).or_default();
        krate.insert(file.module.clone(), module);
    }
    crates
}

/// The longest beginning of a path that is a file, and the item's name in it.
fn split<'path>(krate: &Crate, path: &'path [String]) -> (&'path [String], Option<&'path String>) {
    let length = (0..=path.len())
        .rev()
        .find(|length| krate.contains_key(&path[..*length]))
        .unwrap_or(0);
    (&path[..length], path.get(length))
}

/// The file that defines what a path names, behind all re-exports.
fn definition(krate: &Crate, path: &[String]) -> ItemPath {
    let mut path = path.to_vec();
    for _ in 0..20 {
        let (module, item) = split(krate, &path);
        let Some(next) = item.and_then(|item| krate[module].exports.get(item)) else {
            return module.to_vec();
        };
        if krate[module].definitions.contains(item.unwrap()) {
            return module.to_vec();
        }
        path = [&next[..], &path[module.len() + 1..]].concat();
    }
    panic!("{path:?} is re-exported in a circle");
}

/// Whether an import reaches its item through what an ancestor of the importing file re-exports.
fn is_through_facade(krate: &Crate, importer: &[String], path: &[String]) -> bool {
    let (module, item) = split(krate, path);
    let is_ancestor = module.len() < importer.len() && importer.starts_with(module);
    let Some(item) = item.filter(|_| is_ancestor) else {
        return false;
    };
    let module = &krate[module];
    module.exports.contains_key(item) && !module.definitions.contains(item)
}

/// Which files a file imports from.
fn edges(krate: &Crate) -> BTreeMap<&ItemPath, BTreeSet<ItemPath>> {
    let from = |(module, content): (_, &Module)| {
        let targets = content.imports.iter().map(|path| definition(krate, path));
        let others = targets.filter(|target| target != module).collect();
        (module, others)
    };
    krate.iter().map(from).collect()
}

/// The files that lie on a cycle of imports, or lead to one and are led to by one.
fn on_cycles(krate: &Crate) -> Vec<String> {
    let mut left = edges(krate);
    loop {
        let before = left.len();
        let sources: BTreeSet<ItemPath> = left.keys().map(|module| (*module).clone()).collect();
        left.retain(|_, targets| targets.iter().any(|target| sources.contains(target)));
        let targets: BTreeSet<ItemPath> = left.values().flatten().cloned().collect();
        left.retain(|module, _| targets.contains(*module));
        if left.len() == before {
            break;
        }
    }
    let remaining: BTreeSet<&ItemPath> = left.keys().copied().collect();
    let shown = |(module, targets): (&&ItemPath, &BTreeSet<ItemPath>)| {
        let inside = targets.iter().filter(|target| remaining.contains(target));
        let inside: Vec<String> = inside.map(|target| target.join("::")).collect();
        format!("{} imports from {}", module.join("::"), inside.join(", "))
    };
    left.iter().map(shown).collect()
}

#[test]
fn no_files_of_a_crate_import_each_other_in_a_cycle() {
    let files = sources();
    for (name, krate) in crates(&files) {
        let found = on_cycles(&krate);
        assert!(found.is_empty(), "in `{name}`:\n{}", found.join("\n"));
    }
}

#[test]
fn imports_name_the_defining_file_and_no_facade_above() {
    let files = sources();
    let mut found = Vec::new();
    for (name, krate) in crates(&files) {
        for (importer, module) in &krate {
            for path in &module.imports {
                if is_through_facade(&krate, importer, path) {
                    let (importer, path) = (importer.join("::"), path.join("::"));
                    found.push(format!("{name}: {importer} imports {path}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn cycles_and_facades_are_recognised() {
    let file = |module: &[&str], text: &str| SourceFile {
        path: module.join("/").into(),
        krate: "x".to_owned(),
        module: module.iter().map(|step| (*step).to_owned()).collect(),
        text: text.to_owned(),
        syntax: syn::parse_file(text).unwrap(),
    };
    let files = [
        file(&[], "mod a; mod b; pub use a::A; use b::B;"),
        file(
            &["a"],
            "use crate::b::B; pub struct A; #[cfg(test)] mod t { use crate::A; }",
        ),
        file(&["b"], "use super::{A as Other}; pub struct B;"),
        file(&["c"], "mod d; pub struct C; fn f() { crate::c::d::run() }"),
        file(&["c", "d"], "pub fn run() {}"),
    ];
    let krate = &crates(&files)["x"];
    assert_eq!(on_cycles(krate), ["a imports from b", "b imports from a"]);
    let owned = |path: &[&str]| -> ItemPath { path.iter().map(|s| (*s).to_owned()).collect() };
    assert!(is_through_facade(krate, &owned(&["b"]), &owned(&["A"])));
    assert!(!is_through_facade(
        krate,
        &owned(&["a"]),
        &owned(&["b", "B"])
    ));
}
