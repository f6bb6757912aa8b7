//! The outline of a prompt file: cases with their hops, injections, messages.

use std::ops::Range;

use crate::numbers::quoted;
use crate::snapshot::Snapshot;
use crate::spans::messages;
use hoplens_injection::Scope;
use hoplens_prompt::{Case, Injection, Origin};

/// The kind of a [`DocumentSymbol`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolKind {
    /// A case.
    Case,
    /// A hop of a case.
    Hop,
    /// An injection.
    Injection,
    /// A message of the prompt.
    Message,
}

/// An entry of the outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentSymbol {
    /// Never empty.
    pub name: String,
    /// A short description.
    pub detail: Option<String>,
    /// The kind.
    pub kind: SymbolKind,
    /// All its bytes.
    pub range: Range<usize>,
    /// The bytes that name it, inside `range`.
    pub selection: Range<usize>,
    /// The entries inside.
    pub children: Vec<DocumentSymbol>,
}

/// Returns the outline of the prompt file or of its sidecar, in the order of the file.
pub fn document_symbols(snapshot: &Snapshot, origin: Origin) -> Vec<DocumentSymbol> {
    let mut found = Vec::new();
    let mut last: Option<&Case> = None;
    for (at, case) in snapshot.file.cases.iter().enumerate() {
        // The rows of a matrix share one range.
        let is_row = last.is_some_and(|last| last.range == case.range && case.row.is_some());
        if case.origin != origin || case.range.is_empty() || is_row {
            continue;
        }
        last = Some(case);
        found.push(of_case(at, case));
    }
    let injections = snapshot.file.injections.iter();
    let own = injections.filter(|one| one.origin == origin && !one.range.is_empty());
    found.extend(own.map(of_injection));
    if origin == Origin::FrontMatter {
        found.extend(
            messages(snapshot)
                .into_iter()
                .map(|message| DocumentSymbol {
                    name: named(&message.role, "message"),
                    detail: Some(message.begins).filter(|begins| !begins.is_empty()),
                    kind: SymbolKind::Message,
                    selection: message.range.clone(),
                    range: message.range,
                    children: Vec::new(),
                }),
        );
    }
    found.sort_by_key(|symbol| symbol.range.start);
    found
}

fn named(name: &str, otherwise: &str) -> String {
    let name = name.trim();
    if name.is_empty() { otherwise } else { name }.to_owned()
}

fn within(inner: &Range<usize>, outer: &Range<usize>) -> Range<usize> {
    if outer.start <= inner.start && inner.end <= outer.end {
        inner.clone()
    } else {
        outer.clone()
    }
}

fn of_case(at: usize, case: &Case) -> DocumentSymbol {
    let (name, selection) = match (&case.row, &case.id) {
        (Some(row), _) => (named(&row.of, "matrix"), case.range.clone()),
        (None, Some(id)) => (named(&id.value, "case"), within(&id.range, &case.range)),
        (None, None) => (format!("#{}", at + 1), case.range.clone()),
    };
    let expect: Vec<String> = case.expect.iter().map(|one| quoted(&one.value)).collect();
    let hops = case.hops.iter().map(|hop| {
        let mention = &hop.mention.range;
        let bridge = hop.bridge.as_ref().map_or(mention, |bridge| &bridge.range);
        DocumentSymbol {
            name: named(&hop.mention.value, "hop"),
            detail: hop.bridge.as_ref().map(|bridge| bridge.value.clone()),
            kind: SymbolKind::Hop,
            range: mention.start.min(bridge.start)..mention.end.max(bridge.end),
            selection: mention.clone(),
            children: Vec::new(),
        }
    });
    let inside = |hop: &DocumentSymbol| {
        case.range.start <= hop.range.start && hop.range.end <= case.range.end
    };
    DocumentSymbol {
        name,
        detail: (!expect.is_empty()).then(|| expect.join(", ")),
        kind: SymbolKind::Case,
        children: hops.filter(inside).collect(),
        range: case.range.clone(),
        selection,
    }
}

fn of_injection(injection: &Injection) -> DocumentSymbol {
    let scope = match &injection.scope {
        Scope::All => String::new(),
        Scope::Last => ", last token".into(),
        Scope::Span(span) => format!(", {}", quoted(&span.text)),
    };
    DocumentSymbol {
        name: named(&injection.memory.value, "injection"),
        detail: Some(format!(
            "layer {}, τ {}{scope}",
            injection.layer.value, injection.tau
        )),
        kind: SymbolKind::Injection,
        range: injection.range.clone(),
        selection: within(&injection.memory.range, &injection.range),
        children: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(symbols: &[DocumentSymbol], text: &str, depth: usize, found: &mut Vec<String>) {
        for one in symbols {
            assert!(one.range.start <= one.selection.start && one.selection.end <= one.range.end);
            assert!(text.get(one.range.clone()).is_some() && !one.name.is_empty());
            let detail = one.detail.as_deref().unwrap_or("-");
            let kind = one.kind;
            found.push(format!(
                "{}{kind:?} {} ({detail})",
                "  ".repeat(depth),
                one.name
            ));
            shown(&one.children, text, depth + 1, found);
        }
    }

    fn all(name: &str, text: &str, sidecar: Option<&str>, origin: Origin) -> Vec<String> {
        let snapshot = Snapshot::new(name, text, sidecar);
        let text = match origin {
            Origin::FrontMatter => text,
            Origin::Sidecar => sidecar.unwrap_or_default(),
        };
        let mut found = Vec::new();
        shown(&document_symbols(&snapshot, origin), text, 0, &mut found);
        found
    }

    #[test]
    fn each_file_has_its_own_outline() {
        let text = "---\nhoplens.cases:\n  - id: reef\n    expect: \" A\"\n    hops:\n      - {mention: the reef, bridge: GBR}\n  - {matrix: {x: [a, b]}, hops: [{mention: m}]}\nhoplens.inject:\n  - {memory: GBR, layer: 3, tau: 6, scope: last}\n---\n{{role \"system\"}}Be brief.\n{{role \"user\"}}\nthe reef\n";
        let sidecar = "version: 1\ncases:\n  - expect: b\n";
        assert_eq!(
            all("a.prompt", text, Some(sidecar), Origin::FrontMatter),
            [
                "Case reef (\" A\")",
                "  Hop the reef (GBR)",
                "Case #2 (-)",
                "  Hop m (-)",
                "Injection GBR (layer 3, τ 6, last token)",
                "Message system (Be brief.)",
                "Message user (the reef)",
            ]
        );
        let beside = all("a.prompt", text, Some(sidecar), Origin::Sidecar);
        assert_eq!(beside, ["Case #4 (\"b\")"]);
    }

    proptest! {
        #[test]
        fn every_symbol_lies_in_its_text(
            text in "(---\n|hoplens\\.cases:|hoplens\\.inject:|\n|  |- |\\{|\\}|\\[|id: x|hops: |mention: é|memory: x|layer: 1|tau: 1|, |\\{\\{role \"user\"\\}\\}|user:|é|```prompt\n|```|a){0,40}",
            name in "a\\.(prompt|prompty|prompt\\.md|md|prompt\\.yml)",
        ) {
            all(&name, &text, None, Origin::FrontMatter);
        }
    }
}
