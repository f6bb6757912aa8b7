//! All that can be said of a prompt file without a model.

use super::{Problem, PromptFile, mention_problems, render};

/// The problems of the declarations, of every case's rendering and of its mentions, each once.
///
/// `text` is the text that `file` was parsed from.
pub fn all_problems(file: &PromptFile, text: &str) -> Vec<Problem> {
    let mut problems = file.problems.clone();
    let mut add = |more: Vec<Problem>| {
        for problem in more {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    };
    if file.cases.is_empty() {
        add(render(file, text, None).problems);
    }
    for case in &file.cases {
        let rendered = render(file, text, Some(case));
        add(mention_problems(&rendered, case));
        add(rendered.problems);
    }
    problems
}
