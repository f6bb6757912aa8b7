//! Adds items to the lists `cases`, `inject` and `ignore`, and updates an injection's measurements.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::declarations::case::{Case, Hop, Injection, Measured};
use crate::declarations::namespace;
use crate::declarations::spanned::Origin;
use crate::diagnostics::code::Code;
use crate::edit::file_edit::{FileEdit, TextEdit, edited};
use crate::edit::new_injection::written_record;
use crate::edit::place;
use crate::edit::place::{EditedFile, Item};
use crate::edit::preserves_declarations::errors;
use crate::edit::verify::{plain_case, plain_injection};
use crate::file::prompt_file::{PromptFile, find_case};
use crate::format::prompt_format::PromptFormat;
use crate::yaml;
use crate::yaml::dialect::Dialect;
use crate::yaml::node::Node;
use crate::yaml::quote::{id, quoted};

/// The YAML that contains a list, or that will.
pub(crate) struct ListYaml<'text> {
    pub text: &'text str,
    pub newline: &'static str,
    format: PromptFormat,
    target: Origin,
    /// The byte range of the YAML; `None` if the file has no YAML yet.
    yaml: Option<Range<usize>>,
}

/// Returns the YAML that contains a target's lists. `None` for a fence without front matter, to
/// which no front matter is added.
pub(crate) fn list_yaml<'text>(
    file: &'text PromptFile,
    text: &'text str,
    target: Origin,
    fence: Option<usize>,
) -> Option<ListYaml<'text>> {
    let (text, yaml) = match target {
        Origin::FrontMatter if file.format == PromptFormat::Markdown => {
            let fence = file.fences.get(fence.unwrap_or(0))?;
            (text, Some(fence.front_matter.clone()?))
        }
        Origin::FrontMatter => (text, file.front_matter.clone()),
        Origin::Sidecar => {
            let text = file.sidecar.as_deref().unwrap_or_default();
            (text, Some(0..text.len()).filter(|all| !all.is_empty()))
        }
    };
    Some(ListYaml {
        text,
        newline: if text.contains("\r\n") { "\r\n" } else { "\n" },
        format: file.format,
        target,
        yaml,
    })
}

/// The YAML has a syntax error.
#[derive(Debug)]
pub(crate) struct InvalidYaml;

impl ListYaml<'_> {
    /// Returns the keys that lead to a list.
    pub(crate) fn path(&self, list: &str) -> Vec<String> {
        namespace::path(self.format, self.target, list)
    }

    /// Returns the text with its YAML; `None` if there is no YAML yet.
    pub(crate) fn document(&self) -> Option<EditedFile<'_>> {
        Some(EditedFile {
            text: self.text,
            range: self.yaml.clone()?,
            newline: self.newline,
        })
    }

    /// Returns the root of the tree; `None` if the YAML is empty.
    pub(crate) fn root(&self) -> Result<Option<Node>, InvalidYaml> {
        let Some(range) = &self.yaml else {
            return Ok(None);
        };
        let yaml = self.text.get(range.clone()).ok_or(InvalidYaml)?;
        let dialect = match self.target {
            Origin::FrontMatter => self.format.yaml_dialect(),
            Origin::Sidecar => Dialect::Core,
        };
        let tree = yaml::read::read_as(yaml, range.start, dialect);
        if tree.error.is_some() {
            return Err(InvalidYaml);
        }
        Ok(tree.root.filter(|root| !root.is_null()))
    }

    /// Returns the list of cases below a root; `None` if there is none.
    pub(crate) fn cases<'node>(&self, root: &'node Node) -> Option<&'node Node> {
        let keys = self.path("cases");
        keys.iter()
            .try_fold(root, |node, key| node.entry(key).map(|(_, value)| value))
    }

    pub(crate) fn edit(&self, file: &PromptFile, edits: Vec<TextEdit>) -> FileEdit {
        FileEdit {
            target: self.target,
            edits,
            creates: self.target == Origin::Sidecar && file.sidecar.is_none(),
        }
    }
}

