//! Reads a prompt with its companions, from the editor where they are open, else from the disk.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use tower_lsp_server::ls_types::Uri;

use crate::server::document_key::DocumentKey;
use crate::server::prompt_view::{PromptView, SourceFile};
use crate::server::snapshot::OpenDocuments;
use hoplens_ide::Snapshot;
use hoplens_prompt::{Facts, PromptFormat, has_prompt_fence, is_prompt_file, sidecar_name};
use hoplens_workspace::{
    CachedDisk, CompanionFiles, FileSource, OpenBuffers, Overlay, Project, ReadError,
    RecordingSource, companion_files, promptfoo_config,
};

/// Which prompt is read, and the open documents at that moment.
pub(super) struct PromptFiles {
    /// The prompt.
    pub key: DocumentKey,
    /// Whether the document is known to be a prompt.
    pub is_prompt: bool,
    /// The open documents.
    pub documents: Arc<OpenDocuments>,
}

/// What a prompt shares with others: the settings and the facts that hold for it.
#[derive(Default)]
pub(super) struct SharedFiles {
    /// The settings of its project.
    pub project: Arc<Project>,
    /// The nearest facts.
    pub facts: Arc<Facts>,
}

/// The open documents as the buffers of an [`Overlay`].
pub(super) struct Buffers<'a>(&'a OpenDocuments);

impl OpenBuffers for Buffers<'_> {
    fn open_text(&self, path: &Path) -> Option<Arc<str>> {
        let document = self.0.get(&DocumentKey::File(path.into()))?;
        Some(document.text.as_str().into())
    }
}

/// Returns the open documents over the disk.
pub(super) fn overlay<'a>(
    documents: &'a OpenDocuments,
    disk: &'a CachedDisk,
) -> Overlay<Buffers<'a>, &'a CachedDisk> {
    Overlay {
        buffers: Buffers(documents),
        base: disk,
    }
}

/// Reads a prompt and its companions; `shared` reads what it shares with others.
///
/// Returns `None` if the document is not a prompt, or if neither the prompt nor its sidecar is open.
pub(super) fn read_prompt(
    files: &PromptFiles,
    disk: &CachedDisk,
    shared: impl FnOnce(&dyn FileSource) -> SharedFiles,
) -> Option<PromptView> {
    let (key, documents) = (&files.key, &files.documents);
    let source = overlay(documents, disk);
    let sidecar_key = key.sidecar();
    let open_sidecar = sidecar_key.as_ref().and_then(|key| documents.get(key));
    let (prompt, language) = if let Some(document) = documents.get(key) {
        if !files.is_prompt && !is_prompt(key, &document.language, &document.text, &source) {
            return None;
        }
        (SourceFile::open(document), document.language.clone())
    } else {
        let uri = open_sidecar?.uri.as_str().strip_suffix(&sidecar_name(""))?;
        let uri = Uri::from_str(uri).ok()?;
        let (text, exact) = match disk.read(key.path()?) {
            Ok(text) => (text?, true),
            Err(ReadError::NotUtf8 { lossy, .. }) => (lossy, false),
            Err(error) => {
                tracing::warn!(%error);
                return None;
            }
        };
        (
            SourceFile::on_disk(uri, text.as_ref().to_owned(), exact),
            String::new(),
        )
    };
    let name = format_name(key, &language);
    let recorded = RecordingSource::new(&source);
    let companions = match key.path() {
        Some(path) => companion_files(&recorded, path, &name, &prompt.text),
        None => CompanionFiles::default(),
    };
    let companion_paths = Arc::new(recorded.into_paths());
    if let Some(error) = &companions.sidecar_error {
        tracing::warn!(%error, "the sidecar cannot be read as it is");
    }
    // Derived from the client's own spelling of the prompt's URI, so that it recognizes it.
    let derived_uri = || Uri::from_str(&sidecar_name(prompt.uri.as_str())).ok();
    let sidecar = match (open_sidecar, &companions.sidecar) {
        (Some(document), _) => Some(SourceFile::open(document)),
        (None, Some(text)) => {
            let exact = companions.sidecar_error.is_none();
            derived_uri().map(|uri| SourceFile::on_disk(uri, text.as_ref().to_owned(), exact))
        }
        (None, None) => None,
    };
    let sidecar_uri = match &sidecar {
        Some(sidecar) => Some(sidecar.uri.clone()),
        None => sidecar_key.and_then(|_| derived_uri()),
    };
    let mut snapshot = Snapshot::read(name, prompt.text.clone(), companions.as_beside());
    let SharedFiles { project, facts } = shared(&source);
    snapshot.file.suppressed.extend(project.suppressions());
    Some(PromptView {
        snapshot,
        prompt,
        sidecar,
        sidecar_uri,
        project,
        facts,
        companion_paths,
        lenses: Arc::default(),
        controls: Arc::default(),
    })
}

/// Returns whether an open document is a prompt: by itself, by its sidecar, or by a promptfoo
/// configuration that names it.
fn is_prompt(key: &DocumentKey, language: &str, text: &str, source: &dyn FileSource) -> bool {
    let sidecar = key.sidecar();
    let sidecar = sidecar.as_ref().and_then(DocumentKey::path);
    is_prompt_by_itself(key, language, text)
        || sidecar.is_some_and(|path| source.is_file(path))
        || key
            .path()
            .is_some_and(|path| promptfoo_config(source, path).is_some())
}

/// VS Code's languages of the files that [`PromptFormat::AgentMd`] reads.
const AGENT_LANGUAGES: [&str; 3] = ["chatagent", "instructions", "skill"];

/// Returns whether a document is an agent file by its language. VS Code also gives these languages
/// to files that are not read, such as `copilot-instructions.md`, so a name with an ending decides.
fn is_unnamed_agent_file(name: &str, language: &str) -> bool {
    AGENT_LANGUAGES.contains(&language) && PromptFormat::of(name) == PromptFormat::Plain
}

/// Returns whether a document is a prompt by its language, its name or its text.
pub(super) fn is_prompt_by_itself(key: &DocumentKey, language: &str, text: &str) -> bool {
    ["dotprompt", "prompty", "prompt"].contains(&language)
        || is_unnamed_agent_file(&key.name(), language)
        || is_prompt_file(&PathBuf::from(key.name()))
        || has_prompt_fence(&key.name(), text)
        || PromptFormat::of(&key.name()) == PromptFormat::Promptfoo
}

/// Returns the name that decides the format; an unsaved document has only its language.
fn format_name(key: &DocumentKey, language: &str) -> String {
    let name = key.name();
    let (ending, format) = match language {
        "dotprompt" => (".prompt", PromptFormat::Dotprompt),
        "prompty" => (".prompty", PromptFormat::Prompty),
        // VS Code's language of `.prompt.md`; others use it for any prompt, by its name.
        "prompt" if PromptFormat::of(&name) == PromptFormat::Plain => {
            (".prompt.md", PromptFormat::PromptMd)
        }
        _ if is_unnamed_agent_file(&name, language) => (".agent.md", PromptFormat::AgentMd),
        _ => return name,
    };
    if PromptFormat::of(&name) == format {
        return name;
    }
    format!("{name}{ending}")
}
