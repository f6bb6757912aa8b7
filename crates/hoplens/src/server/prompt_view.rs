//! A prompt with its sidecar at one moment, as they were read for an analysis.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use dashmap::DashMap;
use tower_lsp_server::ls_types as lsp;

use crate::server::document::Document;
use crate::server::positions;
use hoplens_ide::{HoverTarget, Snapshot};
use hoplens_interp::lens::TokenLens;
use hoplens_prompt::text::{LineIndex, PositionEncoding};
use hoplens_prompt::{Facts, Origin};
use hoplens_workspace::Project;

/// A text file of a prompt: an open document or a file on the disk.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    /// The URI as the client spells it.
    pub uri: lsp::Uri,
    /// The client's version; `None` if the document is not open.
    pub version: Option<i32>,
    /// [`Document::revision`]; `None` if the document is not open.
    pub revision: Option<u64>,
    /// The whole text.
    pub text: String,
    /// The line starts of `text`.
    pub index: LineIndex,
    /// Whether `text` equals the file byte for byte, so that edits of it can be applied.
    pub exact: bool,
}

impl SourceFile {
    /// Returns the text of an open document.
    pub(super) fn open(document: &Document) -> Self {
        Self {
            uri: document.uri.clone(),
            version: Some(document.version),
            revision: Some(document.revision),
            text: document.text.clone(),
            index: document.index.clone(),
            exact: true,
        }
    }

    /// Returns the text of a file on the disk.
    pub(super) fn on_disk(uri: lsp::Uri, text: String, exact: bool) -> Self {
        Self {
            uri,
            version: None,
            revision: None,
            index: LineIndex::new(&text),
            text,
            exact,
        }
    }

    /// Returns the position of a byte.
    pub(super) fn position(&self, offset: usize, encoding: PositionEncoding) -> lsp::Position {
        positions::position(&self.text, &self.index, offset, encoding)
    }

    /// Returns the range of bytes.
    pub(super) fn range(
        &self,
        bytes: &std::ops::Range<usize>,
        encoding: PositionEncoding,
    ) -> lsp::Range {
        positions::range(&self.text, &self.index, bytes, encoding)
    }
}

/// A prompt with its sidecar at one moment, and what is known of exactly these texts.
#[derive(Debug, Clone)]
pub(super) struct PromptView {
    /// The prompt file.
    pub prompt: SourceFile,
    /// The sidecar, if there is one.
    pub sidecar: Option<SourceFile>,
    /// The URI of the sidecar, whether or not there is one; documents that are no files have none.
    pub sidecar_uri: Option<lsp::Uri>,
    /// The declarations and the findings.
    pub snapshot: Snapshot,
    /// The settings of the project that the prompt belongs to.
    pub project: Arc<Project>,
    /// The facts that hold for the prompt.
    pub facts: Arc<Facts>,
    /// The companion files that were read or looked for, whether or not they exist.
    pub companion_paths: Arc<BTreeSet<PathBuf>>,
    /// Heads of the tokens that hovers have read; only the event loop writes.
    pub lenses: Arc<DashMap<HoverTarget, Arc<TokenLens>>>,
    /// For an injection of the file, its percentile among random memories in its place; only the
    /// event loop writes.
    pub controls: Arc<DashMap<usize, f64>>,
}

impl PromptView {
    /// Returns whether both were read from the same texts, with the same settings and facts.
    pub(super) fn has_same_content(&self, other: &Self) -> bool {
        fn text(source: Option<&SourceFile>) -> Option<&str> {
            source.map(|source| source.text.as_str())
        }
        // A comment in `facts.yaml` moves facts and changes none.
        fn facts(view: &PromptView) -> impl Iterator<Item = (&str, &str)> {
            let list = view.facts.list.iter();
            list.map(|fact| (fact.mention.value.as_str(), fact.bridge.value.as_str()))
        }
        self.prompt.text == other.prompt.text
            && text(self.sidecar.as_ref()) == text(other.sidecar.as_ref())
            && self.snapshot.file.promptfoo == other.snapshot.file.promptfoo
            && self.snapshot.file.partials == other.snapshot.file.partials
            && self.snapshot.file.registered == other.snapshot.file.registered
            && self.project == other.project
            && facts(self).eq(facts(other))
            && self.snapshot.file.references == other.snapshot.file.references
            // A configuration of promptfoo names files that may come and go.
            && self.snapshot.file.problems == other.snapshot.file.problems
    }

    /// Returns the file that `origin` names.
    pub(super) fn source(&self, origin: Origin) -> Option<&SourceFile> {
        match origin {
            Origin::FrontMatter => Some(&self.prompt),
            Origin::Sidecar => self.sidecar.as_ref(),
        }
    }
}
