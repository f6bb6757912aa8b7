//! dotprompt's front matter.

use crate::declarations::keys::{Key, KeyKind, key};
use crate::format::own_keys::sampling::{STOP_SEQUENCES, TEMPERATURE, TOP_K, max_tokens, top_p};

/// The types of Picoschema.
const TYPES: KeyKind = KeyKind::Word(&["string", "number", "integer", "boolean", "null", "any"]);

/// A schema: the fields with their types, or a JSON Schema.
const SCHEMA: KeyKind = KeyKind::Values(&KeyKind::Either(&[
    TYPES,
    KeyKind::Values(&KeyKind::Either(&[TYPES, KeyKind::Values(&TYPES)])),
]));

const INPUT: &[Key] = &[
    key(
        "schema",
        SCHEMA,
        "The inputs of the template in Picoschema (`name?: string, description`; `name(array)`, `name(enum)`, `name(object)`) or as a JSON Schema. A `?` marks an input that may be missing.",
    ),
    key(
        "default",
        KeyKind::Values(&KeyKind::Any),
        "Values of inputs that the application does not give.",
    ),
];

const OUTPUT: &[Key] = &[
    key(
        "format",
        KeyKind::Word(&["json", "text", "media"]),
        "The form of the reply.",
    ),
    key(
        "schema",
        SCHEMA,
        "The fields of the reply, in Picoschema or as a JSON Schema.",
    ),
];

const CONFIG: &[Key] = &[
    TEMPERATURE,
    TOP_K,
    top_p("topP"),
    max_tokens("maxOutputTokens"),
    STOP_SEQUENCES,
    key("version", KeyKind::Text, "The version of the model."),
];

/// The keys of dotprompt's front matter.
pub const DOTPROMPT_OWN: &[Key] = &[
    key(
        "name",
        KeyKind::Text,
        "The prompt's name; by default that of its file.",
    ),
    key(
        "variant",
        KeyKind::Text,
        "The variant of the prompt; by default from the file's name (`name.variant.prompt`).",
    ),
    key("version", KeyKind::Text, "The version of the prompt."),
    key("description", KeyKind::Text, "What the prompt is for."),
    key(
        "model",
        KeyKind::Text,
        "The model that the application runs, such as `googleai/gemini-2.5-flash`. hoplens analyses its own local model.",
    ),
    key(
        "config",
        KeyKind::Map(CONFIG),
        "Settings of the model; which exist depends on the model.",
    ),
    key(
        "input",
        KeyKind::Map(INPUT),
        "The inputs of the template: their types and default values.",
    ),
    key("output", KeyKind::Map(OUTPUT), "The form of the reply."),
    key(
        "tools",
        KeyKind::List(&KeyKind::Text),
        "Names of tools that the model may call.",
    ),
    key(
        "toolDefs",
        KeyKind::List(&KeyKind::Any),
        "Definitions of tools that the model may call.",
    ),
    key(
        "ext",
        KeyKind::Any,
        "Reserved by dotprompt for keys with a dot in their names; such keys are written at the top level.",
    ),
    key(
        "raw",
        KeyKind::Any,
        "Reserved by dotprompt for the front matter as it was read.",
    ),
];
