//! A long session of random edits and requests: nothing may fail, stay unread or pile up.
//!
//! ```sh
//! cargo test --release --test soak -- [SECONDS] [MODEL] [FLAG…]
//! ```
//!
//! 600 seconds and the miniature `tests/fixtures/tiny-gpt2` by default; further flags
//! go to the server, such as `--cache 1`, without which what passes leave for later ones grows for
//! a while.
#![allow(dead_code, reason = "the harness has more than this session needs")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures are for people to see"
)]

#[path = "../server/client.rs"]
mod client;
#[path = "../server/random.rs"]
mod random;
#[path = "../server/requests.rs"]
mod requests;
#[path = "../server/session_start.rs"]
mod session_start;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use client::{Client, Start, tiny_gpt2};
use random::Numbers;

const DIAGNOSTICS: &str = "textDocument/publishDiagnostics";
/// Prompts that have cases, at the length that people write.
const TEXTS: [&str; 2] = [
    include_str!("../server/tiny.prompt"),
    include_str!("../server/reef.prompt"),
];
const DOCUMENTS: usize = 8;
/// What may be resident beyond what was once everything was used for a while, in MB.
const GROWTH: u64 = 200;

struct Session {
    client: Client,
    numbers: Numbers,
    versions: [i64; DOCUMENTS],
    asked: Vec<(i64, &'static str)>,
    counts: BTreeMap<&'static str, u64>,
}

fn main() {
    let mut args = std::env::args().skip(1);
    let seconds = args.next().map_or(600, |seconds| {
        let seconds = seconds.parse();
        seconds.expect("the first argument is a number of seconds")
    });
    let model = args.next();
    let model = model.unwrap_or_else(|| tiny_gpt2().display().to_string());
    let mut session = begin(model.clone(), args.collect());
    let begun = Instant::now();
    let end = Duration::from_secs(seconds);
    // Caches fill at first.
    let warm = end / 4;
    let (mut settled, mut highest) = (None, 0);
    let mut next_look = Duration::ZERO;
    while begun.elapsed() < end {
        session.step();
        if next_look <= begun.elapsed() {
            next_look = begun.elapsed() + Duration::from_millis(500);
            let Some(resident) = session.client.resident() else {
                continue;
            };
            highest = highest.max(resident);
            if warm <= begun.elapsed() {
                let settled = *settled.get_or_insert(resident);
                assert!(
                    resident <= settled + GROWTH,
                    "{resident} MB are resident, after {settled} MB"
                );
            }
        }
    }
    session.answer_all();
    for number in 0..DOCUMENTS {
        let version = session.versions[number];
        let is_newest = |found: &Value| found["version"] == version;
        session.client.newest(DIAGNOSTICS, &uri(number), is_newest);
    }
    let last = session.client.resident();
    println!("{seconds} s with {model}: {:?}", session.counts);
    match (settled, last) {
        (Some(settled), Some(last)) => println!(
            "resident: {settled} MB after {} s, {highest} MB at most, {last} MB in the end",
            warm.as_secs()
        ),
        _ => println!("SKIPPED: this system does not tell how much memory is resident"),
    }
    // Dropped, the client ends the session and fails on anything unread.
    drop(session);
    println!("no error, and nothing unread");
}

fn uri(number: usize) -> String {
    format!("file:///somewhere/soak-{number}.prompt")
}

fn begin(model: String, flags: Vec<String>) -> Session {
    let mut args = vec!["--offline".to_owned()];
    args.extend(flags);
    let mut client = Client::ready(&Start {
        model,
        args,
        at_any_time: vec![DIAGNOSTICS],
        patience: Duration::from_mins(5),
        env: vec![("HOPLENS_LOG", None)],
        ..Start::default()
    });
    for number in 0..DOCUMENTS {
        client.open(&uri(number), "dotprompt", TEXTS[number % TEXTS.len()]);
    }
    Session {
        client,
        numbers: Numbers(600),
        versions: [1; DOCUMENTS],
        asked: Vec::new(),
        counts: BTreeMap::new(),
    }
}

impl Session {
    /// What somebody does at a keyboard, only faster.
    fn step(&mut self) {
        let number = self.numbers.below(DOCUMENTS);
        match self.numbers.below(10) {
            0..=3 => self.edit(number),
            4..=8 => self.ask(number),
            _ => self.cancel(),
        }
        if 20 < self.asked.len() {
            self.answer_all();
        }
        // Now and then they pause, and the model gets its turn.
        if self.numbers.below(60) == 0 {
            std::thread::sleep(Duration::from_millis(400));
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn edit(&mut self, number: usize) {
        self.versions[number] += 1;
        let changes = match self.numbers.below(3) {
            // Whole again, so that there is something to find.
            0 => json!([{"text": TEXTS[self.numbers.below(TEXTS.len())]}]),
            _ => json!([random::change(&mut self.numbers)]),
        };
        let version = self.versions[number];
        self.client.change(&uri(number), version, &changes);
        self.count("edits");
    }

    fn ask(&mut self, number: usize) {
        let range = random::range(&mut self.numbers);
        let all = requests::all(&self.client.initialized, &uri(number), &range);
        let request = self.numbers.one_of(&all).clone();
        let id = self.client.ask(request.method, request.params);
        self.asked.push((id, request.method));
        self.count(request.method);
    }

    fn cancel(&mut self) {
        if let Some((id, _)) = self.asked.last() {
            let id = *id;
            self.client.notify("$/cancelRequest", json!({"id": id}));
            self.count("cancels");
        }
    }

    fn answer_all(&mut self) {
        for (id, method) in std::mem::take(&mut self.asked) {
            if let Err(error) = self.client.answer(id) {
                // It was cancelled, or the text moved on.
                let code = error["code"].as_i64();
                assert!(matches!(code, Some(-32800 | -32801)), "{method}: {error}");
            }
        }
    }
}
