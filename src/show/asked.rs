//! Which prompt's heads are read, and what of its case they are held to.

use std::ops::Range;

use crate::hop::{HopError, Subject, in_force};
use crate::memory::Recipe;
use crate::model::{BosPolicy, Cancel, Intervention, Model, Token};
use crate::prompt::substitute;

/// A prompt as the model meets it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) prompt: String,
    pub(crate) tokens: Vec<Token>,
    pub(crate) interventions: Vec<Intervention>,
    /// Accepted answers, by whose first token heads are measured; none if none are named.
    pub(crate) expect: Vec<String>,
    /// What stands for what.
    pub(crate) hop: Option<Hop>,
    /// The file and the id of its case.
    pub(crate) case: Option<(String, String)>,
    /// Those in force.
    pub(crate) injections: Vec<Recipe>,
    pub(crate) bos: BosPolicy,
}

/// A mention and its bridge.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    /// Bytes of the prompt.
    pub(crate) mention: Range<usize>,
    pub(crate) bridge: String,
}

impl Asked {
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.tokens.iter().map(|token| token.id).collect()
    }

    /// A case's prompt, its injections in force.
    ///
    /// # Errors
    /// The prompt is too long, or an injection is none for this model.
    pub(crate) fn of_case(
        model: &Model,
        subject: &Subject,
        bos: BosPolicy,
        cancel: &Cancel,
    ) -> Result<Self, HopError> {
        model.check_text(&subject.prompt)?;
        let (tokens, interventions) = in_force(model, subject, bos, cancel)?;
        let hop = subject.bridged().and_then(|(mention, bridge)| {
            Some(Hop {
                mention: mention.range.clone()?,
                bridge: bridge.to_owned(),
            })
        });
        Ok(Self {
            prompt: subject.prompt.clone(),
            tokens,
            interventions,
            expect: subject.expect.clone(),
            hop,
            case: None,
            injections: subject.injections.iter().map(Recipe::from).collect(),
            bos,
        })
    }

    /// The prompt with the bridge named, and the bytes where it is.
    pub(crate) fn explicit(&self) -> Option<(String, Range<usize>)> {
        let Hop { mention, bridge } = self.hop.as_ref()?;
        let explicit = substitute(&self.prompt, mention.clone(), bridge);
        let added = explicit.len() + mention.len() - self.prompt.len();
        Some((explicit, mention.start..mention.start + added))
    }

    /// The first token that has bytes at or after `byte` of the prompt.
    pub(crate) fn token_at(tokens: &[Token], byte: usize) -> usize {
        let at = tokens.iter().position(|token| byte < token.range.end);
        at.unwrap_or_else(|| tokens.len().saturating_sub(1))
    }
}
