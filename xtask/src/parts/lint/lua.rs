//! The layout of the Neovim plugin's Lua files, by StyLua.

use crate::environment::Environment;
use crate::failure::Failure;
use crate::step::Step;
use crate::{heading, npm, skipped};

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("StyLua");
    if environment.offline {
        skipped("HOPLENS_OFFLINE=1, so StyLua is not installed");
        return Ok(());
    }
    let folder = environment.folder("lint")?;
    if !npm::is_here() || !npm::install("editors/nvim/tests/package.json", &folder)? {
        skipped("StyLua comes from npm and cannot be installed on this machine");
        return Ok(());
    }
    Step::new(folder.join("node_modules/.bin/stylua"))
        .args(["--check", "editors/nvim"])
        .run()
}
