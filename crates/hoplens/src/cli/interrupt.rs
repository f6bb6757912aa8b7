//! Handles Ctrl-C.

use crate::cli::error::CliError;
use hoplens_runtime::CancelToken;

/// Returns a cancel token that Ctrl-C sets. The model stops between two layers, and the result
/// until then is kept.
pub(super) fn cancel_on_interrupt() -> Result<CancelToken, CliError> {
    let cancel = CancelToken::new();
    let set = cancel.clone();
    ctrlc::set_handler(move || set.cancel()).map_err(|error| CliError::System {
        what: "cannot listen for Ctrl-C",
        source: std::io::Error::other(error),
    })?;
    Ok(cancel)
}
