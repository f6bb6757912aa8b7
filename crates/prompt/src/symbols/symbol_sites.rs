//! Every place where a name of a template stands.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use crate::declarations::spanned::Origin;
use crate::file::prompt_file::PromptFile;
use crate::lint::uses::{CallKind, TemplateUses};
use crate::symbols::declared_sites::declared_sites;
use crate::symbols::template_part::{TemplatePart, in_file, parts, prompts, uses};
use crate::symbols::template_symbol::{SiteRole, SymbolSite, TemplateCallKind, TemplateSymbol};

/// Returns every place where a name of a prompt's template stands, in the prompt file and its
/// sidecar, in the order of the files and their bytes. `text` is the text that `file` was parsed
/// from.
pub fn symbol_sites(file: &PromptFile, text: &str) -> Vec<SymbolSite> {
    let mut found = declared_sites(file, text);
    for (at, prompt) in prompts(file).into_iter().enumerate() {
        let fields = field_names(file, at);
        for part in parts(prompt, text) {
            let uses = uses(prompt, part.syntax, &part.text.text);
            let names = Names {
                part: &part,
                text,
                fields: &fields,
                prompt: at,
            };
            found.extend(names.sites(&uses));
        }
    }
    found.sort_by_key(|site| {
        (
            site.origin == Origin::Sidecar,
            site.range.start,
            site.range.end,
        )
    });
    found.dedup();
    found
}

/// Returns the places of the symbol that stands at byte `offset` of a file, that place first; none
/// if there is no name.
pub fn symbol_at(sites: &[SymbolSite], origin: Origin, offset: usize) -> Option<&SymbolSite> {
    let holds = |site: &&SymbolSite| {
        site.origin == origin && site.range.start <= offset && offset <= site.range.end
    };
    // Of two names that touch, the one behind the cursor counts.
    let inside = |site: &&SymbolSite| holds(site) && offset < site.range.end;
    sites
        .iter()
        .find(inside)
        .or_else(|| sites.iter().find(holds))
}

/// The names that a part of a template uses.
struct Names<'a> {
    part: &'a TemplatePart,
    text: &'a str,
    fields: &'a BTreeSet<String>,
    prompt: usize,
}

impl Names<'_> {
    fn sites(&self, uses: &TemplateUses) -> Vec<SymbolSite> {
        let variables = uses.variables.iter().chain(&uses.closing).map(|one| {
            let may_be_input = one.is_root || (one.may_be_root && !self.fields.contains(&one.name));
            let symbol = if may_be_input {
                TemplateSymbol::Input(one.name.clone())
            } else {
                TemplateSymbol::Field(one.name.clone())
            };
            self.site(symbol, &one.range, SiteRole::Use)
        });
        let calls = uses.calls.iter().map(|one| {
            let kind = match one.kind {
                CallKind::Helper => TemplateCallKind::Helper,
                CallKind::Filter => TemplateCallKind::Filter,
                CallKind::Test => TemplateCallKind::Test,
            };
            let symbol = TemplateSymbol::Call(kind, one.name.clone());
            self.site(symbol, &one.range, SiteRole::Use)
        });
        let locals = uses.locals.iter().map(|one| {
            let definition = in_file(self.part, self.text, &one.definition, &one.name)?;
            let role = if one.range == one.definition {
                SiteRole::Definition
            } else {
                SiteRole::Use
            };
            let name = one.name.clone();
            self.site(TemplateSymbol::Local { name, definition }, &one.range, role)
        });
        let partials = uses.partials.iter().map(|one| {
            let symbol = TemplateSymbol::Partial(one.value.clone());
            self.site(symbol, &one.range, SiteRole::Use)
        });
        let contexts = uses.contexts.iter().map(|one| {
            let symbol = TemplateSymbol::Context(one.value.clone());
            self.site(symbol, &one.range, SiteRole::Use)
        });
        let all = variables.chain(calls).chain(locals);
        all.chain(partials).chain(contexts).flatten().collect()
    }

    fn site(
        &self,
        symbol: TemplateSymbol,
        range: &Range<usize>,
        role: SiteRole,
    ) -> Option<SymbolSite> {
        let range = in_file(self.part, self.text, range, symbol.name())?;
        Some(SymbolSite {
            symbol,
            range,
            origin: Origin::FrontMatter,
            role,
            prompt: self.prompt,
        })
    }
}

