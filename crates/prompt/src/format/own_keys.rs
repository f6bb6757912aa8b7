//! The keys that the prompt formats themselves define, for completion, hovers and the documentation.
//!
//! They say what the format's own tools read. hoplens's keys are in
//! [`declarations::keys`](crate::declarations::keys).

mod agents;
mod dotprompt;
mod github;
mod promptfoo;
mod prompty;
mod sampling;
mod semantic_kernel;
mod vscode;

use crate::declarations::declaration_sites::{DeclarationSite, yaml_window};
use crate::file::prompt_file::PromptFile;
use crate::format::own_keys::agents::AGENTS_OWN;
use crate::format::own_keys::dotprompt::DOTPROMPT_OWN;
use crate::format::own_keys::github::GITHUB_OWN;
use crate::format::own_keys::promptfoo::PROMPTFOO_OWN;
use crate::format::own_keys::prompty::{PROMPTY_V1_OWN, PROMPTY_V2_OWN};
use crate::format::own_keys::semantic_kernel::SEMANTIC_KERNEL_OWN;
use crate::format::own_keys::vscode::VSCODE_OWN;
use crate::format::prompt_format::PromptFormat;
use crate::format::prompty::version::PromptyVersion;

/// Returns the YAML of a document with the keys of its format. It overlaps with the
/// [`declaration_sites`](crate::declaration_sites::declaration_sites), which have hoplens's keys.
pub fn format_sites(file: &PromptFile, text: &str) -> Vec<DeclarationSite> {
    if file.format == PromptFormat::Markdown {
        let fences = file.fences.iter();
        return fences.flat_map(|fence| format_sites(fence, text)).collect();
    }
    let whole = Some(0..text.len());
    let (window, keys) = match file.format {
        PromptFormat::Dotprompt => (yaml_window(file, text), DOTPROMPT_OWN),
        PromptFormat::Prompty if file.language.version == PromptyVersion::V1 => {
            (yaml_window(file, text), PROMPTY_V1_OWN)
        }
        PromptFormat::Prompty => (yaml_window(file, text), PROMPTY_V2_OWN),
        PromptFormat::PromptMd => (yaml_window(file, text), VSCODE_OWN),
        PromptFormat::AgentMd => (yaml_window(file, text), AGENTS_OWN),
        PromptFormat::Github if file.template.is_some() => (whole, SEMANTIC_KERNEL_OWN),
        PromptFormat::Github => (whole, GITHUB_OWN),
        PromptFormat::Promptfoo => (whole, PROMPTFOO_OWN),
        PromptFormat::Markdown | PromptFormat::Plain => (None, &[][..]),
    };
    let site = window.map(|window| DeclarationSite { window, keys });
    site.into_iter().collect()
}

#[cfg(test)]
mod tests;
