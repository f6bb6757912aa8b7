//! Prompty files without front matter, which version 2 reads as YAML: a text, or a map with
//! `instructions`.

use std::ops::Range;

use crate::render::source_map::MappedText;
use crate::yaml;
use crate::yaml::node::{Data, Node, Plain};

/// A Prompty file that is YAML as a whole.
pub(crate) struct Shorthand {
    /// The file's root: the prompt itself, or a map.
    pub root: Node,
    /// Bytes of the prompt.
    pub range: Range<usize>,
    /// The prompt, with its mapping to the file.
    pub template: MappedText,
}

/// Returns the prompt of a file without front matter; `None` if it is not YAML with a prompt.
pub(crate) fn read(text: &str) -> Option<Shorthand> {
    let tree = yaml::read::read(text, 0);
    let root = tree.root.filter(|_| tree.error.is_none())?;
    let is_text = matches!(
        root.data,
        Data::Scalar {
            value: Plain::String,
            ..
        }
    );
    let prompt = if is_text {
        &root
    } else {
        root.entry("instructions").map(|(_, prompt)| prompt)?
    };
    let template = yaml::source::mapped(text, prompt)?;
    Some(Shorthand {
        range: prompt.range.clone(),
        template,
        root,
    })
}
