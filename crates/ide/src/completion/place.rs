//! What is expected at the cursor, in YAML that the text being typed makes invalid.

use std::ops::Range;

use hoplens_prompt::declaration_sites::{DeclarationSite, kinds};
use hoplens_prompt::keys::{Key, KeyKind};
use hoplens_prompt::outline::{Outline, OutlineNode, OutlineNodeKind, PathStep};

/// A private-use character that marks the cursor while the text is read, so that there is a word even
/// before the first letter. A text that contains it gets no completions.
const MARK: char = '\u{F8F1}';

/// The place of the cursor in the declarations.
#[derive(Debug)]
pub(super) struct CursorPlace {
    pub expected: ExpectedAtCursor,
    /// The byte of the cursor.
    pub offset: usize,
    /// Bytes that are replaced.
    pub range: Range<usize>,
    /// The quote that opens the text at the cursor, if any.
    pub quote: Option<char>,
    /// The path of keys and items to the place.
    pub path: Vec<PathStep>,
    /// The scalars of the document's declarations, with their paths.
    pub scalars: Vec<(Vec<PathStep>, String)>,
}

/// What is expected at the cursor.
#[derive(Debug)]
pub(super) enum ExpectedAtCursor {
    /// A key.
    Key(KeyPlace),
    /// A value.
    Value(ValuePlace),
}

/// Where a key is expected.
#[derive(Debug)]
pub(super) struct KeyPlace {
    /// Keys of the schema that are not there yet.
    pub known: Vec<Key>,
    /// If any name may stand there: the names that are there already.
    pub any: Option<Vec<String>>,
    /// Whether a dash must be inserted before the key.
    pub needs_dash: bool,
    /// Whether a colon already follows.
    pub has_colon: bool,
    /// Whether the map is in braces.
    pub in_flow: bool,
    /// The column of the key.
    pub column: usize,
}

/// Where a value is expected.
#[derive(Debug)]
pub(super) struct ValuePlace {
    /// The kinds of values that the schema allows.
    pub kinds: Vec<KeyKind>,
    /// Whether it is on a line of its own, below its key.
    pub below: bool,
}

/// Returns what is expected at byte `offset` of a document with declarations in `home`.
pub(super) fn find(text: &str, home: &DeclarationSite, offset: usize) -> Option<CursorPlace> {
    if text.contains(MARK) {
        return None;
    }
    let (before, after) = text.split_at_checked(offset)?;
    let marked = format!("{before}{MARK}{after}");
    let window = home.window.start..home.window.end + MARK.len_utf8();
    let outline = Outline::read(&marked, window);
    let mark = offset..offset + MARK.len_utf8();
    let holds = |range: &Range<usize>| range.start <= mark.start && mark.end <= range.end;
    let at = outline
        .nodes
        .iter()
        .rposition(|node| holds(&node.label) || node.value.as_ref().is_some_and(&holds))?;
    let node = &outline.nodes[at];
    let is_label = holds(&node.label);
    let whole = if is_label {
        node.label.clone()
    } else {
        node.value.clone()?
    };
    let typed = marked.get(whole.start..mark.start)?;
    let behind = marked.get(mark.end..whole.end)?;
    if typed.contains(['\n', '\r']) || behind.contains(['\n', '\r']) {
        return None;
    }
    let quote = typed.chars().next().filter(|char| "\"'".contains(*char));
    // An unclosed quote extends to the next quote on its line; then replace only up to the cursor.
    let end = if quote.is_some() && behind.contains([',', ':', '}', ']']) {
        mark.start
    } else {
        whole.end - MARK.len_utf8()
    };
    let expected = if is_label {
        ExpectedAtCursor::Key(keys(&outline, at, home, typed)?)
    } else {
        value(&marked, &outline, at, home, typed)?
    };
    Some(CursorPlace {
        expected,
        offset,
        range: whole.start..end,
        quote,
        path: outline.path(at),
        scalars: scalars(&marked, &outline),
    })
}

