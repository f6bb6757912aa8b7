//! Configurations whose prompts no model answers, and those without prompts.

use super::{config, messages, read_with, reviewed};
use crate::companion_files::CompanionTexts;
use crate::diagnostics::severity::Severity;
use crate::file::parse_with;
use crate::lint::all_problems;
use crate::render::render;

const TESTS: &str = "prompts: ['Say {{it}}']\ntests:\n  - vars: {it: a}\n  - vars: {it: b}\n    \
                     provider: openai:gpt-4o\n";

#[test]
fn programs_and_addresses_are_noted_and_no_model_is_asked() {
    for (provider, note) in [
        ("exec:./run.sh", "is a program"),
        ("python:x.py", "is a program"),
        ("file://x.js", "is a program"),
        ("https://example.org/chat", "is an address"),
        ("echo", "returns the prompt itself"),
    ] {
        let text = format!("providers: ['{provider}']\n{TESTS}");
        let found = reviewed(&text, &[]);
        let [(severity, place, message)] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(*severity, Severity::Information);
        assert_eq!(*place, format!("'{provider}'"));
        assert!(message.contains(note), "{message}");
        let file = parse_with("promptfooconfig.yaml", &text, CompanionTexts::default());
        let refusals = file.cases.iter().map(|case| {
            let rendered = render(&file, &text, Some(case));
            // The text of the prompt is known all the same.
            assert!(rendered.joined().text.starts_with("Say "), "{rendered:?}");
            rendered.refusal().is_some()
        });
        // The second test names a model.
        assert_eq!(refusals.collect::<Vec<_>>(), [true, false], "{provider}");
        // The note is not repeated for each test.
        assert_eq!(all_problems(&file, &text).len(), 1, "{provider}");
    }
}

#[test]
fn a_model_among_the_providers_is_asked() {
    let text = format!("providers: [openai:gpt-4o, {{id: echo}}]\n{TESTS}");
    let found = reviewed(&text, &[]);
    assert!(found[0].2.ends_with("as the other providers are asked."));
    let file = parse_with("promptfooconfig.yaml", &text, CompanionTexts::default());
    let mut cases = file.cases.iter();
    assert!(cases.all(|case| render(&file, &text, Some(case)).refusal().is_none()));
    for text in [
        TESTS.to_owned(),
        format!("providers: ollama:llama3\n{TESTS}"),
    ] {
        assert_eq!(reviewed(&text, &[]), []);
    }
}

#[test]
fn a_test_may_be_answered_by_a_program_alone() {
    let text = "prompts: ['Say {{it}}']\ntests: [{vars: {it: a}, provider: 'exec:a.sh'}, {vars: \
                {it: b}}]\n";
    let file = parse_with("promptfooconfig.yaml", text, CompanionTexts::default());
    let is_asked = |case| {
        render(&file, text, file.cases.get(case))
            .refusal()
            .is_none()
    };
    assert_eq!((is_asked(0), is_asked(1)), (false, true));
}

#[test]
fn a_prompt_file_takes_the_note_from_its_configuration() {
    let promptfoo = config("providers: ['exec:a.sh']\nprompts: [x.txt]\ntests: [{vars: {a: b}}]");
    let file = read_with("Say {{a}}", &promptfoo, None);
    assert!(messages(&file)[0].starts_with("promptfooconfig.yaml, line 1: The provider"));
    let rendered = render(&file, "Say {{a}}", file.cases.first());
    assert_eq!(rendered.joined().text, "Say b");
    assert!(rendered.refusal().is_some());
    // A case of the author's own is asked.
    let sidecar = "version: 1\ncases: [{id: own, input: {a: c}, expect: x}]\n";
    let file = read_with("Say {{a}}", &promptfoo, Some(sidecar));
    let rendered = render(&file, "Say {{a}}", file.cases.first());
    assert!(rendered.refusal().is_none());
}

#[test]
fn a_configuration_without_prompts_has_the_default_one() {
    for text in [
        "tests:\n  - vars: {prompt: Hello}\n",
        "prompts: []\ndefaultTest: {vars: {prompt: Hello}}\ntests: [{}]\n",
        "prompts:\nscenarios: [{config: [{vars: {prompt: Hello}}], tests: [{}]}]\n",
    ] {
        let file = parse_with("promptfooconfig.yaml", text, CompanionTexts::default());
        assert_eq!(messages(&file), [""; 0], "{text}");
        assert_eq!(file.cases.len(), 1, "{text}");
        let rendered = render(&file, text, file.cases.first());
        assert_eq!(rendered.joined().text, "Hello", "{text}");
    }
    // Nobody gives the variable, or nobody here knows.
    let found = reviewed("tests: [{vars: {question: Hello}}]\n", &[]);
    assert!(found[0].2.contains("names no `prompts`"), "{found:?}");
    for text in ["tests: file://tests.csv\n", "redteam: {plugins: [pii]}\n"] {
        let found = reviewed(text, &[]);
        assert!(
            !found.iter().any(|one| one.2.contains("names no `prompts`")),
            "{found:?}"
        );
    }
}
