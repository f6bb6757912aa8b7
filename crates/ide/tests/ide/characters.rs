//! Tokens that are parts of characters, which no message may show as text.

use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, FileFindings, PromptSource, Reply, ReplySearch,
    TokenProbability, find_verdicts,
};
use hoplens_ide::{
    HoverTarget, MarkdownStyle, Snapshot, diagnostics, inlay_hints, render_hover, token_label,
};
use hoplens_interp::lens::{HeadSummary, TokenLens};
use hoplens_runtime::{CancelToken, Model};
use hoplens_test_support::{FAMILIES, load, miniature};

/// Cases whose messages name the likeliest token, with and without an answer, and a reply.
const TEXTS: [&str; 4] = [
    "Name a reef ",
    "---\nhoplens.cases: [{expect: \" no such answer\", hops: [{mention: reef}]}]\n---\nName a reef ",
    "---\nhoplens.cases: [{expect: no such answer, match: equals}]\n---\nName a reef",
    "---\nhoplens.cases: [{expect: no such answer, match: contains}]\n---\nName a reef",
];

fn findings(model: &Model, snapshot: &Snapshot) -> FileFindings {
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let context = AnalysisContext::new(model, &settings, &cancel);
    find_verdicts(&context, PromptSource::new(&snapshot.file, &snapshot.text)).unwrap()
}

/// Returns everything that an editor shows about a prompt whose likeliest token is `token`.
fn shown(snapshot: &Snapshot, token: &str) -> String {
    let mut snapshot = snapshot.clone();
    let findings = snapshot.findings.as_mut().unwrap();
    let likeliest = TokenProbability {
        token: token.to_owned(),
        p: 0.5,
    };
    for case in &mut findings.cases {
        let outcome = case.outcome.as_mut().unwrap();
        let probes = &mut outcome.probes;
        let variants = probes.variants.iter_mut().map(|(_, probe)| probe);
        for probe in std::iter::once(&mut probes.composed).chain(variants) {
            probe.top.insert(0, likeliest.clone());
        }
        if case.query.reply_test.is_some() {
            let reply = Reply {
                text: format!("It is {token}"),
                passes: false,
            };
            outcome.replies = Some(ReplySearch {
                greedy: reply.clone(),
                sampled: vec![reply],
            });
        }
    }
    let head = HeadSummary {
        layer: 0,
        head: 0,
        direct_logit: 0.5,
        retrieves: vec![token.to_owned()],
        attends: vec![(token.to_owned(), 0.5)],
    };
    let lens = TokenLens {
        next: vec![(token.to_owned(), 0.5)],
        target: token.to_owned(),
        target_id: 0,
        heads: vec![head],
    };
    let findings = snapshot.findings.as_ref().unwrap();
    let last = findings.cases[0].tokens.len() - 1;
    let target = HoverTarget {
        case: 0,
        token: last,
    };
    let hover = render_hover(findings, target, Ok(&lens), MarkdownStyle::Plain);
    let messages = diagnostics(&snapshot).into_iter().map(|one| one.message);
    let hints = inlay_hints(&snapshot).into_iter().map(|hint| hint.label);
    messages
        .chain(hints)
        .chain(hover)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn no_token_of_a_vocabulary_is_shown_as_a_broken_character() {
    for family in FAMILIES {
        let model = load(&miniature(family));
        let snapshots = TEXTS.map(|text| {
            let mut snapshot = Snapshot::new("a.prompt", text, None);
            snapshot.findings = Some(findings(&model, &snapshot));
            snapshot
        });
        let mut parts = 0;
        let vocab = u32::try_from(model.config().vocab).unwrap();
        for token in (0..vocab).map(|id| model.tokenizer.text(id)) {
            parts += usize::from(token.contains('\u{fffd}'));
            for snapshot in &snapshots {
                let shown = shown(snapshot, &token);
                assert!(!shown.contains('\u{fffd}'), "{family} {token:?}: {shown}");
            }
        }
        assert!(parts > 50, "{family} has byte tokens: {parts}");
    }
}

#[test]
fn a_whole_token_is_suggested_in_messages_hints_and_hovers() {
    let model = load(&miniature("tiny-gpt2"));
    let shown_of = |text: &str, token: &str| {
        let mut snapshot = Snapshot::new("a.prompt", text, None);
        snapshot.findings = Some(findings(&model, &snapshot));
        shown(&snapshot, token)
    };
    let whole = shown_of(TEXTS[0], " é");
    assert!(whole.contains("→ \" é\" 50.0 % (#1)"), "{whole}");
    assert!(whole.contains("Next: `\" é\"` 50.0 %"), "{whole}");
    let unlikely = shown_of(TEXTS[1], " é");
    assert!(unlikely.contains("it prefers \" é\", 50.0 %"), "{unlikely}");
    let reply = shown_of(TEXTS[3], "é");
    assert!(reply.contains("The reply begins \"It is é\""), "{reply}");
    // A part of a character is no suggestion, and the rest of the message stays.
    let part = shown_of(TEXTS[0], "\u{fffd}");
    assert!(!part.contains('→'), "{part}");
    assert!(part.contains("Next: `(part of a character)`"), "{part}");
    let unlikely = shown_of(TEXTS[1], "\u{fffd}");
    assert!(
        unlikely.contains("answer unlikely") && !unlikely.contains("prefers"),
        "{unlikely}"
    );
    let reply = shown_of(TEXTS[3], "\u{fffd}");
    assert!(reply.contains("The reply begins \"It is\""), "{reply}");
    assert_eq!(token_label("\u{fffd}"), "(part of a character)");
}
