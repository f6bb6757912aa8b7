//! Packages from PyPI, in virtual environments.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::step::Step;

const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// Returns a command for the machine's own Python.
pub fn python() -> Step {
    Step::new(PYTHON)
}

/// A virtual environment.
pub struct VirtualEnvironment(PathBuf);

impl VirtualEnvironment {
    /// Creates an environment in `folder`, or takes the whole one that is there.
    ///
    /// # Errors
    ///
    /// A Python that cannot create it.
    pub fn create(folder: &Path) -> Result<Self, Failure> {
        let environment = Self(folder.to_owned());
        // Its Python is a link, which a newer Python of the system may have broken.
        let is_whole = ["python", "pip"]
            .into_iter()
            .all(|name| environment.program(name).is_file());
        if !is_whole {
            python().args(["-m", "venv"]).arg(folder).run()?;
        }
        Ok(environment)
    }

    /// Returns the path of a program of the environment, whether it is there or not.
    pub fn program(&self, name: &str) -> PathBuf {
        let programs = if cfg!(windows) { "Scripts" } else { "bin" };
        self.0
            .join(programs)
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// Installs what a file of requirements lists and returns whether that worked. Nothing is
    /// compiled: what has no wheel for this machine cannot be installed.
    pub fn install(&self, requirements: &str) -> bool {
        self.pip().args(["-r", requirements]).succeeds()
    }

    /// Installs one package in the version that a file of constraints pins and returns whether
    /// that worked.
    pub fn install_one(&self, package: &str, constraints: &str) -> bool {
        self.pip().args(["-c", constraints, package]).succeeds()
    }

    fn pip(&self) -> Step {
        Step::new(self.program("pip")).args(["install", "--quiet", "--only-binary", ":all:"])
    }
}
