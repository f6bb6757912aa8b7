//! The messages of `hoplens.server.preview`.

use tower_lsp_server::ls_types as lsp;

protocol_object! {
    /// Argument of `hoplens.server.preview`.
    PreviewParams {
        /// The prompt, or its sidecar.
        uri: lsp::Uri,
        /// A position in the text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<lsp::Position>,
        /// The case's id, or `#1`, `#2`, …; if `position` is in the declaration of another case, or
        /// in the fence of one, that case is shown. If absent, the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
    }
}

protocol_words! {
    /// How a chat model reads a prompt.
    PreviewReading {
        /// As a text to continue.
        Continuation = "continuation",
        /// As one user message, because the prompt sets no roles.
        UserMessage = "user-message",
        /// As messages with the roles that the prompt sets.
        Chat = "chat" #[default],
    }
}

protocol_words! {
    /// Where the text of a part comes from.
    PreviewSegmentKind {
        /// The file contains it as it is.
        Text = "text" #[default],
        /// A tag writes it.
        Value = "value",
        /// A variable without a value. The text is what the model reads there, mostly nothing.
        Unset = "unset",
        /// A picture, or another part that the text lacks.
        Omitted = "omitted",
        /// The model's chat template adds it.
        Template = "template",
    }
}

protocol_object! {
    /// A part of a rendered text. A text of several lines has a part for each line.
    PreviewSegment {
        /// Where the text comes from.
        kind: PreviewSegmentKind,
        /// What the model reads.
        text: String,
        /// The range in the prompt: the same text, or the tag that writes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<lsp::Range>,
        /// The tag that writes the text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
        /// The declared value that the text is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<PreviewValue>,
        /// What to know about a part that the text lacks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }
}

protocol_object! {
    /// The place where a value is declared.
    PreviewValue {
        /// The variable.
        name: String,
        /// The file.
        uri: lsp::Uri,
        /// The value in it.
        range: lsp::Range,
    }
}

protocol_object! {
    /// A message of a rendered prompt.
    PreviewMessage {
        /// The role as the file names it; `user` or `text` if the file names none.
        role: String,
        /// Whether the model continues this message.
        continued: bool,
        /// Whether the message is sent: not if it is empty because its variables have no value.
        sent: bool,
        /// The text.
        text: String,
        /// Tokens that begin in the text; null without a model, and where its chat template changes
        /// the text.
        tokens: Option<usize>,
        /// The parts, in order.
        segments: Vec<PreviewSegment>,
    }
}

protocol_object! {
    /// The text that the model reads.
    PreviewModelText {
        /// The model's name.
        name: String,
        /// The most tokens that the model reads.
        context: usize,
        /// Tokens of the text; null if it is much longer than the context.
        tokens: Option<usize>,
        /// Those of `tokens` that belong to no message.
        template_tokens: Option<usize>,
        /// The parts of the text, in order.
        segments: Vec<PreviewSegment>,
        /// Why the model's chat template refuses the messages.
        refusal: Option<String>,
    }
}

protocol_object! {
    /// Why a prompt is not rendered as its file means it.
    PreviewProblem {
        /// What is wrong, and what to do.
        message: String,
        /// The place in the prompt; null if it is in another file.
        range: Option<lsp::Range>,
    }
}

protocol_object! {
    /// Result of `hoplens.server.preview`.
    PreviewResult {
        /// The prompt.
        uri: lsp::Uri,
        /// The version of the text; null if the prompt is not open.
        version: Option<i32>,
        /// The case's id; null if the file declares no case.
        case: Option<String>,
        /// The ids of all cases.
        cases: Vec<String>,
        /// How a chat model reads the prompt.
        reading: PreviewReading,
        /// The messages; none if nothing is rendered.
        messages: Vec<PreviewMessage>,
        /// The text that the model reads; null without a model.
        model: Option<PreviewModelText>,
        /// Why there is no model text; null if there is.
        without_model: Option<String>,
        /// The variables without a value.
        unset: Vec<String>,
        /// Why the prompt is not rendered as its file means it.
        error: Option<PreviewProblem>,
    }
}
