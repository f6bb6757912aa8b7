//! Names and sizes: one name for one type, few parameters, small files.

use std::collections::BTreeMap;

use syn::visit::Visit;

use crate::sources::{is_for_tests, sources};

/// Lines of the longest file.
const MOST_LINES: usize = 500;
/// Parameters of a function beside `self`, which Clippy's lint counts (clippy.toml).
const MOST_PARAMETERS: usize = 5;

#[test]
fn no_two_public_types_share_a_name() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in sources() {
        for item in &file.syntax.items {
            let (attributes, visibility, name) = match item {
                syn::Item::Struct(item) => (&item.attrs, &item.vis, &item.ident),
                syn::Item::Enum(item) => (&item.attrs, &item.vis, &item.ident),
                syn::Item::Trait(item) => (&item.attrs, &item.vis, &item.ident),
                syn::Item::Type(item) => (&item.attrs, &item.vis, &item.ident),
                _ => continue,
            };
            let is_public = !matches!(visibility, syn::Visibility::Inherited);
            if is_public && !is_for_tests(attributes) {
                let path = file.path.display().to_string();
                found.entry(name.to_string()).or_default().push(path);
            }
        }
    }
    assert!(found.len() > 100, "the types were not found");
    let shared: Vec<String> = found
        .into_iter()
        .filter(|(_, paths)| 1 < paths.len())
        .map(|(name, paths)| format!("{name}: {}", paths.join(", ")))
        .collect();
    assert!(
        shared.is_empty(),
        "one name, one type:\n{}",
        shared.join("\n")
    );
}

/// Functions with more parameters than is allowed.
#[derive(Default)]
struct LongSignatures(Vec<String>);

impl<'ast> Visit<'ast> for LongSignatures {
    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        let parameters = signature.inputs.iter();
        let own = parameters.filter(|input| matches!(input, syn::FnArg::Typed(_)));
        if MOST_PARAMETERS < own.count() {
            self.0.push(signature.ident.to_string());
        }
        syn::visit::visit_signature(self, signature);
    }
}

#[test]
fn functions_have_at_most_five_parameters() {
    let mut found = Vec::new();
    for file in sources() {
        let mut long = LongSignatures::default();
        long.visit_file(&file.syntax);
        let path = file.path.display();
        found.extend(long.0.iter().map(|name| format!("{path}: {name}")));
        if file.text.contains("too_many_arguments") {
            found.push(format!("{path} lifts the lint"));
        }
    }
    assert!(
        found.is_empty(),
        "group the parameters in a struct:\n{}",
        found.join("\n")
    );
}

#[test]
fn files_stay_small() {
    for file in sources() {
        let lines = file.text.lines().count();
        let path = file.path.display();
        assert!(lines <= MOST_LINES, "{path} has {lines} lines: two files");
    }
}
