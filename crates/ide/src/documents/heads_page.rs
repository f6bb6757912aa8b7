//! The interactive HTML page of `hoplens lens --page`.
//!
//! The page is one file without any network resource. Its content security policy allows only its
//! own script and style, by their hashes. The document is embedded as JSON, and the script writes
//! every text of it as a text node.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

// `npm run build:page` in `editors/vscode` writes the script and the style. It bundles them from
// the TypeScript and CSS that the page shares with the views of the VS Code extension.
const PAGE: &str = include_str!("heads_page/page.html");
const STYLE: &str = include_str!("heads_page/page.css");
const SCRIPT: &str = include_str!("heads_page/page.js");
/// Longest prompt in the page's title, in characters.
const TITLE_CHARS: usize = 80;

/// Returns a self-contained HTML page for a document of `hoplens lens --format json`: a map of
/// layers × heads, and for each head its attention and the words that it retrieves.
///
/// The document is untrusted: no prompt can end the embedded JSON, and no token becomes markup. The
/// page leaves out what the document lacks.
pub fn heads_page(document: &Value) -> String {
    let prompt = document["prompt"].as_str().unwrap_or_default();
    let mut title: String = prompt.chars().take(TITLE_CHARS).collect();
    if title.len() < prompt.len() {
        title.push('…');
    }
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    fill(PAGE, |name| match name {
        "policy" => policy.clone(),
        "title" => escape(&title),
        "style" => STYLE.to_owned(),
        "document" => data(document),
        _ => SCRIPT.to_owned(),
    })
}

/// Replaces each `{{name}}` of the template by its value. `{{…}}` inside a value is left alone.
fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut pieces = template.split("{{");
    let mut page = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        page.push_str(&value(name));
        page.push_str(rest);
    }
    page
}

/// Returns the SHA-256 of an inline script or style in base 64, as a policy names it.
fn hash(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}

/// Escapes text for HTML, between tags or in a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Serialises the document so that it cannot end the `<script>` element around it. The characters
/// that HTML or JavaScript could misread occur only inside JSON strings, which allow `\u` escapes.
fn data(document: &Value) -> String {
    let mut escaped = String::new();
    for c in document.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string never fails.
                let _ = write!(escaped, "\\u{:04x}", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const OPEN: &str = "<script type=\"application/json\" id=\"document\">";

    /// Returns the text of the JSON element, delimited as an HTML parser delimits it.
    fn embedded(page: &str) -> &str {
        let (_, rest) = page.split_once(OPEN).unwrap();
        rest.split_once("</script").unwrap().0
    }

    fn check(prompt: &str) {
        let document = json!({"prompt": prompt, "tokens": [{"id": 1, "text": prompt}]});
        let page = heads_page(&document);
        let data = embedded(&page);
        assert_eq!(serde_json::from_str::<Value>(data).unwrap(), document);
        assert!(!data.contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
        // The rest of the page does not depend on the prompt.
        let (head, body) = page.split_once("</title>").unwrap();
        let (before, title) = head.split_once("<title>").unwrap();
        let plain = heads_page(&json!({}));
        assert!(plain.starts_with(before));
        assert!(!title.contains(['<', '>', '"', '\'']), "{title}");
        let (_, plain) = plain.split_once("</title>").unwrap();
        assert_eq!(body.replacen(data, "{}", 1), *plain);
    }

    #[test]
    fn hostile_prompts_stay_inside_the_json_element() {
        for prompt in [
            "</script><img src=x onerror=alert(1)>",
            "<!--<script>",
            "</title><script>alert(1)</script>",
            "a\u{2028}b\u{2029}c\0d",
            "{{script}} {{document}} }} {{",
            "&lt; &amp; \"quoted\" 'quoted'",
            "\u{202e}\u{200b}🙂",
        ] {
            check(prompt);
        }
    }

    proptest! {
        #[test]
        fn any_text_stays_inside_the_json_element(prompt in "(\\PC|[<>&\"'!/{}\u{2028}\u{2029}\n-]|script|title|<!--){0,40}") {
            check(&prompt);
        }
    }

    #[test]
    fn the_policy_allows_only_the_embedded_script_and_style() {
        let page = heads_page(&json!({}));
        let between = |open: &str, close: &str| {
            let (_, rest) = page.split_once(open).unwrap();
            rest.split_once(close).unwrap().0
        };
        for (kind, text) in [
            ("script", between("<script>", "</script>")),
            ("style", between("<style>", "</style>")),
        ] {
            assert!(text.len() > 1000);
            let source = format!("{kind}-src 'sha256-{}'", hash(text));
            assert!(page.contains(&source), "{source}");
        }
        assert!(page.contains("default-src 'none'"));
        // Browsers drop carriage returns before they hash.
        assert!(!page.contains('\r'));
        for resource in ["http:", "https:", "url(", "@import", " src=", " on"] {
            let (markup, _) = PAGE.split_once("{{script}}").unwrap();
            assert!(
                !markup.contains(resource) && !STYLE.contains(resource),
                "{resource}"
            );
        }
        for dangerous in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!SCRIPT.contains(dangerous), "{dangerous}");
        }
    }

    #[test]
    fn a_long_prompt_is_shortened_in_the_title() {
        let page = heads_page(&json!({"prompt": "é".repeat(100)}));
        let title = format!("<title>hoplens: {}…</title>", "é".repeat(TITLE_CHARS));
        assert!(page.contains(&title));
    }
}
