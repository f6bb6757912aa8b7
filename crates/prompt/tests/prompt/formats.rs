//! The formats' own packages read what hoplens reads and writes: `dotprompt` from npm and `prompty`
//! from PyPI.
//!
//! `tests/run formats` installs them into a folder and names it in `HOPLENS_FORMATS`; without it
//! these tests are skipped, loudly.

mod fixtures;
mod yaml;

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use fixtures::{
    DOTPROMPT, DOTPROMPT_REFUSES, EDITED, Fixture, PROMPTY, PROMPTY_REFUSES, PROMPTY_V1,
    PROMPTY_V1_REFUSES,
};
use hoplens_injection::{Encoding, Scope, SpanScope};
use hoplens_prompt::{
    Case, CompanionTexts, NewInjection, Origin, PromptFile, Rendered, all_problems,
    insert_injection, insert_text, parse, parse_with, read_references, render, replace_mention,
};
use serde_json::{Value, json};

/// The folder with the packages, or `None` and a word about it.
#[allow(clippy::print_stderr, reason = "a skipped test must say so")]
fn packages() -> Option<PathBuf> {
    let folder = std::env::var_os("HOPLENS_FORMATS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: HOPLENS_FORMATS is not set; run `tests/run formats`");
    }
    folder
}

/// What a package's script answers.
fn ask(command: &mut Command, questions: &[Value]) -> Vec<Value> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(questions).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the package's script failed");
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), questions.len());
    answers
}

fn script(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("tests/formats")
        .join(name)
}

fn dotprompt(folder: &Path, questions: &[Value]) -> Vec<Value> {
    let mut node = Command::new("node");
    ask(node.arg(script("dotprompt.mjs")).arg(folder), questions)
}

fn prompty(folder: &Path, questions: &[Value]) -> Vec<Value> {
    let python = folder.join("venv/bin/python");
    ask(
        Command::new(python).arg(script("prompty_reader.py")),
        questions,
    )
}

fn prompty_v1(folder: &Path, questions: &[Value]) -> Vec<Value> {
    let python = folder.join("venv-v1/bin/python");
    ask(
        Command::new(python).arg(script("prompty_v1_reader.py")),
        questions,
    )
}

fn question(fixture: &Fixture) -> Value {
    let input: Value = serde_json::from_str(fixture.input).unwrap();
    let partials: BTreeMap<_, _> = fixture.partials.iter().copied().collect();
    let files: BTreeMap<_, _> = fixture.files.iter().copied().collect();
    json!({"text": fixture.text, "input": input, "partials": partials, "files": files})
}

/// The fixture as hoplens reads it, with its input as that of a case.
fn ours(name: &str, fixture: &Fixture) -> (PromptFile, Rendered) {
    let partials = fixture.partials.iter();
    let partials = partials.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let partials: BTreeMap<String, String> = partials.collect();
    let references = read_references(name, fixture.text, &mut |path| {
        let mut files = fixture.files.iter();
        let found = files.find(|(name, _)| *name == path);
        found.map(|(_, text)| (*text).to_owned())
    });
    let beside = CompanionTexts {
        partials: Some(&partials),
        references: Some(&references),
        ..CompanionTexts::default()
    };
    let file = parse_with(name, fixture.text, beside);
    let Value::Object(input) = serde_json::from_str(fixture.input).unwrap() else {
        panic!("the input of {:?} is no map", fixture.text);
    };
    let case = Case {
        input,
        ..Case::new(0..0, Origin::FrontMatter)
    };
    let rendered = render(&file, fixture.text, Some(&case));
    (file, rendered)
}

/// Messages as the packages give them; `first` is the role of a message that names none.
fn messages(rendered: &Rendered, first: &str) -> Value {
    let turns = rendered.turns.iter();
    let turns = turns.map(|turn| {
        let role = turn.role.as_deref().unwrap_or(first);
        json!({"role": role, "text": turn.text.text})
    });
    turns.collect()
}

