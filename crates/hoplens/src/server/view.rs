//! A prompt with its sidecar at one moment, and what is known of it.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use dashmap::DashMap;
use tower_lsp_server::ls_types::Uri;

use crate::server::disk::LARGEST;
use crate::server::documents::Document;
use crate::server::key::Key;
use crate::server::state::State;
use hoplens_ide::{HoverTarget, Snapshot};
use hoplens_interp::lens::TokenLens;
use hoplens_prompt::text::LineIndex;
use hoplens_prompt::{
    Beside, Format, Origin, Promptfoo, absent_prompts, has_prompt_fence, is_prompt_file,
    prompt_of_sidecar, promptfoo_beside, read_partials, sidecar_name,
};

/// A text, and where the client finds it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub uri: Uri,
    /// The client's version; `None` if the document is not open.
    pub version: Option<i32>,
    /// [`Document::revision`]; `None` if the document is not open.
    pub revision: Option<u64>,
    pub text: String,
    pub index: LineIndex,
    /// Whether `text` is the file's, byte for byte, so that edits of it fit.
    pub exact: bool,
}

/// A prompt with its sidecar at one moment.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub prompt: Source,
    pub sidecar: Option<Source>,
    /// Where the sidecar is or would be; documents that are no files have none.
    pub sidecar_uri: Option<Uri>,
    pub snapshot: Snapshot,
    /// Heads of tokens that were hovered over.
    pub lenses: Arc<DashMap<HoverTarget, Arc<TokenLens>>>,
    /// How many of 100 random memories do less than an injection of the file in its place.
    pub controls: Arc<DashMap<usize, f64>>,
}

impl View {
    /// Reads a prompt and its sidecar, from the editor where they are open, else from the disk.
    /// `None` if the prompt is neither open nor the disk's companion of an open sidecar.
    pub(super) fn read(state: &State, key: &Key) -> Option<Self> {
        let documents = &state.documents;
        let beside = sidecar_key(key);
        let (prompt, language) = if let Some(document) = documents.get(key) {
            (Source::open(&document), document.language.clone())
        } else {
            let sidecar = documents.get(beside.as_ref()?)?;
            let uri = sidecar.uri.as_str().strip_suffix(&sidecar_name(""))?;
            let source = Source::on_disk(key.path()?, Uri::from_str(uri).ok()?)?;
            (source, String::new())
        };
        // The client's own spelling of the prompt's URI, so that it knows the sidecar's again.
        let beside_uri = || Uri::from_str(&sidecar_name(prompt.uri.as_str())).ok();
        let open = beside.as_ref().and_then(|beside| documents.get(beside));
        let sidecar = match (open, &beside) {
            (Some(document), _) => Some(Source::open(&document)),
            (None, Some(beside)) => beside
                .path()
                .and_then(|path| Source::on_disk(path, beside_uri()?)),
            (None, None) => None,
        };
        let sidecar_uri = match &sidecar {
            Some(sidecar) => Some(sidecar.uri.clone()),
            None => beside.and_then(|_| beside_uri()),
        };
        let text = sidecar.as_ref().map(|sidecar| sidecar.text.as_str());
        let name = format_name(key, &language);
        let promptfoo = promptfoo_of(state, key);
        let partials = read_partials(&name, &prompt.text, &mut |file| partial(state, key, file));
        let folder = key.path().and_then(Path::parent);
        let absent = absent_prompts(&name, &prompt.text, &|path| {
            folder.is_none_or(|folder| folder.join(path).is_file())
        });
        let beside = Beside {
            sidecar: text,
            partials: Some(&partials),
            promptfoo: promptfoo.as_ref(),
            absent: &absent,
        };
        let mut snapshot = Snapshot::read(name, prompt.text.clone(), beside);
        let project = state.project(key);
        snapshot.file.suppressed.extend(project.suppressions());
        Some(Self {
            snapshot,
            prompt,
            sidecar,
            sidecar_uri,
            lenses: Arc::default(),
            controls: Arc::default(),
        })
    }

