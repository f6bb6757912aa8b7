//! The files that belong to a prompt file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hoplens_prompt::{
    CompanionTexts, Promptfoo, RegisteredNames, absent_prompts, find_promptfoo_config,
    read_partials, read_references, sidecar_name,
};

use crate::file_source::FileSource;
use crate::nearest::{is_repository_root, whole_path};
use crate::project_file::project;
use crate::read_error::ReadError;

/// The companions of a prompt file at one moment.
#[derive(Debug, Clone, Default)]
pub struct CompanionFiles {
    /// The text of the sidecar; of one that is not UTF-8, what can be read.
    pub sidecar: Option<Arc<str>>,
    /// Why the sidecar cannot be read, or not exactly.
    pub sidecar_error: Option<ReadError>,
    /// Text of each dotprompt partial, by the name in `{{> name}}`.
    pub partials: BTreeMap<String, String>,
    /// Text of each file that a Prompty file refers to, by the path in `${file:…}`.
    pub references: BTreeMap<String, String>,
    /// The helpers and partials that `hoplens.toml` says the application registers.
    pub registered: RegisteredNames,
    /// The promptfoo configuration that names the prompt.
    pub promptfoo: Option<Promptfoo>,
    /// If the file is a promptfoo configuration: the prompt files that it names and that do not
    /// exist.
    pub absent: Vec<String>,
}

impl CompanionFiles {
    /// Borrows the companions for the parser.
    pub fn as_beside(&self) -> CompanionTexts<'_> {
        CompanionTexts {
            sidecar: self.sidecar.as_deref(),
            partials: Some(&self.partials),
            references: Some(&self.references),
            registered: Some(&self.registered),
            promptfoo: self.promptfoo.as_ref(),
            absent: &self.absent,
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
            readable(&partial_path(source, path, file)?)
        }),
        registered: registered_names(source, path),
        references: read_references(format_name, text, &mut |file| {
            readable(&reference_path(source, path, file)?)
        }),
        promptfoo: promptfoo_config(source, path),
        absent: absent_prompts(format_name, text, &|file| {
            source.is_file(&whole_path(&folder.join(file)))
        }),
    }
}

/// Maximum number of folders in which a partial is looked for: the prompt's own and those above it.
pub(crate) const PARTIAL_LEVELS: usize = 5;

/// Returns the path of a partial: in the prompt's folder or in the nearest above it, but not above
/// the repository. Tools load the partials of a whole folder of prompts under their bare names.
pub fn partial_path(source: &dyn FileSource, prompt: &Path, partial: &str) -> Option<PathBuf> {
    let prompt = whole_path(prompt);
    for folder in prompt.ancestors().skip(1).take(PARTIAL_LEVELS) {
        let path = folder.join(partial);
        if source.is_file(&path) {
            return Some(path);
        }
        if is_repository_root(source, folder) {
            return None;
        }
    }
    None
}

/// Returns the names in the project's settings; none if those cannot be read, which is reported
/// elsewhere.
fn registered_names(source: &dyn FileSource, prompt: &Path) -> RegisteredNames {
    let templates = project(source, prompt).unwrap_or_default().templates;
    RegisteredNames {
        helpers: templates.helpers.into_iter().collect(),
        partials: templates.partials.into_iter().collect(),
    }
}

/// Returns the path of a file that a prompt refers to; `None` if it is outside the prompt's
/// repository, or, without a repository, outside the prompt's folder.
pub fn reference_path(source: &dyn FileSource, prompt: &Path, reference: &str) -> Option<PathBuf> {
    let prompt = whole_path(prompt);
    let folder = prompt.parent()?;
    let mut above = folder.ancestors();
    let root = above.find(|folder| is_repository_root(source, folder));
    let path = whole_path(&folder.join(reference.replace('\\', "/")));
    path.starts_with(root.unwrap_or(folder)).then_some(path)
}

/// Returns the nearest promptfoo configuration that names the prompt at `path`.
pub fn promptfoo_config(source: &dyn FileSource, path: &Path) -> Option<Promptfoo> {
    find_promptfoo_config(
        &whole_path(path),
        &mut |config| {
            let text = source.read(config).ok().flatten()?;
            Some(text.as_ref().to_owned())
        },
        &|folder| source.files_in(folder),
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
    fn a_variant_of_the_configuration_counts_too() {
        let root = tempfile::tempdir().unwrap();
        let prompt = write(root.path(), "a.prompt", PROMPT);
        let config = "prompts: [file://a.prompt]";
        write(root.path(), "promptfooconfig.dev.yaml", config);
        let found = || read(&Disk, &prompt).promptfoo.unwrap().config;
        assert_eq!(found(), "promptfooconfig.dev.yaml");
        write(root.path(), "promptfooconfig.yaml", config);
        assert_eq!(found(), "promptfooconfig.yaml");
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
    fn partials_are_looked_for_in_the_folders_above_too() {
        let root = tempfile::tempdir().unwrap();
        let prompt = write(root.path(), "r/a/b/x.prompt", PROMPT);
        write(root.path(), "_greeting.prompt", "outside");
        let greeting = || read(&Disk, &prompt).partials.remove("greeting");
        assert_eq!(greeting().as_deref(), Some("outside"));
        std::fs::create_dir(root.path().join("r/.git")).unwrap();
        assert_eq!(greeting(), None);
        write(root.path(), "r/_greeting.prompt", "above");
        assert_eq!(greeting().as_deref(), Some("above"));
        write(root.path(), "r/a/b/_greeting.prompt", "beside");
        assert_eq!(greeting().as_deref(), Some("beside"));
    }

    #[test]
    fn the_project_names_helpers_and_partials_of_the_application() {
        let root = tempfile::tempdir().unwrap();
        let prompt = write(root.path(), "a/x.prompt", PROMPT);
        let settings = "[templates]\nhelpers = [\"bullets\"]\npartials = [\"absent\"]\n";
        write(root.path(), "hoplens.toml", settings);
        let found = read(&Disk, &prompt).registered;
        assert!(found.helpers.contains("bullets") && found.partials.contains("absent"));
    }

    #[test]
    fn references_lead_to_files_of_the_same_repository() {
        let root = tempfile::tempdir().unwrap();
        let text = "---\nmodel: {api: chat}\nsample: {a: '${file:../data/a.json}', b: \
                    '${file:../../b.json}', c: '${file:c.json}'}\n---\nuser:\n{{a}}\n";
        let prompt = write(root.path(), "r/p/x.prompty", text);
        write(root.path(), "r/data/a.json", "1");
        write(root.path(), "b.json", "2");
        write(root.path(), "r/p/c.json", "3");
        let found = || {
            let found = companion_files(&Disk, &prompt, "x.prompty", text).references;
            found.into_keys().collect::<Vec<_>>()
        };
        // Without a repository, only the prompt's folder counts.
        assert_eq!(found(), ["c.json"]);
        std::fs::create_dir(root.path().join("r/.git")).unwrap();
        assert_eq!(found(), ["../data/a.json", "c.json"]);
        let unsaved = root.path().join("r/p/c.json");
        let buffers = HashMap::from([(unsaved, Arc::from("unsaved"))]);
        let source = Overlay {
            buffers: &buffers,
            base: Disk,
        };
        let found = companion_files(&source, &prompt, "x.prompty", text);
        assert_eq!(found.references["c.json"], "unsaved");
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
