//! The `hoplens` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    hoplens::cli::main()
}
