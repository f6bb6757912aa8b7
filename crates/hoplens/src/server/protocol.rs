//! The extension protocol: what the server and its extensions exchange beyond LSP.
//!
//! The types are defined once, here. A test writes them as TypeScript and compares the file of the
//! VS Code extension.

#[macro_use]
mod typescript;

pub mod common;
pub mod documents;
pub mod influence;
pub mod preview;

use std::path::PathBuf;

use serde_json::Value;
use tower_lsp_server::ls_types as lsp;

use crate::server::protocol::common::{AblationMode, EncodingName, ModelIdentity, ScopeName};

protocol_object! {
    /// Parameters of the request `hoplens/documentText`; the result is the text, or null if the
    /// document is not open.
    DocumentTextParams {
        /// The document.
        #[serde(rename = "textDocument")]
        text_document: lsp::TextDocumentIdentifier,
    }
}

protocol_object! {
    /// Parameters of the notification `hoplens/didAnalyze`.
    DidAnalyzeParams {
        /// The prompt.
        uri: lsp::Uri,
        /// The version of the analyzed text; null if the prompt is not open.
        version: Option<i32>,
    }
}

protocol_words! {
    /// How well the server works.
    ServerHealth {
        /// The model answers, or is being loaded.
        Ok = "ok" #[default],
        /// There is no model.
        Warning = "warning",
        /// The model could not be loaded.
        Error = "error",
    }
}

protocol_object! {
    /// Parameters of the notification `experimental/serverStatus`.
    ServerStatusParams {
        /// How well the server works.
        health: ServerHealth,
        /// Whether nothing is being downloaded or loaded.
        quiescent: bool,
        /// The state in words.
        message: String,
    }
}

protocol_words! {
    /// The state of the server's model.
    ModelState {
        /// The model answers.
        Ready = "ready",
        /// The model is being downloaded or loaded.
        Loading = "loading",
        /// There is no model.
        Absent = "absent" #[default],
        /// The model could not be loaded.
        Failed = "failed",
    }
}

protocol_object! {
    /// Result of `hoplens.server.status`.
    StatusResult {
        /// The server's version.
        version: String,
        /// The model; null if none is loaded.
        model: Option<ModelIdentity>,
        /// The reference of the model that was requested last.
        wanted: Option<String>,
        /// The state of the model.
        state: ModelState,
        /// The state in words.
        message: String,
        /// Whether a prompt is being analyzed.
        busy: bool,
        /// Number of open prompts.
        prompts: usize,
    }
}

protocol_object! {
    /// An entry in the result of `hoplens.server.models`.
    ListedModel {
        /// The model's reference.
        name: String,
        /// Size in bytes, if it is known.
        size: Option<u64>,
        /// The licence, if it is known.
        licence: Option<String>,
        /// Whether the model is on this disk.
        here: bool,
        /// Whether the model was requested last.
        current: bool,
    }
}

protocol_object! {
    /// An entry in the result of `hoplens.server.documents`.
    PromptEntry {
        /// The prompt.
        uri: lsp::Uri,
        /// Number of cases; null before the model has analyzed the prompt.
        cases: Option<usize>,
        /// Whether the model will analyze the prompt.
        pending: bool,
        /// Whether repairs are being measured.
        measuring: bool,
    }
}

protocol_object! {
    /// Argument of `hoplens.server.cases`: a case of a prompt.
    CaseLocation {
        /// The prompt.
        uri: lsp::Uri,
        /// A position in the prompt's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<lsp::Position>,
        /// The case's id, or `#1`, `#2`, …; if absent, the case at `position`, or the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
    }
}

protocol_object! {
    /// An entry in the result of `hoplens.server.cases`.
    CaseEntry {
        /// The case's id.
        id: String,
        /// The rendered prompt.
        prompt: String,
        /// The accepted answers.
        expect: Vec<String>,
        /// Probability of the answer; null if none is expected.
        p: Option<f64>,
        /// Rank of the answer's first token; null if none is expected.
        rank: Option<usize>,
        /// The most probable next token.
        next: Option<Value>,
        /// The verdict's code.
        verdict: Option<String>,
        /// Why the case could not be analyzed.
        error: Option<String>,
        /// Number of measured repairs.
        repairs: Option<usize>,
        /// The title of the best repair.
        best: Option<String>,
        /// The file that declares the case.
        uri: Option<lsp::Uri>,
        /// The range of the declaration.
        range: Option<lsp::Range>,
    }
}

protocol_object! {
    /// Argument of `hoplens.server.heads`.
    HeadsParams {
        /// The prompt.
        uri: lsp::Uri,
        /// A position in the prompt's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<lsp::Position>,
        /// The case's id, or `#1`, `#2`, …; if absent, the case at `position`, or the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        /// How heads are ablated.
        #[serde(default)]
        ablate: AblationMode,
        /// Whether the bridge's rank in each head is read.
        #[serde(default)]
        bridge: bool,
    }
}

protocol_object! {
    /// Result of `hoplens.server.heads`: the document of `hoplens lens` with its place in the editor.
    HeadsResult extends HeadsReport {
        /// The prompt.
        uri: lsp::Uri,
        /// The version of the text; null if the prompt is not open.
        version: Option<i32>,
        /// The case's id.
        case: String,
        /// The range of each token in the file; null for tokens that the template adds.
        ranges: Vec<Option<lsp::Range>>,
    }
}

