//! Where the cursor is, in YAML that is broken by what is being typed.

use std::ops::Range;

use hoplens_prompt::declaration_sites::{Home, kinds};
use hoplens_prompt::keys::{Key, Kind};
use hoplens_prompt::outline::{Outline, Spot, Step, What};

/// Stands at the cursor while the text is read, so that something stands there. It is of no
/// language; a text that holds one is left alone.
const MARK: char = '\u{F8F1}';

/// The place of the cursor.
#[derive(Debug)]
pub(super) struct Found {
    pub place: Place,
    /// The byte of the cursor.
    pub offset: usize,
    /// Bytes that are replaced.
    pub range: Range<usize>,
    /// The quote that stands before the cursor, if one does.
    pub quote: Option<char>,
    /// The steps that lead to the place.
    pub path: Vec<Step>,
    /// The scalars of the document's declarations, by the steps that lead to them.
    pub scalars: Vec<(Vec<Step>, String)>,
}

#[derive(Debug)]
pub(super) enum Place {
    Keys(Keys),
    Value(Value),
}

/// A key is expected.
#[derive(Debug)]
pub(super) struct Keys {
    /// Those that may stand there and do not yet.
    pub ours: Vec<Key>,
    /// Whether any name may stand there, and those that do already.
    pub any: Option<Vec<String>>,
    /// Whether a dash has to stand before it.
    pub dash: bool,
    /// Whether its colon stands there already.
    pub colon: bool,
    /// Whether it stands in braces.
    pub flow: bool,
    /// The column where the key stands.
    pub column: usize,
}

/// A value is expected.
#[derive(Debug)]
pub(super) struct Value {
    /// What may stand there.
    pub kinds: Vec<Kind>,
    /// Whether it begins a line of its own, below its key.
    pub below: bool,
}

pub(super) fn find(text: &str, home: &Home, offset: usize) -> Option<Found> {
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
        .spots
        .iter()
        .rposition(|spot| holds(&spot.label) || spot.value.as_ref().is_some_and(&holds))?;
    let spot = &outline.spots[at];
    let is_label = holds(&spot.label);
    let whole = if is_label {
        spot.label.clone()
    } else {
        spot.value.clone()?
    };
    let typed = marked.get(whole.start..mark.start)?;
    let behind = marked.get(mark.end..whole.end)?;
    if typed.contains(['\n', '\r']) || behind.contains(['\n', '\r']) {
        return None;
    }
    let quote = typed.chars().next().filter(|char| "\"'".contains(*char));
    // A quote that is not closed yet reaches for the next one on its line.
    let end = if quote.is_some() && behind.contains([',', ':', '}', ']']) {
        mark.start
    } else {
        whole.end - MARK.len_utf8()
    };
    let place = if is_label {
        Place::Keys(keys(&outline, at, home, typed)?)
    } else {
        value(&marked, &outline, at, home, typed)?
    };
    Some(Found {
        place,
        offset,
        range: whole.start..end,
        quote,
        path: outline.path(at),
        scalars: scalars(&marked, &outline),
    })
}

fn scalars(marked: &str, outline: &Outline) -> Vec<(Vec<Step>, String)> {
    let spots = outline.spots.iter().enumerate();
    let texts = spots.filter_map(|(at, spot)| {
        let raw = marked.get(spot.value.clone()?)?;
        // What is being typed is no value yet.
        (!raw.contains(MARK)).then(|| (outline.path(at), hoplens_prompt::outline::unquoted(raw)))
    });
    texts.collect()
}

/// A key or a word that may become one is typed.
fn keys(outline: &Outline, at: usize, home: &Home, typed: &str) -> Option<Keys> {
    let spot = &outline.spots[at];
    if typed.contains([' ', ':']) || typed.starts_with('-') {
        return None;
    }
    let parent = spot.parent;
    let path = parent
        .map(|parent| outline.path(parent))
        .unwrap_or_default();
    let siblings: Vec<&Spot> = outline
        .children(parent)
        .filter(|(other, sibling)| *other != at && sibling.what != What::Word)
        .map(|(_, sibling)| sibling)
        .collect();
    let aligned = siblings.iter().all(|one| one.column == spot.column);
    let at_root = parent.is_none() && siblings.is_empty() && spot.column > 0;
    if !spot.flow && (!aligned || at_root) {
        return None;
    }
    let in_list = siblings.iter().any(|one| one.what == What::Item);
    let of_entry = parent.is_some_and(|parent| outline.spots[parent].what == What::Entry);
    let is_word = spot.what == What::Word && !spot.flow;
    let may_begin_item = is_word && of_entry && (siblings.is_empty() || in_list);
    let names: Vec<String> = siblings.iter().map(|one| one.name.clone()).collect();
    let mut found = Keys {
        ours: Vec::new(),
        any: None,
        dash: false,
        colon: spot.what == What::Entry,
        flow: spot.flow,
        column: spot.column,
    };
    for kind in kinds(home.keys, &path) {
        match kind {
            Kind::Map(keys) if !in_list => {
                let absent = keys
                    .iter()
                    .filter(|key| !names.iter().any(|name| name == key.name));
                found.ours.extend(absent);
            }
            Kind::Values(_) if !in_list => found.any = Some(names.clone()),
            // A new item, whose dash is still missing.
            Kind::List(Kind::Map(keys)) if may_begin_item => {
                found.dash = true;
                found.ours.extend(*keys);
            }
            _ => {}
        }
    }
    Some(found)
}

/// A value is typed, or the first key of a map.
fn value(marked: &str, outline: &Outline, at: usize, home: &Home, typed: &str) -> Option<Place> {
    let spot = &outline.spots[at];
    let start = spot.value.as_ref()?.start;
    let between = marked.get(spot.label.end..start)?;
    let below = between.contains(['\n', '\r']);
    let line = marked
        .get(..start)?
        .rfind(['\n', '\r'])
        .map_or(0, |at| at + 1);
    let column = start - line;
    let kinds = kinds(home.keys, &outline.path(at));
    let begins_map = !spot.flow && (below || spot.what == What::Item);
    let is_word = !typed.contains([' ', ':', '|', '>', '"', '\'']) && !typed.starts_with('-');
    if begins_map && is_word {
        let mut found = Keys {
            ours: Vec::new(),
            any: None,
            dash: false,
            colon: false,
            flow: false,
            column,
        };
        for kind in &kinds {
            match kind {
                Kind::Map(keys) => found.ours.extend(*keys),
                Kind::Values(_) => found.any = Some(Vec::new()),
                Kind::List(Kind::Map(keys)) if below => {
                    found.dash = true;
                    found.ours.extend(*keys);
                }
                _ => {}
            }
        }
        if !found.ours.is_empty() || found.any.is_some() {
            return Some(Place::Keys(found));
        }
    }
    if typed.starts_with(['|', '>', '*']) {
        return None;
    }
    Some(Place::Value(Value {
        kinds,
        below: below && !spot.flow,
    }))
}
