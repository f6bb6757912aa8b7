//! The flags of an injection grid, the same for every command that has one.

use clap::ValueEnum;

use crate::cli::error::CliError;
use crate::cli::lists;
use hoplens_injection::{Encoding, Scope, SpanScope};

/// What makes the cells of a grid. Commands set their own default of `--encoding` and say what
/// `span` means to them.
#[derive(Debug, clap::Args)]
pub(super) struct GridArgs {
    /// Encodings of the memory.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "embed")]
    pub(super) encoding: Vec<EncodingArg>,
    /// Positions that are changed.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "all")]
    pub(super) scope: Vec<ScopeArg>,
    /// Layers from 0: 0..29 (both included) or 6,12; all by default.
    #[arg(long, value_name = "LIST")]
    layers: Option<String>,
    /// Magnitudes: 1..15 or 1,3,6.
    #[arg(
        long,
        value_name = "LIST",
        default_value = "1..15",
        allow_hyphen_values = true
    )]
    tau: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum EncodingArg {
    Embed,
    Unembed,
    Layerwise,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ScopeArg {
    All,
    Last,
    Span,
}

impl GridArgs {
    /// Returns the layers that the flag names; `None` for all.
    pub(super) fn layers(&self) -> Result<Option<Vec<usize>>, CliError> {
        let layers = self.layers.as_deref().map(lists::layers).transpose();
        layers.map_err(|reason| CliError::Usage {
            flag: "--layers",
            reason,
        })
    }

    pub(super) fn taus(&self) -> Result<Vec<f64>, CliError> {
        lists::taus(&self.tau).map_err(|reason| CliError::Usage {
            flag: "--tau",
            reason,
        })
    }
}

impl From<&EncodingArg> for Encoding {
    fn from(encoding: &EncodingArg) -> Self {
        match encoding {
            EncodingArg::Embed => Self::Embed,
            EncodingArg::Unembed => Self::Unembed,
            EncodingArg::Layerwise => Self::Layerwise,
        }
    }
}

/// Returns the scopes that `--scope`, `--span` and `--nth` name.
///
/// # Errors
/// A span without its text, or a text without its scope.
pub(super) fn scopes(
    scopes: &[ScopeArg],
    span: Option<&str>,
    nth: usize,
) -> Result<Vec<Scope>, CliError> {
    let usage = |flag, reason: &str| CliError::Usage {
        flag,
        reason: reason.into(),
    };
    let is_span = |scope: &ScopeArg| matches!(scope, ScopeArg::Span);
    if span.is_some() && !scopes.iter().any(is_span) {
        return Err(usage("--span", "is used only with --scope span"));
    }
    let scope = |scope: &ScopeArg| match (scope, span) {
        (ScopeArg::All, _) => Ok(Scope::All),
        (ScopeArg::Last, _) => Ok(Scope::Last),
        (ScopeArg::Span, Some(text)) => Ok(Scope::Span(SpanScope {
            text: text.to_owned(),
            nth,
        })),
        (ScopeArg::Span, None) => {
            let reason = "name the piece of the prompt with --span";
            Err(usage("--scope span", reason))
        }
    };
    scopes.iter().map(scope).collect()
}
