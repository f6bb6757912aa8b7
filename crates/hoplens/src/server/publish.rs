//! Telling the client what is wrong, in one place, so that nothing old overtakes anything new.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tower_lsp_server::ls_types::Uri;
use tower_lsp_server::ls_types::notification::Notification;

use crate::engine::ModelStatus;
use crate::server::convert;
use crate::server::key::Key;
use crate::server::projects;
use crate::server::projects::is_project;
use crate::server::prompts::Known;
use crate::server::state::State;
use hoplens_prompt::Origin;

/// More than anybody reads; a generated file could have thousands.
const MOST: usize = 200;

/// `hoplens/didAnalyze`: what is shown beside a prompt may be asked for anew. For clients that no
/// refresh reaches.
#[derive(Debug)]
enum DidAnalyze {}

impl Notification for DidAnalyze {
    type Params = DidAnalyzeParams;
    const METHOD: &'static str = "hoplens/didAnalyze";
}

#[derive(Debug, Serialize, Deserialize)]
struct DidAnalyzeParams {
    uri: Uri,
    version: Option<i32>,
}

/// The prompts whose diagnostics the client should be told, each once, however long it takes the
/// client to listen.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    keys: Mutex<HashSet<Key>>,
    wake: Notify,
}

impl Wanted {
    pub(super) fn add(&self, key: &Key) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if !keys.contains(key) {
            keys.insert(key.clone());
        }
        drop(keys);
        self.wake.notify_one();
    }

    /// Waits for some.
    async fn take(&self) -> HashSet<Key> {
        self.wake.notified().await;
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *keys)
    }
}

/// Publishes the newest diagnostics of each prompt that is named.
pub(super) async fn run(state: Arc<State>) {
    // Where each prompt's diagnostics were shown, to be able to clear them.
    let mut shown: HashMap<Key, Vec<Uri>> = HashMap::new();
    loop {
        for key in state.publish.take().await {
            if state.lifecycle.is_shutting_down() {
                continue;
            }
            let before = shown.remove(&key).unwrap_or_default();
            if is_project(&key) {
                let now = publish_settings(&state, &key, before).await;
                if !now.is_empty() {
                    shown.insert(key, now);
                }
            } else if !state.prompts.contains(&key) {
                clear(&state, before).await;
            } else if let Some(known) = state.prompts.known(&key) {
                let now = publish(&state, &known, &before).await;
                shown.insert(key, now);
            } else {
                // A newer text is being read; it will be published.
                shown.insert(key, before);
            }
        }
    }
}

async fn clear(state: &State, uris: Vec<Uri>) {
    for uri in uris {
        state
            .client
            .publish_diagnostics(uri, Vec::new(), None)
            .await;
    }
}

/// Publishes what is wrong with a project's settings, if they are open; returns where.
async fn publish_settings(state: &State, key: &Key, before: Vec<Uri>) -> Vec<Uri> {
    let Some(document) = state.documents.get(key) else {
        clear(state, before).await;
        return Vec::new();
    };
    let found = projects::diagnostics(&document, state.can().encoding);
    let (uri, version) = (document.uri.clone(), Some(document.version));
    if found.is_empty() && !before.contains(&uri) {
        return before;
    }
    let now = if found.is_empty() {
        Vec::new()
    } else {
        vec![uri.clone()]
    };
    state.client.publish_diagnostics(uri, found, version).await;
    now
}

/// Publishes and returns where.
async fn publish(state: &State, known: &Known, before: &[Uri]) -> Vec<Uri> {
    let view = &known.view;
    let can = state.can();
    let mut found = hoplens_ide::diagnostics(&view.snapshot);
    if view.snapshot.findings.is_none() {
        found.extend(known.carried.diagnostics.iter().cloned());
    }
    if let ModelStatus::Failed(reason) = state.engine.status() {
        found.extend(hoplens_ide::unknown_model(&view.snapshot, &reason));
    }
    let of = |origin| {
        let own = found.iter().filter(move |one| one.origin == origin);
        own.take(MOST)
            .filter_map(|one| convert::to_diagnostic(view, one, &can))
            .collect::<Vec<_>>()
    };
    let mut now = Vec::new();
    if view.prompt.version.is_some() {
        let (uri, version) = (view.prompt.uri.clone(), view.prompt.version);
        let own = of(Origin::FrontMatter);
        state
            .client
            .publish_diagnostics(uri.clone(), own, version)
            .await;
        now.push(uri);
    }
    if let Some(sidecar) = &view.sidecar {
        let beside = of(Origin::Sidecar);
        if !beside.is_empty() || before.contains(&sidecar.uri) {
            let is_empty = beside.is_empty();
            let (uri, version) = (sidecar.uri.clone(), sidecar.version);
            state
                .client
                .publish_diagnostics(uri.clone(), beside, version)
                .await;
            if !is_empty {
                now.push(uri);
            }
        }
    }
    if can.did_analyze && view.snapshot.findings.is_some() {
        let params = DidAnalyzeParams {
            uri: view.prompt.uri.clone(),
            version: view.prompt.version,
        };
        state.client.send_notification::<DidAnalyze>(params).await;
    }
    let mut gone = before.to_vec();
    let sidecar = view.sidecar.as_ref().map(|sidecar| &sidecar.uri);
    gone.retain(|uri| !now.contains(uri) && Some(uri) != sidecar);
    clear(state, gone).await;
    now
}
