//! Reads the words that `--words` names.

use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::prompt_files;

/// Returns the words that a flag names, split at commas and lines, or those of the file that it
/// names. Lines that begin with `#` are skipped.
pub(crate) fn words(flag: &str) -> Result<Vec<String>, CliError> {
    let path = Path::new(flag);
    let text = if !flag.contains(',') && path.is_file() {
        prompt_files::read(path)?
    } else {
        flag.to_owned()
    };
    let words = text.split([',', '\n']).map(str::trim);
    let mut words: Vec<String> = words
        .filter(|word| !word.is_empty() && !word.starts_with('#'))
        .map(str::to_owned)
        .collect();
    words.dedup();
    if words.is_empty() {
        return Err(CliError::Usage {
            flag: "--words",
            reason: format!("{flag} names no words; write some, with commas between them"),
        });
    }
    Ok(words)
}
