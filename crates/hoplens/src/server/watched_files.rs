//! Asks the client to watch the files that prompts depend on.

use serde_json::json;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types as lsp;

/// Registers the watched files in the background.
pub(super) fn register(client: Client) {
    let registration = lsp::Registration {
        id: "hoplens-sidecars".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: Some(json!({"watchers": [
            {"globPattern": "**/*.hoplens.yaml"},
            {"globPattern": "**/hoplens.toml"},
            {"globPattern": "**/facts.yaml"},
            {"globPattern": "**/promptfooconfig*.{yaml,yml}"},
            {"globPattern": "**/_*.prompt"},
        ]})),
    };
    tokio::spawn(async move {
        if let Err(error) = client.register_capability(vec![registration]).await {
            tracing::warn!(%error, "the client does not watch sidecars");
        }
    });
}
