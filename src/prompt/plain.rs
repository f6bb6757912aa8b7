//! Plain text: the whole file is the prompt, and everything declared is in the sidecar.

use super::format::Split;

/// Nothing is trimmed, nothing is front matter.
pub(super) fn split(text: &str) -> Split {
    Split {
        body: 0..text.len(),
        front_matter: None,
        problems: Vec::new(),
    }
}
