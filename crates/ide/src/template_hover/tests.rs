//! Hovers at a cursor marked `$0`.

use expect_test::{Expect, expect};

use super::*;
use hoplens_prompt::CompanionTexts;

/// Checks the hover at `$0` in the prompt file, and the bytes that it describes.
#[track_caller]
fn check(name: &str, marked: &str, expected: &Expect) {
    let offset = marked.find("$0").expect("a cursor");
    let text = marked.replacen("$0", "", 1);
    let partials = [(
        "card".to_owned(),
        "Hello {{name}}\n```\nx\n```\n".to_owned(),
    )]
    .into();
    let companions = CompanionTexts {
        partials: Some(&partials),
        ..CompanionTexts::default()
    };
    let snapshot = Snapshot::read(name, text.clone(), companions);
    let found = template_hover(&snapshot, Origin::FrontMatter, offset);
    let shown = found.map_or_else(
        || "no hover\n".to_owned(),
        |found| format!("{}\n\n{}\n", &text[found.range], found.text),
    );
    expected.assert_eq(&shown);
}

const DOTPROMPT: &str = "---\ninput:\n  schema:\n    city(string, the city to write about): string\n    tone?: string, how it sounds\n    many(array): string\n  default:\n    city: Rome\nhoplens.cases:\n  - id: oslo\n    input: {city: Oslo}\n  - input: {many: [a, b]}\n---\n";

#[test]
fn a_variable_shows_its_declaration_and_its_values() {
    check(
        "a.prompt",
        &format!("{DOTPROMPT}é {{{{ci$0ty}}}}"),
        &expect![[""]],
    );
    check(
        "a.prompt",
        &format!("{DOTPROMPT}{{{{json tone$0 }}}}"),
        &expect![[""]],
    );
    check(
        "a.prompt",
        &format!("{DOTPROMPT}{{{{#each $0many}}}}{{{{/each}}}}"),
        &expect![[""]],
    );
    check("a.prompt", "{{ci$0ty}}", &expect![[""]]);
    check(
        "a.prompty",
        "---\nname: x\ninputs:\n  city: {kind: string, description: Where, required: true}\n---\nuser:\n{% if c$0ity %}x{% endif %}",
        &expect![[""]],
    );
    check(
        "a.prompt.yml",
        "messages:\n  - role: user\n    content: \"é {{ci$0ty}}\"\ntestData:\n  - city: Rome\n  - other: x\n",
        &expect![[""]],
    );
    check("a.prompt.md", "In ${input:ci$0ty}", &expect![[""]]);
}

#[test]
fn a_name_in_the_declarations_shows_the_same() {
    check(
        "a.prompt",
        "---\ninput:\n  default:\n    ci$0ty: Rome\n---\n{{city}}",
        &expect![[""]],
    );
    check(
        "a.prompt",
        "---\nhoplens.cases:\n  - matrix: {city: [Rome, Oslo]}\n    expect: \"{{c$0ity}}\"\n---\n{{city}}",
        &expect![[""]],
    );
}

#[test]
fn a_partial_shows_its_file_and_its_first_lines() {
    check("a.prompt", "{{> ca$0rd}}", &expect![[""]]);
    check("a.prompt", "{{> dir/ab$0sent}}", &expect![[""]]);
    check(
        "a.prompt",
        "---\nhoplens.partials: [own]\n---\n{{> o$0wn}}",
        &expect![[""]],
    );
}

#[test]
fn helpers_filters_and_statements_are_explained() {
    check("a.prompt", "{{ro$0le \"user\"}}", &expect![[""]]);
    check("a.prompt", "{{#e$0ach a}}{{/each}}", &expect![[""]]);
    check(
        "a.prompt",
        "{{#each a}}{{@fi$0rst}}{{/each}}",
        &expect![[""]],
    );
    check(
        "a.prompt",
        "---\nhoplens.helpers: [now]\n---\n{{n$0ow}}",
        &expect![[""]],
    );
    check("a.prompty", "user:\n{{ a | jo$0in(b) }}", &expect![[""]]);
    check(
        "a.prompty",
        "user:\n{% f$0or a in b %}{{ loop.index }}{% endfor %}",
        &expect![[""]],
    );
    check(
        "a.prompty",
        "user:\n{% for a in b %}{{ l$0oop.index }}{{ a }}{% endfor %}",
        &expect![[""]],
    );
    check(
        "a.prompty",
        "user:\n{% for a in b %}{{ $0a }}{{ a }}{% endfor %}",
        &expect![[""]],
    );
}

#[test]
fn there_is_no_hover_beside_names() {
    check("a.prompt", "Te$0xt {{a}}", &expect![[""]]);
    check("a.prompt", "\\{{a$0}}", &expect![[""]]);
    check("a.txt", "{{a$0}}", &expect![[""]]);
}
