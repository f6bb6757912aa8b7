//! The flags of `hoplens generate`, and their validation.

use std::path::PathBuf;

use hoplens_runtime::SamplingParams;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct GenerateArgs {
    /// The prompt file.
    pub(super) file: PathBuf,
    /// Only this case, by its id or as #1, #2, …; a matrix by its own id, with all its rows. All of
    /// the file's if not given.
    #[arg(long, value_name = "ID")]
    pub(super) case: Option<String>,
    /// The most tokens that are written.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = count)]
    pub(super) max_tokens: usize,
    /// 0 takes the likeliest token each time; 1 draws by the model's own probabilities. 0 if not
    /// given, or 1 where --top-k, --top-p or --seed is.
    #[arg(long, value_name = "T", value_parser = temperature)]
    temperature: Option<f64>,
    /// Draw among this many of the likeliest tokens only.
    #[arg(long, value_name = "K", value_parser = count)]
    top_k: Option<usize>,
    /// Draw among the likeliest tokens only that together have this probability.
    #[arg(long, value_name = "P", value_parser = share)]
    top_p: Option<f64>,
    /// The same seed draws the same tokens; 0 if not given.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Stop before this text; several are looked for if given several times.
    #[arg(long, value_name = "TEXT", value_parser = stop_text)]
    pub(super) stop: Vec<String>,
    /// Leave the file's injections out.
    #[arg(long)]
    pub(super) no_injections: bool,
    /// Continue each prompt twice: without the file's injections, then with them; once, and a
    /// note, where none is in force.
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
        return Err("an empty text stands everywhere; give at least one character".into());
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
