//! Parses, renders and edits prompt files with their cases, injections and problems.
//!
//! [`parse`] never fails: everything invalid becomes a [`Problem`] with its range and a remedy, and
//! the valid parts around it are kept. [`render`] returns the text that the model reads, with every
//! byte mapped to the bytes of the file that produced it. [`insert_injection`],
//! [`replace_mention`] and [`insert_text`] return edits of a few bytes; no YAML is reformatted.

mod companion_files;
mod declarations;
mod diagnostics;
mod edit;
mod file;
mod format;
mod lint;
mod mentions;
pub mod outline;
mod render;
mod segments;
mod symbols;
mod template;
pub mod text;
mod yaml;

pub use companion_files::{
    CompanionTexts, PROMPTFOO_CONFIGS, PROMPTFOO_LEVELS, Promptfoo, RegisteredNames,
    absent_prompts, find_promptfoo_config, is_promptfoo_config, slashed,
};
pub use declarations::answer_match::AnswerMatch;
pub use declarations::case::{Case, Hop, Injection, Measured, Row};
pub use declarations::facts::{FACTS_FILE, Fact, Facts, parse_facts};
pub use declarations::input_value::InputValue;
pub use declarations::reference_reply::ReferenceReply;
pub use declarations::references::read_references;
pub use declarations::schema::{front_matter_schema, sidecar_schema};
pub use declarations::spanned::{Origin, Spanned};
pub use declarations::{declaration_sites, keys};
pub use diagnostics::code::{Code, UnknownCode};
pub use diagnostics::problem::{Problem, Suppression};
pub use diagnostics::severity::Severity;
pub use edit::declare_hop::declare_hop;
pub use edit::file_edit::{FileEdit, TextEdit, edited};
pub use edit::input_value::{ValueEdit, insert_value};
pub use edit::insert_injection::insert_injection;
pub use edit::lists::{NewCase, NewHop, insert_case, insert_ignore, record};
pub use edit::new_injection::NewInjection;
pub use edit::preserves_declarations::preserves_declarations;
pub use edit::rewrite::{insert_text, mention_problems, replace_all, replace_mention};
pub use file::prompt_file::{PromptFile, find_case};
pub use file::{parse, parse_with};
pub use format::markdown::has_prompt_fence;
pub use format::own_keys::format_sites;
pub use format::prompt_format::{
    PromptFormat, is_partial_file, is_prompt_file, prompt_of_sidecar, sidecar_name,
};
pub use format::promptfoo::config_vars::promptfoo_variable;
pub use format::promptfoo::paths::{PromptPaths, promptfoo_links, promptfoo_prompts};
pub use lint::finding::LintFix;
pub use lint::{all_problems, lint_fixes};
pub use mentions::chain::{
    HopText, MentionMatches, RewriteStep, contains_mentions, find_mentions, mask_mentions,
    mention_ranges, name_bridges,
};
pub use mentions::naming::{match_case, memory_text, substitute};
pub use mentions::statement::statement_place;
pub use render::body_reading::{BodyReading, body_reading};
pub use render::render;
pub use render::rendered::{Rendered, Turn};
pub use render::source_map::{MappedText, SourceSpan, find_mention, find_phrase};
pub use segments::prompt_segment::{PromptSegment, SegmentKind, SegmentPart};
pub use segments::remove::without_segment;
pub use segments::split::prompt_segments;
pub use symbols::call_docs::call_doc::CallDoc;
pub use symbols::call_docs::{call_docs, context_doc, statement_docs};
pub use symbols::cursor::{TemplateCursor, TemplateExpectation, template_cursor};
pub use symbols::input_facts::{InputFacts, input_facts, known_inputs, used_inputs};
pub use symbols::rename::{RenameRefusal, prepare_rename, rename_symbol};
pub use symbols::symbol_sites::{symbol_at, symbol_sites};
pub use symbols::template_part::{prompt_at, prompt_syntax};
pub use symbols::template_symbol::{
    SiteRole, SymbolSite, TemplateCallKind, TemplateSymbol, TemplateSyntax,
};
pub use template::handlebars::partials::read_partials;
pub use template::template_tags::{TemplateTag, partial_uses, template_tags};
#[doc(hidden)]
pub use yaml::value::yaml_value;
