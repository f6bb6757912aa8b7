//! What an editor or a report shows, as pure functions over a snapshot: a prompt file, its text
//! and what was found in it. No LSP, no tensors, no input or output.

mod actions;
mod completion;
mod declared;
mod diagnostics;
pub mod documents;
mod fix_all;
mod folds;
mod hints;
mod hover;
mod injections;
mod lenses;
mod links;
mod markdown;
mod numbers;
mod pages;
mod quick;
mod semantic;
mod side_effects;
mod snapshot;
mod spans;
mod symbols;
mod tokens;
mod undeclared;
mod verdicts;

pub use actions::{
    Action, INJECT, REWRITE, actions, awaits_repairs, concerns, injection_edit, repair_edit,
    repair_title, why_by_hand,
};
pub use completion::{Completes, Completion, InsertStyle, Known, complete, complete_project};
pub use declared::{TextHover, declared_hover, project_hover};
pub use diagnostics::{Diagnostic, Related, diagnostics, static_diagnostics, unknown_model};
pub use fix_all::fix_all;
pub use folds::folds;
pub use hints::{Hint, hints, surprisals};
pub use hover::{HoverTarget, hover_target, render_hover, token_source};
pub use lenses::{Lens, LensCommand, lenses};
pub use links::{Link, beside_anchor, links};
pub use markdown::{MarkdownStyle, code_span, table};
pub use numbers::{chance, factor, nats, percent, quoted};
pub use pages::page;
pub use quick::{ADD_CASE, IGNORE, REFRESH, ignorable, quick_actions};
pub use semantic::{SemanticToken, TOKEN_MODIFIERS, TOKEN_TYPES, TokenKind, semantic_tokens};
pub use side_effects::{repair_side_effects, side_effects};
pub use snapshot::Snapshot;
pub use symbols::{Symbol, SymbolKind, symbols};
pub use verdicts::verdict_message;
