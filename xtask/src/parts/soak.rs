//! Random edits and requests, for 10 minutes or `HOPLENS_SOAK_SECONDS`, on a miniature or on
//! `HOPLENS_SOAK_MODEL`.

use crate::environment::{Environment, variable};
use crate::failure::Failure;
use crate::{heading, named_tests};

pub fn run(_: &Environment) -> Result<(), Failure> {
    heading("a long session");
    let seconds = variable("HOPLENS_SOAK_SECONDS").unwrap_or_else(|| "600".to_owned());
    let model = variable("HOPLENS_SOAK_MODEL");
    let mut arguments = vec![seconds.as_str()];
    arguments.extend(model.as_deref());
    named_tests::SOAK.step(&arguments).run()
}
