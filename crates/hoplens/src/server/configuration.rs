//! Requests the client's settings.

use std::time::Duration;

use serde_json::json;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types as lsp;

use crate::server::event::ClientEvent;
use crate::server::server_settings::ServerSettings;
use crate::server::session_handle::SessionHandle;

/// A client that does not answer within this time has no settings.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Requests the section `hoplens` of the client's settings in the background; the answer comes as
/// an event.
pub(super) fn request(handle: SessionHandle, number: u64, is_first: bool) {
    tokio::spawn(async move {
        let settings = receive(&handle.client).await;
        handle.send(ClientEvent::SettingsReceived {
            number,
            settings,
            is_first,
        });
    });
}

async fn receive(client: &Client) -> Option<ServerSettings> {
    let item = lsp::ConfigurationItem {
        scope_uri: None,
        section: Some("hoplens".to_owned()),
    };
    let Ok(answer) = tokio::time::timeout(TIMEOUT, client.configuration(vec![item])).await else {
        tracing::warn!("the client did not send its settings in time");
        return None;
    };
    let sections = answer
        .inspect_err(|error| tracing::warn!(%error, "the client has no settings"))
        .ok()?;
    let section = sections.into_iter().next()?;
    ServerSettings::read(&json!({"hoplens": section}))
        .inspect_err(|error| tracing::warn!(%error))
        .ok()?
}

/// Asks the client to report changed settings; some clients do so by themselves.
pub(super) fn register(client: Client) {
    let registration = lsp::Registration {
        id: "hoplens-settings".to_owned(),
        method: "workspace/didChangeConfiguration".to_owned(),
        register_options: Some(json!({"section": "hoplens"})),
    };
    tokio::spawn(async move {
        if let Err(error) = client.register_capability(vec![registration]).await {
            tracing::warn!(%error, "the client does not report changed settings");
        }
    });
}
