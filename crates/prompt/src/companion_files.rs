//! What lies beside a prompt file and has a part in what it says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::format::promptfoo::paths::promptfoo_prompts;

/// What lies beside a prompt file.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompanionTexts<'a> {
    /// The text of the file that [`sidecar_name`](super::sidecar_name) names.
    pub sidecar: Option<&'a str>,
    /// dotprompt's partials by the name in `{{> name}}`; see
    /// [`read_partials`](super::read_partials).
    pub partials: Option<&'a BTreeMap<String, String>>,
    /// The configuration of promptfoo that names the prompt.
    pub promptfoo: Option<&'a Promptfoo>,
    /// Of a promptfoo configuration: the paths that it names and that are not there; see
    /// [`absent_prompts`].
    pub absent: &'a [String],
}

/// A promptfoo configuration, as seen from a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promptfoo {
    /// Its path from the prompt's folder, for messages.
    pub config: String,
    /// The prompt's path from the configuration's folder, with `/` between folders.
    pub prompt: String,
    /// Its text.
    pub text: String,
}

/// The names of a promptfoo configuration.
pub const PROMPTFOO_CONFIGS: [&str; 2] = ["promptfooconfig.yaml", "promptfooconfig.yml"];
/// Folders to look into: the prompt's own and those above it.
pub const PROMPTFOO_LEVELS: usize = 5;

/// Whether a file is a promptfoo configuration, by its name.
pub fn is_promptfoo_config(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| PROMPTFOO_CONFIGS.contains(&name))
}

/// The nearest promptfoo configuration that names the prompt at `prompt`, beside it or in a folder
/// above.
///
/// `read` gives the text of a file if there is one, and `is_root` whether to look no further than
/// a folder, as one with a repository in it.
pub fn promptfoo_beside(
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

/// The paths that a promptfoo configuration names as prompts and that are not there.
///
/// `file_name` is the configuration's, `is_there` says of a path from its folder whether there is
/// a file. Patterns with `*` are left out, and so is every other file's text.
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

/// A relative path with `/` between its steps; `None` if it is not Unicode.
pub fn slashed(path: &Path) -> Option<String> {
    let steps: Option<Vec<&str>> = path.iter().map(|step| step.to_str()).collect();
    Some(steps?.join("/"))
}
