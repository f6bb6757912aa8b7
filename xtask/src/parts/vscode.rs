//! The VS Code extension: its own tests, and real VS Code with the default model.

use crate::environment::Environment;
use crate::failure::Failure;
use crate::step::Step;
use crate::{heading, npm, skipped, system};

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("the VS Code extension");
    if environment.offline {
        skipped("HOPLENS_OFFLINE=1, so VS Code and the extension's packages are not installed");
        return Ok(());
    }
    if !npm::is_here() {
        skipped("the extension's packages come from npm, which is not on this machine");
        return Ok(());
    }
    let Some(chromium) = system::chromium() else {
        skipped("there is no Chromium to show VS Code in, and none can be installed");
        return Ok(());
    };
    environment.build_and_pull_model()?;
    Step::new("editors/vscode/test.sh")
        .arg(environment.target.join("vscode"))
        .arg(environment.hoplens())
        .arg(chromium)
        .run()
}
