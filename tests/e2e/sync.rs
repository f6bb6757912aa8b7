//! The server's text is the client's, whatever is typed.

use serde_json::{Value, json};

use crate::client::{Client, Start};
use crate::editor;

const URI: &str = "file:///somewhere/sync.prompt";

/// A generator that gives the same numbers every time (Steele, Lea and Flood's SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

fn change(numbers: &mut Numbers) -> Value {
    const PIECES: [&str; 9] = ["", "a", "né", "🙂", "\n", "\r\n", "東京 ", "---\n", "{{x}}"];
    let text: String = (0..numbers.below(4))
        .map(|_| PIECES[numbers.below(PIECES.len())])
        .collect();
    if numbers.below(40) == 0 {
        return json!({"text": text});
    }
    // Now and then far outside, now and then inside of a surrogate pair, now and then reversed.
    let mut position = || {
        let far = numbers.below(20) == 0;
        let (lines, columns) = if far {
            (99_999, 4_000_000_000)
        } else {
            (8, 16)
        };
        json!({"line": numbers.below(lines), "character": numbers.below(columns)})
    };
    json!({"range": {"start": position(), "end": position()}, "text": text})
}

#[test]
fn two_thousand_random_changes_with_requests_between_them() {
    let mut client = Client::start(&Start {
        capabilities: json!({"general": {"positionEncodings": ["utf-16"]}}),
        options: json!({"hoplens": {"run": "manual"}}),
        ..Start::default()
    });
    let mut numbers = Numbers(7);
    let mut text = String::from("The first 🙂\nline\r\n");
    client.open(URI, "dotprompt", &text);
    let mut asked = Vec::new();
    for version in 2..702 {
        let changes: Vec<Value> = (0..=numbers.below(5))
            .map(|_| change(&mut numbers))
            .collect();
        for change in &changes {
            editor::change(&mut text, change);
        }
        client.change(URI, version, &json!(changes));
        if numbers.below(3) == 0 {
            let params = json!({"textDocument": {"uri": URI}});
            asked.push((client.ask("hoplens/documentText", params), text.clone()));
        }
        // No client has more open than this.
        if 20 < asked.len() {
            for (id, expected) in asked.drain(..) {
                assert_eq!(client.answer(id).unwrap(), json!(expected));
            }
        }
    }
    for (id, expected) in asked {
        assert_eq!(client.answer(id).unwrap(), json!(expected));
    }
    assert_eq!(client.text(URI), json!(text));
    client.diagnostics(URI, |found| found["version"] == 701);
}

#[test]
fn what_lies_outside_is_clamped_and_surrogates_are_kept_whole() {
    let mut client = Client::ready(&Start::default());
    client.open(URI, "text", "a🙂b\nc");
    let mut version = 1;
    let mut edit = |client: &mut Client, start: [u32; 2], end: [u32; 2], text: &str| {
        version += 1;
        let at = |place: [u32; 2]| json!({"line": place[0], "character": place[1]});
        let range = json!({"start": at(start), "end": at(end)});
        client.change(URI, version, &json!([{"range": range, "text": text}]));
        client.text(URI)
    };
    // Column 2 lies between the surrogates: the whole character goes.
    assert_eq!(edit(&mut client, [0, 2], [0, 3], "-"), "a-b\nc");
    assert_eq!(edit(&mut client, [0, 99], [0, 99], "!"), "a-b!\nc");
    assert_eq!(edit(&mut client, [7, 7], [9, 9], "🙂"), "a-b!\nc🙂");
    assert_eq!(edit(&mut client, [1, 1], [0, 4], " "), "a-b! 🙂");
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": URI}}),
    );
    assert_eq!(client.text(URI), Value::Null);
    client.diagnostics(URI, |found| found["version"].is_null());
}
