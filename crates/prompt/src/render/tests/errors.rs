//! Tests of the errors of templates that cannot be rendered, and of inverse blocks.

use std::time::Instant;

use super::super::*;
use crate::file::parse;

const JINJA: &str = "---\nname: x\n---\nHi\n";
const MUSTACHE: &str = "---\ntemplate: {format: mustache, parser: p}\n---\nHi\n";

/// File name, head and template; then the bytes that the problem marks, and how the cause begins.
const BROKEN_ONES: &[(&str, &str, &str, &str, &str)] = &[
    (
        "x.prompt",
        "",
        "a\n{{#if b}} c",
        "{{#if b}}",
        "the block `{{#if b}}` is never closed. Write `{{/if}}`",
    ),
    (
        "x.prompt",
        "",
        "{{#if b}}\nc{{/each}}",
        "{{/each}}",
        "`{{/each}}` stands where `{{#if b}}` is to be closed",
    ),
    (
        "x.prompt",
        "",
        "a {{/if}}",
        "{{/if}}",
        "`{{/if}}` closes a block that was not opened",
    ),
    (
        "x.prompt",
        "",
        "a {{else}}",
        "{{else}}",
        "`{{else}}` stands in no block",
    ),
    (
        "x.prompt",
        "",
        "{{#if a}}{{else}}{{else}}{{/if}}",
        "{{else}}",
        "`{{else}}` cannot stand here in `{{#if a}}`",
    ),
    (
        "x.prompt",
        "",
        "{{^if a}}b{{else if c}}d{{/if}}",
        "{{else if c}}",
        "`{{else if c}}` cannot stand here",
    ),
    (
        "x.prompt",
        "",
        "a {{b c\nd",
        "{{b c",
        "the tag `{{b c` does not end. Write `}}`",
    ),
    (
        "x.prompt",
        "",
        "é {{}} b",
        "{{}}",
        "`{{}}` has no name in it",
    ),
    (
        "x.prompt",
        "",
        "é {{a b=}} b",
        "{{a b=}}",
        "`{{a b=}}` is no tag of Handlebars",
    ),
    (
        "x.prompt",
        "",
        "é\nq {{nope x}} b",
        "{{nope x}}",
        "at `{{nope x}}`, there is no helper `nope`",
    ),
    (
        "x.prompt",
        "",
        "{{^n}}é{{nope x}}{{/n}} b",
        "{{nope x}}",
        "at `{{nope x}}`, there is no helper `nope`",
    ),
    (
        "x.prompt",
        "",
        "a {{> part}} b",
        "{{> part}}",
        "at `{{> part}}`, there is no partial `part`. Write it into the file `_part.prompt`",
    ),
    (
        "x.prompt",
        "",
        "{{^each l}}a{{/each}}",
        "{{^each l}}",
        "`{{^each l}}` is the inverse of a helper",
    ),
    (
        "x.prompty",
        JINJA,
        "{% if a %}b",
        "{% if a %}",
        "the block `{% if a %}` is never closed. Write `{% endif %}`",
    ),
    (
        "x.prompty",
        JINJA,
        "{% if a %}b{% endfor %}",
        "{% endfor %}",
        "`{% endfor %}` stands where `{% if a %}`",
    ),
    ("x.prompty", JINJA, "a {{ b", "{{ b", "`{{ b` does not end"),
    (
        "x.prompty",
        JINJA,
        "a {{ b|nope }} c",
        "nope",
        "at `{{ b|nope }}`, ",
    ),
    (
        "x.prompty",
        MUSTACHE,
        "a {{#b}} c",
        "{{#b}}",
        "the section `{{#b}}` is never closed. Write `{{/b}}`",
    ),
    (
        "x.prompty",
        MUSTACHE,
        "a {{> b}} c",
        "{{> b}}",
        "at `{{> b}}`, Prompty's Python runtime looks for this partial",
    ),
];

#[test]
fn errors_name_the_tag_the_cause_and_the_remedy() {
    for (name, head, body, under, told) in BROKEN_ONES {
        let text = format!("{head}{body}");
        let file = parse(name, &text, None);
        let rendered = render(&file, &text, None);
        let problem = rendered.broken().unwrap_or_else(|| panic!("{text}"));
        assert_eq!(&text[problem.range.clone()], *under, "{problem:?}");
        let (_, cause) = problem.message.split_once(": ").unwrap();
        assert!(cause.starts_with(told), "{cause}");
    }
}

#[test]
fn inverse_blocks_render_as_in_handlebars() {
    let head = "---\ninput: {default: {a: 1, l: [p, q], e: [], no: false, o: {k: v}}}\n---\n";
    for (body, expected) in [
        ("{{^no}}x{{/no}}", "x"),
        ("{{^a}}x{{else}}y{{/a}}", "y"),
        ("{{^a}}x{{^}}y{{this}}{{/a}}", "y1"),
        ("{{^e}}none{{/e}}", "none"),
        ("{{^l}}none{{else}}<{{this}}>{{/l}}", "<p><q>"),
        ("{{^o}}n{{else}}{{k}}{{/o}}", "v"),
        ("{{^if a}}x{{else}}y{{/if}}", "y"),
        ("a\n{{^no}}\nb\n{{/no}}\nc", "a\nb\nc"),
        ("z{{~^no~}} x {{~/no~}} y", "zxy"),
        ("{{^gone}}z{{/gone}}", "z"),
        ("{{#if no}}a{{^if a}}b{{/if}}c{{else}}d{{/if}}", "d"),
        ("{{^o.k}}x{{else}}{{this}}{{/o.k}}", "v"),
    ] {
        let text = format!("{head}{body}");
        let file = parse("x.prompt", &text, None);
        let rendered = render(&file, &text, None);
        assert_eq!(rendered.problems, [], "{body}");
        let mapped = rendered.joined();
        assert_eq!(mapped.text, expected, "{body}");
        // Every span maps to its own bytes, not to the whole template.
        for piece in &mapped.pieces {
            let source = &text[piece.source.clone().unwrap()];
            let made = &mapped.text[piece.rendered.clone()];
            assert!(
                source == made || source.starts_with("{{"),
                "{body}: {source}"
            );
        }
    }
}

#[test]
fn loops_without_output_are_stopped() {
    let list = "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]";
    let around = |open: &str, inside: &str, close: &str| {
        let head = format!("---\ninput: {{default: {{l: {list}, t: 1}}}}\n---\n");
        format!("{head}{}{inside}{}", open.repeat(9), close.repeat(9))
    };
    for text in [
        around("{{#each @root.l}}", "", "{{/each}}"),
        around("{{#each @root.l}}", "{{#if gone}}x{{/if}}", "{{/each}}"),
        around("{{#each @root.l}}{{#if @root.t}}", "", "{{/if}}{{/each}}"),
    ] {
        let began = Instant::now();
        let file = parse("x.prompt", &text, None);
        let rendered = render(&file, &text, None);
        let told = &rendered.broken().unwrap().message;
        assert!(told.contains("go round too often"), "{told}");
        assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    }
}
