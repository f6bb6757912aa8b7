//! Helpers, filters and partials that do not exist, and partials that include themselves.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::diagnostics::code::Code;
use crate::diagnostics::suggestion::{closest, did_you_mean};
use crate::format::prompt_format::PromptFormat;
use crate::lint::finding::LintFinding;
use crate::lint::jinja_uses::{FILTERS, TESTS};
use crate::lint::lint_context::LintContext;
use crate::lint::uses::{CallKind, HelperCall, TemplateUses};
use crate::render::findings::MANY;
use crate::template::handlebars::helpers::HELPERS;

/// Returns a finding for each call of a helper, filter or test that does not exist, in every branch
/// of the prompt and of its partials.
pub(crate) fn unknown_helpers(context: &LintContext<'_>) -> Vec<LintFinding> {
    let own = context.uses.calls.iter();
    let own = own.filter_map(|call| unknown_helper(context, call, None));
    let of_partials = context.partials.iter().flat_map(|(name, uses)| {
        let place = partial_tag(context, name);
        let calls = uses.calls.iter();
        let partial = place.map(|place| (name.clone(), place));
        calls.filter_map(move |call| unknown_helper(context, call, Some(partial.as_ref()?)))
    });
    own.chain(of_partials).take(MANY).collect()
}

/// Returns the finding about one call; `partial` is the partial that contains it and the place in
/// the prompt that leads there.
fn unknown_helper(
    context: &LintContext<'_>,
    call: &HelperCall,
    partial: Option<&(String, Range<usize>)>,
) -> Option<LintFinding> {
    let name = call.name.as_str();
    let registered = &context.file.registered.helpers;
    let (known, what): (Vec<&str>, &str) = match call.kind {
        CallKind::Helper => (
            HELPERS
                .into_iter()
                .chain(registered.iter().map(String::as_str))
                .collect(),
            "helper",
        ),
        CallKind::Filter => (FILTERS.to_vec(), "filter"),
        CallKind::Test => (TESTS.to_vec(), "test"),
    };
    if known.contains(&name) {
        return None;
    }
    let near = closest(name, &known);
    let remedy = match call.kind {
        CallKind::Helper => {
            let key = match context.file.format {
                PromptFormat::Dotprompt => "`hoplens.helpers`",
                _ => "`helpers`",
            };
            format!("Correct the name, or list it under {key} if the application registers it.")
        }
        CallKind::Filter | CallKind::Test => format!("Write a {what} that Jinja2 has."),
    };
    let place = partial.as_ref().map_or_else(String::new, |(name, _)| {
        format!("In the partial `{name}`: ")
    });
    let range = partial.map_or_else(|| call.range.clone(), |(_, range)| range.clone());
    let message = format!(
        "{place}There is no {what} `{name}`.{} {remedy}",
        did_you_mean(near)
    );
    let finding = LintFinding::new(Code::UnknownHelper, range, message);
    Some(finding.with_replacement(near.filter(|_| partial.is_none())))
}

/// Returns a finding for each partial that does not exist, in every branch.
pub(crate) fn unknown_partials(context: &LintContext<'_>) -> Vec<LintFinding> {
    let file = context.file;
    if file.format != PromptFormat::Dotprompt {
        return Vec::new();
    }
    let known: Vec<&str> = file
        .partials
        .keys()
        .chain(&file.registered.partials)
        .map(String::as_str)
        .collect();
    let missing = |uses: &TemplateUses, name: &str| {
        !known.contains(&name)
            && !uses.own_partials.contains(name)
            && !context.uses.own_partials.contains(name)
    };
    let message = |name: &str, near: Option<&str>| {
        let file = match name.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/_{name}.prompt"),
            None => format!("_{name}.prompt"),
        };
        format!(
            "There is no partial `{name}`.{} Write it into the file `{file}` beside the prompt or \
             in a folder above, or list it under `hoplens.partials` if the application registers it.",
            did_you_mean(near)
        )
    };
    let mut found = Vec::new();
    for one in &context.uses.partials {
        if missing(&context.uses, &one.value) {
            let near = closest(&one.value, &known);
            let text = message(&one.value, near);
            let finding = LintFinding::new(Code::UnknownPartial, one.range.clone(), text);
            found.push(finding.with_replacement(near));
        }
    }
    for (name, uses) in &context.partials {
        let Some(place) = partial_tag(context, name) else {
            continue;
        };
        for one in uses.partials.iter().filter(|one| missing(uses, &one.value)) {
            let near = closest(&one.value, &known);
            let text = format!("In the partial `{name}`: {}", message(&one.value, near));
            found.push(LintFinding::new(Code::UnknownPartial, place.clone(), text));
        }
    }
    found
}

/// Returns a finding for each partial that includes itself, at the tag of the prompt that leads to
/// it.
pub(crate) fn circular_partials(context: &LintContext<'_>) -> Vec<LintFinding> {
    let mut found = Vec::new();
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    for (name, _) in &context.partials {
        let Some(chain) = cycle(context, name) else {
            continue;
        };
        // One message names every partial of the cycle.
        if chain.iter().any(|name| reported.contains(name)) {
            continue;
        }
        reported.extend(&chain);
        let Some(place) = partial_tag(context, name) else {
            continue;
        };
        let names: Vec<String> = chain
            .iter()
            .chain(chain.first())
            .map(|name| format!("`{name}`"))
            .collect();
        let message = format!(
            "The partial `{name}` includes itself, so the prompt never ends: {}. Remove one of \
             these inclusions.",
            names.join(" → ")
        );
        found.push(LintFinding::new(Code::CircularPartial, place, message));
    }
    found
}

/// Returns the shortest chain of inclusions that leads from a partial back to it.
fn cycle<'a>(context: &'a LintContext<'_>, name: &'a str) -> Option<Vec<&'a str>> {
    let included = |name: &str| {
        let of = context.partials.iter().find(|(known, _)| known == name);
        of.into_iter()
            .flat_map(|(_, uses)| uses.partials.iter().map(|one| one.value.as_str()))
    };
    let mut chains: Vec<Vec<&str>> = vec![vec![name]];
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut at = 0;
    while let Some(chain) = chains.get(at).cloned() {
        at += 1;
        for next in included(chain.last()?) {
            if next == name {
                return Some(chain);
            }
            if seen.insert(next) {
                chains.push(chain.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}

/// Returns the first name in the prompt whose partial is `name` or leads to it.
fn partial_tag(context: &LintContext<'_>, name: &str) -> Option<Range<usize>> {
    let reaches = |from: &str| {
        let mut pending = vec![from];
        let mut seen = BTreeSet::new();
        while let Some(next) = pending.pop() {
            if next == name {
                return true;
            }
            if seen.insert(next) {
                let of = context.partials.iter().find(|(known, _)| known == next);
                pending.extend(
                    of.into_iter()
                        .flat_map(|(_, uses)| uses.partials.iter().map(|one| one.value.as_str())),
                );
            }
        }
        false
    };
    let mut tags = context.uses.partials.iter();
    tags.find(|one| reaches(&one.value))
        .map(|one| one.range.clone())
}
