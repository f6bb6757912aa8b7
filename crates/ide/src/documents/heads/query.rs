//! The prompt whose heads are read.

use std::ops::Range;

use hoplens_analysis::{AnalysisError, CaseQuery, in_force, memory_injection};
use hoplens_interp::memory::MemoryInjection;
use hoplens_prompt::substitute;
use hoplens_runtime::{BosPolicy, CancelToken, Intervention, Model, Token};

/// A prompt whose heads are read, with what they are measured by.
#[derive(Debug)]
pub struct HeadsQuery {
    /// The rendered prompt.
    pub prompt: String,
    /// Its tokens, as the model reads them.
    pub tokens: Vec<Token>,
    /// The interventions that the injections make.
    pub interventions: Vec<Intervention>,
    /// Accepted answers; heads are measured by the first token of the first one, or by the model's
    /// own next token if there is none.
    pub expect: Vec<String>,
    /// The mention whose bridge is looked for in the heads.
    pub hop: Option<BridgedMention>,
    /// The file and the id of its case.
    pub case: Option<(String, String)>,
    /// The injections in force.
    pub injections: Vec<MemoryInjection>,
    /// Whether the begin-of-text token precedes a prompt.
    pub bos: BosPolicy,
}

/// A mention in a prompt and the bridge that it stands for.
#[derive(Debug, Clone)]
pub struct BridgedMention {
    /// Bytes of the prompt.
    pub mention: Range<usize>,
    /// The entity.
    pub bridge: String,
}

impl HeadsQuery {
    /// Returns the ids of the prompt's tokens.
    pub fn ids(&self) -> Vec<u32> {
        self.tokens.iter().map(|token| token.id).collect()
    }

    /// Returns the query of a case, with its injections in force.
    ///
    /// # Errors
    /// The prompt is too long, or the model cannot take an injection.
    pub fn of_case(
        model: &Model,
        subject: &CaseQuery,
        bos: BosPolicy,
        cancel: &CancelToken,
    ) -> Result<Self, AnalysisError> {
        model.check_text(&subject.prompt)?;
        let (tokens, interventions) = in_force(model, subject, bos, cancel)?;
        let hop = subject.bridged().and_then(|(mention, bridge)| {
            Some(BridgedMention {
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

    /// Returns the prompt with the bridge in the mention's place, and the bytes of the bridge.
    pub fn explicit(&self) -> Option<(String, Range<usize>)> {
        let BridgedMention { mention, bridge } = self.hop.as_ref()?;
        let explicit = substitute(&self.prompt, mention.clone(), bridge);
        let added = explicit.len() + mention.len() - self.prompt.len();
        Some((explicit, mention.start..mention.start + added))
    }

    /// Returns the first token with bytes at or behind `byte` of the prompt; the last one if there
    /// is none.
    pub fn token_at(tokens: &[Token], byte: usize) -> usize {
        let at = tokens.iter().position(|token| byte < token.range.end);
        at.unwrap_or_else(|| tokens.len().saturating_sub(1))
    }
}
