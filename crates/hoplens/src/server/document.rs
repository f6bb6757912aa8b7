//! An open document at one revision.

use std::ops::Range;

use tower_lsp_server::ls_types as lsp;

use crate::server::document_key::DocumentKey;
use crate::server::positions;
use hoplens_prompt::text::{LineIndex, PositionEncoding, apply_change};

/// An open document at one revision.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// The URI as the client spells it.
    pub uri: lsp::Uri,
    /// The client's language id.
    pub language: String,
    /// The client's version.
    pub version: i32,
    /// The server's own number: grows with every change of any document, so that no two texts
    /// share one.
    pub revision: u64,
    /// The whole text.
    pub text: String,
    /// The line starts of `text`.
    pub index: LineIndex,
}

/// A replaced range, in bytes of the text before the edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByteEdit {
    /// The replaced bytes.
    pub range: Range<usize>,
    /// The number of bytes that replace them.
    pub new_len: usize,
}

impl Document {
    /// Creates the document that the client opened.
    pub(super) fn open(item: lsp::TextDocumentItem, revision: u64) -> Self {
        Self {
            index: LineIndex::new(&item.text),
            language: item.language_id,
            version: item.version,
            revision,
            text: item.text,
            uri: item.uri,
        }
    }

    /// Returns what identifies the document.
    pub(super) fn key(&self) -> DocumentKey {
        DocumentKey::of(&self.uri)
    }

    /// Returns the byte offset of a position.
    pub(super) fn offset(&self, position: lsp::Position, encoding: PositionEncoding) -> usize {
        let position = positions::from_position(position);
        self.index.offset(&self.text, position, encoding)
    }

    /// Returns the bytes of a range; a reversed range is turned round.
    pub(super) fn bytes(&self, range: lsp::Range, encoding: PositionEncoding) -> Range<usize> {
        positions::bytes(&self.text, &self.index, range, encoding)
    }

    /// Returns the position of a byte.
    pub(super) fn position(&self, offset: usize, encoding: PositionEncoding) -> lsp::Position {
        positions::position(&self.text, &self.index, offset, encoding)
    }

    /// Returns the range of bytes.
    pub(super) fn range(&self, bytes: &Range<usize>, encoding: PositionEncoding) -> lsp::Range {
        positions::range(&self.text, &self.index, bytes, encoding)
    }

    /// Applies edits one after the other and returns the replaced ranges.
    pub(super) fn apply(
        &mut self,
        changes: Vec<lsp::TextDocumentContentChangeEvent>,
        encoding: PositionEncoding,
    ) -> Vec<ByteEdit> {
        let mut edits = Vec::with_capacity(changes.len());
        for change in changes {
            let replaced = match change.range {
                Some(range) => self.bytes(range, encoding),
                None => 0..self.text.len(),
            };
            edits.push(ByteEdit {
                range: replaced,
                new_len: change.text.len(),
            });
            let range = change.range.map(positions::from_range);
            let (text, index) = (&mut self.text, &mut self.index);
            apply_change(text, index, encoding, range, &change.text);
        }
        edits
    }
}
