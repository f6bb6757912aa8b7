//! The flags for the summary of an experiment.

use clap::ValueEnum;

use crate::cli::error::CliError;
use hoplens_eval::{Criterion, SummarySettings};

#[derive(Debug, clap::Args)]
pub(in crate::cli::eval) struct SettingsArgs {
    /// Number of folds of the cross-validation that selects the default cell.
    #[arg(long, value_name = "K", default_value_t = 5)]
    folds: usize,
    /// The criterion that selects the default cell.
    #[arg(long, value_enum, default_value_t = FitArg::Geo)]
    fit: FitArg,
    /// Determines the rows of each fold and the random words.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(in crate::cli::eval) seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FitArg {
    Geo,
    Median,
}

impl SettingsArgs {
    /// Returns the settings of the summary.
    pub(in crate::cli::eval) fn settings(&self) -> Result<SummarySettings, CliError> {
        if self.folds < 2 {
            return Err(CliError::Usage {
                flag: "--folds",
                reason: "a cell is chosen on some folds and measured on another: give 2 or more"
                    .into(),
            });
        }
        Ok(SummarySettings {
            folds: self.folds,
            seed: self.seed,
            criterion: match self.fit {
                FitArg::Geo => Criterion::Geo,
                FitArg::Median => Criterion::Median,
            },
            ..SummarySettings::default()
        })
    }
}
