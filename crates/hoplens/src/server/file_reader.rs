//! Reads files for the session, one request after the other, on a separate thread.
//!
//! Handlers and the event loop never wait for the disk: results come back as events, or as the
//! reply that a handler awaits. The thread is the only owner of the cached files.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::server::code_pages;
use crate::server::document_key::DocumentKey;
use crate::server::event::{Event, FilesEvent, ModelRequest, Trigger};
use crate::server::prompt_view::PromptView;
use crate::server::read_prompt::{PromptFiles, SharedFiles, overlay, read_prompt};
use crate::server::snapshot::OpenDocuments;
use hoplens_runtime::CancelToken;
use hoplens_store::StoreOptions;
use hoplens_workspace::{
    CachedDisk, FactsCache, FileSource, Project, ProjectCache, partial_names, partial_path,
    project, project_file, reference_path,
};

/// Something to read.
enum ReadRequest {
    /// The files of a prompt for an analysis.
    Prompt {
        files: PromptFiles,
        run: u64,
        /// Set once a newer analysis needs newer files.
        superseded: CancelToken,
    },
    /// The files of a prompt, of which some may have changed.
    Reread {
        files: PromptFiles,
        trigger: Trigger,
    },
    /// Forgets the cached text of a file.
    Forget(PathBuf),
    /// The first model that the projects of folders name.
    ProjectModel {
        request: ModelRequest,
        roots: Vec<PathBuf>,
        documents: Arc<OpenDocuments>,
    },
    /// Writes the page of each diagnostic code.
    CodePages(StoreOptions),
    /// The files that a prompt names.
    NamedFiles {
        prompt: PathBuf,
        names: Vec<NamedFile>,
        documents: Arc<OpenDocuments>,
        reply: oneshot::Sender<Vec<Option<PathBuf>>>,
    },
    /// The names of the partials that a prompt may use.
    PartialNames {
        prompt: PathBuf,
        documents: Arc<OpenDocuments>,
        reply: oneshot::Sender<Vec<String>>,
    },
    /// The `hoplens.toml` that applies to a prompt, with its text.
    ProjectFile {
        prompt: PathBuf,
        documents: Arc<OpenDocuments>,
        reply: oneshot::Sender<Option<ProjectText>>,
    },
}

/// A file as a document names it.
#[derive(Clone)]
pub(super) enum NamedFile {
    /// The file at a path.
    Path(PathBuf),
    /// The file of a partial, such as `_card.prompt`.
    Partial(String),
    /// The path in `${file:…}`.
    Reference(String),
}

/// A `hoplens.toml`, from the editor if it is open.
pub(super) struct ProjectText {
    /// Its path.
    pub path: PathBuf,
    /// Its text; `None` if it cannot be read.
    pub text: Option<Arc<str>>,
}

/// Hands requests to the reader's thread.
#[derive(Clone)]
pub(super) struct FileReader {
    requests: Sender<ReadRequest>,
}

impl FileReader {
    /// Starts the thread; it sends what it reads to `events`.
    ///
    /// # Errors
    /// The system refused a thread.
    pub(super) fn start(events: UnboundedSender<Event>) -> std::io::Result<Self> {
        let (requests, received) = channel();
        std::thread::Builder::new()
            .name("files".into())
            .spawn(move || run(&received, events))?;
        Ok(Self { requests })
    }

    /// Reads the files of a prompt for an analysis, unless `superseded` is set before.
    pub(super) fn read_prompt(&self, files: PromptFiles, run: u64, superseded: CancelToken) {
        self.send(ReadRequest::Prompt {
            files,
            run,
            superseded,
        });
    }

    /// Reads the files of a prompt again, some of which `trigger` may have changed.
    pub(super) fn reread_prompt(&self, files: PromptFiles, trigger: Trigger) {
        self.send(ReadRequest::Reread { files, trigger });
    }

    /// Reads a file again at the next request, even if its modification time is the same.
    pub(super) fn forget(&self, path: &Path) {
        self.send(ReadRequest::Forget(path.into()));
    }

    /// Reads which model the saved projects of the editor's folders name.
    pub(super) fn read_project_model(
        &self,
        request: ModelRequest,
        roots: Vec<PathBuf>,
        documents: Arc<OpenDocuments>,
    ) {
        self.send(ReadRequest::ProjectModel {
            request,
            roots,
            documents,
        });
    }

    /// Writes the page of each diagnostic code into the model store.
    pub(super) fn write_code_pages(&self, store: StoreOptions) {
        self.send(ReadRequest::CodePages(store));
    }

    /// Returns the `hoplens.toml` that applies to a prompt.
    pub(super) async fn project_file(
        &self,
        prompt: &Path,
        documents: Arc<OpenDocuments>,
    ) -> Option<ProjectText> {
        let (reply, answer) = oneshot::channel();
        self.send(ReadRequest::ProjectFile {
            prompt: prompt.into(),
            documents,
            reply,
        });
        answer.await.ok().flatten()
    }

