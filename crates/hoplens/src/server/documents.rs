//! The open documents, as the client sees them.
//!
//! Only the ingress changes them, in the order of the wire; everybody else takes an `Arc` of a
//! document at one revision.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use tower_lsp_server::ls_types::{TextDocumentContentChangeEvent, TextDocumentItem, Uri};

use crate::server::convert;
use crate::server::key::Key;
use hoplens_prompt::text::{LineIndex, PositionEncoding, apply_change};

/// An open document at one revision.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// As the client spells it.
    pub uri: Uri,
    /// The client's language id.
    pub language: String,
    /// The client's version.
    pub version: i32,
    /// Ours: grows with every change of any document, so that no two texts share one.
    pub revision: u64,
    pub text: String,
    pub index: LineIndex,
}

/// Bytes that were replaced, in the text before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByteEdit {
    pub range: Range<usize>,
    pub new_len: usize,
}

#[derive(Debug, Default)]
pub(super) struct Documents {
    open: DashMap<Key, Arc<Document>>,
    revisions: AtomicU64,
}

impl Documents {
    pub(super) fn get(&self, key: &Key) -> Option<Arc<Document>> {
        self.open.get(key).map(|document| Arc::clone(&document))
    }

    pub(super) fn is_open(&self, key: &Key) -> bool {
        self.open.contains_key(key)
    }

    /// Whether `document` is still what the client sees.
    pub(super) fn is_current(&self, document: &Document) -> bool {
        self.open
            .get(&Key::of(&document.uri))
            .is_some_and(|now| now.revision == document.revision)
    }

    pub(super) fn open(&self, item: TextDocumentItem) {
        let document = Document {
            index: LineIndex::new(&item.text),
            language: item.language_id,
            version: item.version,
            revision: self.next(),
            text: item.text,
            uri: item.uri,
        };
        self.open.insert(Key::of(&document.uri), Arc::new(document));
    }

    /// Applies edits one after the other; `None` if the document is not open.
    pub(super) fn change(
        &self,
        key: &Key,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: PositionEncoding,
    ) -> Option<Vec<ByteEdit>> {
        let mut entry = self.open.get_mut(key)?;
        // Copies the text only if somebody still reads the old one.
        let document = Arc::make_mut(&mut entry);
        let mut edits = Vec::with_capacity(changes.len());
        for change in changes {
            let range = change.range.map(convert::from_range);
            edits.push(ByteEdit {
                range: bytes(document, range, encoding),
                new_len: change.text.len(),
            });
            let (text, index) = (&mut document.text, &mut document.index);
            apply_change(text, index, encoding, range, &change.text);
        }
        document.version = version;
        document.revision = self.next();
        Some(edits)
    }

    pub(super) fn close(&self, key: &Key) {
        self.open.remove(key);
    }

    fn next(&self) -> u64 {
        self.revisions.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The bytes that [`apply_change`] replaces.
fn bytes(
    document: &Document,
    range: Option<(
        hoplens_prompt::text::Position,
        hoplens_prompt::text::Position,
    )>,
    encoding: PositionEncoding,
) -> Range<usize> {
    let Some((start, end)) = range else {
        return 0..document.text.len();
    };
    let start = document.index.offset(&document.text, start, encoding);
    let end = document.index.offset(&document.text, end, encoding);
    start.min(end)..start.max(end)
}
