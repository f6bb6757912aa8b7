//! Packages from npm.

use std::path::Path;

use crate::failure::Failure;
use crate::step::Step;

/// On Windows npm is a script, which has to be named with its ending.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Returns whether npm is on this machine.
pub fn is_here() -> bool {
    Step::new(NPM).arg("--version").silent().succeeds()
}

/// Installs what a `package.json` lists into `folder` and returns whether that worked.
///
/// # Errors
///
/// A `package.json` that cannot be copied.
pub fn install(package_json: &str, folder: &Path) -> Result<bool, Failure> {
    std::fs::copy(package_json, folder.join("package.json"))
        .map_err(|error| Failure::other(format!("{package_json}: {error}")))?;
    Ok(Step::new(NPM)
        .args(["install", "--silent", "--no-audit", "--no-fund"])
        .folder(folder)
        .succeeds())
}