/// Returns the edit that adds an item to a list, not yet verified.
pub(crate) fn added(list_yaml: &ListYaml<'_>, list: &str, item: &Item) -> Option<TextEdit> {
    let (path, newline) = (list_yaml.path(list), list_yaml.newline);
    let Some(range) = list_yaml.yaml.clone() else {
        let list = place::new_key(&path, item, 0, newline);
        let new_text = match list_yaml.target {
            Origin::FrontMatter => format!("---{newline}{list}{newline}---{newline}"),
            Origin::Sidecar => format!("version: 1{newline}{list}{newline}"),
        };
        return Some(TextEdit {
            range: 0..0,
            new_text,
        });
    };
    let root = list_yaml.root().ok()?;
    let doc = place::EditedFile {
        text: list_yaml.text,
        range,
        newline,
    };
    place::item(&doc, root.as_ref(), &path, item)
}

/// A case to add.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewCase {
    /// Its id.
    pub id: Option<String>,
    /// Values of the template's variables.
    pub input: Map<String, Value>,
    /// The expected answer, with its leading space; empty if there is none.
    pub expect: String,
    /// Its hop.
    pub hop: Option<NewHop>,
}

/// A hop to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHop {
    /// The phrase as the rendered prompt contains it.
    pub mention: String,
    /// The entity that it stands for.
    pub bridge: String,
}

impl NewHop {
    /// Returns the hop as a map on one line.
    pub(crate) fn in_flow_style(&self) -> String {
        let (mention, bridge) = (quoted(&self.mention), quoted(&self.bridge));
        format!("{{mention: {mention}, bridge: {bridge}}}")
    }

    /// Whether a declared hop is this one.
    pub(crate) fn is(&self, hop: &Hop) -> bool {
        let bridge = hop.bridge.as_ref().map(|bridge| bridge.value.as_str());
        hop.mention.value == self.mention && bridge == Some(&self.bridge)
    }
}

/// Returns the edit that adds a case at the end of the list; `None` if it would change another
/// declaration. The edited file is parsed first, as by [`crate::insert_injection`].
pub fn insert_case(file: &PromptFile, text: &str, case: &NewCase) -> Option<FileEdit> {
    // The new case cannot be assigned to one of several prompts.
    if 1 < file.fences.len() || file.format == PromptFormat::Promptfoo {
        return None;
    }
    let mut fields = Vec::new();
    if let Some(name) = &case.id {
        fields.push(("id", id(name)));
    }
    if !case.input.is_empty() {
        // JSON is YAML, and its quotes keep strings that look like numbers.
        fields.push(("input", Value::Object(case.input.clone()).to_string()));
    }
    if !case.expect.is_empty() {
        fields.push(("expect", quoted(&case.expect)));
    }
    if let Some(hop) = &case.hop {
        fields.push(("hops", format!("[{}]", hop.in_flow_style())));
    }
    first_valid_edit(file, text, "cases", &Item::Map(fields), |after, target| {
        let (old, new) = (plain_cases(file), plain_cases(after));
        let mut own_new: Vec<&Case> = own(&new, target).collect();
        let Some(last) = own_new.pop() else {
            return false;
        };
        let kept = own_new.into_iter().eq(own(&old, target));
        let expect = Some(&case.expect).filter(|expect| !expect.is_empty());
        let hops = last
            .hops
            .iter()
            .zip(&case.hop)
            .all(|(hop, new)| new.is(hop));
        let is_new = last.expect.iter().map(|one| &one.value).eq(expect)
            && last.input == case.input
            && hops
            && last.hops.len() == usize::from(case.hop.is_some());
        // A case of the sidecar replaces the one with its id.
        let replaces = case
            .id
            .as_ref()
            .is_some_and(|id| find_case(file, id).is_some());
        let count = old.len() + usize::from(!replaces);
        kept && is_new && new.len() == count && same_injections(file, after)
    })
}

fn own(cases: &[Case], target: Origin) -> impl Iterator<Item = &Case> {
    cases.iter().filter(move |case| case.origin == target)
}

