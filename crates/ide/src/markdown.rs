//! Markdown that shows the user's text literally.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

/// How the client renders Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MarkdownStyle {
    /// Tables as Markdown tables.
    Rich,
    /// Tables as aligned text in a code fence, because Neovim shows table markup raw.
    #[default]
    Plain,
}

/// Returns the text in a code span that nothing inside can end.
pub fn code_span(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { '␣' } else { c })
        .collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Returns a table in the client's style; cells are text, never markup.
pub fn table(style: MarkdownStyle, header: &[&str], rows: &[Vec<String>]) -> String {
    match style {
        MarkdownStyle::Rich => rich(header, rows),
        MarkdownStyle::Plain => plain(header, rows),
    }
}

fn rich(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!("| {} |\n|", header.join(" | "));
    out.push_str(&"---|".repeat(header.len()));
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            // Inside a table even a code span ends at an unescaped bar.
            .map(|cell| code_span(&cell.replace('\\', "\\\\").replace('|', "\\|")))
            .collect();
        let _ = write!(out, "\n| {} |", cells.join(" | "));
    }
    out
}

fn plain(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|title| title.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (cell, width) in cells.zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        line.trim_end().to_owned()
    };
    let mut lines = vec![line(&mut header.iter().copied())];
    lines.extend(
        rows.iter()
            .map(|row| line(&mut row.iter().map(String::as_str))),
    );
    // A fence longer than any run of backticks in the cells.
    let longest = lines
        .iter()
        .flat_map(|l| l.split(|c| c != '`'))
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}text\n{}\n{fence}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    use super::*;

    /// The code in a text of Markdown; `None` where there is anything that could act: a link, an
    /// image, HTML.
    fn codes(markdown: &str) -> Option<Vec<String>> {
        let mut found = Vec::new();
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
            match event {
                Event::Code(text) => found.push(text.into_string()),
                Event::Html(_)
                | Event::InlineHtml(_)
                | Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock) => {
                    return None;
                }
                _ => {}
            }
        }
        Some(found)
    }

    fn any_text() -> impl Strategy<Value = String> {
        "([`|\\\\\\[\\]()<>!&*_#~\n\t -]|command:|http://x|<b>|\\PC){0,12}"
    }

    proptest! {
        #[test]
        fn a_code_span_stays_one_code_span(text in any_text()) {
            let found = codes(&format!("before {} after", code_span(&text)));
            let count = usize::from(!text.is_empty());
            prop_assert_eq!(found.map(|codes| codes.len().min(1)), Some(count));
        }

        #[test]
        fn no_cell_becomes_markup(cells in prop::collection::vec(any_text(), 2..9)) {
            let rows: Vec<Vec<String>> = cells.chunks_exact(2).map(<[String]>::to_vec).collect();
            let rich = table(MarkdownStyle::Rich, &["one", "two"], &rows);
            prop_assert!(codes(&rich).is_some(), "{}", rich);
            let lines: Vec<Vec<String>> = rows
                .iter()
                .map(|row| row.iter().map(|cell| cell.replace(['\n', '\t'], " ")).collect())
                .collect();
            let plain = table(MarkdownStyle::Plain, &["one", "two"], &lines);
            let mut events = Parser::new(&plain);
            prop_assert!(matches!(events.next(), Some(Event::Start(Tag::CodeBlock(_)))));
            let inside = events.filter(|event| !matches!(event, Event::Text(_)));
            prop_assert_eq!(inside.count(), 1, "{}", plain);
        }
    }

    #[test]
    fn text_cannot_break_out_of_a_cell() {
        assert_eq!(code_span("a`b"), "``a`b``");
        assert_eq!(code_span("`"), "`` ` ``");
        let rows = vec![vec!["a|b\n".to_owned(), "[x](command:y)".to_owned()]];
        let rich = table(MarkdownStyle::Rich, &["one", "two"], &rows);
        assert_eq!(
            rich,
            "| one | two |\n|---|---|\n| `a\\|b␣` | `[x](command:y)` |"
        );
        let rows = vec![vec!["```".to_owned(), "東京".to_owned()]];
        let plain = table(MarkdownStyle::Plain, &["one", "two"], &rows);
        assert_eq!(plain, "````text\none  two\n```  東京\n````");
    }
}
