//! Why a run ends early.

use std::process::ExitStatus;

/// The end of a run: what to print, and the exit code.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    pub message: String,
    pub exit_code: u8,
}

impl Failure {
    /// Returns the failure for arguments that cannot be understood.
    pub fn usage(message: String) -> Self {
        Self {
            message,
            exit_code: 2,
        }
    }

    /// Returns the failure for a cause that is no command.
    pub fn other(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: 1,
        }
    }

    /// Returns the failure of a command that ended with `status`, with the exit code that a shell
    /// would report for it.
    pub fn command(command: &str, status: ExitStatus) -> Self {
        Self {
            message: format!("tests/run: {command}: {status}"),
            exit_code: exit_code(status),
        }
    }

    /// Returns the failure of a command that could not be started.
    pub fn start(command: &str, error: &std::io::Error) -> Self {
        Self {
            message: format!("tests/run: {command}: {error}"),
            exit_code: 127,
        }
    }
}

/// Returns the exit code that a shell reports: the command's own, or 128 plus its signal.
fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128_u8.saturating_add(u8::try_from(signal).unwrap_or(u8::MAX));
    }
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1)
}