/// Returns the edit that suppresses a code in this file, under the conditions of [`insert_case`].
pub fn insert_ignore(file: &PromptFile, text: &str, code: Code) -> Option<FileEdit> {
    let item = Item::Scalar(code.to_string());
    // `file` may contain suppressions of the project, which no file of its own declares.
    let nothing = FileEdit {
        target: Origin::FrontMatter,
        edits: Vec::new(),
        creates: false,
    };
    let (own, _) = edited(file, text, &nothing);
    first_valid_edit(file, text, "ignore", &item, |after, _| {
        let codes = |file: &PromptFile| -> Vec<Code> {
            file.suppressed.iter().map(|one| one.code).collect()
        };
        let mut expected = codes(&own);
        expected.push(code);
        let mut got = codes(after);
        expected.sort();
        got.sort();
        got == expected && plain_cases(file) == plain_cases(after) && same_injections(file, after)
    })
}

/// Returns the edit that replaces the recorded measurements of an injection; `None` if it has none.
pub fn record(
    file: &PromptFile,
    text: &str,
    injection: &Injection,
    measured: &Measured,
) -> Option<FileEdit> {
    let range = injection.measured_range.clone()?;
    let edit = FileEdit {
        target: injection.origin,
        edits: vec![TextEdit {
            range,
            new_text: written_record(measured)?,
        }],
        creates: false,
    };
    let (after, _) = edited(file, text, &edit);
    let index = file.injections.iter().position(|one| one == injection)?;
    let mut old: Vec<Injection> = file.injections.iter().map(plain_injection).collect();
    let mut new: Vec<Injection> = after.injections.iter().map(plain_injection).collect();
    let is_recorded = new.get_mut(index)?.measured.take()?.model == measured.model;
    old.get_mut(index)?.measured = None;
    (is_recorded && old == new && errors(&after) <= errors(file)).then_some(edit)
}

/// Returns the first edit, of the prompt file or else of the sidecar, after which the prompts are
/// unchanged and `is_expected` accepts the file.
fn first_valid_edit(
    file: &PromptFile,
    text: &str,
    list: &str,
    item: &Item,
    is_expected: impl Fn(&PromptFile, Origin) -> bool,
) -> Option<FileEdit> {
    let inside = file.keeps_declarations();
    let targets = [Origin::FrontMatter, Origin::Sidecar];
    targets
        .into_iter()
        .filter(|target| inside || *target == Origin::Sidecar)
        .find_map(|target| {
            let list_yaml = list_yaml(file, text, target, None)?;
            let edit = list_yaml.edit(file, vec![added(&list_yaml, list, item)?]);
            let (after, now) = edited(file, text, &edit);
            let same_prompts = after.defaults == file.defaults
                && crate::edit::verify::bodies(&after, &now)
                    == crate::edit::verify::bodies(file, text);
            let is_valid =
                same_prompts && errors(&after) <= errors(file) && is_expected(&after, target);
            is_valid.then_some(edit)
        })
}

fn plain_cases(file: &PromptFile) -> Vec<Case> {
    file.cases.iter().map(plain_case).collect()
}