/// Returns the names of the fields in the values of a prompt's variables.
fn field_names(file: &PromptFile, prompt: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let prompts = prompts(file);
    let defaults = prompts
        .get(prompt)
        .into_iter()
        .flat_map(|prompt| prompt.defaults.values());
    let cases = file
        .cases
        .iter()
        .filter(|case| case.fence.unwrap_or(0) == prompt);
    for value in defaults.chain(cases.flat_map(|case| case.input.values())) {
        add_fields(value, &mut found);
    }
    found
}

fn add_fields(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                found.insert(name.clone());
                add_fields(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| add_fields(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::file::parse;

    /// Lists the sites, one a line: file, text, role, symbol.
    fn check(name: &str, text: &str, sidecar: Option<&str>, expected: &Expect) {
        let file = parse(name, text, sidecar);
        let sites = symbol_sites(&file, text);
        let lines = sites.iter().map(|site| {
            let source = match site.origin {
                Origin::FrontMatter => text,
                Origin::Sidecar => sidecar.unwrap(),
            };
            let line = source[..site.range.start].matches('\n').count() + 1;
            let symbol = match &site.symbol {
                TemplateSymbol::Local { name, definition } => {
                    format!("local {name} of byte {}", definition.start)
                }
                TemplateSymbol::Input(name) => format!("input {name}"),
                other => format!("{other:?}"),
            };
            let file = if site.origin == Origin::Sidecar {
                "sidecar "
            } else {
                ""
            };
            let (words, role) = (&source[site.range.clone()], site.role);
            format!("{file}{line}: {words} {role:?} {symbol}\n")
        });
        expected.assert_eq(&lines.collect::<String>());
    }

    #[test]
    fn the_names_of_a_dotprompt_file_are_found_everywhere() {
        let text = "---\ninput:\n  schema:\n    city(string, where): string\n    \"tag?\": string\n  default:\n    city: Rome\nhoplens.cases:\n  - input: {tag: é}\n---\né {{city}} {{#each tags as |tag at|}}{{tag.x}}{{@first}}{{/each}}{{> card city=tag}}{{role \"user\"}}\n";
        check(
            "a.prompt",
            text,
            None,
            &expect![[r#"
            4: city Schema input city
            5: tag Schema input tag
            7: city Default input city
            9: tag Case input tag
            11: city Use input city
            11: each Use Call(Helper, "each")
            11: tags Use input tags
            11: tag Definition local tag of byte 167
            11: at Definition local at of byte 171
            11: tag Use local tag of byte 167
            11: @first Use Context("@first")
            11: card Use Partial("card")
            11: tag Use input tag
            11: role Use Call(Helper, "role")
        "#]],
        );
    }

    #[test]
    fn the_names_of_a_matrix_are_found_in_its_texts() {
        let sidecar = "version: 1\ncases:\n  - matrix: {city: [Rome, Oslo]}\n    expect: \"{{ city }}\"\n  - input: {city: x}\n    expect: \"{{city}}\"\n";
        check(
            "a.prompt.md",
            "In ${input:city}",
            Some(sidecar),
            &expect![[r#"
                1: city Use input city
                sidecar 3: city Case input city
                sidecar 4: city CaseText input city
                sidecar 5: city Case input city
            "#]],
        );
    }

    #[test]
    fn the_names_of_prompty_and_github_are_found() {
        let text = "---\nname: x\ninputs:\n  - name: city\n    default: Rome\nsample:\n  tag: y\n---\nuser:\n{% for c in city %}{{ c | upper }}{% endfor %}\n";
        check(
            "a.prompty",
            text,
            None,
            &expect![[r#"
            4: city Schema input city
            7: tag Default input tag
            10: c Definition local c of byte 87
            10: city Use input city
            10: c Use local c of byte 87
            10: upper Use Call(Filter, "upper")
        "#]],
        );
        let text = "messages:\n  - role: user\n    content: \"é {{city}} {{ no }}\"\ntestData:\n  - city: Rome\n    expected: x\nevaluators:\n  - name: e\n    string: {contains: \"{{expected}} {{city}}\"}\n";
        check(
            "a.prompt.yml",
            text,
            None,
            &expect![[r#"
            3: city Use input city
            5: city Case input city
            6: expected Case input expected
            9: expected CaseText input expected
            9: city CaseText input city
        "#]],
        );
    }
}
