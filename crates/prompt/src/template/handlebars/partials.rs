//! dotprompt's partials: which files a prompt includes, and whether the inclusions end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::format::prompt_format::PromptFormat;
use crate::template::handlebars::lexer;

/// Maximum number of partials that are read, including partials of partials.
const MAX_PARTIALS: usize = 64;

/// Reads the partials that a prompt uses, and those that they use.
///
/// `read` receives the file's path relative to the prompt's folder (`_name.prompt`,
/// `dir/_name.prompt`) and returns its text. A missing file becomes a problem of the template.
/// Other formats have no partials.
pub fn read_partials(
    file_name: &str,
    text: &str,
    read: &mut dyn FnMut(&str) -> Option<String>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if !matches!(
        PromptFormat::of(file_name),
        PromptFormat::Dotprompt | PromptFormat::Markdown
    ) {
        return found;
    }
    let mut pending = names(text);
    let mut visited = BTreeSet::new();
    while let Some(name) = pending.pop() {
        if found.len() >= MAX_PARTIALS || !visited.insert(name.clone()) {
            continue;
        }
        let text = partial_file(&name).and_then(|file| read(&file));
        if let Some(text) = text {
            pending.extend(names(&text));
            found.insert(name, text);
        }
    }
    found
}

/// Returns the names in `{{> name}}`; computed names (`{{> (lookup …)}}`) are unknown.
fn names(template: &str) -> Vec<String> {
    let tags = named(template).into_iter();
    tags.map(|(_, name)| name.to_owned()).collect()
}

/// Returns the tags `{{> name}}` of a template with their names.
fn named(template: &str) -> Vec<(Range<usize>, &str)> {
    if !template.contains('>') {
        return Vec::new();
    }
    let name = |token: lexer::HandlebarsToken| {
        let tag = template.get(token.range.clone())?;
        let code = tag.trim_start_matches('{').trim_start_matches(['~', '#']);
        let name = code.strip_prefix('>')?.trim_start();
        let name = name.trim_start_matches(['"', '\'', '[']);
        let end = |char: char| char.is_whitespace() || "}~\"']".contains(char);
        let name = name.split(end).next()?;
        (!name.is_empty() && !name.starts_with('(')).then_some((token.range, name))
    };
    lexer::tokens(template)
        .into_iter()
        .filter_map(name)
        .collect()
}

/// Returns the tags of a template that include a partial, each with the path of its file relative
/// to the prompt's folder.
pub(crate) fn uses_of(template: &str) -> Vec<(Range<usize>, String)> {
    let tags = named(template).into_iter();
    tags.filter_map(|(tag, name)| Some((tag, partial_file(name)?)))
        .collect()
}

/// Returns a partial whose inclusions never end, if there is one; rendering it might not either.
pub(crate) fn cycle(partials: &BTreeMap<String, String>) -> Option<&str> {
    // Repeatedly removes the partials that use none of the remaining ones.
    let mut left: BTreeMap<&str, Vec<String>> = partials
        .iter()
        .map(|(name, text)| (name.as_str(), names(text)))
        .collect();
    loop {
        let before = left.len();
        let open: Vec<&str> = left.keys().copied().collect();
        left.retain(|_, uses| uses.iter().any(|name| open.contains(&name.as_str())));
        if left.len() == before {
            return left.keys().next().copied();
        }
    }
}

/// Returns how often partials are rendered with `template`, including nested ones. A few partials
/// that each use the next one twice add up to many. The inclusions of `partials` must end.
pub(crate) fn uses(template: &str, partials: &BTreeMap<String, String>) -> usize {
    fn of<'text>(
        text: &'text str,
        partials: &'text BTreeMap<String, String>,
        known: &mut BTreeMap<&'text str, usize>,
    ) -> usize {
        let mut sum = 0_usize;
        for name in names(text) {
            let Some((name, text)) = partials.get_key_value(&name) else {
                continue;
            };
            let inside = if let Some(inside) = known.get(name.as_str()) {
                *inside
            } else {
                let inside = of(text, partials, known);
                known.insert(name, inside);
                inside
            };
            sum = sum.saturating_add(inside).saturating_add(1);
        }
        sum
    }
    of(template, partials, &mut BTreeMap::new())
}

/// Returns the file of a partial; a name that leads out of the prompt's folder has no file.
fn partial_file(name: &str) -> Option<String> {
    let plain = |part: &str| !part.is_empty() && !part.starts_with('.');
    if name.contains(['\\', ':', '\0']) || !name.split('/').all(plain) {
        return None;
    }
    Some(match name.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/_{name}.prompt"),
        None => format!("_{name}.prompt"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partials_are_read_recursively() {
        let text = "{{> head}} {{>  \"a/b\" x=1}} {{> ../up}} {{> (lookup . 'x')}} {{> gone}}";
        let mut requested = Vec::new();
        let found = read_partials("x/y.prompt", text, &mut |file| {
            requested.push(file.to_owned());
            match file {
                "_head.prompt" => Some("{{>foot}}{{> head}}".to_owned()),
                "_foot.prompt" | "a/_b.prompt" => Some("f".to_owned()),
                _ => None,
            }
        });
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a/b", "foot", "head"]);
        requested.sort();
        let files = [
            "_foot.prompt",
            "_gone.prompt",
            "_head.prompt",
            "a/_b.prompt",
        ];
        assert_eq!(requested, files);
        assert_eq!(cycle(&found), Some("head"));
        let chain = |depth: usize| -> BTreeMap<String, String> {
            let text = |at: usize| format!("{{{{> p{0}}}}}{{{{> p{0}}}}}", at + 1);
            (0..depth).map(|at| (format!("p{at}"), text(at))).collect()
        };
        assert_eq!(uses("{{> p0}}", &chain(3)), 1 + 2 + 4);
        assert!(uses("{{> p0}}", &chain(60)) > 1 << 40);
        let none = read_partials("x.prompty", text, &mut |_| panic!("no partials"));
        assert!(none.is_empty());
    }
}