fn same_injections(before: &PromptFile, after: &PromptFile) -> bool {
    let plain = |file: &PromptFile| -> Vec<Injection> {
        file.injections.iter().map(plain_injection).collect()
    };
    plain(before) == plain(after)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::file::parse;

    fn after(name: &str, text: &str, edit: &FileEdit) -> String {
        match edit.target {
            Origin::FrontMatter => edit.apply(text),
            Origin::Sidecar => format!("{name} beside:\n{}", edit.apply("")),
        }
    }

    #[track_caller]
    fn ignored(name: &str, text: &str) -> String {
        let file = parse(name, text, None);
        after(
            name,
            text,
            &insert_ignore(&file, text, Code::TokenSplit).unwrap(),
        )
    }

    #[test]
    fn a_code_is_added_to_the_list_of_the_format() {
        assert_eq!(
            ignored("a.prompt", "Hi"),
            "---\nhoplens.ignore:\n  - token-split\n---\nHi"
        );
        assert_eq!(
            ignored(
                "a.prompt",
                "---\nmodel: x\nhoplens.ignore: [hop-lost]\n---\nHi"
            ),
            "---\nmodel: x\nhoplens.ignore: [hop-lost, token-split]\n---\nHi"
        );
        assert_eq!(
            ignored("a.prompt", "---\nhoplens.ignore:\n- hop-lost\n---\nHi"),
            "---\nhoplens.ignore:\n- hop-lost\n- token-split\n---\nHi"
        );
        assert_eq!(
            ignored("a.prompty", "---\nname: x\n---\nHi"),
            "---\nname: x\nmetadata:\n  hoplens:\n    ignore:\n      - token-split\n---\nHi"
        );
        assert_eq!(
            ignored("a.txt", "Hi"),
            "a.txt beside:\nversion: 1\nignore:\n  - token-split\n"
        );
    }

    #[test]
    fn suppressions_of_the_project_are_not_written_to_the_file() {
        let text = "---\nhoplens.ignore: [hop-lost]\n---\nHi";
        let mut file = parse("a.prompt", text, None);
        let mut of_project = file.suppressed[0].clone();
        of_project.code = Code::HopUnknown;
        file.suppressed.push(of_project);
        let edit = insert_ignore(&file, text, Code::TokenSplit).unwrap();
        let now = parse("a.prompt", &edit.apply(text), None);
        let codes: Vec<Code> = now.suppressed.iter().map(|one| one.code).collect();
        assert_eq!(codes, [Code::HopLost, Code::TokenSplit]);
    }

    #[track_caller]
    fn with_case(name: &str, text: &str, input: &Value) -> String {
        let file = parse(name, text, None);
        let case = NewCase {
            input: input.as_object().unwrap().clone(),
            expect: " Paris".into(),
            ..NewCase::default()
        };
        after(name, text, &insert_case(&file, text, &case).unwrap())
    }

    #[test]
    fn a_case_is_added_at_the_end_of_the_list() {
        assert_eq!(
            with_case("a.prompt", "The capital of France is", &json!({})),
            "---\nhoplens.cases:\n  - expect: \" Paris\"\n---\nThe capital of France is"
        );
        assert_eq!(
            with_case(
                "a.prompt",
                "---\nhoplens.cases:\n  - {expect: x}\n---\nHi {{c}}",
                &json!({"c": "a: b"})
            ),
            "---\nhoplens.cases:\n  - {expect: x}\n  - {input: {\"c\":\"a: b\"}, expect: \" Paris\"}\n---\nHi {{c}}"
        );
        let several = "```prompt\na\n```\n```prompt\nb\n```\n";
        let file = parse("a.md", several, None);
        let case = NewCase {
            expect: "x".into(),
            ..NewCase::default()
        };
        assert_eq!(insert_case(&file, several, &case), None);
    }

    #[test]
    fn a_record_is_replaced_in_block_and_flow_style() {
        let measured = Measured {
            model: "sha256:ab".into(),
            before: 0.1,
            after: 0.25,
        };
        for old in [
            "measured: {model: m, before: 0.3, after: 0.4}",
            "measured:\n      model: m\n      before: 0.3\n      after: 0.4 # then",
        ] {
            let text = format!(
                "---\nhoplens.inject:\n  - memory: x\n    layer: 1\n    tau: 2\n    {old}\nmodel: y\n---\nHi"
            );
            let file = parse("a.prompt", &text, None);
            let edit = record(&file, &text, &file.injections[0], &measured).unwrap();
            let now = edit.apply(&text);
            let read = parse("a.prompt", &now, None);
            assert_eq!(
                read.injections[0].measured.as_ref(),
                Some(&measured),
                "{now}"
            );
            assert!(now.ends_with("model: y\n---\nHi"), "{now}");
        }
        let text = "---\nhoplens.inject:\n  - {memory: x, layer: 1, tau: 2}\n---\nHi";
        let file = parse("a.prompt", text, None);
        assert_eq!(record(&file, text, &file.injections[0], &measured), None);
    }
}