#[test]
fn prompts_read_as_their_own_packages_read_them() {
    let Some(folder) = packages() else { return };
    let mut differ = Vec::new();
    let mut compare = |name: &str, first: &str, fixtures: &[Fixture], answers: Vec<Value>| {
        for (fixture, answer) in fixtures.iter().zip(answers) {
            let (_, rendered) = ours(name, fixture);
            let (got, want) = (messages(&rendered, first), &answer["messages"]);
            let context = format!("{:?}\nhoplens {got}\npackage {answer}", fixture.text);
            if got != *want {
                differ.push(context.clone());
            }
            for turn in &rendered.turns {
                let whole = turn.text.pieces.iter().all(|piece| {
                    let source = piece.source.clone();
                    source.is_some_and(|range| fixture.text.get(range).is_some())
                });
                assert!(whole, "bytes from nowhere: {context}");
            }
        }
    };
    let questions: Vec<Value> = DOTPROMPT.iter().map(question).collect();
    let answers = dotprompt(&folder, &questions);
    compare("x.prompt", "user", DOTPROMPT, answers);
    let questions: Vec<Value> = PROMPTY.iter().map(question).collect();
    let answers = prompty(&folder, &questions);
    compare("x.prompty", "system", PROMPTY, answers);
    let questions: Vec<Value> = PROMPTY_V1.iter().map(question).collect();
    let answers = prompty_v1(&folder, &questions);
    compare("x.prompty", "system", PROMPTY_V1, answers);
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

#[test]
fn what_prompty_refuses_is_a_finding() {
    let Some(folder) = packages() else { return };
    let questions = |fixtures: &[Fixture]| fixtures.iter().map(question).collect::<Vec<_>>();
    let answers = prompty(&folder, &questions(PROMPTY_REFUSES));
    let answers_v1 = prompty_v1(&folder, &questions(PROMPTY_V1_REFUSES));
    let of_v2 = PROMPTY_REFUSES.iter().zip(answers);
    for (fixture, answer) in of_v2.chain(PROMPTY_V1_REFUSES.iter().zip(answers_v1)) {
        assert!(answer["error"].is_string(), "{:?}: {answer}", fixture.text);
        let (file, rendered) = ours("x.prompty", fixture);
        let found = file.problems.len() + rendered.problems.len();
        assert!(found > 0, "{:?} is refused: {answer}", fixture.text);
    }
}

#[test]
fn what_dotprompt_refuses_is_an_error() {
    let Some(folder) = packages() else { return };
    let questions: Vec<Value> = DOTPROMPT_REFUSES.iter().map(question).collect();
    for (fixture, answer) in DOTPROMPT_REFUSES.iter().zip(dotprompt(&folder, &questions)) {
        assert!(answer["error"].is_string(), "{:?}: {answer}", fixture.text);
        let (_, rendered) = ours("x.prompt", fixture);
        assert!(rendered.broken().is_some(), "{:?} is refused", fixture.text);
    }
}

/// A memory with everything that one reader or another stumbles over.
fn hostile() -> NewInjection {
    NewInjection {
        memory: " a --- b +++ c ${env:HOME} {{d}} {% e %} \"f\" \\ # g: é\n".to_owned(),
        encoding: Encoding::Unembed,
        layer: 3,
        tau: -2.5,
        scope: Scope::Span(SpanScope {
            text: "-----".to_owned(),
            nth: 2,
        }),
        measured: None,
    }
}

fn read(folder: &Path, name: &str, text: &str) -> Value {
    let question = json!({"text": text, "input": {"c": "Ann"}, "partials": {}, "files": {}});
    let answers = if name.ends_with(".prompty") {
        prompty(folder, &[question])
    } else {
        dotprompt(folder, &[question])
    };
    let answer = answers.into_iter().next().unwrap();
    assert!(answer["messages"].is_array(), "{text:?}: {answer}");
    answer
}

/// Undoes an edit with what it replaced.
fn undone(before: &str, edit: &hoplens_prompt::FileEdit) -> String {
    let mut text = edit.apply(before);
    for one in edit.edits.iter().rev() {
        let shift: isize = edit.edits.iter().fold(0, |sum, other| {
            let grown = other.new_text.len().cast_signed() - other.range.len().cast_signed();
            sum + if other.range.start < one.range.start {
                grown
            } else {
                0
            }
        });
        let start = one.range.start.checked_add_signed(shift).unwrap();
        text.replace_range(
            start..start + one.new_text.len(),
            &before[one.range.clone()],
        );
    }
    text
}

#[test]
fn injections_arrive_and_nothing_else_changes() {
    let Some(folder) = packages() else { return };
    for (name, text) in EDITED {
        let file = parse(name, text, None);
        let case = (file.cases.len() > 1).then_some("#2");
        let edit = insert_injection(&file, text, case, &hostile());
        assert_eq!(edit.target, Origin::FrontMatter, "{text:?}");
        let edited = edit.apply(text);
        assert_eq!(undone(text, &edit), *text);
        let (before, after) = (read(&folder, name, text), read(&folder, name, &edited));
        assert_eq!(before["messages"], after["messages"], "{edited}");
        assert_eq!(before["template"], after["template"]);
        assert_eq!(before["instructions"], after["instructions"]);
        let inject = if name.ends_with(".prompty") {
            &after["metadata"]["hoplens"]["inject"]
        } else {
            &after["ext"]["hoplens"]["inject"]
        };
        let last = inject.as_array().and_then(|list| list.last());
        let last = last.unwrap_or_else(|| panic!("nothing arrived: {edited}"));
        assert_eq!(last["memory"], hostile().memory, "{edited}");
        assert_eq!(last["tau"], -2.5);
        assert_eq!(last["scope"]["span"], "-----");
    }
}

#[test]
fn words_that_are_put_in_arrive() {
    let Some(folder) = packages() else { return };
    for (name, text) in [
        ("x.prompt", "---\na: 1\n---\nThe reef lies in {{c}} now"),
        (
            "x.prompty",
            "---\nname: x\n---\nuser:\r\nThe reef lies in {{c}} now",
        ),
        (
            "x.prompty",
            "---\nname: x\ntemplate: {format: mustache, parser: prompty}\n---\nuser:\nThe reef lies in {{c}} now",
        ),
    ] {
        let file = parse(name, text, None);
        assert!(all_problems(&file, text).len() < 2);
        let rendered = render(&file, text, None);
        let mapped = &rendered.turns[0].text;
        let at = mapped.text.find("reef").unwrap();
        let edit = replace_mention(mapped, at..at + 4, "Great Reef").unwrap();
        let replaced = read(&folder, name, &edit.apply(text));
        let edit = insert_text(mapped, at + 4, ", the Great Reef,").unwrap();
        let inserted = read(&folder, name, &edit.apply(text));
        assert_eq!(undone(text, &edit), text);
        let said = |answer: &Value| answer["messages"][0]["text"].as_str().unwrap().to_owned();
        assert_eq!(said(&replaced), "The Great Reef lies in Ann now");
        assert_eq!(said(&inserted), "The reef, the Great Reef, lies in Ann now");
    }
}
