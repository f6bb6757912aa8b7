//! The front matter of both versions of Prompty.

use crate::declarations::keys::{Key, KeyKind, key, required};
use crate::format::own_keys::sampling::{STOP_SEQUENCES, TEMPERATURE, TOP_K, max_tokens, top_p};

const V1_CONFIGURATION: &[Key] = &[
    key(
        "type",
        KeyKind::Word(&["azure_openai", "openai", "azure_serverless"]),
        "The service that runs the model.",
    ),
    key("name", KeyKind::Text, "The name of the model."),
    key(
        "azure_endpoint",
        KeyKind::Text,
        "The address of the service.",
    ),
    key(
        "azure_deployment",
        KeyKind::Text,
        "The name of the deployment.",
    ),
    key(
        "api_version",
        KeyKind::Text,
        "The version of the service's interface.",
    ),
    key(
        "api_key",
        KeyKind::Text,
        "The key of the service; write `${env:NAME}`, not the key.",
    ),
    key("organization", KeyKind::Text, "The organization at OpenAI."),
    key(
        "base_url",
        KeyKind::Text,
        "The address of a service like OpenAI's.",
    ),
];

const V1_PARAMETERS: &[Key] = &[
    TEMPERATURE,
    top_p("top_p"),
    max_tokens("max_tokens"),
    key("stop", KeyKind::Any, "Texts at which the reply ends."),
    key(
        "frequency_penalty",
        KeyKind::Number,
        "How much a token is avoided for each time it occurred.",
    ),
    key(
        "presence_penalty",
        KeyKind::Number,
        "How much a token is avoided that occurred before.",
    ),
    key("seed", KeyKind::Index(0), "Makes choices repeatable."),
    key("response_format", KeyKind::Any, "The form of the reply."),
    key(
        "tools",
        KeyKind::List(&KeyKind::Any),
        "Tools that the model may call.",
    ),
    key("tool_choice", KeyKind::Any, "Which tool the model calls."),
];

const V1_MODEL: &[Key] = &[
    key(
        "api",
        KeyKind::Word(&["chat", "completion", "embedding", "image"]),
        "The kind of request.",
    ),
    key(
        "configuration",
        KeyKind::Map(V1_CONFIGURATION),
        "The service and the model that the application runs.",
    ),
    key(
        "parameters",
        KeyKind::Map(V1_PARAMETERS),
        "Settings of the model.",
    ),
    key(
        "response",
        KeyKind::Word(&["first", "full"]),
        "Which part of the service's reply is returned.",
    ),
];

const V1_INPUT: &[Key] = &[
    key(
        "type",
        KeyKind::Word(&["string", "number", "boolean", "array", "object"]),
        "The type of the value.",
    ),
    key("description", KeyKind::Text, "What the input is for."),
    key(
        "default",
        KeyKind::Any,
        "A default value. Version 1 takes values from `sample` and from the application only.",
    ),
];

const V1_TEMPLATE: &[Key] = &[
    key(
        "type",
        KeyKind::Word(&["jinja2", "mustache"]),
        "The language of the template.",
    ),
    key(
        "parser",
        KeyKind::Word(&["prompty"]),
        "How messages are found.",
    ),
];

/// The keys of version 1's front matter.
pub const PROMPTY_V1_OWN: &[Key] = &[
    key("name", KeyKind::Text, "The prompt's name."),
    key("description", KeyKind::Text, "What the prompt is for."),
    key("version", KeyKind::Text, "The version of the prompt."),
    key("authors", KeyKind::List(&KeyKind::Text), "Who wrote it."),
    key(
        "tags",
        KeyKind::List(&KeyKind::Text),
        "Words by which it is found.",
    ),
    key(
        "base",
        KeyKind::Text,
        "A Prompty file whose front matter this one continues.",
    ),
    key(
        "model",
        KeyKind::Map(V1_MODEL),
        "The model that the application runs. hoplens analyses its own local model.",
    ),
    key(
        "inputs",
        KeyKind::Values(&KeyKind::Map(V1_INPUT)),
        "The inputs of the template by name.",
    ),
    key(
        "outputs",
        KeyKind::Values(&KeyKind::Map(V1_INPUT)),
        "The fields of the reply by name.",
    ),
    key(
        "sample",
        KeyKind::Either(&[KeyKind::Values(&KeyKind::Any), KeyKind::Text]),
        "Values of the inputs for a trial, or `${file:sample.json}`.",
    ),
    key(
        "template",
        KeyKind::Either(&[
            KeyKind::Word(&["jinja2", "mustache"]),
            KeyKind::Map(V1_TEMPLATE),
        ]),
        "The language of the template; Jinja2 without it.",
    ),
];

