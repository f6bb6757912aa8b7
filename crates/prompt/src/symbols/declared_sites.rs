//! Where the front matter and the sidecar name the variables of a template.

use std::ops::Range;

use crate::declarations::namespace;
use crate::declarations::spanned::Origin;
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::lint::inputs::{DeclaredInput, InputSource, declared_inputs, root};
use crate::symbols::template_part::prompts;
use crate::symbols::template_symbol::{SiteRole, SymbolSite, TemplateSymbol};
use crate::yaml::node::{Data, Node};

/// An input that one of a file's prompts declares or gives a value for.
pub(crate) struct PlacedInput {
    pub input: DeclaredInput,
    /// The prompt in the file, from 0.
    pub prompt: usize,
}

/// Returns the inputs of all prompts of a file.
pub(crate) fn placed_inputs(file: &PromptFile, text: &str) -> Vec<PlacedInput> {
    let mut found = Vec::new();
    for (prompt, part) in prompts(file).into_iter().enumerate() {
        let list = declared_inputs(part, text).list.into_iter();
        found.extend(list.map(|input| PlacedInput { input, prompt }));
    }
    if file.format == PromptFormat::Markdown {
        // The sidecar belongs to the whole file.
        let only_sidecar = PromptFile {
            front_matter: None,
            format: PromptFormat::Plain,
            ..file.clone()
        };
        for input in declared_inputs(&only_sidecar, "").list {
            let holds = |range: &Range<usize>| {
                range.start <= input.range.start && input.range.end <= range.end
            };
            let mut cases = file.cases.iter();
            let case = cases.find(|case| case.origin == Origin::Sidecar && holds(&case.range));
            let prompt = case.and_then(|case| case.fence).unwrap_or(0);
            found.push(PlacedInput { input, prompt });
        }
    }
    found
}

/// Returns the places in the front matter and the sidecar that name variables.
pub(crate) fn declared_sites(file: &PromptFile, text: &str) -> Vec<SymbolSite> {
    let mut found = Vec::new();
    let site = |name: &str, range, origin, role, prompt| SymbolSite {
        symbol: TemplateSymbol::Input(name.to_owned()),
        range,
        origin,
        role,
        prompt,
    };
    for PlacedInput { input, prompt } in placed_inputs(file, text) {
        let source = text_of(file, text, input.origin);
        let role = match input.source {
            InputSource::Schema => SiteRole::Schema,
            InputSource::Default => SiteRole::Default,
            InputSource::Case => SiteRole::Case,
        };
        let range = name_in_key(source, &input.range, &input.name);
        found.push(site(&input.name, range, input.origin, role, prompt));
    }
    for (prompt, part) in prompts(file).into_iter().enumerate() {
        if let Some(root) = root(part, text, Origin::FrontMatter) {
            for node in required_names(part, &root) {
                let name = node.text().unwrap_or_default();
                let range = name_in_key(text, node.here(), name);
                let (origin, role) = (Origin::FrontMatter, SiteRole::Required);
                found.push(site(name, range, origin, role, prompt));
            }
        }
        for origin in [Origin::FrontMatter, Origin::Sidecar] {
            let source = text_of(part, text, origin);
            for (name, range) in case_texts(part, text, origin)
                .into_iter()
                .flat_map(|range| placeholders(source, &range))
            {
                found.push(site(&name, range, origin, SiteRole::CaseText, prompt));
            }
        }
    }
    found
}

/// Returns the text of one of the two files.
pub(crate) fn text_of<'a>(file: &'a PromptFile, text: &'a str, origin: Origin) -> &'a str {
    match origin {
        Origin::FrontMatter => text,
        Origin::Sidecar => file.sidecar.as_deref().unwrap_or_default(),
    }
}

/// Returns the bytes of a name in its key, which may have quotes and, in Picoschema, a description;
/// the whole key if it is written in another way.
fn name_in_key(text: &str, key: &Range<usize>, name: &str) -> Range<usize> {
    let written = text.get(key.clone()).unwrap_or_default();
    let bare = written.trim_start_matches(['"', '\'']);
    let start = key.start + written.len() - bare.len();
    if bare.trim_start().starts_with(name) {
        let start = start + bare.len() - bare.trim_start().len();
        return start..start + name.len();
    }
    key.clone()
}

/// Returns the names in `required` of a JSON Schema.
fn required_names<'node>(part: &PromptFile, root: &'node Node) -> Vec<&'node Node> {
    if part.format != PromptFormat::Dotprompt {
        return Vec::new();
    }
    let schema = root
        .entry("input")
        .and_then(|(_, input)| input.entry("schema"));
    let required = schema.and_then(|(_, schema)| {
        schema.entry("properties")?;
        schema.entry("required")
    });
    match required.map(|(_, required)| &required.data) {
        Some(Data::List { items, .. }) => {
            items.iter().filter(|item| item.text().is_some()).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the bytes of the texts in which `{{name}}` stands for a value: those of cases with a
/// matrix, and GitHub's evaluators.
fn case_texts(part: &PromptFile, text: &str, origin: Origin) -> Vec<Range<usize>> {
    let Some(root) = root(part, text, origin) else {
        return Vec::new();
    };
    if part.format == PromptFormat::Github && origin == Origin::FrontMatter {
        let evaluators = root.entry("evaluators").into_iter();
        return evaluators.map(|(_, node)| whole(node)).collect();
    }
    let mut cases = Some(&root);
    for key in namespace::path(part.format, origin, "cases") {
        cases = cases
            .and_then(|node| node.entry(&key))
            .map(|(_, value)| value);
    }
    let items = match cases.map(|cases| &cases.data) {
        Some(Data::List { items, .. }) => &items[..],
        _ => &[],
    };
    let with_matrix = items.iter().filter(|case| case.entry("matrix").is_some());
    let texts = with_matrix.flat_map(|case| {
        let keys = ["expect", "prefill", "reference", "hops", "chain"];
        let own = keys.into_iter().filter_map(|key| case.entry(key));
        let rows = case.entry("matrix").map(|(_, matrix)| &matrix.data);
        let rows = match rows {
            Some(Data::List { items, .. }) => &items[..],
            _ => &[],
        };
        let of_rows = rows
            .iter()
            .flat_map(|row| ["expect", "hops", "chain"].map(|key| row.entry(key)));
        own.chain(of_rows.flatten()).map(|(_, value)| whole(value))
    });
    texts.collect()
}

fn whole(node: &Node) -> Range<usize> {
    let here = node.here();
    here.start..here.end.max(node.last_leaf().here().end)
}

/// Returns the names in `{{name}}` in a range of a text, with their bytes.
fn placeholders(text: &str, range: &Range<usize>) -> Vec<(String, Range<usize>)> {
    let inside = text.get(range.clone()).unwrap_or_default();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = inside.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at + open + 2;
        let rest = inside.get(start..).unwrap_or_default();
        let Some(length) = rest.find("}}") else { break };
        let name = rest.get(..length).unwrap_or_default();
        let trimmed = name.trim();
        if !trimmed.is_empty() && !trimmed.contains(['{', '\n', '"', '\'']) {
            let from = range.start + start + name.len() - name.trim_start().len();
            found.push((trimmed.to_owned(), from..from + trimmed.len()));
        }
        at = start + length + 2;
    }
    found
}
