//! Semantic Kernel's prompts in YAML.

use crate::declarations::keys::{Key, KeyKind, key, required};

const VARIABLE: &[Key] = &[
    required("name", KeyKind::Text, "The name of the variable."),
    key("description", KeyKind::Text, "What the variable is for."),
    key(
        "default",
        KeyKind::Any,
        "Its value where the application gives none.",
    ),
    key(
        "is_required",
        KeyKind::Flag,
        "Whether the application must give a value.",
    ),
    key("json_schema", KeyKind::Any, "The JSON Schema of the value."),
    key(
        "allow_dangerously_set_content",
        KeyKind::Flag,
        "Whether the value may contain `<message>` elements.",
    ),
];

const OUTPUT: &[Key] = &[
    key("description", KeyKind::Text, "What the reply is."),
    key("json_schema", KeyKind::Any, "The JSON Schema of the reply."),
];

/// The keys of Semantic Kernel's prompts in YAML.
pub const SEMANTIC_KERNEL_OWN: &[Key] = &[
    key("name", KeyKind::Text, "The name of the function."),
    key("description", KeyKind::Text, "What the prompt is for."),
    required(
        "template",
        KeyKind::Text,
        "The template; `<message role=\"…\">` elements are messages.",
    ),
    key(
        "template_format",
        KeyKind::Word(&["semantic-kernel", "handlebars", "liquid"]),
        "The language of the template; `semantic-kernel` without it.",
    ),
    key(
        "input_variables",
        KeyKind::List(&KeyKind::Map(VARIABLE)),
        "The variables of the template.",
    ),
    key("output_variable", KeyKind::Map(OUTPUT), "The reply."),
    key(
        "execution_settings",
        KeyKind::Any,
        "Settings of the model by the name of the service.",
    ),
];