    /// Whether all that was read is the same.
    pub(super) fn same_texts(&self, other: &Self) -> bool {
        let text = |source: &Option<Source>| source.as_ref().map(|source| source.text.clone());
        self.prompt.text == other.prompt.text
            && text(&self.sidecar) == text(&other.sidecar)
            && self.snapshot.file.promptfoo == other.snapshot.file.promptfoo
            && self.snapshot.file.partials == other.snapshot.file.partials
    }

    /// The file that `origin` means, as it is.
    pub(super) fn source(&self, origin: Origin) -> Option<&Source> {
        match origin {
            Origin::FrontMatter => Some(&self.prompt),
            Origin::Sidecar => self.sidecar.as_ref(),
        }
    }
}

impl Source {
    fn open(document: &Document) -> Self {
        Self {
            uri: document.uri.clone(),
            version: Some(document.version),
            revision: Some(document.revision),
            text: document.text.clone(),
            index: document.index.clone(),
            exact: true,
        }
    }

    fn on_disk(path: &Path, uri: Uri) -> Option<Self> {
        let about = std::fs::metadata(path).ok()?;
        if !about.is_file() || LARGEST < about.len() {
            return None;
        }
        let bytes = std::fs::read(path).ok()?;
        let (text, exact) = match String::from_utf8(bytes) {
            Ok(text) => (text, true),
            Err(error) => {
                tracing::warn!(path = %path.display(), "not valid UTF-8; read as far as it is");
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                (text, false)
            }
        };
        Some(Self {
            uri,
            version: None,
            revision: None,
            index: LineIndex::new(&text),
            text,
            exact,
        })
    }
}

/// The text of a partial, from the editor where it is open, else from the disk.
fn partial(state: &State, prompt: &Key, file: &str) -> Option<String> {
    shared(state, &prompt.path()?.with_file_name(file))
}

/// The text of a file that prompts share, from the editor where it is open, else from the disk.
fn shared(state: &State, path: &Path) -> Option<String> {
    match state.documents.get(&Key::File(path.into())) {
        Some(document) => Some(document.text.clone()),
        None => state.texts.of(path).map(|text| text.to_string()),
    }
}

/// The key of a prompt's sidecar.
pub(super) fn sidecar_key(key: &Key) -> Option<Key> {
    let path = key.path()?;
    let mut name = path.file_name()?.to_os_string();
    name.push(sidecar_name(""));
    Some(Key::File(path.with_file_name(name)))
}

/// The prompt that a sidecar belongs to.
pub(super) fn prompt_key(sidecar: &Key) -> Option<Key> {
    prompt_of_sidecar(sidecar.path()?).map(Key::File)
}

/// Whether an open document is a prompt: by its language, its name, a sidecar beside it, or a
/// promptfoo configuration that names it.
pub(super) fn is_prompt(state: &State, key: &Key, document: &Document) -> bool {
    let has_sidecar = || {
        sidecar_key(key).is_some_and(|beside| {
            state.documents.is_open(&beside) || beside.path().is_some_and(Path::is_file)
        })
    };
    ["dotprompt", "prompty", "prompt"].contains(&document.language.as_str())
        || is_prompt_file(&PathBuf::from(key.name()))
        || has_prompt_fence(&key.name(), &document.text)
        || Format::of(&key.name()) == Format::Promptfoo
        || has_sidecar()
        || promptfoo_of(state, key).is_some()
}

/// The promptfoo configuration that names the prompt, as it is in the editor or on the disk.
fn promptfoo_of(state: &State, key: &Key) -> Option<Promptfoo> {
    let mut read = |path: &Path| shared(state, path);
    promptfoo_beside(key.path()?, &mut read, &|folder| {
        folder.join(".git").exists()
    })
}

/// The name that decides the format; an unsaved document has only its language.
fn format_name(key: &Key, language: &str) -> String {
    let name = key.name();
    let (ending, format) = match language {
        "dotprompt" => (".prompt", Format::Dotprompt),
        "prompty" => (".prompty", Format::Prompty),
        // VS Code's own word for `.prompt.md`; others use it for any prompt, by its name.
        "prompt" if Format::of(&name) == Format::Plain => (".prompt.md", Format::PromptMd),
        _ => return name,
    };
    if Format::of(&name) == format {
        return name;
    }
    format!("{name}{ending}")
}
