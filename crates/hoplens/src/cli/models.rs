//! `hoplens models`: the model store from the command line.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::global::{Global, OutputFormat};
use crate::cli::outcome::CommandOutcome;
use hoplens_store::{
    DEFAULT, FetchProgress, ModelEntry, ModelRef, RemovalReport, StoreError, StoreOptions,
};

/// What to do with the store.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ModelsCommand {
    /// List the known and the installed models
    List,
    /// Fetch a model
    Pull {
        /// An alias, `org/name[@revision][:file]`, or nothing for the default model
        #[arg(default_value = DEFAULT)]
        model: String,
    },
    /// Show what is known about a model
    Show {
        /// Any way to name a model
        #[arg(default_value = DEFAULT)]
        model: String,
    },
    /// Remove a model from the caches
    Rm {
        /// An alias or `org/name[@revision][:file]`
        model: String,
    },
    /// Print the path of a model, or without a name the folders of all models
    Path {
        /// Any way to name a model
        model: Option<String>,
    },
}

/// Runs a subcommand.
pub(super) fn run_command(
    command: &ModelsCommand,
    global: &Global,
) -> Result<CommandOutcome, CliError> {
    let json = global.format() == OutputFormat::Json;
    run(
        command,
        json,
        &global.store(),
        &mut anstream::stdout().lock(),
    )?;
    Ok(CommandOutcome::Clean)
}

/// Runs a subcommand and writes its answer to `out`, as text or as one JSON object.
///
/// # Errors
/// Those of the store; writing to `out` fails as [`StoreError::Io`].
pub fn run(
    command: &ModelsCommand,
    json: bool,
    options: &StoreOptions,
    out: &mut dyn Write,
) -> Result<(), StoreError> {
    let parse = |text: &str| ModelRef::parse_with(text, options.catalogue);
    let answer = match command {
        ModelsCommand::List => {
            let entries = hoplens_store::list(options);
            answer(
                json,
                || json!({"schema": 1, "models": entries}),
                || list_text(&entries),
            )
        }
        ModelsCommand::Pull { model } => {
            let bar = progress_bar();
            let model = parse(model)?;
            let pulled = hoplens_store::fetch(&model, options, &bar, &|| false);
            bar.finish();
            pulled?;
            let entry = hoplens_store::entry(&model, options)?;
            answer(
                json,
                || json!({"schema": 1, "model": entry}),
                || show_text(&entry),
            )
        }
        ModelsCommand::Show { model } => {
            let entry = hoplens_store::entry(&parse(model)?, options)?;
            answer(
                json,
                || json!({"schema": 1, "model": entry}),
                || show_text(&entry),
            )
        }
        ModelsCommand::Rm { model } => {
            let removed = hoplens_store::remove(&parse(model)?, options)?;
            answer(
                json,
                || json!({"schema": 1, "removed": removed}),
                || removed_text(&removed),
            )
        }
        ModelsCommand::Path { model: Some(model) } => {
            let model = parse(model)?;
            let located =
                hoplens_store::locate(&model, options)?.ok_or_else(|| StoreError::Absent {
                    name: model.to_string(),
                    remedy: format!("run `hoplens models pull {model}`"),
                })?;
            let path = located.path();
            answer(
                json,
                || json!({"schema": 1, "path": path}),
                || format!("{}\n", path.display()),
            )
        }
        ModelsCommand::Path { model: None } => answer(
            json,
            || {
                json!({
                    "schema": 1,
                    "hub_cache": options.hf_cache,
                    "hoplens_cache": options.hoplens_cache,
                    "ollama": options.ollama,
                })
            },
            || {
                format!(
                    "{}\n{}\n",
                    options.hoplens_cache.display(),
                    options.hf_cache.display()
                )
            },
        ),
    };
    out.write_all(answer.as_bytes())
        .map_err(|source| StoreError::Io {
            path: "standard output".into(),
            action: "write",
            source,
        })
}

fn answer(
    as_json: bool,
    data: impl FnOnce() -> serde_json::Value,
    text: impl FnOnce() -> String,
) -> String {
    if as_json {
        format!("{:#}\n", data())
    } else {
        text()
    }
}

fn list_text(entries: &[ModelEntry]) -> String {
    let width = entries
        .iter()
        .map(|entry| entry.name.len())
        .max()
        .unwrap_or(0);
    entries.iter().fold(String::new(), |text, entry| {
        let mark = if entry.installed { "installed" } else { "-" };
        let default = if entry.default { "  (default)" } else { "" };
        let size = entry.size.map_or_else(|| "?".to_owned(), megabytes);
        let licence = entry.licence.as_deref().unwrap_or("licence unknown");
        let name = &entry.name;
        text + &format!("{name:width$}  {size:>9}  {mark:9}  {licence}{default}\n")
    })
}

