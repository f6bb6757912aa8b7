//! The messages of `hoplens.server.influence`.

use tower_lsp_server::ls_types as lsp;

protocol_words! {
    /// How a sentence is taken away.
    InfluenceMethodName {
        /// Its text is removed and the prompt rendered anew.
        Remove = "remove" #[default],
        /// Its tokens stay, and no later token attends to them.
        Knockout = "knockout",
    }
}

protocol_object! {
    /// Argument of `hoplens.server.influence`.
    InfluenceParams {
        /// The prompt.
        uri: lsp::Uri,
        /// The case's id, or `#1`, `#2`, …; if absent, all cases.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        /// How a sentence is taken away.
        #[serde(default)]
        method: InfluenceMethodName,
    }
}

protocol_object! {
    /// A case with the prompt as written.
    InfluenceCase {
        /// The case's id.
        id: String,
        /// Log-probability of the accepted answers, in nats; null if none is expected.
        logp: Option<f64>,
        /// The first tokens of the model's reply; null if an answer is expected.
        reply: Option<String>,
    }
}

protocol_object! {
    /// What the absence of a sentence, list item or example does to a case.
    InfluenceEntry {
        /// The text in the prompt file.
        range: lsp::Range,
        /// The case's id.
        case: String,
        /// `sentence`, `list-item`, `example`, `heading`, `table-row` or `code`.
        kind: String,
        /// Log-probability of the answers without the text minus that with it, in nats; null if no
        /// answer is expected, or if the text cannot be taken away.
        delta_logp: Option<f64>,
        /// Mean divergence along the reply, in nats; null if an answer is expected.
        kl: Option<f64>,
    }
}

protocol_object! {
    /// What an editor shows beside a line.
    InfluenceLine {
        /// The line, from 0.
        line: u32,
        /// The largest effect of a text that begins in the line, as a share of the largest one in
        /// its case: 0 to 1. 0 if nothing measurable changes.
        share: f64,
        /// A bar of at most eight characters; empty if nothing measurable changes.
        bar: String,
        /// The effect in words.
        text: String,
    }
}

protocol_object! {
    /// Result of `hoplens.server.influence`.
    InfluenceResult {
        /// The prompt.
        uri: lsp::Uri,
        /// The version of the text; null if the prompt is not open.
        version: Option<i32>,
        /// The cases that were run.
        cases: Vec<InfluenceCase>,
        /// The effects, by case and in the order of the prompt.
        influence: Vec<InfluenceEntry>,
        /// The same by line, for display.
        lines: Vec<InfluenceLine>,
    }
}
