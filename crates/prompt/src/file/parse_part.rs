//! Parses a file, or a fence of one, in a format with a single prompt.

use crate::declarations::lists;
use crate::file::prompt_file::PromptFile;
use crate::format;
use crate::text::boundary::whole_chars;
use std::ops::Range;

use crate::companion_files::CompanionTexts;
use crate::declarations::declared::Declared;
use crate::declarations::keys::{LISTS, VERSION};
use crate::declarations::spanned::Origin;
use crate::declarations::variables::Variables;
use crate::declarations::{declared, fields, namespace, suppressions};
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::Problems;
use crate::diagnostics::severity::Severity;
use crate::format::dotprompt;
use crate::format::github;
use crate::format::prompt_format::PromptFormat;
use crate::format::promptfoo::{cases, chat, inline};
use crate::format::prompty::shorthand;
use crate::format::semantic_kernel;
use crate::yaml;
use crate::yaml::dialect::Dialect;
use crate::yaml::node::Node;

/// Parses a file that is `window` of `text`; the result's ranges are those of `text`.
pub(crate) fn parse_within(
    format: PromptFormat,
    text: &str,
    window: Range<usize>,
    companions: CompanionTexts<'_>,
) -> PromptFile {
    let CompanionTexts {
        sidecar,
        partials,
        references,
        registered,
        promptfoo,
        absent,
    } = companions;
    let references = references.cloned().unwrap_or_default();
    let inside = text.get(window.clone()).unwrap_or_default();
    let mut split = format::split(format, inside).moved(window.start);
    let mut file_problems = Problems::new(Origin::FrontMatter);
    for (range, message) in split.problems {
        file_problems.warn(Code::InvalidFence, &range, message);
    }
    let mut declared = Declared::default();
    let mut variables = Variables::new(format);
    if let Some(range) = &split.front_matter {
        let yaml = text.get(range.clone()).unwrap_or_default();
        let source = Source {
            text: yaml,
            base: range.start,
            what: "The front matter",
            dialect: format.yaml_dialect(),
        };
        if let Some(root) = root(&source, &mut file_problems) {
            let lists = namespace::lists(format, &root, &mut file_problems);
            declared = lists::read(lists, &mut file_problems);
            let is_dotprompt = format == PromptFormat::Dotprompt;
            if is_dotprompt && dotprompt::refuses(&root, &mut file_problems) {
                // dotprompt drops everything that the front matter declares.
                let text = text.get(..window.end).unwrap_or_default();
                split.body = dotprompt::trimmed(text, window.start);
            } else {
                variables = Variables::read(format, &root, &references, &mut file_problems);
                declared.inputs.append(&mut variables.inputs);
            }
        }
    }
    let mut turns = Vec::new();
    let mut template = None;
    let mut fences = Vec::new();
    if format == PromptFormat::Github
        && let Some(root) = root(&Source::whole(text, "The file"), &mut file_problems)
    {
        if semantic_kernel::is_semantic_kernel(&root) {
            template = semantic_kernel::read(text, &root, &mut variables, &mut file_problems);
            declared.inputs.append(&mut variables.inputs);
        } else {
            turns = github::read(text, &root, &mut declared, &mut file_problems);
        }
    }
    if format == PromptFormat::Prompty
        && split.front_matter.is_none()
        && let Some(shorthand) = shorthand::read(text)
    {
        let root = &shorthand.root;
        if !root.entries().is_empty() {
            let lists = namespace::lists(format, root, &mut file_problems);
            declared = lists::read(lists, &mut file_problems);
            variables = Variables::read(format, root, &references, &mut file_problems);
            declared.inputs.append(&mut variables.inputs);
            split.front_matter = Some(0..text.len());
        }
        template = Some((shorthand.range, shorthand.template));
    }
    if let Some((range, _)) = &template {
        split.body = range.clone();
    }
    let template = template.map(|(_, template)| template);
    if format == PromptFormat::Promptfoo {
        let tests = cases::review(text, absent, &mut file_problems);
        let blank = parse_within(PromptFormat::Plain, "", 0..0, CompanionTexts::default());
        (fences, declared.cases) = inline::parts(text, &tests, &blank);
    }
    let body = text.get(split.body.clone()).unwrap_or_default();
    let engine = variables.language.engine;
    let found = suppressions::read(engine, body, split.body.start, &mut file_problems);
    declared.suppressed.extend(found);
    let mut sidecar_problems = Problems::new(Origin::Sidecar);
    if let Some(text) = sidecar {
        let in_sidecar = read_sidecar(text, &mut sidecar_problems);
        declared = declared::merge(declared, in_sidecar, &mut file_problems);
    }
    if let Some(promptfoo) = promptfoo {
        let imported = cases::read(promptfoo, &mut file_problems);
        declared::add_imported(&mut declared, imported);
        if format == PromptFormat::Plain {
            let (body, more) = cases::split(&promptfoo.prompt, text);
            if more {
                let message = "promptfoo splits this file at lines `---` into several prompts; \
                               only the first is read. Give each a file of its own.";
                file_problems.add(
                    Code::UnsupportedContent,
                    Severity::Information,
                    &body,
                    message,
                );
            }
            split.body = body;
            if chat::is_chat(&promptfoo.prompt) {
                turns = chat::chat(text, &mut declared.media, &mut file_problems);
            }
        }
    }
    declared::name_rows(&mut declared.cases);
    declared::check_references(&declared, &mut [&mut file_problems, &mut sidecar_problems]);
    let mut problems = file_problems.list;
    problems.extend(sidecar_problems.list);
    for problem in &mut problems {
        let text = match problem.origin {
            Origin::FrontMatter => text,
            Origin::Sidecar => sidecar.unwrap_or_default(),
        };
        problem.range = whole_chars(text, &problem.range);
    }
    PromptFile {
        format,
        body: split.body,
        template,
        front_matter: split.front_matter,
        cases: declared.cases,
        injections: declared.injections,
        suppressed: declared.suppressed,
        problems,
        defaults: variables.defaults,
        turns,
        media: declared.media,
        inputs: declared.inputs,
        required: variables.required,
        sidecar: sidecar.map(str::to_owned),
        promptfoo: promptfoo.cloned(),
        partials: partials.cloned().unwrap_or_default(),
        references,
        registered: registered.cloned().unwrap_or_default(),
        fences,
        language: variables.language,
    }
}

