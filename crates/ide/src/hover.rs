//! Hovers over the prompt: the token, its probability, and the heads that read it.

use std::ops::Range;

use crate::markdown::{MarkdownStyle, code_span, table};
use crate::numbers::{percent, quoted, token_label};
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, FileFindings, PromptReading};
use hoplens_interp::lens::TokenLens;

/// The token under the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HoverTarget {
    /// Index into the findings' cases.
    pub case: usize,
    /// Index into its tokens.
    pub token: usize,
}

/// Returns the token at byte `offset` of the prompt file, in the first case that contains it.
pub fn hover_target(snapshot: &Snapshot, offset: usize) -> Option<HoverTarget> {
    let findings = snapshot.findings.as_ref()?;
    findings.cases.iter().enumerate().find_map(|(case, found)| {
        let at = found.rendered.to_rendered(offset)?;
        let holds = |range: &Range<usize>| range.contains(&at);
        let token = found
            .tokens
            .iter()
            .position(|token| holds(&token.range))
            // A cursor behind the last character is on the last token.
            .or_else(|| {
                found
                    .tokens
                    .iter()
                    .rposition(|token| !token.range.is_empty() && token.range.end == at)
            })?;
        Some(HoverTarget { case, token })
    })
}

/// Returns the bytes of the prompt file that a token covers, extended to whole characters.
pub fn token_source(found: &CaseFindings, token: usize) -> Option<Range<usize>> {
    let range = found.tokens.get(token)?.range.clone();
    let text = &found.rendered.text;
    let start = text.floor_char_boundary(range.start);
    let end = text.ceil_char_boundary(range.end);
    found.rendered.to_source(start..end)
}

/// Returns the hover's Markdown; `lens` is the heads' read-out, or why there is none (yet).
pub fn render_hover(
    findings: &FileFindings,
    target: HoverTarget,
    lens: Result<&TokenLens, &str>,
    style: MarkdownStyle,
) -> Option<String> {
    let case = findings.cases.get(target.case)?;
    let token = case.tokens.get(target.token)?;
    let is_last = target.token + 1 == case.tokens.len();
    let mut parts = vec![format!(
        "**{}** token {}",
        code_span(&token_label(&token.text)),
        token.id
    )];
    if let Some(bytes) = broken_bytes(case, target.token) {
        parts.push(format!("It is part of a character; its bytes are {bytes}."));
    }
    if let Some(logp) = token.logp {
        parts.push(format!(
            "The model expected it here with {}.",
            percent(logp.exp())
        ));
    }
    if let (true, Ok(outcome), Some(expect)) = (is_last, &case.outcome, case.query.expect.first()) {
        let composed = &outcome.probes.composed;
        let whole = if case.query.ends_reply {
            " as the whole reply"
        } else {
            ""
        };
        parts.push(format!(
            "Expected answer {}{whole}: **{}** (rank {}).",
            code_span(&quoted(&brief(expect))),
            percent(composed.p),
            composed.rank + 1
        ));
    }
    match lens {
        Err(why) => parts.push(format!("Heads: {why}.")),
        Ok(lens) => {
            let next: Vec<String> = lens
                .next
                .iter()
                .map(|(token, p)| format!("{} {}", code_span(&token_label(token)), percent(*p)))
                .collect();
            parts.push(format!("Next: {}", next.join(", ")));
            parts.push(format!(
                "Heads that move {} most:",
                code_span(&token_label(&lens.target))
            ));
            parts.push(heads_table(lens, style));
        }
    }
    parts.push(format!("Model: {}", code_span(&findings.model.name)));
    if case.reading == PromptReading::UserMessage {
        parts.push(USER_MESSAGE.to_owned());
    }
    Some(parts.join("\n\n"))
}

/// How a prompt without roles is read.
const USER_MESSAGE: &str = "The prompt sets no roles, so the model reads it as one user message, \
    as the file's format sends it. `raw: true` in a case makes it a text to continue.";

/// Returns the beginning of a long answer.
fn brief(text: &str) -> String {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn heads_table(lens: &TokenLens, style: MarkdownStyle) -> String {
    let rows: Vec<Vec<String>> = lens
        .heads
        .iter()
        .map(|head| {
            let looks = head
                .attends
                .iter()
                .map(|(token, a)| format!("{} {:.0} %", token_label(token), 100.0 * a));
            let words = head.retrieves.iter().map(|token| token_label(token));
            vec![
                format!("{}.{}", head.layer, head.head),
                format!("{:+.2}", head.direct_logit),
                words.collect::<Vec<_>>().join(" "),
                looks.collect::<Vec<_>>().join(" "),
            ]
        })
        .collect();
    table(style, &["layer.head", "logit", "retrieves", "from"], &rows)
}

/// Returns the bytes of a token that begins or ends inside a character.
fn broken_bytes(case: &CaseFindings, token: usize) -> Option<String> {
    let range = case.tokens.get(token)?.range.clone();
    let text = &case.rendered.text;
    if text.is_char_boundary(range.start) && text.is_char_boundary(range.end) {
        return None;
    }
    let bytes = text.as_bytes().get(range)?;
    Some(
        bytes
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect::<Vec<_>>()
            .join(" "),
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use hoplens_interp::lens::HeadSummary;

    /// Most characters of a hover: clients truncate longer ones, or show them slowly.
    const MOST: usize = 100_000;

    #[test]
    fn a_hover_of_the_longest_tokens_stays_short_enough_for_clients() {
        let long = "|`<b>[x](command:y)".repeat(10_000);
        assert!(quoted(&brief(&long)).chars().count() < 1_000);
        // The longest token of a vocabulary, in every cell.
        let token = long[..1_000].to_owned();
        let head = HeadSummary {
            layer: 1,
            head: 2,
            direct_logit: 0.5,
            retrieves: vec![token.clone(); 4],
            attends: vec![(token.clone(), 0.5); 2],
        };
        let lens = TokenLens {
            next: vec![(token, 0.5); 5],
            target: " x".into(),
            target_id: 1,
            heads: vec![head; 6],
        };
        for style in [MarkdownStyle::Rich, MarkdownStyle::Plain] {
            assert!(heads_table(&lens, style).chars().count() < MOST);
        }
    }

    #[test]
    fn heads_are_a_table_in_the_clients_style() {
        let lens = TokenLens {
            next: Vec::new(),
            target: " x".into(),
            target_id: 1,
            heads: vec![HeadSummary {
                layer: 1,
                head: 2,
                direct_logit: 0.5,
                retrieves: vec![" Reef".into(), "|".into()],
                attends: vec![(" coral".into(), 0.625)],
            }],
        };
        expect![[r#"
            | layer.head | logit | retrieves | from |
            |---|---|---|---|
            | `1.2` | `+0.50` | `" Reef" "\|"` | `" coral" 62 %` |"#]]
        .assert_eq(&heads_table(&lens, MarkdownStyle::Rich));
        expect![[r#"
            ```text
            layer.head  logit  retrieves    from
            1.2         +0.50  " Reef" "|"  " coral" 62 %
            ```"#]]
        .assert_eq(&heads_table(&lens, MarkdownStyle::Plain));
    }
}
