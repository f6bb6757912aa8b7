//! Every test that needs neither the network nor the default model: the miniatures in
//! `tests/fixtures` are all the models that it needs.

use crate::environment::{Environment, cargo_test};
use crate::failure::Failure;
use crate::heading;

pub fn run(_: &Environment) -> Result<(), Failure> {
    heading("unit tests, miniatures, store, server");
    cargo_test().env("HF_HUB_OFFLINE", "1").run()
}