    /// Returns the path of each file that a document names, if it exists or is open.
    pub(super) async fn named_files(
        &self,
        prompt: &Path,
        names: Vec<NamedFile>,
        documents: Arc<OpenDocuments>,
    ) -> Vec<Option<PathBuf>> {
        let (reply, answer) = oneshot::channel();
        self.send(ReadRequest::NamedFiles {
            prompt: prompt.into(),
            names,
            documents,
            reply,
        });
        answer.await.unwrap_or_default()
    }

    /// Returns the names of the partials that a prompt may use.
    pub(super) async fn partial_names(
        &self,
        prompt: &Path,
        documents: Arc<OpenDocuments>,
    ) -> Vec<String> {
        let (reply, answer) = oneshot::channel();
        self.send(ReadRequest::PartialNames {
            prompt: prompt.into(),
            documents,
            reply,
        });
        answer.await.unwrap_or_default()
    }

    fn send(&self, request: ReadRequest) {
        // The thread ends with the process.
        let _ = self.requests.send(request);
    }
}

/// The thread's own state.
struct Reader {
    disk: CachedDisk,
    projects: ProjectCache,
    facts: FactsCache,
    events: UnboundedSender<Event>,
}

fn run(requests: &Receiver<ReadRequest>, events: UnboundedSender<Event>) {
    let reader = Reader {
        disk: CachedDisk::default(),
        projects: ProjectCache::default(),
        facts: FactsCache::default(),
        events,
    };
    while let Ok(request) = requests.recv() {
        let served = AssertUnwindSafe(|| reader.serve(request));
        if catch_unwind(served).is_err() {
            // The panic hook has logged it.
            tracing::error!("a file could not be read because of a bug in hoplens");
        }
    }
}

impl Reader {
    fn serve(&self, request: ReadRequest) {
        match request {
            ReadRequest::Prompt {
                files,
                run,
                superseded,
            } => {
                if !superseded.is_cancelled() {
                    let view = self.read(&files);
                    let key = files.key;
                    self.send(FilesEvent::Prompt { key, run, view });
                }
            }
            ReadRequest::Reread { files, trigger } => {
                let view = self.read(&files);
                let key = files.key;
                self.send(FilesEvent::Reread { key, trigger, view });
            }
            ReadRequest::Forget(path) => {
                self.disk.forget(&path);
                self.projects.forget(&path);
            }
            ReadRequest::ProjectModel {
                request,
                roots,
                documents,
            } => {
                let source = overlay(&documents, &self.disk);
                let name = roots.iter().find_map(|root| {
                    // Reports settings that cannot be used.
                    self.project(&source, root);
                    project(&self.disk, root).unwrap_or_default().model
                });
                self.send(FilesEvent::ProjectModel { request, name });
            }
            ReadRequest::CodePages(store) => {
                if let Some(folder) = code_pages::write_all(&store) {
                    self.send(FilesEvent::CodePages(folder));
                }
            }
            ReadRequest::NamedFiles {
                prompt,
                names,
                documents,
                reply,
            } => {
                let source = overlay(&documents, &self.disk);
                let paths = names.iter().map(|name| {
                    let path = match name {
                        NamedFile::Path(path) => Some(path.clone()),
                        NamedFile::Partial(file) => partial_path(&source, &prompt, file),
                        NamedFile::Reference(file) => reference_path(&source, &prompt, file),
                    };
                    path.filter(|path| source.is_file(path))
                });
                let _ = reply.send(paths.collect());
            }
            ReadRequest::PartialNames {
                prompt,
                documents,
                reply,
            } => {
                let source = overlay(&documents, &self.disk);
                let open = documents.keys().filter_map(DocumentKey::path);
                let open: Vec<PathBuf> = open.map(Path::to_path_buf).collect();
                let _ = reply.send(partial_names(&source, &prompt, &open));
            }
            ReadRequest::ProjectFile {
                prompt,
                documents,
                reply,
            } => {
                let source = overlay(&documents, &self.disk);
                let file = project_file(&source, &prompt).map(|path| ProjectText {
                    text: source.read(&path).ok().flatten(),
                    path,
                });
                let _ = reply.send(file);
            }
        }
    }

    fn read(&self, files: &PromptFiles) -> Option<Box<PromptView>> {
        let shared = |source: &dyn FileSource| match files.key.path() {
            Some(path) => SharedFiles {
                project: self.project(source, path),
                facts: self.facts.get(source, path),
            },
            None => SharedFiles::default(),
        };
        read_prompt(files, &self.disk, shared).map(Box::new)
    }

    /// Returns the settings that apply to a file or folder; those that cannot be used are reported
    /// once and count as absent.
    fn project(&self, source: &dyn FileSource, path: &Path) -> Arc<Project> {
        let (project, error) = self.projects.get(source, path);
        if let Some(error) = error {
            self.send(FilesEvent::UnusableProject(error));
        }
        project
    }

    fn send(&self, event: FilesEvent) {
        // The event loop ends with the process.
        let _ = self.events.send(Event::Files(event));
    }
}
