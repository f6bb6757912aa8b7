//! What heads are read in: tokens, and what acts on them.

use hoplens_runtime::{Hooks, Intervention};

/// A prompt as the model meets it.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Its tokens.
    pub tokens: &'a [u32],
    /// What is in force; positions past the end of the tokens are left out.
    pub interventions: &'a [Intervention],
}

impl Run<'_> {
    /// Hooks with the interventions in force.
    pub(super) fn hooks(self, hooks: Hooks) -> Hooks {
        Hooks {
            interventions: self.interventions.to_vec(),
            ..hooks
        }
    }
}

impl<'a> From<&'a [u32]> for Run<'a> {
    fn from(tokens: &'a [u32]) -> Self {
        Self {
            tokens,
            interventions: &[],
        }
    }
}

impl<'a> From<&'a Vec<u32>> for Run<'a> {
    fn from(tokens: &'a Vec<u32>) -> Self {
        tokens.as_slice().into()
    }
}

impl<'a, const N: usize> From<&'a [u32; N]> for Run<'a> {
    fn from(tokens: &'a [u32; N]) -> Self {
        tokens.as_slice().into()
    }
}
