//! Which prompt's heads are read, and what of its case they are held to.

use std::ops::Range;

use hoplens_analysis::memory_injection;
use hoplens_analysis::{AnalysisError, CaseQuery, in_force};
use hoplens_interp::memory::MemoryInjection;
use hoplens_prompt::substitute;
use hoplens_runtime::{BosPolicy, Cancel, Intervention, Model, Token};

/// A prompt as the model meets it.
#[derive(Debug)]
pub struct Asked {
    pub prompt: String,
    pub tokens: Vec<Token>,
    pub interventions: Vec<Intervention>,
    /// Accepted answers, by whose first token heads are measured; none if none are named.
    pub expect: Vec<String>,
    /// What stands for what.
    pub hop: Option<Hop>,
    /// The file and the id of its case.
    pub case: Option<(String, String)>,
    /// Those in force.
    pub injections: Vec<MemoryInjection>,
    pub bos: BosPolicy,
}

/// A mention and its bridge.
#[derive(Debug, Clone)]
pub struct Hop {
    /// Bytes of the prompt.
    pub mention: Range<usize>,
    pub bridge: String,
}

impl Asked {
    pub fn ids(&self) -> Vec<u32> {
        self.tokens.iter().map(|token| token.id).collect()
    }

    /// A case's prompt, its injections in force.
    ///
    /// # Errors
    /// The prompt is too long, or an injection is none for this model.
    pub fn of_case(
        model: &Model,
        subject: &CaseQuery,
        bos: BosPolicy,
        cancel: &Cancel,
    ) -> Result<Self, AnalysisError> {
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
            injections: subject.injections.iter().map(memory_injection).collect(),
            bos,
        })
    }

    /// The prompt with the bridge named, and the bytes where it is.
    pub fn explicit(&self) -> Option<(String, Range<usize>)> {
        let Hop { mention, bridge } = self.hop.as_ref()?;
        let explicit = substitute(&self.prompt, mention.clone(), bridge);
        let added = explicit.len() + mention.len() - self.prompt.len();
        Some((explicit, mention.start..mention.start + added))
    }

    /// The first token that has bytes at or after `byte` of the prompt.
    pub fn token_at(tokens: &[Token], byte: usize) -> usize {
        let at = tokens.iter().position(|token| byte < token.range.end);
        at.unwrap_or_else(|| tokens.len().saturating_sub(1))
    }
}
