//! An edit adds the injection and changes nothing else in arbitrary files.

use proptest::prelude::*;

use crate::declarations::spanned::Origin;
use crate::edit::insert_injection::insert_injection;
use crate::edit::new_injection::NewInjection;
use crate::edit::tests::new;
use crate::edit::verify;
use crate::file::parse;
use crate::file::prompt_file::PromptFile;
use crate::render::render;
use hoplens_injection::Scope;
use hoplens_injection::SpanScope;

/// The format that stores the cases and injections.
#[derive(Debug, Clone, Copy, PartialEq)]
enum ListYaml {
    Dotprompt,
    Prompty,
    PromptMd,
    Fence,
    Sidecar,
}

impl ListYaml {
    const ALL: [Self; 5] = [
        Self::Dotprompt,
        Self::Prompty,
        Self::PromptMd,
        Self::Fence,
        Self::Sidecar,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Dotprompt => "x.prompt",
            Self::Prompty => "x.prompty",
            Self::PromptMd => "x.prompt.md",
            Self::Fence => "x.md",
            Self::Sidecar => "x.txt",
        }
    }

    /// Returns the lists in this format's layout, after `head`.
    fn yaml(self, head: &str, lists: &str) -> String {
        let under = |outer: &str, by: usize| {
            if lists.is_empty() {
                return String::new();
            }
            let lines = lists.replace("hoplens.", "");
            let lines = lines.split_inclusive('\n').map(|line| match line {
                "\n" => line.to_owned(),
                line => format!("{}{line}", " ".repeat(by)),
            });
            format!("{outer}{}", lines.collect::<String>())
        };
        match self {
            Self::Dotprompt | Self::Fence => format!("{head}{lists}"),
            Self::Prompty => format!("{head}{}", under("metadata:\n  hoplens:\n", 4)),
            Self::PromptMd => format!("{head}{}", under("hoplens:\n", 2)),
            Self::Sidecar => format!("{head}{}", lists.replace("hoplens.", "")),
        }
    }

    /// Returns the file and its sidecar.
    fn files(self, yaml: &str, body: &str) -> (String, Option<String>) {
        let front = match yaml {
            "" => body.to_owned(),
            _ => format!("---\n{yaml}---\n{body}"),
        };
        match self {
            Self::Sidecar => (body.to_owned(), Some(format!("version: 1\n{yaml}"))),
            Self::Fence => {
                let front = front.strip_suffix('\n').unwrap_or(&front);
                let text = format!("# Notes\n\n````prompt\n{front}\n````\n\nMore.\n");
                (text, None)
            }
            _ => (front, None),
        }
    }
}

fn case() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("- id: ID\n  expect: ' x'\n".to_owned()),
        Just("- expect:\n    - a # c\n    - b\n".to_owned()),
        Just("- {input: {thing: \"é😀\"}, expect: x}\n".to_owned()),
        Just("- hops:\n  - {mention: reef, bridge: x}\n  expect: |\n    text\n\n".to_owned()),
    ]
}

fn injection() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("- {memory: m, layer: 1, tau: 2}\n".to_owned()),
        Just("- memory: >-\n    folded\n    more\n  layer: 2\n  tau: 1\n".to_owned()),
        Just("-   tau: -1.5\n    layer: 2\n    memory: |+\n      kept\n\n".to_owned()),
        Just("- memory: 'x' # why\n  layer: 3\n  tau: 1\n\n# after\n".to_owned()),
    ]
}