fn show_text(entry: &ModelEntry) -> String {
    let unknown = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
    let place = match &entry.path {
        Some(path) => path.display().to_string(),
        None => format!("not on this machine; `hoplens models pull {}`", entry.name),
    };
    let sha256 = entry.sha256.clone().unwrap_or_else(|| {
        if entry.installed {
            "not known without reading the file".to_owned()
        } else {
            "not pinned; the hub's own hash is checked when it is fetched".to_owned()
        }
    });
    let source = match (&entry.repo, &entry.revision) {
        (Some(repo), Some(revision)) => format!("source    {repo}@{revision}\n"),
        _ => String::new(),
    };
    let size = entry.size.map_or_else(|| "unknown".to_owned(), megabytes);
    let lens = entry.jacobian_lens.as_ref();
    let lens = lens.map_or_else(String::new, |path| {
        format!("lens      {}\n", path.display())
    });
    format!(
        "name      {}\npath      {place}\n{source}size      {size}\nfamily    {}\nlicence   {}\nsha256    {sha256}\n{lens}",
        entry.name,
        unknown(&entry.family),
        unknown(&entry.licence),
    )
}

fn removed_text(removed: &RemovalReport) -> String {
    let list = removed.paths.iter().fold(String::new(), |text, path| {
        text + &format!("removed {}\n", path.display())
    });
    format!("{list}{} freed\n", megabytes(removed.freed))
}

/// Formats a size in decimal units, as disks and the hub do.
fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", (bytes + 500_000) / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// Returns a progress bar on stderr. If stderr is no terminal, a line is printed for each tenth
/// instead.
pub fn progress_bar() -> StderrProgress {
    let terminal = io::stderr().is_terminal();
    let bar = ProgressBar::with_draw_target(
        None,
        if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        },
    );
    let template = "{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    StderrProgress {
        bar,
        terminal,
        shown: Mutex::new(Shown::default()),
    }
}

/// Progress of fetches, for terminals and for logs; see [`progress_bar`].
pub struct StderrProgress {
    bar: ProgressBar,
    terminal: bool,
    shown: Mutex<Shown>,
}

/// The state that the last line reported.
#[derive(Default)]
struct Shown {
    what: String,
    tenth: u64,
}

impl Shown {
    /// Returns the percentage to report, if this state needs a line: a new file begins, or another
    /// tenth of it is done.
    fn advance(&mut self, what: &str, done: u64, total: u64) -> Option<u64> {
        let tenth = done.saturating_mul(10).checked_div(total)?;
        let new = self.what != what;
        if !new && tenth <= self.tenth {
            return None;
        }
        what.clone_into(&mut self.what);
        self.tenth = tenth;
        Some(tenth * 10)
    }
}

impl StderrProgress {
    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, text: &str) {
        if self.terminal {
            self.bar.suspend(|| to_stderr(text));
        } else {
            to_stderr(text);
        }
    }
}

fn to_stderr(text: &str) {
    // A failure to write to standard error cannot be reported.
    let _ = writeln!(io::stderr(), "{text}");
}

impl FetchProgress for StderrProgress {
    fn bytes(&self, what: &str, done: u64, total: Option<u64>) {
        if self.terminal {
            if self.bar.message() != what {
                self.bar.reset();
                self.bar.set_message(what.to_owned());
            }
            if let Some(total) = total {
                self.bar.set_length(total);
            }
            self.bar.set_position(done);
            return;
        }
        let Ok(mut shown) = self.shown.lock() else {
            return;
        };
        if let Some(total) = total
            && let Some(percent) = shown.advance(what, done, total)
        {
            self.line(&format!("{what}: {percent} % of {}", megabytes(total)));
        }
    }

    fn note(&self, text: &str) {
        self.line(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_have_one_line_for_each_tenth() {
        let mut shown = Shown::default();
        let lines: Vec<u64> = (0..=1000)
            .filter_map(|n| shown.advance("a", n, 1000))
            .collect();
        assert_eq!(lines, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
        assert_eq!(
            shown.advance("b", 0, 10),
            Some(0),
            "another file begins anew"
        );
        assert_eq!(
            shown.advance("b", 0, 0),
            None,
            "an empty file has no tenths"
        );
    }

    #[test]
    fn sizes_are_decimal() {
        assert_eq!(megabytes(1), "1 kB");
        assert_eq!(megabytes(98_362_432), "98 MB");
        assert_eq!(megabytes(2_200_119_864), "2.2 GB");
    }
}
