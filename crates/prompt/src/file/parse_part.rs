//! Parses a file, or a fence of one, in a format with a single prompt.

use crate::declarations::lists;
use crate::file::prompt_file::PromptFile;
use crate::format;
use crate::text::boundary::whole_chars;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::companion_files::{CompanionTexts, Promptfoo};
use crate::declarations::declared::Declared;
use crate::declarations::keys::{LISTS, VERSION};
use crate::declarations::spanned::Origin;
use crate::declarations::variables::Variables;
use crate::declarations::{declared, fields, namespace, suppressions};
use crate::diagnostics::code::Code;
use crate::diagnostics::problem::{Problem, Problems};
use crate::diagnostics::severity::Severity;
use crate::format::dotprompt;
use crate::format::github;
use crate::format::prompt_format::PromptFormat;
use crate::format::promptfoo::{cases, chat, inline};
use crate::format::prompty::shorthand;
use crate::format::semantic_kernel;
use crate::render::rendered::Turn;
use crate::render::source_map::MappedText;
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
    let project_names = registered.cloned().unwrap_or_default();
    let references = references.cloned().unwrap_or_default();
    let inside = text.get(window.clone()).unwrap_or_default();
    let mut split = format::split(format, inside).moved(window.start);
    let mut file_problems = Problems::new(Origin::FrontMatter);
    for (range, message) in split.problems {
        file_problems.warn(Code::InvalidFence, &range, message);
    }
    let mut front = FrontMatter {
        declared: Declared::default(),
        variables: Variables::new(format),
    };
    if let Some(range) = &split.front_matter {
        let source = Source::front_matter(format, text, range);
        if let Some(root) = root(&source, &mut file_problems)
            && front.read(format, &root, &references, &mut file_problems)
        {
            let text = text.get(..window.end).unwrap_or_default();
            split.body = dotprompt::trimmed(text, window.start);
        }
    }
    let (mut turns, mut fences) = (Vec::new(), Vec::new());
    let has_front_matter = split.front_matter.is_some();
    let template = match format {
        PromptFormat::Github => front.read_github(text, &mut turns, &mut file_problems),
        PromptFormat::Prompty if !has_front_matter => shorthand::read(text).map(|shorthand| {
            if !shorthand.root.entries().is_empty() {
                front.read(format, &shorthand.root, &references, &mut file_problems);
                split.front_matter = Some(0..text.len());
            }
            (shorthand.range, shorthand.template)
        }),
        _ => None,
    };
    let template = template.map(|(range, template)| {
        split.body = range;
        template
    });
    let FrontMatter {
        mut declared,
        variables,
    } = front;
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
            split.body = first_prompt(promptfoo, text, &mut file_problems);
            if chat::is_chat(&promptfoo.prompt) {
                turns = chat::chat(text, &mut declared.media, &mut file_problems);
            }
        }
    }
    declared::name_rows(&mut declared.cases);
    declared::check_references(&declared, &mut [&mut file_problems, &mut sidecar_problems]);
    let problems = joined(file_problems, sidecar_problems, text, sidecar);
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
        registered: declared.registered.union(&project_names),
        project_names,
        fences,
        language: variables.language,
    }
}

/// What the YAML of a prompt file declares.
struct FrontMatter {
    declared: Declared,
    variables: Variables,
}

impl FrontMatter {
    /// Reads the root of the YAML; true if dotprompt drops what it declares.
    fn read(
        &mut self,
        format: PromptFormat,
        root: &Node,
        references: &BTreeMap<String, String>,
        problems: &mut Problems,
    ) -> bool {
        let lists = namespace::lists(format, root, problems);
        self.declared = lists::read(lists, problems);
        if format == PromptFormat::Dotprompt && dotprompt::refuses(root, problems) {
            return true;
        }
        self.variables = Variables::read(format, root, references, problems);
        self.declared.inputs.append(&mut self.variables.inputs);
        false
    }

    /// Reads a file of GitHub Models into `turns`, or returns the template of one of Semantic
    /// Kernel, with its bytes.
    fn read_github(
        &mut self,
        text: &str,
        turns: &mut Vec<Turn>,
        problems: &mut Problems,
    ) -> Option<(Range<usize>, MappedText)> {
        let root = root(&Source::whole(text, "The file"), problems)?;
        if !semantic_kernel::is_semantic_kernel(&root) {
            *turns = github::read(text, &root, &mut self.declared, problems);
            return None;
        }
        let template = semantic_kernel::read(text, &root, &mut self.variables, problems);
        self.declared.inputs.append(&mut self.variables.inputs);
        template
    }
}

/// Returns the problems of the file and its sidecar, with ranges of whole characters.
fn joined(file: Problems, in_sidecar: Problems, text: &str, sidecar: Option<&str>) -> Vec<Problem> {
    let mut problems = file.list;
    problems.extend(in_sidecar.list);
    for problem in &mut problems {
        let text = match problem.origin {
            Origin::FrontMatter => text,
            Origin::Sidecar => sidecar.unwrap_or_default(),
        };
        problem.range = whole_chars(text, &problem.range);
    }
    problems
}

/// Returns the bytes of the first prompt in a text file of promptfoo, and reports that there are
/// more.
fn first_prompt(promptfoo: &Promptfoo, text: &str, problems: &mut Problems) -> Range<usize> {
    let (body, more) = cases::split(&promptfoo.prompt, text);
    if more {
        let message = "promptfoo splits this file at lines `---` into several prompts; only the \
                       first is read. Give each a file of its own.";
        let (code, severity) = (Code::UnsupportedContent, Severity::Information);
        problems.add(code, severity, &body, message);
    }
    body
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
    /// The front matter at `range` of a file.
    fn front_matter(format: PromptFormat, text: &'text str, range: &Range<usize>) -> Self {
        Self {
            text: text.get(range.clone()).unwrap_or_default(),
            base: range.start,
            what: "The front matter",
            dialect: format.yaml_dialect(),
        }
    }

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
