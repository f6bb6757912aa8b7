//! The companion files of a prompt file, which affect its content.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::declarations::registered_names::RegisteredNames;
use crate::format::promptfoo::paths::promptfoo_prompts;

/// The texts of a prompt file's companion files.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompanionTexts<'a> {
    /// The text of the file that [`sidecar_name`](super::sidecar_name) names.
    pub sidecar: Option<&'a str>,
    /// dotprompt's partials by the name in `{{> name}}`; see
    /// [`read_partials`](super::read_partials).
    pub partials: Option<&'a BTreeMap<String, String>>,
    /// The configuration of promptfoo that names the prompt.
    pub promptfoo: Option<&'a Promptfoo>,
    /// For a promptfoo configuration: the paths of the prompts that it names and that do not
    /// exist; see [`absent_prompts`].
    pub absent: &'a [String],
    /// The helpers and partials that the project's application registers in its code.
    pub registered: Option<&'a RegisteredNames>,
}

/// A promptfoo configuration, relative to a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promptfoo {
    /// Its path relative to the prompt's folder, for messages.
    pub config: String,
    /// The prompt's path relative to the configuration's folder, with `/` between folders.
    pub prompt: String,
    /// Its text.
    pub text: String,
}

/// The file names of a promptfoo configuration.
pub const PROMPTFOO_CONFIGS: [&str; 2] = ["promptfooconfig.yaml", "promptfooconfig.yml"];
/// Maximum number of folders to search: the prompt's own and those above it.
pub const PROMPTFOO_LEVELS: usize = 5;

/// Whether a file is a promptfoo configuration, by its name.
pub fn is_promptfoo_config(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| PROMPTFOO_CONFIGS.contains(&name))
}

/// Returns the nearest promptfoo configuration that names the prompt at `prompt`, in its folder or
/// in one above.
///
/// `read` returns the text of a file if it exists. `is_root` returns whether a folder, such as the
/// root of a repository, is the last to search.
pub fn find_promptfoo_config(
    prompt: &Path,
    read: &mut dyn FnMut(&Path) -> Option<String>,
    is_root: &dyn Fn(&Path) -> bool,
) -> Option<Promptfoo> {
    let name = prompt.file_name()?;
    if is_promptfoo_config(prompt) {
        return None;
    }
    let mut inside = PathBuf::from(name);
    let mut folder = prompt.parent()?;
    for level in 0..PROMPTFOO_LEVELS {
        for config in PROMPTFOO_CONFIGS {
            let path = folder.join(config);
            let Some(text) = read(&path) else { continue };
            let prompt = slashed(&inside)?;
            if !promptfoo_prompts(&text).names(&prompt) {
                continue;
            }
            return Some(Promptfoo {
                config: format!("{}{config}", "../".repeat(level)),
                prompt,
                text,
            });
        }
        if is_root(folder) {
            break;
        }
        inside = Path::new(folder.file_name()?).join(inside);
        folder = folder.parent()?;
    }
    None
}

/// Returns the paths of prompts that a promptfoo configuration names and that do not exist.
///
/// `file_name` is the configuration's; `is_there` returns whether a file exists at a path relative
/// to its folder. Patterns with `*` are skipped. For any other file the result is empty.
pub fn absent_prompts(
    file_name: &str,
    text: &str,
    is_there: &dyn Fn(&Path) -> bool,
) -> Vec<String> {
    if !is_promptfoo_config(Path::new(file_name)) {
        return Vec::new();
    }
    let paths = promptfoo_prompts(text);
    let absent = paths.plain().filter(|path| !is_there(Path::new(path)));
    absent.map(str::to_owned).collect()
}

/// Returns a relative path with `/` between its parts; `None` if it is not Unicode.
pub fn slashed(path: &Path) -> Option<String> {
    let steps: Option<Vec<&str>> = path.iter().map(|step| step.to_str()).collect();
    Some(steps?.join("/"))
}
