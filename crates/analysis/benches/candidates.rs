//! How often hops that nobody declared are found, with the labels hidden.
//!
//! `cargo bench --bench candidates -- FILE.csv…` reads the columns of `hoplens eval`, shows
//! hoplens the obscure sentence alone, and compares what it finds with the labels. `--rows` prints
//! each row. The figures are in `docs/candidates.md`.
#![allow(
    clippy::print_stdout,
    reason = "a benchmark's report goes to standard output"
)]

use std::ops::Range;
use std::time::{Duration, Instant};

use hoplens_analysis::{
    AnalysisContext, AnalysisSettings, Candidate, CandidateSource, CaseQuery, Mention, Undeclared,
    Verdict, candidates, mentions, name_key, run_probes, undeclared, verdict,
};
use hoplens_prompt::Facts;
use hoplens_runtime::{CancelToken, LoadOptions, Model};
use hoplens_store::{ModelRef, StoreOptions, locate};

/// The likeliest candidates, of which one should be the bridge.
const FIRST: usize = 5;

/// One row's labels.
struct Row {
    sentence: String,
    mention: String,
    bridge: String,
    answer: String,
}

/// What was found without them.
struct Found {
    /// Whether the first mention is the labelled one: to the letter, and but for case, article
    /// and possessive ending.
    exact: bool,
    near: bool,
    undeclared: Option<Undeclared>,
    /// The candidates for the labelled mention.
    given: Vec<Candidate>,
    /// The verdict with the labelled bridge, and whether the two likeliest answers differ then.
    labelled: Option<(Verdict, bool)>,
    grammar: Duration,
    all: Duration,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let located = locate(&ModelRef::default_model(), &StoreOptions::from_env()).unwrap();
    let Some(files) = located else {
        println!("the default model is not there: hoplens models pull");
        return;
    };
    let model = Model::load(&files.format, &LoadOptions::default()).unwrap();
    let mut paths: Vec<&str> = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"))
        .map(String::as_str)
        .collect();
    if paths.is_empty() {
        paths.push("examples/two-hop.csv");
    }
    for path in paths {
        let rows = rows(path);
        let found: Vec<Found> = rows.iter().map(|row| find(&model, row)).collect();
        if arguments.iter().any(|argument| argument == "--rows") {
            for (row, found) in rows.iter().zip(&found) {
                show(row, found);
            }
        }
        println!("{path}: {} rows", rows.len());
        report(&rows, &found);
    }
}

fn rows(path: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let headers = reader.headers().unwrap().clone();
    let column = |name| headers.iter().position(|header| header == name).unwrap();
    let columns = [
        "obscure_sentence",
        "obscure_entity",
        "explicit_entity",
        "answer",
    ]
    .map(column);
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let [sentence, mention, bridge, answer] = columns.map(|at| row[at].to_owned());
        Row {
            sentence,
            mention,
            bridge,
            answer,
        }
    });
    rows.collect()
}

fn find(model: &Model, row: &Row) -> Found {
    let (settings, cancel, facts) = (
        AnalysisSettings::default(),
        CancelToken::new(),
        Facts::default(),
    );
    let start = Instant::now();
    let first = mentions(&row.sentence).into_iter().next();
    let grammar = start.elapsed();
    let first = first.map_or("", |range| &row.sentence[range]);
    let subject = CaseQuery {
        prompt: row.sentence.clone(),
        ..CaseQuery::default()
    };
    // As in an editor: the prompt itself was just analysed.
    let context = AnalysisContext::new(model, &settings, &cancel);
    run_probes(&context, &subject).unwrap();
    let start = Instant::now();
    let undeclared = undeclared(&context, &subject, &facts).unwrap();
    let all = start.elapsed();
    let at = row.sentence.find(&row.mention);
    let range = at.map(|at| at..at + row.mention.len());
    let given = range.clone().map_or_else(Vec::new, |range| {
        candidates(&context, &row.sentence, range, &facts).unwrap()
    });
    Found {
        exact: first == row.mention,
        near: name_key(first) == name_key(&row.mention),
        undeclared,
        given,
        labelled: range.map(|range| labelled(model, subject, row, range)),
        grammar,
        all,
    }
}

/// What the labels say.
fn labelled(model: &Model, subject: CaseQuery, row: &Row, range: Range<usize>) -> (Verdict, bool) {
    let (settings, cancel) = (AnalysisSettings::default(), CancelToken::new());
    let subject = CaseQuery {
        expect: vec![row.answer.clone()],
        mentions: vec![Mention {
            phrase: row.mention.clone(),
            range: Some(range),
            bridge: Some(row.bridge.clone()),
        }],
        ..subject
    };
    let (probes, _) =
        run_probes(&AnalysisContext::new(model, &settings, &cancel), &subject).unwrap();
    let explicit = probes.explicit().unwrap();
    let differ = explicit.top[0].token != probes.composed.top[0].token;
    (verdict(&probes, &settings.thresholds), differ)
}

