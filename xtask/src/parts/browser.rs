//! The heads page in a real browser, on a miniature.

use crate::environment::{Environment, build};
use crate::failure::Failure;
use crate::step::Step;
use crate::{heading, npm, skipped, system};

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("the page of heads in Chromium");
    if environment.offline {
        skipped("HOPLENS_OFFLINE=1, so the browser's driver is not installed");
        return Ok(());
    }
    if !npm::is_here() {
        skipped("the browser's driver comes from npm, which is not on this machine");
        return Ok(());
    }
    let Some(chromium) = system::chromium() else {
        skipped("there is no Chromium, and none can be installed");
        return Ok(());
    };
    let folder = environment.folder("browser")?;
    if !npm::install("tests/browser/package.json", &folder)? {
        skipped("playwright-core cannot be installed on this machine");
        return Ok(());
    }
    build()?;
    Step::new("node")
        .arg("tests/browser/heads.mjs")
        .arg(folder)
        .arg(chromium)
        .arg(environment.hoplens())
        .arg("tests/fixtures/tiny-llama")
        .run()
}
