//! Files of agents: instructions for a model, in Markdown with keys of their own.

use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::edit::insert_injection::insert_injection;
use crate::edit::lists::{NewCase, insert_case};
use crate::edit::new_injection::NewInjection;
use crate::file::parse;
use crate::format::prompt_format::PromptFormat;
use crate::lint::all_problems;
use crate::render::body_reading::{BodyReading, body_reading};
use crate::render::render;

use hoplens_injection::{Encoding, Scope};
use serde_json::Map;

const AGENT: &str = "---\nname: reviewer\ndescription: Reviews a change, and says what is wrong.\n\
    argument-hint: a pull request\ntools: ['search', 'github/*', edit]\nmodel: [\"GPT-5\", \"Claude Sonnet 4.5\"]\n\
    handoffs:\n  - label: Fix it\n    agent: implementer\n    prompt: Fix what was found.\n    send: false\n---\n\
    # Reviewer\n\nYou review with #tool:search and ${input:focus:what matters most}.\n";
const INSTRUCTIONS: &str = "---\ndescription: Style\napplyTo: **/*.ts,**/*.tsx\nexcludeAgent: code-review\n---\n\
    - Use tabs.\n";
const SKILL: &str = "---\nname: release\ndescription: >-\n  Makes a release. Use it when the user asks\n  for a new version.\n\
    license: MIT\nallowed-tools: Bash(git:*) Read\nmetadata:\n  author: someone\n  version: \"1.0\"\n---\n\
    # Release\n\nSee [steps](references/steps.md) and run `scripts/tag.sh {{x}}`.\n";

#[test]
fn files_of_agents_have_no_findings_about_keys_of_their_own() {
    for (name, text) in [
        ("reviewer.agent.md", AGENT),
        (".github/instructions/style.instructions.md", INSTRUCTIONS),
        ("skills/release/SKILL.md", SKILL),
        ("a.prompt.md", INSTRUCTIONS),
    ] {
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let file = parse(name, &text, None);
            assert_eq!(all_problems(&file, &text), [], "{name}");
        }
    }
}

#[test]
fn the_text_below_the_keys_is_one_message_with_the_inputs_of_a_case() {
    let sidecar = "version: 1\ncases: [{input: {focus: names}}]\n";
    let file = parse("reviewer.agent.md", AGENT, Some(sidecar));
    let case = file.cases.first();
    let rendered = render(&file, AGENT, case);
    assert_eq!(
        rendered.joined().text,
        "# Reviewer\n\nYou review with #tool:search and names."
    );
    assert_eq!(body_reading(&file, case), BodyReading::UserMessage);
    let skill = parse("SKILL.md", SKILL, None);
    let text = render(&skill, SKILL, None).joined().text;
    assert!(
        text.starts_with("# Release") && text.ends_with("{{x}}`."),
        "{text}"
    );
}

#[test]
fn declarations_are_read_from_the_keys_and_written_to_the_sidecar() {
    let text =
        "---\nname: a\nhoplens: {cases: [{id: one, expect: x}], ignore: [empty-prompt]}\n---\nHi";
    for name in ["a.agent.md", "a.instructions.md", "SKILL.md"] {
        let file = parse(name, text, None);
        assert_eq!(file.cases.len(), 1);
        assert_eq!(file.suppressed.len(), 1);
        let injection = NewInjection {
            memory: "B".into(),
            encoding: Encoding::Embed,
            layer: 1,
            tau: 2.0,
            scope: Scope::All,
            measured: None,
        };
        let edit = insert_injection(&file, text, None, &injection);
        assert_eq!(
            (edit.target, edit.creates),
            (Origin::Sidecar, true),
            "{name}"
        );
        let blank = parse(name, "Hi", None);
        let new = NewCase {
            id: None,
            input: Map::new(),
            expect: "x".into(),
            hop: None,
        };
        let case = insert_case(&blank, "Hi", &new);
        assert_eq!(
            case.map(|edit| edit.target),
            Some(Origin::Sidecar),
            "{name}"
        );
    }
    let misspelt = text.replace("ignore:", "ignor:");
    let file = parse("a.agent.md", &misspelt, None);
    assert_eq!(
        file.problems.first().map(|one| one.code),
        Some(Code::UnknownKey)
    );
}

#[test]
fn other_markdown_near_agents_is_no_prompt() {
    for name in [
        "AGENTS.md",
        "CLAUDE.md",
        "copilot-instructions.md",
        "skills/release/steps.md",
    ] {
        let file = parse(name, SKILL, None);
        assert_eq!(file.format, PromptFormat::Plain, "{name}");
    }
}
