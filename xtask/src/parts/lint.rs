//! Style, documentation, spelling, dependencies, workflows, shell scripts and Lua files.

mod dependencies;
mod lua;
mod shell_scripts;
mod spelling;
mod tool;
mod workflows;

use crate::environment::Environment;
use crate::failure::Failure;
use crate::heading;
use crate::step::Step;

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("rustfmt");
    Step::new("cargo").args(["fmt", "--all", "--check"]).run()?;
    heading("clippy");
    Step::new("cargo")
        .args(["clippy", "--release", "--workspace", "--all-targets"])
        .args(["--quiet", "--", "-D", "warnings"])
        .run()?;
    heading("rustdoc");
    Step::new("cargo")
        .args(["doc", "--release", "--workspace", "--no-deps", "--quiet"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    spelling::run(environment)?;
    dependencies::run(environment)?;
    workflows::run(environment)?;
    shell_scripts::run(environment)?;
    lua::run(environment)
}