/// YAML text, and the name that messages give it.
struct Source<'text> {
    text: &'text str,
    /// The position of `text` in its file.
    base: usize,
    what: &'static str,
    dialect: Dialect,
}

impl<'text> Source<'text> {
    /// A file of hoplens' own, or of a format whose reader has no rules of its own.
    fn whole(text: &'text str, what: &'static str) -> Self {
        Self {
            text,
            base: 0,
            what,
            dialect: Dialect::Core,
        }
    }
}

/// Returns the root map; adds problems for invalid YAML and for a root of another kind.
fn root(source: &Source<'_>, problems: &mut Problems) -> Option<Node> {
    let what = source.what;
    let tree = yaml::read::read_as(source.text, source.base, source.dialect);
    for key in &tree.overridden {
        let message = "This key is there again below, where the format takes its value from. \
                       Remove one.";
        problems.warn(Code::DuplicateKey, key, message);
    }
    if let Some((range, message)) = tree.error {
        problems.error(
            Code::InvalidYaml,
            &range,
            format!("{what} is not valid YAML: {message}. The part before the error is used."),
        );
    }
    let root = tree.root.filter(|root| !root.is_null())?;
    fields::map(&root, what, problems)?;
    Some(root)
}

pub(crate) fn read_sidecar(text: &str, problems: &mut Problems) -> Declared {
    let Some(root) = root(&Source::whole(text, "The sidecar"), problems) else {
        return Declared::default();
    };
    let mut known = vec![VERSION];
    known.extend(LISTS);
    fields::check_keys(root.entries(), &known, "The sidecar", problems);
    match root.entry("version").map(|(_, value)| value) {
        Some(version) if version.text() == Some("1") => {}
        Some(version) => {
            let message = "The sidecar's version is not 1, the only one that this hoplens knows. \
                           Write `version: 1`, or update hoplens.";
            problems.error(Code::InvalidValue, version.here(), message);
        }
        None => {
            let start = root.range.start;
            let message = "The sidecar has no `version`. Add `version: 1` at its top.";
            problems.warn(Code::MissingKey, &(start..start + 1), message);
        }
    }
    lists::read(namespace::from_map(&root), problems)
}
