//! Tests of the default model, which must be there.

use crate::environment::Environment;
use crate::failure::Failure;
use crate::{heading, named_tests, skipped};

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("the default model");
    if environment.offline {
        skipped("HOPLENS_OFFLINE=1, so the default model is not fetched");
        return Ok(());
    }
    environment.build_and_pull_model()?;
    for tests in named_tests::DEFAULT_MODEL {
        tests
            .step(&["--nocapture"])
            .env("HOPLENS_REQUIRE_MODEL", "1")
            .run()?;
    }
    Ok(())
}
