//! A parsed prompt file with its text.

use hoplens_prompt::PromptFile;

/// A prompt file with its text.
#[derive(Debug, Clone, Copy)]
pub struct PromptSource<'file> {
    /// The declarations.
    pub file: &'file PromptFile,
    /// The text.
    pub text: &'file str,
}

impl<'file> PromptSource<'file> {
    /// Pairs the declarations of a file with its text.
    pub const fn new(file: &'file PromptFile, text: &'file str) -> Self {
        Self { file, text }
    }

    /// Returns the indices of the file's cases. A file without cases yields `[None]`, because its
    /// prompt is analysed as well.
    pub(crate) fn case_indices(self) -> Vec<Option<usize>> {
        if self.file.cases.is_empty() {
            vec![None]
        } else {
            (0..self.file.cases.len()).map(Some).collect()
        }
    }
}
