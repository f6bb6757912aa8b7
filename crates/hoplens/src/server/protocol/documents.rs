//! The JSON documents of `hoplens lens` and `hoplens sweep`.
//!
//! `hoplens-ide` writes them; tests read real documents as these types and write them back, so
//! that no field is missing and none is invented.

use serde_json::Value;

use crate::server::protocol::common::{AblationMode, EncodingName, ModelIdentity, ScopeName};

protocol_object! {
    /// A token of the prompt.
    PromptToken {
        /// The token's id.
        id: u32,
        /// The token's text.
        text: String,
    }
}

protocol_object! {
    /// A token that a head's read-out ranks high.
    ScoredToken {
        /// The token's text.
        token: String,
        /// The token's logit.
        score: f32,
    }
}

protocol_object! {
    /// The word of a list that a head's read-out ranks highest.
    WordEntry {
        /// The position in the prompt.
        position: usize,
        /// The text of the token at the position.
        at: String,
        /// The word's token.
        token: String,
        /// The word's rank; 0 is the first of the vocabulary.
        rank: usize,
        /// The word's logit.
        score: f32,
        /// Share of the vocabulary that ranks below.
        share: f64,
    }
}

protocol_object! {
    /// The bridge's rank in a head's read-out.
    BridgeEntry {
        /// In the prompt itself.
        composed: WordEntry,
        /// In the prompt that names the bridge.
        explicit: WordEntry,
    }
}

protocol_object! {
    /// What one attention head does at the position that was read.
    HeadEntry {
        /// The layer, from 0.
        layer: usize,
        /// The head, from 0.
        head: usize,
        /// Norm of the head's output.
        norm: f32,
        /// Direct contribution to the target's logit.
        direct_logit: f32,
        /// Change of the target's log-probability without the head, in nats.
        ablation_dlogp: Option<f64>,
        /// How the head was ablated.
        ablation: Option<AblationMode>,
        /// Attention to each token up to the position.
        attention: Vec<f32>,
        /// The tokens that the head's read-out ranks highest.
        top: Vec<ScoredToken>,
        /// The bridge's rank, if it was requested.
        #[serde(skip_serializing_if = "Option::is_none")]
        bridge: Option<BridgeEntry>,
        /// The highest word, if a list was requested.
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<WordEntry>,
    }
}

protocol_object! {
    /// An injection in force.
    InjectionEntry {
        /// The memory's text.
        memory: String,
        /// The encoding.
        encoding: EncodingName,
        /// The layer, from 0.
        layer: usize,
        /// The head, from 0; absent for the whole layer.
        #[serde(skip_serializing_if = "Option::is_none")]
        head: Option<usize>,
        /// The magnitude.
        tau: f64,
        /// `all`, `last`, or an object for a quoted piece of the prompt.
        scope: Value,
    }
}

protocol_object! {
    /// A bridge that is looked for in the heads.
    SearchedBridge {
        /// The bridge.
        text: String,
        /// The tokens that are looked for.
        tokens: Vec<PromptToken>,
        /// The prompt that names the bridge.
        explicit_prompt: String,
        /// The tokens of that prompt.
        explicit_tokens: Vec<PromptToken>,
    }
}

protocol_object! {
    /// Words that are looked for in the heads.
    SearchedWords {
        /// The words.
        words: Vec<String>,
        /// The tokens of the words.
        tokens: Vec<PromptToken>,
        /// The words for which the vocabulary has no token.
        unknown: Vec<String>,
    }
}

protocol_object! {
    /// The document of `hoplens lens`.
    HeadsReport {
        /// The version of the document's format.
        schema: u32,
        /// The model.
        model: ModelIdentity,
        /// The prompt file, if the command line read the prompt of a case.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// The case's id, if the prompt is a case's.
        #[serde(skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        /// The rendered prompt.
        prompt: String,
        /// The tokens of the prompt.
        tokens: Vec<PromptToken>,
        /// The index of the token that was read.
        position: usize,
        /// The token whose probability is measured.
        target: String,
        /// Log-probability of the target, in nats.
        logp: f64,
        /// The lens that read the heads.
        lens: String,
        /// The injections in force.
        injections: Vec<InjectionEntry>,
        /// Norm of the residual stream at the position.
        residual_norm: f32,
        /// The bridge, if it was requested and the case has one.
        #[serde(skip_serializing_if = "Option::is_none")]
        bridge: Option<SearchedBridge>,
        /// The words, if a list was requested.
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<SearchedWords>,
        /// The heads.
        heads: Vec<HeadEntry>,
    }
}

protocol_object! {
    /// The effect of a memory at one layer and magnitude.
    SweepCell {
        /// The encoding.
        encoding: EncodingName,
        /// The layer, from 0.
        layer: usize,
        /// The head, from 0; absent for the whole layer.
        #[serde(skip_serializing_if = "Option::is_none")]
        head: Option<usize>,
        /// The magnitude.
        tau: f64,
        /// The scope.
        scope: ScopeName,
        /// Log-probability of the answer's first token; null if the logits overflowed.
        logp_first: Option<f64>,
        /// Rank of the answer's first token.
        rank: usize,
    }
}

protocol_object! {
    /// The answer without an injection.
    SweepBaseline {
        /// Log-probability of the answer's first token, in nats.
        logp_first: f64,
        /// Rank of the answer's first token.
        rank: usize,
    }
}

protocol_object! {
    /// How random memories do in the place of the best cell's memory.
    ControlEntry {
        /// The encoding.
        encoding: EncodingName,
        /// The layer, from 0.
        layer: usize,
        /// The head, from 0; absent for the whole layer.
        #[serde(skip_serializing_if = "Option::is_none")]
        head: Option<usize>,
        /// The magnitude.
        tau: f64,
        /// The scope.
        scope: ScopeName,
        /// Number of random memories.
        memories: usize,
        /// Seed of their choice.
        seed: u64,
        /// Percentage of them that gain less, 0 to 100.
        percentile: f64,
        /// Mean gain in log-probability of the random memories, in nats; null if the logits
        /// overflowed.
        mean_gain: Option<f64>,
        /// Median gain of the random memories, in nats; null if the logits overflowed.
        median_gain: Option<f64>,
    }
}

protocol_object! {
    /// What the best cell does to the reference prompts.
    SideEffectEntry {
        /// Number of reference prompts.
        prompts: usize,
        /// Mean KL divergence of the next token, in nats; null if the logits overflowed.
        mean_kl: Option<f64>,
        /// The largest KL divergence; null if the logits overflowed.
        max_kl: Option<f64>,
        /// Prompts whose likeliest next token changes.
        flips: usize,
        /// Prompts with an expected answer.
        answered: usize,
        /// Those whose likeliest token begins the answer without the injection.
        right_before: usize,
        /// Those whose likeliest token begins the answer with the injection.
        right_after: usize,
    }
}

protocol_object! {
    /// The document of `hoplens sweep`.
    SweepReport {
        /// The version of the document's format.
        schema: u32,
        /// The model.
        model: ModelIdentity,
        /// The rendered prompt.
        prompt: String,
        /// The accepted answers.
        expect: Vec<String>,
        /// The memory.
        memory: String,
        /// The answer without an injection.
        baseline: SweepBaseline,
        /// The measured cells.
        cells: Vec<SweepCell>,
        /// The cell with the highest gain.
        best: Option<SweepCell>,
        /// The control of the best cell, if it was requested.
        control: Option<ControlEntry>,
        /// The side effects of the best cell, if its control was requested.
        collateral: Option<SideEffectEntry>,
        /// How long the sweep took, in milliseconds.
        elapsed_ms: f64,
    }
}
