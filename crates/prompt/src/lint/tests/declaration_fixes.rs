//! Edits that correct the declarations.

use crate::diagnostics::code::Code;
use crate::diagnostics::severity::Severity;
use crate::lint::tests::{check, corrected};

#[test]
fn a_duplicated_id_can_be_renamed() {
    let text = "---\nhoplens.cases:\n  - {id: a, expect: x}\n  - {id: a-2, expect: x}\n  - {id: a, \
                expect: y}\n---\nHi";
    check(
        "a.prompt",
        text,
        &[(Code::DuplicateId, Severity::Error, "a")],
    );
    let after = corrected("a.prompt", text, Code::DuplicateId).unwrap();
    assert_eq!(
        after,
        text.replace("{id: a, expect: y}", "{id: a-3, expect: y}")
    );
}

#[test]
fn a_misspelled_name_of_the_declarations_is_replaced_by_the_suggested_one() {
    let body = "\n---\nHi {{a}}";
    for (code, declarations, corrected_declarations) in [
        // promptfoo's name for the values of a case.
        (
            Code::UnknownKey,
            "hoplens.cases:\n  - {vars: {a: x}}",
            "hoplens.cases:\n  - {input: {a: x}}",
        ),
        (
            Code::UnknownKey,
            "hoplens.case:\n  - {input: {a: x}}",
            "hoplens.cases:\n  - {input: {a: x}}",
        ),
        (
            Code::InvalidValue,
            "hoplens.cases:\n  - {input: {a: x}, expect: y, match: contain}",
            "hoplens.cases:\n  - {input: {a: x}, expect: y, match: contains}",
        ),
        (
            Code::InvalidValue,
            "hoplens.inject:\n  - {memory: m, layer: 1, tau: 2, encoding: 'unembd'}",
            "hoplens.inject:\n  - {memory: m, layer: 1, tau: 2, encoding: 'unembed'}",
        ),
        (
            Code::UnknownCase,
            "hoplens.cases:\n  - {id: paris, input: {a: x}}\nhoplens.inject:\n  - {memory: m, layer: \
             1, tau: 2, case: pariss}",
            "hoplens.cases:\n  - {id: paris, input: {a: x}}\nhoplens.inject:\n  - {memory: m, layer: \
             1, tau: 2, case: paris}",
        ),
        (
            Code::InvalidIgnore,
            "hoplens.ignore: [answer-unlikly]",
            "hoplens.ignore: [answer-unlikely]",
        ),
    ] {
        let text = format!("---\n{declarations}{body}");
        let after = corrected("a.prompt", &text, code);
        let expected = format!("---\n{corrected_declarations}{body}");
        assert_eq!(after.as_ref(), Some(&expected), "{text}");
    }
}
