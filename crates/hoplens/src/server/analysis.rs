//! Looking at prompts: what can be said at once, then the model's word, then measured repairs.

use std::sync::Arc;

use tracing::Instrument;

use crate::engine::{EngineError, ModelStatus, Priority};
use crate::server::documents::ByteEdit;
use crate::server::key::Key;
use crate::server::prompts::Look;
use crate::server::repairs;
use crate::server::settings::Run;
use crate::server::state::State;
use crate::server::view::View;
use hoplens_analysis::{
    AnalysisContext, AnalysisError, FileFindings, PromptSource, answer, find_verdicts, undeclared,
};
use hoplens_prompt::Facts;
use hoplens_workspace::Disk;

/// Why a prompt is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// It was opened.
    Opened,
    /// It, or its sidecar, was edited.
    Edited,
    /// It, or its sidecar, was saved or changed on the disk.
    Saved,
    /// It, or its sidecar, was closed.
    Closed,
    /// There is a (new) model.
    NewModel,
    /// Somebody asked for it.
    Asked,
    /// Somebody wants to see something that rests on findings, and no repairs.
    Wanted,
}

/// Begins a look at a prompt; whatever was under way for it ends. Returns at once.
pub(super) fn look(state: &Arc<State>, key: &Key, cause: Cause, edits: &[ByteEdit]) {
    let look = state.prompts.begin(key, edits);
    // Only now: a model that gets ready from here on finds the prompt among all others.
    let asks_model = asks_model(state, key, cause);
    if asks_model {
        state.prompts.set_pending(key, &look, true);
    }
    let span = tracing::debug_span!("look", number = look.number, ?cause);
    let (state, key) = (Arc::clone(state), key.clone());
    let looking = async move {
        if !read(&state, &key, &look) || !asks_model {
            return;
        }
        if cause == Cause::Edited {
            tokio::time::sleep(state.settings().debounce()).await;
        }
        if state.prompts.is_current(&key, &look) && !ask(&state, &key, &look, cause).await {
            state.prompts.set_pending(&key, &look, false);
        }
    };
    tokio::spawn(looking.instrument(span));
}

/// Looks again only if the prompt or its sidecar reads differently, or the model has not looked
/// at it yet and now may.
pub(super) fn look_if_changed(state: &Arc<State>, key: &Key) {
    let unchanged = || {
        let before = state.prompts.last_view(key)?;
        let now = View::read(state, key)?;
        let is_done = before.snapshot.findings.is_some()
            || state
                .prompts
                .known(key)
                .is_some_and(|known| known.is_pending);
        (before.same_texts(&now) && is_done).then_some(())
    };
    if unchanged().is_none() {
        look(state, key, Cause::Saved, &[]);
    }
}

/// Looks at every prompt anew.
pub(super) fn look_at_all(state: &Arc<State>, cause: Cause) {
    for key in state.prompts.keys() {
        look(state, &key, cause, &[]);
    }
}

fn asks_model(state: &State, key: &Key, cause: Cause) -> bool {
    let may = match (state.settings().run, cause) {
        (_, Cause::Closed) | (Run::OnSave, Cause::Edited) => false,
        (_, Cause::Asked | Cause::Wanted) | (Run::OnType | Run::OnSave, _) => true,
        (Run::Manual, _) => false,
    };
    // A prompt that is not open is there only for its sidecar's sake.
    may && state.documents.is_open(key) && matches!(state.engine.status(), ModelStatus::Ready(_))
}

/// Reads the files and tells what can be said without a model. False if there is no more to do.
fn read(state: &State, key: &Key, look: &Look) -> bool {
    // In a burst of edits only the last one is worth reading.
    if !state.prompts.is_current(key, look) {
        return false;
    }
    let Some(view) = View::read(state, key) else {
        state.prompts.remove(key, look);
        state.publish(key);
        return false;
    };
    let is_current = state.prompts.set_view(key, look, view);
    if is_current {
        state.publish(key);
    }
    is_current
}

