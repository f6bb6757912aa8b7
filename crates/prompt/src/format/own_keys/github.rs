//! The prompt files of GitHub Models.

use crate::declarations::keys::{Key, KeyKind, key, required};
use crate::format::own_keys::sampling::{TEMPERATURE, max_tokens, top_p};

const MESSAGE: &[Key] = &[
    required(
        "role",
        KeyKind::Word(&["system", "user", "assistant"]),
        "Who says it.",
    ),
    required(
        "content",
        KeyKind::Text,
        "What it says. `{{name}}`, without spaces, stands for a value of the test data.",
    ),
];

const PARAMETERS: &[Key] = &[max_tokens("maxTokens"), TEMPERATURE, top_p("topP")];

const STRING: &[Key] = &[
    key(
        "startsWith",
        KeyKind::Text,
        "The reply must begin with this text, in upper or lower case.",
    ),
    key(
        "endsWith",
        KeyKind::Text,
        "The reply must end with this text, in upper or lower case.",
    ),
    key(
        "contains",
        KeyKind::Text,
        "The reply must have this text, in upper or lower case.",
    ),
    key("equals", KeyKind::Text, "The reply must be this text."),
];

const CHOICE: &[Key] = &[
    key("choice", KeyKind::Text, "A reply of the judging model."),
    key(
        "score",
        KeyKind::Number,
        "What this reply counts, from 0 to 1.",
    ),
];

const LLM: &[Key] = &[
    key("modelId", KeyKind::Text, "The model that judges the reply."),
    key("prompt", KeyKind::Text, "The question to that model."),
    key(
        "choices",
        KeyKind::List(&KeyKind::Map(CHOICE)),
        "Its possible replies and what they count.",
    ),
    key(
        "systemPrompt",
        KeyKind::Text,
        "The instructions to that model.",
    ),
];

const EVALUATOR: &[Key] = &[
    key(
        "name",
        KeyKind::Text,
        "The name of the evaluator in reports.",
    ),
    key(
        "string",
        KeyKind::Map(STRING),
        "Compares the reply with a text. hoplens takes it as the expected answer.",
    ),
    key(
        "llm",
        KeyKind::Map(LLM),
        "Asks a model to judge the reply; hoplens does not.",
    ),
    key(
        "uses",
        KeyKind::Word(&[
            "github/similarity",
            "github/coherence",
            "github/fluency",
            "github/relevance",
            "github/groundedness",
        ]),
        "An evaluator that comes with GitHub Models; hoplens does not run it.",
    ),
];

/// The keys of a prompt file of GitHub Models.
pub const GITHUB_OWN: &[Key] = &[
    key("name", KeyKind::Text, "The prompt's name."),
    key("description", KeyKind::Text, "What the prompt is for."),
    key(
        "model",
        KeyKind::Text,
        "The model that GitHub runs, such as `openai/gpt-4o`. hoplens analyses its own local model.",
    ),
    key(
        "modelParameters",
        KeyKind::Map(PARAMETERS),
        "Settings of the model.",
    ),
    key(
        "responseFormat",
        KeyKind::Word(&["text", "json_object", "json_schema"]),
        "The form of the reply.",
    ),
    key(
        "jsonSchema",
        KeyKind::Any,
        "The JSON Schema of the reply, if `responseFormat` is `json_schema`.",
    ),
    required(
        "messages",
        KeyKind::List(&KeyKind::Map(MESSAGE)),
        "The messages of the chat.",
    ),
    key(
        "testData",
        KeyKind::List(&KeyKind::Values(&KeyKind::Any)),
        "Rows of values for `{{name}}`; `expected` is the reply that is expected.",
    ),
    key(
        "evaluators",
        KeyKind::List(&KeyKind::Map(EVALUATOR)),
        "How replies to the test data are judged.",
    ),
];
