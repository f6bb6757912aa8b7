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
        &expect![[r#"
            city

            **`city`**: a text, required

            the city to write about

            Default: `Rome`  
            Case `oslo`: `Oslo`
        "#]],
    );
    check(
        "a.prompt",
        &format!("{DOTPROMPT}{{{{json tone$0 }}}}"),
        &expect![[r#"
            tone

            **`tone`**: a text

            how it sounds

            Case `oslo`: no value  
            Case `#2`: no value
        "#]],
    );
    check(
        "a.prompt",
        &format!("{DOTPROMPT}{{{{#each $0many}}}}{{{{/each}}}}"),
        &expect![[r#"
            many

            **`many`**: a list, each item a text, required

            Case `oslo`: no value  
            Case `#2`: `["a","b"]`
        "#]],
    );
    check(
        "a.prompt",
        "{{ci$0ty}}",
        &expect![[r#"
        city

        **`city`**: a variable

        No value: the application gives it when it runs the prompt. For a trial, give it one in `input.default` or in a case.
    "#]],
    );
    check(
        "a.prompty",
        "---\nname: x\ninputs:\n  city: {kind: string, description: Where, required: true}\n---\nuser:\n{% if c$0ity %}x{% endif %}",
        &expect![[r#"
            city

            **`city`**: a text, required

            Where

            No value: the application gives it when it runs the prompt. For a trial, give it one in `sample`, in `inputs` or in a case.
        "#]],
    );
    check(
        "a.prompt.yml",
        "messages:\n  - role: user\n    content: \"é {{ci$0ty}}\"\ntestData:\n  - city: Rome\n  - other: x\n",
        &expect![[r#"
            city

            **`city`**: a variable

            Case `#1`: `Rome`  
            Case `#2`: no value
        "#]],
    );
    check(
        "a.prompt.md",
        "In ${input:ci$0ty}",
        &expect![[r#"
        city

        **`city`**: a variable

        No value: the application gives it when it runs the prompt. For a trial, give it one in a case.
    "#]],
    );
}

#[test]
fn a_name_in_the_declarations_shows_the_same() {
    check(
        "a.prompt",
        "---\ninput:\n  default:\n    ci$0ty: Rome\n---\n{{city}}",
        &expect![[r#"
            city

            **`city`**: a variable

            Default: `Rome`
        "#]],
    );
    check(
        "a.prompt",
        "---\nhoplens.cases:\n  - matrix: {city: [Rome, Oslo]}\n    expect: \"{{c$0ity}}\"\n---\n{{city}}",
        &expect![[r#"
            city

            **`city`**: a variable

            Case `#1[city=Rome]`: `Rome`  
            Case `#1[city=Oslo]`: `Oslo`
        "#]],
    );
}

#[test]
fn a_partial_shows_its_file_and_its_first_lines() {
    check(
        "a.prompt",
        "{{> ca$0rd}}",
        &expect![[r#"
        card

        **`card`**: the partial `_card.prompt`

        ````text
        Hello {{name}}
        ```
        x
        ```
        ````
    "#]],
    );
    check(
        "a.prompt",
        "{{> dir/ab$0sent}}",
        &expect![[r#"
        dir/absent

        **`dir/absent`**: a partial without a file. It would be `dir/_absent.prompt` in the prompt's folder or one above.
    "#]],
    );
    check(
        "a.prompt",
        "---\nhoplens.partials: [own]\n---\n{{> o$0wn}}",
        &expect![[r#"
            own

            **`own`**: a partial that the application registers in its code. Its text is unknown to hoplens.
        "#]],
    );
}

#[test]
fn helpers_filters_and_statements_are_explained() {
    check(
        "a.prompt",
        "{{ro$0le \"user\"}}",
        &expect![[r#"
        role

        **`role`**

        Begins a message of this role: `system`, `user`, `model` or `tool`. The text up to the next `role` is the message.

        `{{role "user"}}`
    "#]],
    );
    check(
        "a.prompt",
        "{{#e$0ach a}}{{/each}}",
        &expect![[r#"
        each

        **`each`**

        Writes the block once for each item; names in it are fields of the item, and `{{../name}}` is a variable outside.

        `{{#each items}}{{this}}{{/each}}`
    "#]],
    );
    check(
        "a.prompt",
        "{{#each a}}{{@fi$0rst}}{{/each}}",
        &expect![[r#"
            @first

            **`@first`**

            Whether this is the first round of the loop.
        "#]],
    );
    check(
        "a.prompt",
        "---\nhoplens.helpers: [now]\n---\n{{n$0ow}}",
        &expect![[r#"
            now

            **`now`**: a helper that the application registers in its code. What it writes is unknown to hoplens.
        "#]],
    );
    check(
        "a.prompty",
        "user:\n{{ a | jo$0in(b) }}",
        &expect![[r#"
        join

        **`join`**

        The items as one text with something between them.

        `x | join(", ")`
    "#]],
    );
    check(
        "a.prompty",
        "user:\n{% f$0or a in b %}{{ loop.index }}{% endfor %}",
        &expect![[r#"
            for

            **`for`**

            Writes the block once for each item.

            `{% for item in items %}…{% endfor %}`
        "#]],
    );
    check(
        "a.prompty",
        "user:\n{% for a in b %}{{ l$0oop.index }}{{ a }}{% endfor %}",
        &expect![[r#"
            loop

            **`loop`**

            The loop around: `loop.index` counts from 1, `loop.index0` from 0; `loop.first`, `loop.last`, `loop.length`.
        "#]],
    );
    check(
        "a.prompty",
        "user:\n{% for a in b %}{{ $0a }}{{ a }}{% endfor %}",
        &expect![[r#"
            a

            **`a`**: a name that the template defines in line 2 (2 uses).
        "#]],
    );
}

#[test]
fn there_is_no_hover_beside_names() {
    check(
        "a.prompt",
        "Te$0xt {{a}}",
        &expect![[r#"
        no hover
    "#]],
    );
    check(
        "a.prompt",
        "\\{{a$0}}",
        &expect![[r#"
        no hover
    "#]],
    );
    check(
        "a.txt",
        "{{a$0}}",
        &expect![[r#"
        no hover
    "#]],
    );
}
