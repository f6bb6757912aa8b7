//! The source files of the workspace, parsed.

use std::path::{Path, PathBuf};

use hoplens_test_support::root;

/// A source file of a crate; files of tests are left out.
pub(crate) struct SourceFile {
    /// From the root of the repository.
    pub path: PathBuf,
    /// The folder of its crate below `crates/`.
    pub krate: String,
    /// The module that the file is, from the crate's root: `["format", "dotprompt"]`.
    pub module: Vec<String>,
    pub text: String,
    pub syntax: syn::File,
}

/// Every source file of every crate.
pub(crate) fn sources() -> Vec<SourceFile> {
    let mut files = Vec::new();
    for krate in std::fs::read_dir(root().join("crates")).unwrap() {
        let krate = krate.unwrap();
        let name = krate.file_name().into_string().unwrap();
        walk(&krate.path().join("src"), &mut |path| {
            if let Some(file) = read(path, &name) {
                files.push(file);
            }
        });
    }
    assert!(files.len() > 100, "the sources were not found");
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn walk(folder: &Path, found: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found(&path);
        }
    }
}

fn read(path: &Path, krate: &str) -> Option<SourceFile> {
    let inside = path.strip_prefix(root().join("crates").join(krate).join("src"));
    let mut module: Vec<String> = inside
        .unwrap()
        .with_extension("")
        .iter()
        .map(|step| step.to_str().unwrap().to_owned())
        .collect();
    if module == ["lib"] {
        module.clear();
    }
    let is_test = |step: &String| step == "tests" || step.ends_with("_tests");
    if module == ["main"] || module.iter().any(is_test) {
        return None;
    }
    let text = std::fs::read_to_string(path).unwrap();
    let syntax =
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(SourceFile {
        path: path.strip_prefix(root()).unwrap().into(),
        krate: krate.to_owned(),
        module,
        text,
        syntax,
    })
}

/// Whether an item is compiled for tests only.
pub(crate) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg = attribute.path().is_ident("cfg");
        is_cfg
            && attribute
                .parse_args::<syn::Ident>()
                .is_ok_and(|word| word == "test")
    })
}