fn list(key: &'static str, item: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (prop::collection::vec(item, 0..4), 0..3usize).prop_map(move |(items, indent)| {
        if items.is_empty() {
            return String::new();
        }
        let mut out = format!("{key}:\n");
        for (at, item) in items.iter().enumerate() {
            for line in item.replace("ID", &format!("id{at}")).split_inclusive('\n') {
                let indent = if line == "\n" { "" } else { &"   "[..indent] };
                out.push_str(indent);
                out.push_str(line);
            }
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn an_edit_adds_exactly_one_injection(
        cases in list("hoplens.cases", case()),
        injections in list("hoplens.inject", injection()),
        head in prop::sample::select(vec!["", "model: x\n", "# note\n", "a: |\n  t\n\n", "input: {default: {thing: z}}\n", "name: \"é\"\n"]),
        swapped: bool,
        crlf: bool,
        list_yaml in prop::sample::select(ListYaml::ALL.to_vec()),
        body in "(\n|)(A \\{\\{thing\\}\\} reef\\.| x )(\n|)",
        memory in "([-+${}\"\\\\'#:\n]|\\PC){1,12}",
        which in 0..4usize,
        tau in -20.0..20.0f64,
        span: bool,
    ) {
        let lists = if swapped { format!("{injections}{cases}") } else { format!("{cases}{injections}") };
        let head = if list_yaml == ListYaml::Sidecar && !head.is_empty() { "# note\nignore: []\n" } else { head };
        let yaml = list_yaml.yaml(head, &lists);
        let (mut text, mut sidecar) = list_yaml.files(&yaml, &body);
        if crlf {
            text = text.replace('\n', "\r\n");
            sidecar = sidecar.map(|s| s.replace('\n', "\r\n"));
        }
        let name = list_yaml.name();
        let file = parse(name, &text, sidecar.as_deref());
        let id = file.cases.get(which).map(|case| match &case.id {
            Some(id) => id.value.clone(),
            None => format!("#{}", which + 1),
        });
        let scope = if span { Scope::Span(SpanScope { text: memory.clone(), nth: which + 1 }) } else { Scope::Last };
        let injection = NewInjection { memory, tau, scope, ..new() };
        let edit = insert_injection(&file, &text, id.as_deref(), &injection);
        prop_assert!(!edit.edits.is_empty());
        prop_assert!(edit.edits.iter().all(|edit| edit.range.is_empty()));

        let base = if edit.target == Origin::FrontMatter { text.as_str() } else { sidecar.as_deref().unwrap_or_default() };
        let edited = edit.apply(base);
        prop_assert_eq!(edited.contains('\r'), base.contains('\r'));
        let (text_after, sidecar_after) = match edit.target {
            Origin::FrontMatter => (edited.as_str(), sidecar.as_deref()),
            Origin::Sidecar => (text.as_str(), Some(edited.as_str())),
        };
        let after = parse(name, text_after, sidecar_after);
        // The old file may have problems; the edit must not add one.
        let old_messages: Vec<_> = file.problems.iter().map(|problem| &problem.message).collect();
        prop_assert!(after.problems.iter().all(|problem| old_messages.contains(&&problem.message)));
        prop_assert_eq!(after.injections.len(), file.injections.len() + 1);
        let old: Vec<_> = file.injections.iter().map(verify::plain_injection).collect();
        let mut kept: Vec<_> = after.injections.iter().map(verify::plain_injection).collect();
        let added = kept.pop().unwrap();
        prop_assert_eq!(&kept, &old);
        prop_assert_eq!(&added.memory.value, &injection.memory);
        prop_assert_eq!((added.layer.value, added.tau, &added.scope), (12, tau, &injection.scope));
        for (at, (case, before)) in after.cases.iter().zip(&file.cases).enumerate() {
            let (mut case, before) = (verify::plain_case(case), verify::plain_case(before));
            if at == which && before.id.is_none() {
                case.id = None;
            }
            prop_assert_eq!(case, before);
            let texts = |file: &PromptFile, text: &str| -> Vec<String> {
                let turns = render(file, text, file.cases.get(at)).turns;
                turns.into_iter().map(|turn| turn.text.text).collect()
            };
            prop_assert_eq!(texts(&after, text_after), texts(&file, &text));
        }
        if let (Some(case), Some(id)) = (after.cases.get(which), &added.case) {
            prop_assert_eq!(&case.id.as_ref().unwrap().value, &id.value);
        }
    }
}
