//! The events that change the session.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::oneshot;
use tower_lsp_server::ls_types as lsp;

use crate::engine::ModelStatus;
use crate::server::document_key::DocumentKey;
use crate::server::prompt_view::PromptView;
use crate::server::server_settings::ServerSettings;
use crate::server::snapshot::SessionSnapshot;
use hoplens_analysis::{AnalysisEvent, FileInfluence};
use hoplens_ide::HoverTarget;
use hoplens_interp::lens::TokenLens;
use hoplens_store::LocatedModel;
use hoplens_workspace::ProjectError;

/// Anything that changes the session. The event loop applies events one after the other.
pub(super) enum Event {
    /// The client sent a message, or a handler acts on one.
    Client(ClientEvent),
    /// The model's state changed, or the model has a result.
    Engine(EngineEvent),
    /// The file reader has read something.
    Files(FilesEvent),
    /// A delay is over.
    Timer(TimerEvent),
}

/// What the client did.
pub(super) enum ClientEvent {
    /// The request `initialize`.
    Initialize(Box<lsp::InitializeParams>),
    /// The notification `initialized`.
    Initialized,
    /// A document was opened.
    Opened(lsp::TextDocumentItem),
    /// A document was edited.
    Changed(lsp::DidChangeTextDocumentParams),
    /// A document was saved.
    Saved(DocumentKey),
    /// A document was closed.
    Closed(DocumentKey),
    /// Workspace folders were closed and opened.
    FoldersChanged {
        /// The closed folders.
        removed: Vec<PathBuf>,
        /// The opened folders.
        added: Vec<PathBuf>,
    },
    /// Files changed on the disk.
    FilesChanged(Vec<DocumentKey>),
    /// The client pushed its settings, or reports that they changed.
    SettingsPushed(Value),
    /// The client answered the request for its settings.
    SettingsReceived {
        /// The number of the request; the answer to an older one is void.
        number: u64,
        /// The settings; `None` if the client has none.
        settings: Option<ServerSettings>,
        /// Whether this is the first request, after which the model is loaded.
        is_first: bool,
    },
    /// A request arrived: it wants the snapshot of this moment.
    RequestArrived(oneshot::Sender<Arc<SessionSnapshot>>),
    /// A command analyzes a prompt; replies with the number of the run.
    Analyze {
        /// The prompt.
        key: DocumentKey,
        /// What started the run.
        trigger: Trigger,
        /// Receives the number of the run.
        reply: oneshot::Sender<u64>,
    },
    /// A command ends the analyses of prompts; replies with how many were running.
    CancelAnalyses {
        /// The prompts.
        keys: Vec<DocumentKey>,
        /// Receives the number of ended analyses.
        reply: oneshot::Sender<usize>,
    },
    /// A command loads another model for the rest of the session.
    ChooseModel(String),
    /// A command loads the model again.
    LoadModel(Consent),
    /// All diagnostics of the last batch were sent to the client.
    DiagnosticsSent,
}

/// What started an analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trigger {
    /// The prompt was opened, or its settings changed.
    Opened,
    /// The prompt or its sidecar was edited.
    Edited,
    /// The prompt or its sidecar was saved or changed on the disk.
    Saved,
    /// The prompt or its sidecar was closed.
    Closed,
    /// A model was loaded.
    ModelLoaded,
    /// A command requested the whole analysis.
    Command,
    /// A command needs findings, and no repairs.
    FindingsNeeded,
}

/// What the engine or the search for a model reports.
pub(super) enum EngineEvent {
    /// The model's state changed on the engine's thread.
    Status(ModelStatus),
    /// A step of an analysis has a result.
    Analysis {
        /// The prompt.
        key: DocumentKey,
        /// The number of the run; the result of an older run is void.
        run: u64,
        /// The result.
        result: AnalysisResult,
    },
    /// A hover read the heads at a token.
    TokenRead {
        /// The prompt.
        key: DocumentKey,
        /// The number of the run whose text was read.
        run: u64,
        /// The token.
        target: HoverTarget,
        /// Its heads.
        lens: Arc<TokenLens>,
    },
    /// A hover measured how random memories do in the place of an injection.
    ControlMeasured {
        /// The prompt.
        key: DocumentKey,
        /// The number of the run whose text was read.
        run: u64,
        /// The index of the injection in the file.
        injection: usize,
        /// Percentile of the injection among the random memories.
        percentile: f64,
    },
    /// A command measured the influence of a prompt's sentences in all of its cases.
    InfluenceMeasured {
        /// The prompt.
        key: DocumentKey,
        /// The number of the run whose text was read.
        run: u64,
        /// The influence.
        influence: Box<FileInfluence>,
    },
    /// A job panicked; contains the panic's message.
    Panicked(String),
    /// The search for a model reports.
    Search {
        /// The number of the search; the report of an older one is void.
        number: u64,
        /// The report.
        report: ModelSearch,
    },
}

/// How an analysis proceeds.
pub(super) enum AnalysisResult {
    /// The result of one step.
    Step(Box<AnalysisEvent>),
    /// No more repairs come.
    RepairsDone,
    /// The model gave no findings.
    NoFindings,
}

/// Whether a model may be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// The user has to be asked.
    Ask,
    /// The user has agreed.
    Given,
}

/// Why there is no model.
pub(super) enum MissingModel {
    /// The model is not on this disk, and may be downloaded later; contains the reason.
    Absent(String),
    /// What was named is no model; contains the reason.
    Unusable(String),
}

/// A report of the search for a model.
pub(super) enum ModelSearch {
    /// The model is on the disk.
    Found(Box<LocatedModel>),
    /// The user has to agree to the download first; contains what is missing.
    Asking(String),
    /// The download begins; contains the model's name.
    DownloadBegins(String),
    /// The state of the download, for hovers.
    Downloading(String),
    /// The search ended without a model.
    Missing(MissingModel),
}

/// What the file reader has read.
pub(super) enum FilesEvent {
    /// The files of a prompt for an analysis; `None` if there is no such prompt.
    Prompt {
        /// The prompt.
        key: DocumentKey,
        /// The number of the run that needs them.
        run: u64,
        /// The files.
        view: Option<Box<PromptView>>,
    },
    /// The files of a prompt, read again because some of them may have changed.
    Reread {
        /// The prompt.
        key: DocumentKey,
        /// What may have changed them.
        trigger: Trigger,
        /// The files.
        view: Option<Box<PromptView>>,
    },
    /// The settings of a project cannot be used.
    UnusableProject(ProjectError),
    /// The model that the folders' projects name.
    ProjectModel {
        /// Which model is loaded, and when.
        request: ModelRequest,
        /// The name; `None` if no project names one.
        name: Option<String>,
    },
    /// The folder with the page of each diagnostic code.
    CodePages(PathBuf),
}

/// When the model that the settings name is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModelRequest {
    /// In any case.
    Load(Consent),
    /// If it is another one than the last requested one, and one was requested.
    LoadIfRenamed,
}

/// A delay is over.
pub(super) enum TimerEvent {
    /// Nobody edited a prompt for as long as the settings say.
    TypingPaused {
        /// The prompt.
        key: DocumentKey,
        /// The number of the run that waited.
        run: u64,
    },
}
