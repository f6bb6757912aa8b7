//! The helpers of Handlebars and of dotprompt.

use crate::symbols::call_docs::call_doc::{CallDoc, block, call};

/// The helpers, in the order in which completion offers them.
pub(crate) const HANDLEBARS: &[CallDoc] = &[
    call(
        "role",
        "{{role \"user\"}}",
        "Begins a message of this role: `system`, `user`, `model` or `tool`. The text up to the next `role` is the message.",
    ),
    block(
        "if",
        "{{#if name}}…{{else}}…{{/if}}",
        "Writes the block if the value is neither empty, `false` nor 0.",
    ),
    block(
        "unless",
        "{{#unless name}}…{{/unless}}",
        "Writes the block if the value is empty, `false` or 0.",
    ),
    block(
        "each",
        "{{#each items}}{{this}}{{/each}}",
        "Writes the block once for each item; names in it are fields of the item, and `{{../name}}` is a variable outside.",
    ),
    block(
        "with",
        "{{#with person}}{{name}}{{/with}}",
        "Writes the block with names that are fields of the value.",
    ),
    block(
        "ifEquals",
        "{{#ifEquals a b}}…{{else}}…{{/ifEquals}}",
        "Writes the block if the two values are the same.",
    ),
    block(
        "unlessEquals",
        "{{#unlessEquals a b}}…{{/unlessEquals}}",
        "Writes the block if the two values are not the same.",
    ),
    call("json", "{{json value indent=2}}", "Writes a value as JSON."),
    call(
        "media",
        "{{media url=photo}}",
        "Puts a picture or another file into the message. hoplens does not read it.",
    ),
    call(
        "history",
        "{{history}}",
        "Puts the earlier messages of the conversation here, which the application gives.",
    ),
    call(
        "section",
        "{{section \"code\"}}",
        "Marks a place that the application fills.",
    ),
    call(
        "lookup",
        "{{lookup map key}}",
        "Writes the field of a value whose name is computed.",
    ),
    call(
        "log",
        "{{log value}}",
        "Writes a value to the application's log, and nothing to the prompt.",
    ),
];
