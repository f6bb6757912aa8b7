//! Where a run takes place: folders, and what the environment variables say.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::step::Step;

/// The environment of a run.
pub struct Environment {
    /// The folder for everything that is built or installed, absolute.
    pub target: PathBuf,
    /// Whether nothing may be fetched: `HOPLENS_OFFLINE=1`.
    pub offline: bool,
}

impl Environment {
    /// Reads the environment variables and enters the root of the repository, to which all other
    /// paths are relative.
    ///
    /// # Errors
    ///
    /// A root that cannot be entered.
    pub fn read() -> Result<Self, Failure> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.parent().unwrap_or(Path::new(".")).to_owned();
        std::env::set_current_dir(&root)
            .map_err(|error| Failure::other(format!("{}: {error}", root.display())))?;
        let target = variable("CARGO_TARGET_DIR").unwrap_or_else(|| "target".to_owned());
        Ok(Self {
            target: root.join(target),
            offline: variable("HOPLENS_OFFLINE").as_deref() == Some("1"),
        })
    }

    /// Returns a folder for one part, which exists.
    ///
    /// # Errors
    ///
    /// A folder that cannot be created.
    pub fn folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.target.join(name);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::other(format!("{}: {error}", folder.display())))?;
        Ok(folder)
    }

    /// Returns the release binary.
    pub fn hoplens(&self) -> PathBuf {
        self.target
            .join("release")
            .join(format!("hoplens{}", std::env::consts::EXE_SUFFIX))
    }

    /// Builds, and fetches the default model into the model store unless it is there.
    ///
    /// # Errors
    ///
    /// A build or a download that fails.
    pub fn build_and_pull_model(&self) -> Result<(), Failure> {
        build()?;
        Step::new(self.hoplens()).args(["models", "pull"]).run()
    }
}

/// Builds the release binary and every test.
///
/// `cargo run` would compile many dependencies a second time, because the tests switch more of
/// their features on.
///
/// # Errors
///
/// A build that fails.
pub fn build() -> Result<(), Failure> {
    cargo_test().arg("--no-run").run()
}

/// Returns `cargo test` in release for every crate. Features are unified over what is selected, so
/// that a selection of crates would compile dependencies anew.
pub fn cargo_test() -> Step {
    Step::new("cargo").args(["test", "--release", "--workspace"])
}

/// Returns an environment variable that is set and not empty.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
