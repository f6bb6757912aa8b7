//! What the helpers, filters, tests and statements of the template languages do.

pub(crate) mod call_doc;
mod handlebars;
mod jinja;

use crate::symbols::call_docs::call_doc::CallDoc;
use crate::symbols::call_docs::handlebars::HANDLEBARS;
use crate::symbols::call_docs::jinja::{
    FILTERS_OF_BOTH, FUNCTIONS, JINJA_FILTERS, NUNJUCKS_FILTERS, STATEMENTS, TESTS_OF_BOTH,
};
use crate::symbols::template_symbol::{TemplateCallKind, TemplateSyntax};

/// Returns what a template of a language can call.
pub fn call_docs(syntax: TemplateSyntax, kind: TemplateCallKind) -> Vec<CallDoc> {
    let is_jinja = matches!(syntax, TemplateSyntax::Jinja | TemplateSyntax::Nunjucks);
    match (kind, syntax) {
        (TemplateCallKind::Helper, TemplateSyntax::Handlebars) => HANDLEBARS.to_vec(),
        (TemplateCallKind::Helper, _) if is_jinja => FUNCTIONS.to_vec(),
        (TemplateCallKind::Filter, TemplateSyntax::Jinja) => {
            [FILTERS_OF_BOTH, JINJA_FILTERS].concat()
        }
        (TemplateCallKind::Filter, TemplateSyntax::Nunjucks) => {
            [FILTERS_OF_BOTH, NUNJUCKS_FILTERS].concat()
        }
        (TemplateCallKind::Test, _) if is_jinja => TESTS_OF_BOTH.to_vec(),
        _ => Vec::new(),
    }
}

/// Returns the statements (`{% … %}`) of a language.
pub fn statement_docs(syntax: TemplateSyntax) -> &'static [CallDoc] {
    match syntax {
        TemplateSyntax::Jinja | TemplateSyntax::Nunjucks => STATEMENTS,
        _ => &[],
    }
}

/// Returns what a name of a language's engine stands for.
pub fn context_doc(syntax: TemplateSyntax, name: &str) -> Option<&'static str> {
    let is_jinja = matches!(syntax, TemplateSyntax::Jinja | TemplateSyntax::Nunjucks);
    Some(match name {
        "@first" => "Whether this is the first round of the loop.",
        "@last" => "Whether this is the last round of the loop.",
        "@index" => "The number of the loop's round, from 0.",
        "@key" => "The key of the current entry, in a loop over a map.",
        "@root" => "The prompt's own variables.",
        "@partial-block" => "The content of the block that calls this partial.",
        "loop" if is_jinja => {
            "The loop around: `loop.index` counts from 1, `loop.index0` from 0; `loop.first`, \
             `loop.last`, `loop.length`."
        }
        "caller" if is_jinja => "The content of the `{% call %}` block that calls this macro.",
        name if name.starts_with('@') => {
            "A value of the application's context, which is no input of the prompt."
        }
        name if is_jinja => {
            return FUNCTIONS
                .iter()
                .find(|one| one.name == name)
                .map(|one| one.doc);
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::jinja_uses::{FILTERS, GLOBALS, TESTS};
    use crate::template::handlebars::helpers::HELPERS;

    fn names(docs: &[CallDoc]) -> Vec<&'static str> {
        let mut names: Vec<&str> = docs.iter().map(|one| one.name).collect();
        names.sort_unstable();
        names
    }

    fn sorted(names: &[&'static str]) -> Vec<&'static str> {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_helper_filter_and_test_that_the_lint_knows_is_described() {
        let of = |syntax, kind| names(&call_docs(syntax, kind));
        let jinja = TemplateSyntax::Jinja;
        assert_eq!(
            of(TemplateSyntax::Handlebars, TemplateCallKind::Helper),
            sorted(&HELPERS)
        );
        assert_eq!(of(jinja, TemplateCallKind::Filter), sorted(FILTERS));
        assert_eq!(of(jinja, TemplateCallKind::Test), sorted(TESTS));
        let functions = of(jinja, TemplateCallKind::Helper);
        assert!(
            functions.iter().all(|name| GLOBALS.contains(name)),
            "{functions:?}"
        );
    }

    #[test]
    fn every_description_is_a_sentence_with_an_example() {
        let kinds = [
            TemplateCallKind::Helper,
            TemplateCallKind::Filter,
            TemplateCallKind::Test,
        ];
        for syntax in [
            TemplateSyntax::Handlebars,
            TemplateSyntax::Jinja,
            TemplateSyntax::Nunjucks,
        ] {
            let calls = kinds.into_iter().flat_map(|kind| call_docs(syntax, kind));
            for one in calls.chain(statement_docs(syntax).iter().copied()) {
                assert!(one.usage.contains(one.name), "{one:?}");
                assert!(one.doc.ends_with('.') && one.doc.len() > 10, "{one:?}");
            }
        }
    }
}
