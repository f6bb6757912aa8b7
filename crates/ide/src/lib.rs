//! Editor features and reports as pure functions over a snapshot: a prompt file, its text and its
//! findings. No LSP types, no tensors, no input or output.

mod code_action;
mod code_lenses;
mod completion;
mod declaration_hover;
mod diagnostics;
mod document_links;
mod document_symbols;
pub mod documents;
mod fix_all;
mod folding_ranges;
mod hop_actions;
mod hover;
mod influence;
mod injection_effects;
mod inlay_hints;
mod input_actions;
mod markdown;
mod navigation;
mod numbers;
mod pages;
mod preview;
mod quick_actions;
mod rename;
mod repair_actions;
mod repair_edits;
mod repair_titles;
mod semantic_tokens;
mod side_effects;
mod snapshot;
mod spans;
mod template_completion;
mod template_hover;

pub use code_action::{
    ADD_CASE, ADD_VALUE, CORRECT, CodeAction, DECLARE_HOP, IGNORE, INJECT, REFRESH, REWRITE,
};
pub use code_lenses::{CodeLens, CodeLensCommand, code_lenses};
pub use completion::{
    Completion, CompletionContext, CompletionKind, InsertStyle, complete, complete_project,
};
pub use declaration_hover::{TextHover, declaration_hover, project_hover};
pub use diagnostics::{
    Diagnostic, RelatedInformation, diagnostics, is_ignored, static_diagnostics, unknown_model,
    verdict_message,
};
pub use document_links::{DocumentLink, document_links, sidecar_link_range};
pub use document_symbols::{DocumentSymbol, SymbolKind, document_symbols};
pub use fix_all::fix_all;
pub use folding_ranges::folding_ranges;
pub use hop_actions::hop_actions;
pub use hover::{HoverTarget, hover_target, render_hover, token_source};
pub use influence::{InfluenceLine, influence_bar, influence_lines, segment_kind_name};
pub use inlay_hints::{InlayHint, inlay_hints, surprisal_hints};
pub use input_actions::input_actions;
pub use markdown::{MarkdownStyle, code_span, table};
pub use navigation::{DefinitionTarget, NamePlace, definitions, references};
pub use numbers::{better_than, factor, nats, percent, quoted, token_label};
pub use pages::{PageFile, page_files, page_text};
pub use preview::{
    DeclaredValue, MessagePreview, PreviewError, PromptPreview, SegmentPreview, SegmentPreviewKind,
    case_at, case_named, preview,
};
pub use quick_actions::{ignorable_codes, quick_actions};
pub use rename::{prepare_rename, rename};
pub use repair_actions::{awaits_repairs, is_fixed_by, repair_actions};
pub use repair_edits::{injection_edit, manual_repair_reason, repair_edit};
pub use repair_titles::repair_title;
pub use semantic_tokens::{
    SemanticToken, TOKEN_MODIFIERS, TOKEN_TYPES, TokenKind, semantic_tokens,
};
pub use side_effects::{repair_side_effects, side_effects};
pub use snapshot::Snapshot;
pub use template_completion::{complete_placeholder, complete_template, expects_partial};
pub use template_hover::template_hover;
