//! The known facts of a project: `facts.yaml`.

use std::path::Path;

use hoplens_prompt::{FACTS_FILE, Facts, parse_facts};

use crate::file_source::FileSource;
use crate::nearest::nearest;
use crate::read_error::ReadError;

/// Returns the facts for a prompt: those of the nearest `facts.yaml`, or none. Entries that
/// cannot be used are left out and logged.
///
/// # Errors
/// There is a `facts.yaml` that cannot be read.
pub fn facts(source: &dyn FileSource, prompt: &Path) -> Result<Facts, ReadError> {
    let Some(path) = nearest(source, prompt, FACTS_FILE) else {
        return Ok(Facts::default());
    };
    let Some(text) = source.read(&path)? else {
        return Ok(Facts::default());
    };
    Ok(read_facts(&path, &text))
}

/// Parses the text of the `facts.yaml` at `path`, and logs its problems.
pub(crate) fn read_facts(path: &Path, text: &str) -> Facts {
    let facts = parse_facts(text);
    for problem in &facts.problems {
        tracing::warn!("{}: {}", path.display(), problem.message);
    }
    facts
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::disk::Disk;
    use crate::overlay::Overlay;

    #[test]
    fn facts_of_another_repository_do_not_count() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("repository/prompts");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(root.path().join("facts.yaml"), "a: b").unwrap();
        let count = || facts(&Disk, &folder.join("x.prompt")).unwrap().list.len();
        assert_eq!(count(), 1);
        std::fs::create_dir(root.path().join("repository/.git")).unwrap();
        assert_eq!(count(), 0);
        std::fs::write(folder.join("facts.yaml"), "a: b\nc: d").unwrap();
        assert_eq!(count(), 2);
    }

    #[test]
    fn unsaved_facts_count() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("facts.yaml");
        let buffers = HashMap::from([(path.clone(), Arc::from("a: b\nc: d"))]);
        let base = Disk;
        let source = Overlay { buffers, base };
        let count = |source: &dyn FileSource| {
            let prompt = root.path().join("x.prompt");
            facts(source, &prompt).unwrap().list.len()
        };
        assert_eq!(count(&source), 2);
        assert_eq!(count(&Disk), 0);
        std::fs::write(&path, "a: b").unwrap();
        assert_eq!((count(&source), count(&Disk)), (2, 1));
    }
}
