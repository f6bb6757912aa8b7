//! The parts of a run.

use crate::environment::Environment;
use crate::failure::Failure;
use crate::parts;

/// One part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Lint,
    Rust,
    Model,
    Interop,
    Formats,
    Browser,
    Vscode,
    Nvim,
    Fuzz,
    Soak,
    Speed,
}

impl Part {
    /// Returns every part, in the order of a whole run; those that run only when named come last.
    pub fn all() -> impl Iterator<Item = Self> {
        [
            Self::Lint,
            Self::Rust,
            Self::Model,
            Self::Interop,
            Self::Formats,
            Self::Browser,
            Self::Vscode,
            Self::Nvim,
            Self::Fuzz,
            Self::Soak,
            Self::Speed,
        ]
        .into_iter()
    }

    /// Returns the parts that run where no part is named.
    pub fn whole_run() -> impl Iterator<Item = Self> {
        Self::all().filter(|part| part.is_in_whole_run())
    }

    /// Returns whether a run without arguments includes this part.
    ///
    /// `soak` takes long and `speed` needs a quiet machine, so both run only when named.
    pub fn is_in_whole_run(self) -> bool {
        !matches!(self, Self::Soak | Self::Speed)
    }

    /// Returns the part with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|part| part.name() == name)
    }

    /// Returns the name that the command line takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Rust => "rust",
            Self::Model => "model",
            Self::Interop => "interop",
            Self::Formats => "formats",
            Self::Browser => "browser",
            Self::Vscode => "vscode",
            Self::Nvim => "nvim",
            Self::Fuzz => "fuzz",
            Self::Soak => "soak",
            Self::Speed => "speed",
        }
    }

    /// Returns one line for the usage.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Lint => {
                "rustfmt, clippy, rustdoc, spelling, dependencies, workflows, shell scripts"
            }
            Self::Rust => "every test that needs neither the network nor the default model",
            Self::Model => "the tests that ask the default model",
            Self::Interop => "an exported control vector in llama.cpp itself",
            Self::Formats => "prompts as the packages dotprompt and prompty read them",
            Self::Browser => "the heads page in Chromium",
            Self::Vscode => "the VS Code extension, also in real VS Code",
            Self::Nvim => "the Neovim plugin in real Neovim",
            Self::Fuzz => "the readers of model files on hostile bytes",
            Self::Soak => "a long session with the server",
            Self::Speed => "how fast the server answers, on the default model",
        }
    }

    /// Runs the part.
    ///
    /// # Errors
    ///
    /// The first command that fails, with its exit code.
    pub fn run(self, environment: &Environment) -> Result<(), Failure> {
        match self {
            Self::Lint => parts::lint::run(environment),
            Self::Rust => parts::rust::run(environment),
            Self::Model => parts::model::run(environment),
            Self::Interop => parts::interop::run(environment),
            Self::Formats => parts::formats::run(environment),
            Self::Browser => parts::browser::run(environment),
            Self::Vscode => parts::vscode::run(environment),
            Self::Nvim => parts::nvim::run(environment),
            Self::Fuzz => parts::fuzz::run(environment),
            Self::Soak => parts::soak::run(environment),
            Self::Speed => parts::speed::run(environment),
        }
    }
}
