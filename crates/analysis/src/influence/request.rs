//! What is measured.

use hoplens_prompt::PromptFile;

use crate::influence::effect::InfluenceMethod;

/// One prompt file and the cases in which its segments are measured.
#[derive(Debug, Clone)]
pub struct InfluenceRequest {
    /// The declarations of the prompt file.
    pub file: PromptFile,
    /// Its text.
    pub text: String,
    /// Indices into [`PromptFile::cases`], `None` for the prompt of a file without cases.
    pub cases: Vec<Option<usize>>,
    /// How a segment is taken away.
    pub method: InfluenceMethod,
}

impl InfluenceRequest {
    /// Returns a request for all cases of a file.
    pub fn all(file: PromptFile, text: String, method: InfluenceMethod) -> Self {
        let cases = if file.cases.is_empty() {
            vec![None]
        } else {
            (0..file.cases.len()).map(Some).collect()
        };
        Self {
            file,
            text,
            cases,
            method,
        }
    }
}
