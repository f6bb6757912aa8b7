//! The plugin in real Neovim, over the real server with the default model: specs, screens of a
//! terminal, and an old Neovim.

use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::failure::Failure;
use crate::python::{self, VirtualEnvironment};
use crate::step::Step;
use crate::{heading, skipped, system};

pub fn run(environment: &Environment) -> Result<(), Failure> {
    heading("Neovim");
    if environment.offline {
        skipped("HOPLENS_OFFLINE=1, so Neovim is not installed");
        return Ok(());
    }
    let folder = environment.folder("nvim")?;
    let python = VirtualEnvironment::create(&folder.join("venv"))?;
    if !python.install("editors/nvim/tests/requirements.txt") {
        skipped("Neovim's Python package cannot be installed on this machine");
        return Ok(());
    }
    let nvim = python.program("nvim");
    environment.build_and_pull_model()?;
    Step::new("editors/nvim/tests/run")
        .arg(&nvim)
        .arg(environment.hoplens())
        .arg(&folder)
        .run()?;
    screens(environment, &nvim, &folder)?;
    old_neovim()
}

/// Compares the screens in the documents with what a terminal shows.
fn screens(environment: &Environment, nvim: &Path, folder: &Path) -> Result<(), Failure> {
    if system::packaged_program("tmux", "tmux").is_none() {
        skipped("there is no tmux to look at the screen with, and none can be installed");
        return Ok(());
    }
    python::python()
        .arg("editors/nvim/tests/screen.py")
        .arg(nvim)
        .arg(environment.hoplens())
        .arg(folder)
        .run()
}

/// Checks what the plugin does in a Neovim that is too old for it, which Debian's packages have.
fn old_neovim() -> Result<(), Failure> {
    match system::packaged_program("neovim", "nvim") {
        None => skipped("the system has no package of an old Neovim"),
        Some(nvim) if !is_old(&nvim) => skipped("the system's own Neovim is not an old one"),
        Some(nvim) => return Step::new("editors/nvim/tests/old").arg(nvim).run(),
    }
    Ok(())
}

fn is_old(nvim: &PathBuf) -> bool {
    Step::new(nvim)
        .args(["--headless", "-u", "NONE"])
        .args(["+if has(\"nvim-0.11\") | cquit | endif", "+q"])
        .silent()
        .succeeds()
}