protocol_object! {
    /// Argument of `hoplens.server.sweep`.
    SweepParams {
        /// The prompt.
        uri: lsp::Uri,
        /// A position in the prompt's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<lsp::Position>,
        /// The case's id, or `#1`, `#2`, …; if absent, the case at `position`, or the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        /// The memory's text; if absent, the first bridge of the case.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        memory: Option<String>,
        /// The encoding.
        #[serde(default)]
        encoding: EncodingName,
        /// The scope.
        #[serde(default)]
        scope: ScopeName,
        /// Whether random memories are measured in the best cell.
        #[serde(default)]
        control: bool,
    }
}

protocol_object! {
    /// Result of `hoplens.server.sweep`: the document of `hoplens sweep` with its place in the editor.
    SweepResult extends SweepReport {
        /// The prompt.
        uri: lsp::Uri,
        /// The version of the text; null if the prompt is not open.
        version: Option<i32>,
        /// The case's id.
        case: String,
        /// The bridges of the case.
        memories: Vec<String>,
    }
}

protocol_object! {
    /// Argument of `hoplens.server.inject`.
    InjectParams {
        /// The prompt.
        uri: lsp::Uri,
        /// A position in the prompt's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<lsp::Position>,
        /// The case's id, or `#1`, `#2`, …; if absent, the case at `position`, or the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        /// The memory's text.
        memory: String,
        /// The encoding.
        #[serde(default)]
        encoding: EncodingName,
        /// The layer, from 0.
        layer: usize,
        /// The magnitude.
        tau: f64,
        /// The scope.
        #[serde(default)]
        scope: ScopeName,
    }
}

protocol_object! {
    /// Result of `hoplens.server.inject`.
    InjectResult {
        /// Probability of the answer without the injection.
        before: f64,
        /// Probability of the answer with the injection.
        after: f64,
        /// Rank of the answer's first token with the injection.
        rank: usize,
        /// Whether the server asked the editor to apply the edit.
        applied: bool,
        /// The edit, if the editor does not support `workspace/applyEdit`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edit: Option<lsp::WorkspaceEdit>,
    }
}

protocol_words! {
    /// What a file shows.
    ExportKind {
        /// Every head at a token.
        Heads = "heads" #[default],
        /// A memory at every layer and magnitude.
        Sweep = "sweep",
    }
}

protocol_words! {
    /// The format of a file.
    ExportFormat {
        /// A picture.
        Svg = "svg" #[default],
        /// The JSON document.
        Json = "json",
        /// A page.
        Html = "html",
    }
}

protocol_object! {
    /// Argument of `hoplens.server.export`, beside the argument of the kind's own command.
    ExportParams {
        /// What the file shows.
        kind: ExportKind,
        /// The format.
        format: ExportFormat,
        /// The file; if absent, a temporary one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<PathBuf>,
    }
}

protocol_object! {
    /// Result of the commands that write a file.
    FileResult {
        /// The file.
        path: PathBuf,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;

    use super::documents::{
        BridgeEntry, ControlEntry, HeadEntry, HeadsReport, InjectionEntry, PromptToken,
        ScoredToken, SearchedBridge, SearchedWords, SideEffectEntry, SweepBaseline, SweepCell,
        SweepReport, WordEntry,
    };
    use super::influence::{
        InfluenceCase, InfluenceEntry, InfluenceLine, InfluenceMethodName, InfluenceParams,
        InfluenceResult,
    };
    use super::preview::{
        PreviewMessage, PreviewModelText, PreviewParams, PreviewProblem, PreviewReading,
        PreviewResult, PreviewSegment, PreviewSegmentKind, PreviewValue,
    };
    use super::typescript::TypeScript;
    use super::*;

    /// The head of the generated file.
    const HEAD: &str = "\
// Generated from crates/hoplens/src/server/protocol.rs; do not edit. To update it, run
// UPDATE_EXPECT=1 cargo test -p hoplens --lib protocol

import type {
    Position,
    Range,
    TextDocumentIdentifier,
    WorkspaceEdit,
} from \"vscode-languageserver-types\";
";

    macro_rules! declarations {
        ($($type:ty),* $(,)?) => {
            [$(<$type>::declaration()),*]
        };
    }

    #[test]
    fn the_protocol_of_the_vscode_extension_is_generated_from_this_one() {
        let types = declarations![
            DocumentTextParams,
            DidAnalyzeParams,
            ServerHealth,
            ServerStatusParams,
            ModelState,
            ModelIdentity,
            StatusResult,
            ListedModel,
            PromptEntry,
            CaseLocation,
            CaseEntry,
            PromptToken,
            ScoredToken,
            WordEntry,
            BridgeEntry,
            AblationMode,
            HeadEntry,
            EncodingName,
            ScopeName,
            InjectionEntry,
            SearchedBridge,
            SearchedWords,
            HeadsReport,
            HeadsParams,
            HeadsResult,
            SweepCell,
            SweepBaseline,
            ControlEntry,
            SideEffectEntry,
            SweepReport,
            SweepParams,
            SweepResult,
            InfluenceMethodName,
            InfluenceParams,
            InfluenceCase,
            InfluenceEntry,
            InfluenceLine,
            InfluenceResult,
            PreviewParams,
            PreviewReading,
            PreviewSegmentKind,
            PreviewValue,
            PreviewSegment,
            PreviewMessage,
            PreviewModelText,
            PreviewProblem,
            PreviewResult,
            InjectParams,
            InjectResult,
            ExportKind,
            ExportFormat,
            ExportParams,
            FileResult,
        ];
        let text = format!("{HEAD}\n{}", types.join("\n"));
        expect_file!["../../../../editors/vscode/src/client/protocol.ts"].assert_eq(&text);
    }
}