/// Has the model look at the prompt, and measures repairs of what fails. False if the model did
/// not answer.
async fn ask(state: &Arc<State>, key: &Key, look: &Look, cause: Cause) -> bool {
    let Some(view) = state.prompts.last_view(key) else {
        return false;
    };
    let settings = state.hop_settings(key);
    let seen = Arc::clone(&view);
    let answer = state
        .engine
        .submit(Priority::Diagnostics, &look.cancel, move |model, cancel| {
            let snapshot = &seen.snapshot;
            let context = AnalysisContext::new(model, &settings, cancel);
            find_verdicts(&context, PromptSource::new(&snapshot.file, &snapshot.text))
        });
    let Some(findings) = answered(state, answer.await) else {
        return false;
    };
    if !state.prompts.set_findings(key, look, findings.clone()) {
        return true;
    }
    state.publish(key);
    state.refresh.all();
    if cause == Cause::Wanted {
        state.prompts.set_measured(key, look);
        return true;
    }
    repairs::measure(state, key, look, &view, &findings).await;
    state.prompts.set_measured(key, look);
    state.refresh.lenses();
    answers(state, key, look, &findings).await;
    guess(state, key, look, findings).await;
    true
}

/// What the model answers by itself where nothing is expected.
async fn answers(state: &Arc<State>, key: &Key, look: &Look, findings: &FileFindings) {
    let open = |case: &&hoplens_analysis::CaseFindings| {
        case.case.is_none() && case.query.expect.is_empty() && case.outcome.is_ok()
    };
    let asked = findings.cases.iter().enumerate();
    for (index, case) in asked.filter(|(_, case)| open(case)) {
        let settings = state.hop_settings(key);
        let subject = case.query.clone();
        // What a chat template adds has no place in the file.
        let is_chat = case
            .rendered
            .pieces
            .iter()
            .any(|piece| piece.source.is_none());
        let answer =
            state
                .engine
                .submit(Priority::Diagnostics, &look.cancel, move |model, cancel| {
                    let context = AnalysisContext::new(model, &settings, cancel);
                    answer(&context, &subject, is_chat)
                });
        let Some(found) = answered(state, answer.await) else {
            continue;
        };
        if !state.prompts.set_answer(key, look, index, found) {
            return;
        }
    }
}

/// Looks for the hops that nobody declared, last of all and in the background.
async fn guess(state: &Arc<State>, key: &Key, look: &Look, findings: FileFindings) {
    let settings = state.hop_settings(key);
    if settings.declared_only {
        return;
    }
    let facts = Arc::new(facts(key));
    for (index, case) in findings.cases.into_iter().enumerate() {
        if case.outcome.is_err() || !case.query.mentions.is_empty() {
            continue;
        }
        let (settings, facts) = (settings.clone(), Arc::clone(&facts));
        let answer =
            state
                .engine
                .submit(Priority::Diagnostics, &look.cancel, move |model, cancel| {
                    let context = AnalysisContext::new(model, &settings, cancel);
                    undeclared(&context, &case.query, &facts)
                });
        let Some(Some(found)) = answered(state, answer.await) else {
            continue;
        };
        if !state.prompts.set_undeclared(key, look, index, found) {
            return;
        }
        state.publish(key);
    }
}

/// The facts of a prompt; none where they cannot be read.
fn facts(key: &Key) -> Facts {
    let Some(path) = key.path() else {
        return Facts::default();
    };
    hoplens_workspace::facts(&Disk, path).unwrap_or_else(|error| {
        tracing::warn!(%error, "the facts are left out");
        Facts::default()
    })
}

/// The answer, or nothing: cancelled work is void, and what else can go wrong is logged.
pub(super) fn answered<T, E>(
    state: &State,
    answer: Result<Result<Result<T, AnalysisError>, EngineError>, E>,
) -> Option<T> {
    match answer {
        Ok(Ok(Ok(value))) => Some(value),
        Ok(Ok(Err(error))) => {
            if !error.is_cancelled() {
                tracing::warn!("the model could not look at a prompt; debug has the reason");
                // It may quote the prompt.
                tracing::debug!(%error, "the reason");
            }
            None
        }
        Ok(Err(EngineError::Panicked(message))) => {
            state.tell_of_panic(&message);
            None
        }
        Ok(Err(_)) | Err(_) => None,
    }
}
