//! The companion files of a prompt file, which affect its content.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::format::promptfoo::paths::promptfoo_prompts;

/// The texts of a prompt file's companion files.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompanionTexts<'a> {
    /// The text of the file that [`sidecar_name`](super::sidecar_name) names.
    pub sidecar: Option<&'a str>,
    /// dotprompt's partials by the name in `{{> name}}`; see
    /// [`read_partials`](super::read_partials).
    pub partials: Option<&'a BTreeMap<String, String>>,
    /// The files that a Prompty file refers to, by the path in `${file:…}`; see
    /// [`read_references`](super::read_references).
    pub references: Option<&'a BTreeMap<String, String>>,
    /// The helpers and partials that the application registers.
    pub registered: Option<&'a RegisteredNames>,
    /// The configuration of promptfoo that names the prompt.
    pub promptfoo: Option<&'a Promptfoo>,
    /// For a promptfoo configuration: the paths of the prompts that it names and that do not
    /// exist; see [`absent_prompts`].
    pub absent: &'a [String],
}

/// Names that an application registers in code before it renders dotprompt's templates. Their text
/// is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegisteredNames {
    /// Helpers, as in `{{name value}}`.
    pub helpers: BTreeSet<String>,
    /// Partials, as in `{{> name}}`.
    pub partials: BTreeSet<String>,
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

/// Whether a file is a promptfoo configuration, by its name: one of [`PROMPTFOO_CONFIGS`], or a
/// variant such as `promptfooconfig.dev.yaml`.
pub fn is_promptfoo_config(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let variant = |name: &str| {
        let rest = name.strip_prefix("promptfooconfig")?;
        let middle = rest
            .strip_suffix(".yaml")
            .or_else(|| rest.strip_suffix(".yml"))?;
        (middle.is_empty() || middle.starts_with(['.', '-', '_'])).then_some(())
    };
    name.is_some_and(|name| variant(name).is_some())
}

/// Returns the nearest promptfoo configuration that names the prompt at `prompt`, in its folder or
/// in one above.
///
/// The usual names come first, then variants in the order of their names. `read` returns the text
/// of a file if it exists, `list` the files in a folder. `is_root` returns whether a folder, such as the
/// root of a repository, is the last to search.
pub fn find_promptfoo_config(
    prompt: &Path,
    read: &mut dyn FnMut(&Path) -> Option<String>,
    list: &dyn Fn(&Path) -> Vec<PathBuf>,
    is_root: &dyn Fn(&Path) -> bool,
) -> Option<Promptfoo> {
    let name = prompt.file_name()?;
    if is_promptfoo_config(prompt) {
        return None;
    }
    let mut inside = PathBuf::from(name);
    let mut folder = prompt.parent()?;
    for level in 0..PROMPTFOO_LEVELS {
        let mut configs = PROMPTFOO_CONFIGS.map(str::to_owned).to_vec();
        let others = list(folder)
            .into_iter()
            .filter(|path| is_promptfoo_config(path));
        let others = others.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
        let mut others: Vec<String> = others.filter(|name| !configs.contains(name)).collect();
        others.sort_unstable();
        configs.append(&mut others);
        for config in configs {
            let path = folder.join(&config);
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
