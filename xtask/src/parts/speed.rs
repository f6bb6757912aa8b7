//! How fast the server answers, on the default model.

use crate::environment::Environment;
use crate::failure::Failure;
use crate::{heading, named_tests};

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("how fast the server answers");
    environment.build_and_pull_model()?;
    named_tests::SPEED.step(&[]).run()
}
