//! The files that belong to a prompt file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hoplens_prompt::{
    CompanionTexts, Promptfoo, absent_prompts, find_promptfoo_config, read_partials, sidecar_name,
};

use crate::file_source::FileSource;
use crate::nearest::{is_repository_root, whole_path};
use crate::project::Project;
use crate::read_error::ReadError;

/// Maximum number of folders to search for a partial: the prompt's own and those above it.
const PARTIAL_LEVELS: usize = 5;

/// The companions of a prompt file at one moment.
#[derive(Debug, Clone, Default)]
pub struct CompanionFiles {
    /// The text of the sidecar; of one that is not UTF-8, what can be read.
    pub sidecar: Option<Arc<str>>,
    /// Why the sidecar cannot be read, or not exactly.
    pub sidecar_error: Option<ReadError>,
    /// Text of each dotprompt partial, by the name in `{{> name}}`.
    pub partials: BTreeMap<String, String>,
    /// The promptfoo configuration that names the prompt.
    pub promptfoo: Option<Promptfoo>,
    /// If the file is a promptfoo configuration: the prompt files that it names and that do not
    /// exist.
    pub absent: Vec<String>,
}

impl CompanionFiles {
    /// Borrows the companions and what the project declares about templates for the parser.
    pub fn as_beside<'a>(&'a self, project: &'a Project) -> CompanionTexts<'a> {
        CompanionTexts {
            sidecar: self.sidecar.as_deref(),
            partials: Some(&self.partials),
            promptfoo: self.promptfoo.as_ref(),
            absent: &self.absent,
            registered: Some(&project.templates),
        }
    }
}

/// Reads the companions of the prompt at `path`.
///
/// `text` is the prompt's text, and `format_name` the file name that decides its format: the path
/// itself, except for an editor buffer whose language says more than its name. A prompt without a
/// path, such as an unsaved buffer, has no companions: use [`CompanionFiles::default`].
///
/// A partial or a promptfoo configuration that cannot be read counts as absent.
pub fn companion_files(
    source: &dyn FileSource,
    path: &Path,
    format_name: &str,
    text: &str,
) -> CompanionFiles {
    let folder = path.parent().unwrap_or(Path::new(""));
    let readable = |path: &Path| -> Option<String> {
        let text = source.read(path).ok().flatten()?;
        Some(text.as_ref().to_owned())
    };
    let (sidecar, sidecar_error) = match source.read(&sidecar_path(path)) {
        Ok(text) => (text, None),
        Err(error) => match &error {
            ReadError::NotUtf8 { lossy, .. } => (Some(Arc::clone(lossy)), Some(error)),
            ReadError::Io { .. } | ReadError::TooLarge { .. } => (None, Some(error)),
        },
    };
    CompanionFiles {
        sidecar,
        sidecar_error,
        partials: read_partials(format_name, text, &mut |file| {
            let mut folders = partial_folders(source, path).into_iter();
            folders.find_map(|folder| readable(&folder.join(file)))
        }),
        promptfoo: promptfoo_config(source, path),
        absent: absent_prompts(format_name, text, &|file| {
            source.is_file(&folder.join(file))
        }),
    }
}

/// Returns the folders in which the partials of the prompt at `path` may be: its own, which comes
/// first, and those above it up to the root of the repository. Applications name partials relative
/// to the folder of all their prompts.
fn partial_folders(source: &dyn FileSource, path: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for folder in whole_path(path).ancestors().skip(1).take(PARTIAL_LEVELS) {
        folders.push(folder.to_path_buf());
        if is_repository_root(source, folder) {
            break;
        }
    }
    folders
}

/// Returns the nearest promptfoo configuration that names the prompt at `path`.
pub fn promptfoo_config(source: &dyn FileSource, path: &Path) -> Option<Promptfoo> {
    find_promptfoo_config(
        &whole_path(path),
        &mut |config| {
            let text = source.read(config).ok().flatten()?;
            Some(text.as_ref().to_owned())
        },
        &|folder| is_repository_root(source, folder),
    )
}

