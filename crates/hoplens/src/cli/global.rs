//! The flags of every command.

use clap::{Args, ValueEnum};

use crate::cli::error::CliError;
use crate::settings::bos_policy;
use hoplens_runtime::{BosPolicy, CACHE_BYTES, Device};
use hoplens_store::{DEFAULT, StoreOptions};
use hoplens_workspace::Project;

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct Global {
    /// Alias, .gguf file, model folder or ORG/NAME[@REVISION][:FILE]; `model` in hoplens.toml, or
    /// smollm2-135m.
    #[arg(long, short, global = true)]
    model: Option<String>,
    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// The same as --format json.
    #[arg(long, global = true)]
    json: bool,
    /// Do not use the network.
    #[arg(long, global = true)]
    pub(super) offline: bool,
    /// Threads for the model; all cores by default.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
    /// Largest size of the KV cache that later passes reuse, in MB.
    #[arg(long, global = true, value_name = "MB", default_value_t = CACHE_BYTES >> 20)]
    cache: usize,
    /// Where matrix products run; cuda and metal need a build with that cargo feature.
    #[arg(long, global = true, value_enum, default_value_t = DeviceFlag::Cpu)]
    device: DeviceFlag,
    /// Whether the begin-of-text token is prepended to prompts: as the tokenizer is configured
    /// (auto), always or never; by default `bos` in hoplens.toml, or auto.
    #[arg(long, global = true, value_enum)]
    bos: Option<Bos>,
    /// The settings of the working folder's project.
    #[arg(skip)]
    pub(super) project: Project,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    Text,
    Json,
    /// SARIF 2.1.0, for code scanning; `check` only.
    Sarif,
    /// GitHub's workflow commands, for annotations; `check` only.
    Github,
    /// A picture of the heads; `lens` only.
    Svg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Bos {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DeviceFlag {
    Cpu,
    Candle,
    Cuda,
    Metal,
}

impl Global {
    pub(super) fn device(&self) -> Device {
        match self.device {
            DeviceFlag::Cpu => Device::Cpu,
            DeviceFlag::Candle => Device::Candle,
            DeviceFlag::Cuda => Device::Cuda,
            DeviceFlag::Metal => Device::Metal,
        }
    }

    pub(super) fn format(&self) -> OutputFormat {
        if self.json {
            OutputFormat::Json
        } else {
            self.format
        }
    }

    /// Rejects the formats of other commands. Every command supports text and json, and this one
    /// also the formats in `also`.
    pub(super) fn refuse_formats(&self, also: &[OutputFormat]) -> Result<(), CliError> {
        let format = self.format();
        let reason = match format {
            _ if also.contains(&format) => return Ok(()),
            OutputFormat::Text | OutputFormat::Json => return Ok(()),
            OutputFormat::Svg => "only `hoplens lens` writes svg; use text or json",
            OutputFormat::Sarif | OutputFormat::Github => {
                "only `hoplens check` writes sarif and github; use text or json"
            }
        };
        Err(CliError::Usage {
            flag: "--format",
            reason: reason.into(),
        })
    }

    pub(super) fn cache_bytes(&self) -> usize {
        self.cache.saturating_mul(1 << 20)
    }

    /// Returns the reference of the model: from the flag, the project, or the default.
    pub(super) fn model(&self) -> &str {
        let named = self.model.as_deref().or(self.project.model.as_deref());
        named.unwrap_or(DEFAULT)
    }

    /// Returns the value of `--model`, if it was given.
    pub(super) fn model_flag(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Returns whether BOS is prepended to prompts: from the flag, the project, or the tokenizer.
    pub(super) fn bos(&self) -> BosPolicy {
        self.bos_flag()
            .or(self.project.bos.map(bos_policy))
            .unwrap_or_default()
    }

    /// Returns the value of `--bos`, if it was given.
    pub(super) fn bos_flag(&self) -> Option<BosPolicy> {
        self.bos.map(|bos| match bos {
            Bos::Auto => BosPolicy::Auto,
            Bos::Always => BosPolicy::Always,
            Bos::Never => BosPolicy::Never,
        })
    }

    /// Returns the store's settings: from the environment, then the flags.
    pub(super) fn store(&self) -> StoreOptions {
        let mut options = StoreOptions::from_env();
        options.offline |= self.offline;
        options
    }
}

/// Sets the number of threads.
pub(super) fn init(global: &Global) -> Result<(), CliError> {
    let Some(threads) = global.threads else {
        return Ok(());
    };
    if threads == 0 {
        let reason = "0 threads compute nothing; give 1 or more".into();
        return Err(CliError::Usage {
            flag: "--threads",
            reason,
        });
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| CliError::Usage {
            flag: "--threads",
            reason: error.to_string(),
        })
}
