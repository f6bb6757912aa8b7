//! A helper, filter, test or statement with its description.

/// A helper, filter, test or statement of a template language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallDoc {
    /// Its name.
    pub name: &'static str,
    /// An example of its use.
    pub usage: &'static str,
    /// What it does, in one or two sentences.
    pub doc: &'static str,
    /// Whether it begins a block.
    pub is_block: bool,
}

/// Describes what writes something.
pub(crate) const fn call(name: &'static str, usage: &'static str, doc: &'static str) -> CallDoc {
    CallDoc {
        name,
        usage,
        doc,
        is_block: false,
    }
}

/// Describes what begins a block.
pub(crate) const fn block(name: &'static str, usage: &'static str, doc: &'static str) -> CallDoc {
    CallDoc {
        name,
        usage,
        doc,
        is_block: true,
    }
}
