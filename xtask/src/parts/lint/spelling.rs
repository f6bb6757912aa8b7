//! Spelling, by typos and its `typos.toml`.

use super::tool;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::heading;
use crate::step::Step;

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("typos");
    match tool::find(environment, "typos", "typos")? {
        Some(typos) => Step::new(typos).run(),
        None => Ok(()),
    }
}