/// Where the bridge stands among candidates; `loosely`: more or fewer words of it count too.
fn place(candidates: &[Candidate], bridge: &str, loosely: bool) -> Option<usize> {
    let wanted = name_key(bridge);
    let inside = |a: &str, b: &str| {
        let words: Vec<&str> = b.split(' ').collect();
        a.split(' ').all(|word| words.contains(&word))
    };
    candidates.iter().position(|one| {
        let key = name_key(&one.text);
        key == wanted || loosely && (inside(&key, &wanted) || inside(&wanted, &key))
    })
}

fn report(rows: &[Row], found: &[Found]) {
    let count = rows.len();
    let share = |hits: usize| {
        format!(
            "{hits} of {count} ({:.0} %)",
            100.0 * hits as f64 / count as f64
        )
    };
    let exact = found.iter().filter(|one| one.exact).count();
    let near = found.iter().filter(|one| one.near).count();
    println!(
        "  true mention first: {}, but for case and article {}",
        share(exact),
        share(near)
    );
    let own: Vec<&[Candidate]> = found
        .iter()
        .map(|one| {
            one.undeclared
                .as_ref()
                .map_or(&[][..], |one| &one.candidates)
        })
        .collect();
    let given: Vec<&[Candidate]> = found.iter().map(|one| one.given.as_slice()).collect();
    for (name, lists) in [("mention found", own), ("mention given", given)] {
        let among = |most: usize, loosely: bool| {
            let pairs = rows.iter().zip(&lists);
            let places = pairs.filter_map(|(row, list)| place(list, &row.bridge, loosely));
            places.filter(|place| *place < most).count()
        };
        println!(
            "  true bridge, {name}: first {}, among five {}, among ten {}; more or fewer words \
             allowed: {}, {}",
            share(among(1, false)),
            share(among(FIRST, false)),
            share(among(usize::MAX, false)),
            share(among(1, true)),
            share(among(FIRST, true)),
        );
        for source in [
            CandidateSource::Completion,
            CandidateSource::Heads,
            CandidateSource::Text,
        ] {
            let hits = rows.iter().zip(&lists).filter(|(row, list)| {
                let place = place(list, &row.bridge, false).filter(|place| *place < FIRST);
                place.is_some_and(|place| list[place].source == source)
            });
            println!("    among five by {source:?}: {}", hits.count());
        }
    }
    consistency(found);
    let middle = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        (times[times.len() / 2], times[times.len() - 1])
    };
    let (grammar, _) = middle(&mut found.iter().map(|one| one.grammar).collect());
    let (median, most) = middle(&mut found.iter().map(|one| one.all).collect());
    println!(
        "  time: {grammar:.0?} for the grammar, {median:.0?} (median) and {most:.0?} (most) for all"
    );
}

/// How the check without labels compares with what the labels say.
fn consistency(found: &[Found]) {
    let guess = |one: &Found| {
        one.undeclared
            .as_ref()
            .is_some_and(|one| one.inconsistent.is_some())
    };
    let said = found.iter().filter(|one| guess(one)).count();
    let counted = |test: &dyn Fn(&(Verdict, bool)) -> bool| {
        let labelled = found
            .iter()
            .filter_map(|one| Some((one, one.labelled.as_ref()?)));
        let (mut both, mut truth) = (0, 0);
        for (one, label) in labelled {
            truth += usize::from(test(label));
            both += usize::from(test(label) && guess(one));
        }
        format!("{both} of {said}, which are {both} of the {truth} that are")
    };
    println!("  hop-inconsistent: {said}");
    println!(
        "    answers differ with the true bridge, too: {}",
        counted(&|(_, differ)| *differ)
    );
    println!(
        "    labelled hop-lost: {}",
        counted(&|(verdict, _)| *verdict == Verdict::HopLost)
    );
    println!(
        "    labelled ok: {}",
        counted(&|(verdict, _)| *verdict == Verdict::Ok)
    );
}

fn show(row: &Row, found: &Found) {
    let none = Vec::new();
    let (mention, list, inconsistent) = match &found.undeclared {
        Some(one) => (
            &row.sentence[one.mention.clone()],
            &one.candidates,
            one.inconsistent.as_ref(),
        ),
        None => ("", &none, None),
    };
    let place =
        place(list, &row.bridge, false).map_or("-".to_owned(), |place| format!("{}", place + 1));
    println!(
        "{place} {mention:?} → {:?} {:?}",
        row.bridge, found.labelled
    );
    for one in list.iter().take(FIRST) {
        println!(
            "    {:.2} {:.2} {:?} {}",
            one.score, one.logp, one.source, one.text
        );
    }
    if let Some(one) = inconsistent {
        println!("    {one:?}");
    }
}
