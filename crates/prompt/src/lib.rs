//! What a prompt file says: its text, its cases, its injections, and what is wrong with it.
//!
//! [`parse`] never fails: everything that is not as it should be becomes a [`Problem`] with its
//! bytes and a remedy, and what is right around it is kept. [`render`] gives the text that the
//! model reads, every byte of it mapped to the bytes of the file that made it.
//! [`insert_injection`], [`replace_mention`] and [`insert_text`] give edits of a few bytes; nobody's YAML is
//! written anew.

mod beside;
pub mod case;
mod cases;
mod chain;
mod declared;
mod diagnostics;
mod dotprompt;
mod edit;
mod facts;
mod fields;
mod file;
mod format;
mod github;
pub mod homes;
mod import;
mod injections;
mod jinja;
pub mod keys;
mod mapped;
mod markdown;
mod marks;
mod matrix;
mod mustache;
mod namespace;
mod naming;
pub mod outline;
mod partials;
mod plain;
mod problem;
mod prompt_md;
mod prompty;
mod quote;
mod render;
mod review;
mod rewrite;
mod schema;
mod sound;
mod suppress;
mod tags;
pub mod text;
mod variables;
mod yaml;

pub use beside::{
    Beside, PROMPTFOO_CONFIGS, PROMPTFOO_LEVELS, Promptfoo, absent_prompts, is_promptfoo_config,
    promptfoo_beside, slashed,
};
pub use case::{Case, Hop, Injection, Measured, Origin, Row, Spanned};
pub use chain::{Link, Places, Step, name_bridges, places, stands, where_written, without};
pub use diagnostics::code::{Code, UnknownCode};
pub use diagnostics::severity::Severity;
pub use edit::{
    FileEdit, NewCase, NewInjection, TextEdit, edited, insert_case, insert_ignore,
    insert_injection, record,
};
pub use facts::{FACTS_FILE, Fact, Facts, parse_facts};
pub use file::{InputValue, PromptFile, find_case, parse, parse_beside};
pub use format::{Format, is_prompt_file, prompt_of_sidecar, sidecar_name};
pub use import::{PromptPaths, promptfoo_links, promptfoo_prompts};
pub use mapped::{Mapped, Piece, find_mention, find_phrase};
pub use markdown::has_prompt_fence;
pub use marks::{TemplateTag, partial_uses, template_tags};
pub use naming::{fitted, memory_text, substitute};
pub use partials::read_partials;
pub use problem::{Problem, Suppression};
pub use render::{Rendered, Turn, render};
pub use review::all_problems;
pub use rewrite::{insert_text, mention_problems, replace_all, replace_mention};
pub use schema::{front_matter_schema, sidecar_schema};
pub use sound::is_sound;
