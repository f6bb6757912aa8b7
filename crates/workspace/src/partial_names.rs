//! The partials that a dotprompt file may use.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::companions::PARTIAL_LEVELS;
use crate::file_source::FileSource;
use crate::nearest::{is_repository_root, whole_path};

/// Returns the names of the partials in a prompt's folder, in its subfolders and in the folders above
/// it, in order. `open` are the paths of open buffers, which need not be saved.
pub fn partial_names(source: &dyn FileSource, prompt: &Path, open: &[PathBuf]) -> Vec<String> {
    let prompt = whole_path(prompt);
    let mut found = BTreeSet::new();
    for (level, folder) in prompt.ancestors().skip(1).take(PARTIAL_LEVELS).enumerate() {
        let mut files = source.files_in(folder);
        files.extend(
            open.iter()
                .filter(|path| path.parent() == Some(folder))
                .cloned(),
        );
        found.extend(files.iter().filter_map(|path| name(path)));
        // Only the folders next to the prompt: a repository may have very many.
        let is_own = |path: &&PathBuf| level == 0 && source.is_dir(path);
        for inside in files.iter().filter(is_own) {
            let Some(folder) = inside.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let names = source.files_in(inside);
            found.extend(
                names
                    .iter()
                    .filter_map(|path| Some(format!("{folder}/{}", name(path)?))),
            );
        }
        if is_repository_root(source, folder) {
            break;
        }
    }
    found.into_iter().collect()
}

/// Returns the name of the partial in a file `_name.prompt`.
fn name(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let name = file.strip_prefix('_')?.strip_suffix(".prompt")?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk;

    #[test]
    fn partials_of_the_folders_around_a_prompt_are_found() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        for name in [
            "_outside.prompt",
            "r/.git/x",
            "r/_above.prompt",
            "r/p/_card.prompt",
            "r/p/a.prompt",
            "r/p/parts/_head.prompt",
        ] {
            write(name);
        }
        let prompt = root.path().join("r/p/a.prompt");
        let open = [root.path().join("r/p/_new.prompt")];
        let names = partial_names(&Disk, &prompt, &open);
        assert_eq!(names, ["above", "card", "new", "parts/head"]);
    }
}