fn scalars(marked: &str, outline: &Outline) -> Vec<(Vec<PathStep>, String)> {
    let nodes = outline.nodes.iter().enumerate();
    let texts = nodes.filter_map(|(at, node)| {
        let raw = marked.get(node.value.clone()?)?;
        // The text being typed is not a value yet.
        (!raw.contains(MARK)).then(|| (outline.path(at), hoplens_prompt::outline::unquoted(raw)))
    });
    texts.collect()
}

/// Returns the place of a key, or of a word that may become one.
fn keys(outline: &Outline, at: usize, home: &DeclarationSite, typed: &str) -> Option<KeyPlace> {
    let node = &outline.nodes[at];
    if typed.contains([' ', ':']) || typed.starts_with('-') {
        return None;
    }
    let parent = node.parent;
    let path = parent
        .map(|parent| outline.path(parent))
        .unwrap_or_default();
    let siblings: Vec<&OutlineNode> = outline
        .children(parent)
        .filter(|(other, sibling)| *other != at && sibling.kind != OutlineNodeKind::Word)
        .map(|(_, sibling)| sibling)
        .collect();
    let aligned = siblings.iter().all(|one| one.column == node.column);
    let at_root = parent.is_none() && siblings.is_empty() && node.column > 0;
    if !node.flow && (!aligned || at_root) {
        return None;
    }
    let in_list = siblings.iter().any(|one| one.kind == OutlineNodeKind::Item);
    let of_entry =
        parent.is_some_and(|parent| outline.nodes[parent].kind == OutlineNodeKind::Entry);
    let is_word = node.kind == OutlineNodeKind::Word && !node.flow;
    let may_begin_item = is_word && of_entry && (siblings.is_empty() || in_list);
    let names: Vec<String> = siblings.iter().map(|one| one.name.clone()).collect();
    let mut found = KeyPlace {
        known: Vec::new(),
        any: None,
        needs_dash: false,
        has_colon: node.kind == OutlineNodeKind::Entry,
        in_flow: node.flow,
        column: node.column,
    };
    for kind in kinds(home.keys, &path) {
        match kind {
            KeyKind::Map(keys) if !in_list => {
                let absent = keys
                    .iter()
                    .filter(|key| !names.iter().any(|name| name == key.name));
                found.known.extend(absent);
            }
            KeyKind::Values(_) if !in_list => found.any = Some(names.clone()),
            // A new item whose dash is still missing.
            KeyKind::List(KeyKind::Map(keys)) if may_begin_item => {
                found.needs_dash = true;
                found.known.extend(*keys);
            }
            _ => {}
        }
    }
    Some(found)
}

/// Returns the place of a value, or of the first key of a map.
fn value(
    marked: &str,
    outline: &Outline,
    at: usize,
    home: &DeclarationSite,
    typed: &str,
) -> Option<ExpectedAtCursor> {
    let node = &outline.nodes[at];
    let start = node.value.as_ref()?.start;
    let between = marked.get(node.label.end..start)?;
    let below = between.contains(['\n', '\r']);
    let line = marked
        .get(..start)?
        .rfind(['\n', '\r'])
        .map_or(0, |at| at + 1);
    let column = start - line;
    let kinds = kinds(home.keys, &outline.path(at));
    let begins_map = !node.flow && (below || node.kind == OutlineNodeKind::Item);
    let is_word = !typed.contains([' ', ':', '|', '>', '"', '\'']) && !typed.starts_with('-');
    if begins_map && is_word {
        let mut found = KeyPlace {
            known: Vec::new(),
            any: None,
            needs_dash: false,
            has_colon: false,
            in_flow: false,
            column,
        };
        for kind in &kinds {
            match kind {
                KeyKind::Map(keys) => found.known.extend(*keys),
                KeyKind::Values(_) => found.any = Some(Vec::new()),
                KeyKind::List(KeyKind::Map(keys)) if below => {
                    found.needs_dash = true;
                    found.known.extend(*keys);
                }
                _ => {}
            }
        }
        if !found.known.is_empty() || found.any.is_some() {
            return Some(ExpectedAtCursor::Key(found));
        }
    }
    if typed.starts_with(['|', '>', '*']) {
        return None;
    }
    Some(ExpectedAtCursor::Value(ValuePlace {
        kinds,
        below: below && !node.flow,
    }))
}