const V2_OPTIONS: &[Key] = &[
    TEMPERATURE,
    top_p("topP"),
    TOP_K,
    max_tokens("maxOutputTokens"),
    STOP_SEQUENCES,
    key(
        "frequencyPenalty",
        KeyKind::Number,
        "How much a token is avoided for each time it occurred.",
    ),
    key(
        "presencePenalty",
        KeyKind::Number,
        "How much a token is avoided that occurred before.",
    ),
    key("seed", KeyKind::Index(0), "Makes choices repeatable."),
    key(
        "additionalProperties",
        KeyKind::Any,
        "Settings that only this model has.",
    ),
];

const V2_CONNECTION: &[Key] = &[
    key(
        "kind",
        KeyKind::Word(&["key", "reference", "remote", "anonymous", "foundry"]),
        "How the application reaches the service.",
    ),
    key("endpoint", KeyKind::Text, "The address of the service."),
    key(
        "apiKey",
        KeyKind::Text,
        "The key of the service; write `${env:NAME}`, not the key.",
    ),
    key(
        "name",
        KeyKind::Text,
        "The name of a connection that the application knows.",
    ),
];

const V2_MODEL: &[Key] = &[
    key(
        "id",
        KeyKind::Text,
        "The model that the application runs. hoplens analyses its own local model.",
    ),
    key(
        "provider",
        KeyKind::Text,
        "Who runs the model, such as `openai`, `azure` or `anthropic`.",
    ),
    key(
        "apiType",
        KeyKind::Word(&[
            "chat",
            "completion",
            "embedding",
            "image",
            "responses",
            "agent",
        ]),
        "The kind of request.",
    ),
    key(
        "connection",
        KeyKind::Map(V2_CONNECTION),
        "How the application reaches the service.",
    ),
    key(
        "options",
        KeyKind::Map(V2_OPTIONS),
        "Settings of the model.",
    ),
];

const V2_KINDS: KeyKind = KeyKind::Word(&[
    "string", "integer", "float", "boolean", "array", "object", "thread", "image", "file", "audio",
]);

const V2_INPUT: &[Key] = &[
    key(
        "name",
        KeyKind::Text,
        "The name of the input, where `inputs` is a list.",
    ),
    key("kind", V2_KINDS, "The type of the value."),
    key("description", KeyKind::Text, "What the input is for."),
    key(
        "required",
        KeyKind::Flag,
        "Whether the application must give a value.",
    ),
    key(
        "default",
        KeyKind::Any,
        "The value where the application gives none.",
    ),
    key("example", KeyKind::Any, "A value for a trial."),
    key("sample", KeyKind::Any, "A value for a trial."),
    key(
        "enumValues",
        KeyKind::List(&KeyKind::Any),
        "The values that are allowed.",
    ),
];

const V2_INPUTS: KeyKind = KeyKind::Either(&[
    KeyKind::List(&KeyKind::Map(V2_INPUT)),
    KeyKind::Values(&KeyKind::Map(V2_INPUT)),
]);

const V2_FORMAT: &[Key] = &[
    key(
        "kind",
        KeyKind::Word(&["jinja2", "mustache"]),
        "The language of the template.",
    ),
    key(
        "strict",
        KeyKind::Flag,
        "Whether only the template's own lines may begin messages, and not the values of inputs; true without it.",
    ),
];

const V2_PARSER: &[Key] = &[key(
    "kind",
    KeyKind::Word(&["prompty"]),
    "How messages are found.",
)];

const V2_TEMPLATE: &[Key] = &[
    key(
        "format",
        KeyKind::Map(V2_FORMAT),
        "The language of the template; Jinja2 without it.",
    ),
    required("parser", KeyKind::Map(V2_PARSER), "How messages are found."),
];

/// The keys of version 2's front matter.
pub const PROMPTY_V2_OWN: &[Key] = &[
    key("name", KeyKind::Text, "The prompt's name."),
    key("displayName", KeyKind::Text, "The name that people see."),
    key("description", KeyKind::Text, "What the prompt is for."),
    key(
        "kind",
        KeyKind::Word(&["prompt"]),
        "What the file contains.",
    ),
    key(
        "model",
        KeyKind::Either(&[KeyKind::Map(V2_MODEL), KeyKind::Text]),
        "The model that the application runs. hoplens analyses its own local model.",
    ),
    key(
        "inputs",
        V2_INPUTS,
        "The inputs of the template: a list of maps with `name`, or a map by name.",
    ),
    key("outputs", V2_INPUTS, "The fields of the reply."),
    key(
        "tools",
        KeyKind::List(&KeyKind::Any),
        "Tools that the model may call.",
    ),
    key(
        "template",
        KeyKind::Map(V2_TEMPLATE),
        "The language of the template, and how messages are found.",
    ),
    key(
        "instructions",
        KeyKind::Text,
        "The template, in a file without a body.",
    ),
    key(
        "metadata",
        KeyKind::Any,
        "Whatever tools keep in a Prompty file; hoplens reads the key `hoplens` in it.",
    ),
];
