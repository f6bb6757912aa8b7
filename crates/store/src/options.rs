//! The settings of the store, read once from the environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::catalogue::{Alias, CATALOGUE};

/// The public hub.
const ENDPOINT: &str = "https://huggingface.co";

/// The settings of the store. No other module reads the environment.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Hugging Face cache, shared with other tools: `$HF_HUB_CACHE`, `$HF_HOME/hub` or
    /// `~/.cache/huggingface/hub`.
    pub hf_cache: PathBuf,
    /// The folder of models that do not come from the hub: `$HOPLENS_CACHE/models` or
    /// `~/.cache/hoplens/models` (`%LOCALAPPDATA%\hoplens\models` on Windows).
    pub hoplens_cache: PathBuf,
    /// Model folders of local Ollama installations; the first one that has a model wins.
    pub ollama: Vec<PathBuf>,
    /// Address of the hub without a trailing slash (`HF_ENDPOINT`).
    pub endpoint: String,
    /// Bearer token (`HF_TOKEN`, or the file that `hf auth login` writes). Sent to the
    /// endpoint's own host only.
    pub token: Option<String>,
    /// Never touch the network (`--offline`, `HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`).
    pub offline: bool,
    /// Ways to call pip, tried in order; each a program and its first arguments.
    pub pip: Vec<Vec<String>>,
    /// Whether `HTTPS_PROXY` and its relatives are honoured.
    pub proxy: bool,
    /// How often and how long the hub client retries.
    pub retry: RetryPolicy,
    /// The known aliases.
    pub catalogue: &'static [Alias],
}

/// How often and how long the hub client retries.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Consecutive failures, without a received byte between them, after which it gives up.
    pub attempts: u32,
    /// The pause after the first failure; doubles with each failure.
    pub pause: Duration,
    /// The longest pause, also of a `Retry-After`.
    pub longest: Duration,
    /// Time to connect, and the longest silence while receiving.
    pub timeout: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            pause: Duration::from_millis(500),
            longest: Duration::from_mins(2),
            timeout: Duration::from_secs(30),
        }
    }
}

impl StoreOptions {
    /// The settings that this process's environment asks for.
    pub fn from_env() -> Self {
        Self::from_vars(
            &|name| std::env::var_os(name),
            std::env::home_dir().as_deref(),
        )
    }

    /// The settings that `vars` and the home folder ask for. Empty variables count as unset.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<OsString>, home: Option<&Path>) -> Self {
        let var = |name: &str| vars(name).filter(|value| !value.is_empty());
        let text = |name: &str| var(name).and_then(|value| value.into_string().ok());
        let path = |name: &str| var(name).map(|value| untilde(PathBuf::from(value), home));
        // Without a home folder, the current folder is the only one that belongs to the user.
        let home = home.unwrap_or(Path::new("."));

        let cache = path("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache"));
        let hf_home = path("HF_HOME").unwrap_or_else(|| cache.join("huggingface"));
        let hf_cache = path("HF_HUB_CACHE")
            .or_else(|| path("HUGGINGFACE_HUB_CACHE"))
            .unwrap_or_else(|| hf_home.join("hub"));
        let own = path("HOPLENS_CACHE").unwrap_or_else(|| match path("LOCALAPPDATA") {
            Some(local) if cfg!(windows) => local.join("hoplens"),
            _ => cache.join("hoplens"),
        });
        let token = text("HF_TOKEN")
            .or_else(|| text("HUGGING_FACE_HUB_TOKEN"))
            .or_else(|| {
                let file = path("HF_TOKEN_PATH").unwrap_or_else(|| hf_home.join("token"));
                std::fs::read_to_string(file).ok()
            })
            .map(|token| token.trim().to_owned())
            .filter(|token| !token.is_empty());
        let mut ollama = vec![path("OLLAMA_MODELS").unwrap_or_else(|| home.join(".ollama/models"))];
        if cfg!(target_os = "linux") {
            // Where Ollama's own installer lets the system service keep its models.
            ollama.push(PathBuf::from("/usr/share/ollama/.ollama/models"));
        }

        Self {
            hf_cache,
            hoplens_cache: own.join("models"),
            ollama,
            endpoint: text("HF_ENDPOINT").map_or_else(
                || ENDPOINT.to_owned(),
                |address| address.trim_end_matches('/').to_owned(),
            ),
            token,
            offline: ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]
                .iter()
                .any(|name| text(name).is_some_and(|value| is_true(&value))),
            pip: pip_commands(),
            proxy: true,
            retry: RetryPolicy::default(),
            catalogue: CATALOGUE,
        }
    }

    /// A store inside one folder, offline and without pip, for tests and tools that must not touch
    /// the user's caches.
    pub fn under(root: &Path) -> Self {
        Self {
            hf_cache: root.join("hub"),
            hoplens_cache: root.join("hoplens"),
            ollama: vec![root.join("ollama")],
            endpoint: ENDPOINT.to_owned(),
            token: None,
            offline: true,
            pip: Vec::new(),
            proxy: false,
            retry: RetryPolicy::default(),
            catalogue: CATALOGUE,
        }
    }
}

fn pip_commands() -> Vec<Vec<String>> {
    let mut commands = vec![
        vec!["python3", "-m", "pip"],
        vec!["python", "-m", "pip"],
        vec!["pip3"],
        vec!["pip"],
    ];
    if cfg!(windows) {
        commands.insert(0, vec!["py", "-3", "-m", "pip"]);
    }
    commands
        .into_iter()
        .map(|command| command.into_iter().map(str::to_owned).collect())
        .collect()
}

/// Whether Python tools interpret a value as true.
fn is_true(value: &str) -> bool {
    ["1", "ON", "YES", "TRUE"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

/// Expands a leading `~/`, which a shell does not expand inside quotes.
pub(super) fn untilde(path: PathBuf, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}
