//! Asks the client to watch the files that prompts depend on.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use serde_json::json;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types as lsp;

use hoplens_prompt::{FACTS_FILE, is_promptfoo_config, prompt_of_sidecar};
use hoplens_workspace::PROJECT_FILE;

/// Maximum number of names of companion files that are watched.
const MOST_NAMES: usize = 1_000;

/// Registers the files that are watched by their kind in the background.
pub(super) fn register(client: Client) {
    let globs = [
        "**/*.hoplens.yaml",
        "**/hoplens.toml",
        "**/facts.yaml",
        "**/promptfooconfig*.{yaml,yml}",
        "**/_*.prompt",
    ];
    register_globs(client, "hoplens-sidecars".to_owned(), &globs);
}

/// Registers the companions of a prompt that no kind covers, such as `sample.json` in
/// `${file:sample.json}`, in the background. `known` are the names that are watched already.
///
/// Watching a name in every folder needs no knowledge of the client's folders, and a change of
/// another file of this name costs one comparison.
pub(super) fn register_companions(
    client: &Client,
    companions: &BTreeSet<PathBuf>,
    known: &mut HashSet<String>,
) {
    let names = companions.iter().filter(|path| !is_shared(path));
    let names = names.filter_map(|path| path.file_name()?.to_str());
    let mut added = Vec::new();
    for name in names.filter(|name| *name != ".git") {
        if known.len() < MOST_NAMES && known.insert(name.to_owned()) {
            added.push(format!("**/{}", escaped(name)));
        }
    }
    if added.is_empty() {
        return;
    }
    let id = format!("hoplens-companions-{}", known.len());
    let globs: Vec<&str> = added.iter().map(String::as_str).collect();
    register_globs(client.clone(), id, &globs);
}

/// Returns whether many prompts may depend on a file, by its name, or it is a sidecar.
pub(super) fn is_shared(path: &Path) -> bool {
    is_shared_by_prompts(path) || prompt_of_sidecar(path).is_some()
}

/// Returns whether many prompts may depend on a file, by its name.
pub(super) fn is_shared_by_prompts(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    let is_partial = name.starts_with('_') && name.ends_with(".prompt");
    is_partial || name == PROJECT_FILE || name == FACTS_FILE || is_promptfoo_config(path)
}

fn register_globs(client: Client, id: String, globs: &[&str]) {
    let watchers = globs.iter().map(|glob| json!({"globPattern": glob}));
    let registration = lsp::Registration {
        id,
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: Some(json!({"watchers": watchers.collect::<Vec<_>>()})),
    };
    tokio::spawn(async move {
        if let Err(error) = client.register_capability(vec![registration]).await {
            tracing::warn!(%error, "the client does not watch the files of prompts");
        }
    });
}

/// Returns a glob that matches a name. LSP has no escapes, so `?` stands for a special character.
fn escaped(name: &str) -> String {
    name.replace(['*', '?', '[', ']', '{', '}', '!', ','], "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companions_without_a_kind_of_their_own_are_watched_by_name() {
        for (path, is) in [
            ("p/hoplens.toml", true),
            ("p/_head.prompt", true),
            ("p/a.prompt.hoplens.yaml", true),
            ("p/promptfooconfig.dev.yaml", true),
            ("p/sample.json", false),
            ("p/a.prompt", false),
        ] {
            assert_eq!(is_shared(Path::new(path)), is, "{path}");
        }
        assert_eq!(escaped("a[1] {b}.json"), "a?1? ?b?.json");
    }
}
