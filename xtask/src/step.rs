//! One command of a part.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// One command, whose output goes where this program's output goes.
pub struct Step(Command);

impl Step {
    /// Returns a command without arguments, with the environment of `tests/run`.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        // `cargo run` describes this package to its program; that is nothing for the commands.
        for (name, _) in std::env::vars_os() {
            if let Some(text) = name.to_str()
                && (text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_"))
            {
                command.env_remove(text);
            }
        }
        Self(command)
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.0.args(arguments);
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Sets the folder that the command runs in.
    pub fn folder(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Sends the command's standard output to standard error.
    pub fn output_to_stderr(mut self) -> Self {
        self.0.stdout(Stdio::from(std::io::stderr()));
        self
    }

    /// Drops what the command prints.
    pub fn silent(mut self) -> Self {
        self.0.stdout(Stdio::null()).stderr(Stdio::null());
        self
    }

    /// Runs the command to its end.
    ///
    /// # Errors
    ///
    /// A command that cannot be started, or that does not end with exit code 0.
    pub fn run(mut self) -> Result<(), Failure> {
        let text = self.text();
        let status = self
            .0
            .status()
            .map_err(|error| Failure::start(&text, &error))?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::command(&text, status))
        }
    }

    /// Runs the command to its end and returns whether it started and ended with exit code 0.
    pub fn succeeds(mut self) -> bool {
        self.0.status().is_ok_and(|status| status.success())
    }

    /// Runs the command to its end and returns what it printed, if it ended with exit code 0.
    pub fn output(mut self) -> Option<String> {
        let output = self.0.stderr(Stdio::inherit()).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Returns the command as a person would type it, without quotes.
    fn text(&self) -> String {
        let mut text = self.0.get_program().to_string_lossy().into_owned();
        for argument in self.0.get_args() {
            let _ = write!(text, " {}", argument.to_string_lossy());
        }
        text
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Step {
        Step::new("sh").args(["-c", script])
    }

    #[test]
    fn a_failing_command_keeps_its_exit_code() {
        assert_eq!(shell("exit 0").run(), Ok(()));
        assert_eq!(shell("exit 7").run().unwrap_err().exit_code, 7);
        assert_eq!(shell("kill -TERM $$").run().unwrap_err().exit_code, 143);
    }

    #[test]
    fn a_missing_program_has_the_exit_code_of_a_shell() {
        let failure = Step::new("no-such-program-of-hoplens").run().unwrap_err();
        assert_eq!(failure.exit_code, 127);
        assert!(failure.message.contains("no-such-program-of-hoplens"));
        assert!(!Step::new("no-such-program-of-hoplens").succeeds());
    }

    #[test]
    fn commands_do_not_see_this_package() {
        let seen = shell("env").output().unwrap();
        assert!(!seen.contains("CARGO_PKG_NAME=") && !seen.contains("CARGO_MANIFEST_DIR="));
        assert!(seen.contains("PATH="));
    }
}