/// Returns the path of a prompt's sidecar, whether or not there is one.
pub fn sidecar_path(prompt: &Path) -> PathBuf {
    let mut path = prompt.as_os_str().to_os_string();
    path.push(sidecar_name(""));
    path.into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::disk::Disk;
    use crate::overlay::Overlay;

    const PROMPT: &str = "{{> greeting}} {{> absent}}";

    fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn read(source: &dyn FileSource, path: &Path) -> CompanionFiles {
        companion_files(source, path, &path.to_string_lossy(), PROMPT)
    }

    #[test]
    fn a_prompt_has_a_sidecar_partials_and_a_promptfoo_configuration() {
        let root = tempfile::tempdir().unwrap();
        let prompt = write(root.path(), "p/a.prompt", PROMPT);
        write(root.path(), "p/a.prompt.hoplens.yaml", "cases: []");
        write(root.path(), "p/_greeting.prompt", "Hello");
        let config = "prompts: [file://p/a.prompt]";
        write(root.path(), "promptfooconfig.yaml", config);
        let found = read(&Disk, &prompt);
        assert_eq!(found.sidecar.as_deref(), Some("cases: []"));
        assert_eq!(found.partials["greeting"], "Hello");
        assert_eq!(found.partials.len(), 1);
        let promptfoo = found.promptfoo.unwrap();
        assert_eq!(promptfoo.config, "../promptfooconfig.yaml");
        assert_eq!(promptfoo.prompt, "p/a.prompt");
        // A configuration above the repository belongs to somebody else.
        std::fs::create_dir(root.path().join("p/.git")).unwrap();
        assert!(read(&Disk, &prompt).promptfoo.is_none());
    }

    #[test]
    fn a_partial_may_be_in_a_folder_above_within_the_repository() {
        let root = tempfile::tempdir().unwrap();
        let prompt = write(root.path(), "repository/prompts/mail/a.prompt", PROMPT);
        std::fs::create_dir(root.path().join("repository/.git")).unwrap();
        write(root.path(), "_greeting.prompt", "Outside");
        assert!(read(&Disk, &prompt).partials.is_empty());
        write(root.path(), "repository/prompts/_greeting.prompt", "Above");
        assert_eq!(read(&Disk, &prompt).partials["greeting"], "Above");
        // The prompt's own folder comes first.
        write(
            root.path(),
            "repository/prompts/mail/_greeting.prompt",
            "Own",
        );
        assert_eq!(read(&Disk, &prompt).partials["greeting"], "Own");
    }

    #[test]
    fn unsaved_companions_count() {
        let root = tempfile::tempdir().unwrap();
        let prompt = write(root.path(), "a.prompt", PROMPT);
        write(root.path(), "a.prompt.hoplens.yaml", "saved");
        let config = "prompts: [file://a.prompt]";
        let buffers = [
            ("a.prompt.hoplens.yaml", "unsaved"),
            ("_greeting.prompt", "Hello"),
            ("promptfooconfig.yaml", config),
        ];
        let buffers = buffers.map(|(name, text)| (root.path().join(name), Arc::from(text)));
        let buffers = HashMap::from(buffers);
        let source = Overlay {
            buffers: &buffers,
            base: Disk,
        };
        let found = read(&source, &prompt);
        assert_eq!(found.sidecar.as_deref(), Some("unsaved"));
        assert_eq!(found.partials["greeting"], "Hello");
        assert_eq!(found.promptfoo.unwrap().text, config);
    }

    #[test]
    fn an_unreadable_sidecar_is_reported_and_shown_as_far_as_possible() {
        let root = tempfile::tempdir().unwrap();
        let prompt = write(root.path(), "a.prompt", PROMPT);
        let sidecar = write(root.path(), "a.prompt.hoplens.yaml", b"a: \xff");
        let found = read(&Disk, &prompt);
        assert_eq!(found.sidecar.as_deref(), Some("a: \u{fffd}"));
        assert_eq!(found.sidecar_error.unwrap().path(), sidecar);
        std::fs::remove_file(&sidecar).unwrap();
        std::fs::create_dir(&sidecar).unwrap();
        let found = read(&Disk, &prompt);
        assert!(found.sidecar.is_none() && found.sidecar_error.is_none());
    }

    #[test]
    fn a_configuration_lists_the_prompts_that_do_not_exist() {
        let root = tempfile::tempdir().unwrap();
        let text = "prompts: [file://there.txt, file://absent.txt]";
        let config = write(root.path(), "promptfooconfig.yaml", text);
        write(root.path(), "there.txt", "x");
        let found = companion_files(&Disk, &config, &config.to_string_lossy(), text);
        assert_eq!(found.absent, ["absent.txt"]);
    }
}
