//! The prompts that stand in a promptfoo configuration itself.

use crate::companion_files::Promptfoo;
use crate::declarations::case::Case;
use crate::declarations::spanned::Origin;
use crate::file::prompt_file::PromptFile;
use crate::format::promptfoo::paths::inline_prompts;
use crate::format::promptfoo::providers::{Providers, refusal};
use crate::yaml;
use crate::yaml::dialect::Dialect;

/// Returns the prompts of a configuration, each as a file of its own, and their cases: the tests of
/// the configuration, once for each prompt. `blank` is a file without content.
pub(crate) fn parts(
    config: &str,
    tests: &[Case],
    blank: &PromptFile,
) -> (Vec<PromptFile>, Vec<Case>) {
    let prompts = inline_prompts(config);
    let is_only = prompts.len() == 1;
    let tree = yaml::read::read_as(config, 0, Dialect::JsYaml);
    let root = tree.root.as_ref();
    let answered_elsewhere = root.and_then(|root| refusal(&Providers::of_configuration(root)));
    let mut cases = Vec::new();
    let mut parts = Vec::new();
    for (at, (range, template)) in prompts.into_iter().enumerate() {
        if tests.is_empty() {
            // It is rendered without values.
            cases.push(Case {
                fence: Some(at),
                answered_elsewhere: answered_elsewhere.clone(),
                ..Case::new(range.start..range.start, Origin::FrontMatter)
            });
        }
        for test in tests {
            let mut case = Case {
                fence: Some(at),
                ..test.clone()
            };
            if let Some(id) = case.id.as_mut().filter(|_| !is_only) {
                id.value = format!("{} (prompt {})", id.value, at + 1);
            }
            cases.push(case);
        }
        parts.push(PromptFile {
            body: range,
            template: Some(template),
            promptfoo: Some(Promptfoo {
                config: String::new(),
                // Any text that is a list of messages is a chat.
                prompt: "inline.json".to_owned(),
                text: String::new(),
            }),
            ..blank.clone()
        });
    }
    (parts, cases)
}
