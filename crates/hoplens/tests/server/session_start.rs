//! How a test starts its session: the server's flags, and what the client says of itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

/// The configuration of a session.
pub struct Start {
    /// The value of `--model`. If empty, the flag is omitted.
    pub model: String,
    /// The root folder of the editor.
    pub root: Option<PathBuf>,
    /// The workspace folders, if the editor supports several.
    pub folders: Vec<PathBuf>,
    pub args: Vec<String>,
    pub env: Vec<(&'static str, Option<String>)>,
    pub capabilities: Value,
    pub options: Value,
    pub client_name: &'static str,
    pub process_id: Option<u32>,
    /// Methods of notifications that may arrive at any time and any number of times. The newest one
    /// about each document is kept.
    pub at_any_time: Vec<&'static str>,
    /// Whether the client never reads the server's output.
    pub is_deaf: bool,
    /// The timeout of each wait.
    pub patience: Duration,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            model: tiny_gpt2().display().to_string(),
            root: None,
            folders: Vec::new(),
            args: vec!["--offline".into()],
            env: Vec::new(),
            capabilities: json!({
                "general": {"positionEncodings": ["utf-16"]},
                "experimental": {"serverStatusNotification": true},
                "workspace": {"workspaceEdit": {"documentChanges": true, "resourceOperations": ["create"]}},
                "textDocument": {"publishDiagnostics": {"relatedInformation": true}},
            }),
            options: json!({"hoplens": {"debounceMs": 50}}),
            client_name: "e2e",
            process_id: None,
            at_any_time: Vec::new(),
            is_deaf: false,
            patience: Duration::from_mins(2),
        }
    }
}

impl Start {
    /// Returns the parameters of `initialize`.
    pub fn params(&self) -> Value {
        let folders = self.folders.iter().map(|folder| folder_of(folder));
        let folders: Vec<Value> = folders.collect();
        json!({
            "processId": self.process_id,
            "rootUri": self.root.as_deref().map(uri),
            "workspaceFolders": if folders.is_empty() { Value::Null } else { folders.into() },
            "clientInfo": {"name": self.client_name},
            "capabilities": self.capabilities,
            "initializationOptions": self.options,
        })
    }
}

/// Returns a workspace folder in the form of the protocol.
pub fn folder_of(path: &Path) -> Value {
    json!({"uri": uri(path), "name": path.file_name().unwrap().to_str()})
}

/// Returns the folder of the miniature model that most tests use.
pub fn tiny_gpt2() -> PathBuf {
    hoplens_test_support::miniature("tiny-gpt2")
}

/// Returns the URI of a file that need not exist.
pub fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}
