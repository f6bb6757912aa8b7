//! The flags of `hoplens generate`, and their validation.

use std::path::PathBuf;

use hoplens_runtime::SamplingParams;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct GenerateArgs {
    /// The prompt file.
    pub(super) file: PathBuf,
    /// Only this case, by its id or as #1, #2, …; the id of a matrix selects all its rows. All
    /// cases by default.
    #[arg(long, value_name = "ID")]
    pub(super) case: Option<String>,
    /// The most tokens to generate.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = count)]
    pub(super) max_tokens: usize,
    /// Temperature of the sampling; 0 always takes the likeliest token, 1 samples from the model's
    /// own distribution. 0 by default, or 1 with --top-k, --top-p or --seed.
    #[arg(long, value_name = "T", value_parser = temperature)]
    temperature: Option<f64>,
    /// Sample only among this many of the likeliest tokens.
    #[arg(long, value_name = "K", value_parser = count)]
    top_k: Option<usize>,
    /// Sample only among the likeliest tokens that together have this probability (nucleus
    /// sampling).
    #[arg(long, value_name = "P", value_parser = share)]
    top_p: Option<f64>,
    /// Seed of the sampling; 0 by default.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Stop before this text; can be given several times.
    #[arg(long, value_name = "TEXT", value_parser = stop_text)]
    pub(super) stop: Vec<String>,
    /// Ignore the file's injections.
    #[arg(long)]
    pub(super) no_injections: bool,
    /// Continue each prompt twice, without the file's injections and with them; a prompt without
    /// injections is continued once, with a note.
    #[arg(long, conflicts_with = "no_injections")]
    pub(super) compare: bool,
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("give a whole number from 1 on".into()),
        Ok(count) => Ok(count),
    }
}

fn temperature(text: &str) -> Result<f64, String> {
    let is_one = |value: &f64| value.is_finite() && *value >= 0.0;
    let value = text.parse().ok().filter(is_one);
    value.ok_or_else(|| "give a number from 0 on, such as 0.8".into())
}

fn share(text: &str) -> Result<f64, String> {
    let is_one = |value: &f64| *value > 0.0 && *value <= 1.0;
    let value = text.parse().ok().filter(is_one);
    value.ok_or_else(|| "give a number above 0 and up to 1, such as 0.9".into())
}

fn stop_text(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("an empty text matches everywhere; give at least one character".into());
    }
    Ok(text.to_owned())
}

impl GenerateArgs {
    /// Returns how tokens are chosen.
    pub(super) fn sampling(&self) -> SamplingParams {
        let draws = self.top_k.is_some() || self.top_p.is_some() || self.seed.is_some();
        let default = if draws { 1.0 } else { 0.0 };
        SamplingParams {
            temperature: self.temperature.unwrap_or(default),
            top_k: self.top_k,
            top_p: self.top_p,
            seed: self.seed.unwrap_or(0),
        }
    }
}
