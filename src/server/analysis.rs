//! Looking at prompts: what can be said at once, then the model's word, then measured repairs.

use std::sync::Arc;

use super::documents::ByteEdit;
use super::key::Key;
use super::progress::{Progress, Step};
use super::prompts::Look;
use super::settings::Run;
use super::state::State;
use super::view::View;
use crate::engine::{EngineError, ModelStatus, Priority, facts_of};
use crate::hop::{
    CaseFindings, Document, FileFindings, HopError, Neighbours, analyse, answer, measure,
    undeclared,
};
use crate::prompt::Facts;

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
}

/// Begins a look at a prompt; whatever was under way for it ends. Returns at once.
pub(super) fn look(state: &Arc<State>, key: &Key, cause: Cause, edits: &[ByteEdit]) {
    let look = state.prompts.begin(key, edits);
    // Only now: a model that gets ready from here on finds the prompt among all others.
    let asks_model = asks_model(state, key, cause);
    if asks_model {
        state.prompts.set_pending(key, &look, true);
    }
    let (state, key) = (Arc::clone(state), key.clone());
    tokio::spawn(async move {
        if !read(&state, &key, &look) || !asks_model {
            return;
        }
        if cause == Cause::Edited {
            tokio::time::sleep(state.settings().debounce()).await;
        }
        if state.prompts.is_current(&key, &look) && !ask(&state, &key, &look).await {
            state.prompts.set_pending(&key, &look, false);
        }
    });
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
        (_, Cause::Asked) | (Run::OnType | Run::OnSave, _) => true,
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
async fn ask(state: &Arc<State>, key: &Key, look: &Look) -> bool {
    let Some(view) = state.prompts.last_view(key) else {
        return false;
    };
    let settings = state.hop_settings(key);
    let seen = Arc::clone(&view);
    let answer = state
        .engine
        .submit(Priority::Diagnostics, &look.cancel, move |model, cancel| {
            let snapshot = &seen.snapshot;
            analyse(model, &snapshot.file, &snapshot.text, &settings, cancel)
        });
    let Some(findings) = answered(answer.await) else {
        return false;
    };
    if !state.prompts.set_findings(key, look, findings.clone()) {
        return true;
    }
    state.publish(key);
    state.refresh.notify_one();
    repair(state, key, look, &view, findings.clone()).await;
    state.prompts.set_measured(key, look);
    state.refresh.notify_one();
    answers(state, key, look, &findings).await;
    guess(state, key, look, findings).await;
    true
}

/// What the model answers by itself where nothing is expected.
async fn answers(state: &Arc<State>, key: &Key, look: &Look, findings: &FileFindings) {
    let open = |case: &&CaseFindings| {
        case.case.is_none() && case.subject.expect.is_empty() && case.outcome.is_ok()
    };
    let asked = findings.cases.iter().enumerate();
    for (index, case) in asked.filter(|(_, case)| open(case)) {
        let settings = state.hop_settings(key);
        let subject = case.subject.clone();
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
                    answer(model, &subject, is_chat, &settings, cancel)
                });
        let Some(found) = answered(answer.await) else {
            continue;
        };
        if !state.prompts.set_answer(key, look, index, found) {
            return;
        }
    }
}

/// Measures the repairs of every case that fails, in the background.
async fn repair(
    state: &Arc<State>,
    key: &Key,
    look: &Look,
    view: &Arc<View>,
    findings: FileFindings,
) {
    let cases = findings.cases.iter();
    let others = cases.map(|case| case.subject.clone());
    let around = Arc::new(Neighbours::new(&view.snapshot.file, others));
    let wants = |case: &CaseFindings| matches!(&case.outcome, Ok(found) if found.wants_repairs());
    let total = findings.cases.iter().filter(|case| wants(case)).count();
    let title = format!("Measuring repairs of {}", key.short_name());
    let shown = (0 < total).then(|| Progress::begin_later(state, title));
    let mut done = 0;
    for (index, case) in findings.cases.into_iter().enumerate() {
        if !wants(&case) {
            continue;
        }
        if let Some(shown) = &shown {
            shown.report(Step {
                message: format!("case {} of {total}", done + 1),
                percent: (100 * done / total) as u32,
            });
        }
        done += 1;
        let settings = state.hop_settings(key);
        let around = Arc::clone(&around);
        let view = Arc::clone(view);
        let answer = state.engine.submit_long(
            Priority::Diagnostics,
            &look.cancel,
            move |model, cancel, pause| {
                let mut pause = |_| pause();
                let document = Document {
                    file: &view.snapshot.file,
                    text: &view.snapshot.text,
                };
                measure(
                    model, document, &case, &around, &settings, cancel, &mut pause,
                )
            },
        );
        let Some(repairs) = answered(answer.await) else {
            continue;
        };
        if !state.prompts.set_repairs(key, look, index, repairs) {
            return;
        }
        // Clients ask for actions when diagnostics change.
        state.publish(key);
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
        if case.outcome.is_err() || !case.subject.mentions.is_empty() {
            continue;
        }
        let (settings, facts) = (settings.clone(), Arc::clone(&facts));
        let answer =
            state
                .engine
                .submit(Priority::Diagnostics, &look.cancel, move |model, cancel| {
                    undeclared(model, &case.subject, &facts, &settings, cancel)
                });
        let Some(Some(found)) = answered(answer.await) else {
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
    facts_of(path).unwrap_or_else(|error| {
        tracing::warn!(%error, "the facts are left out");
        Facts::default()
    })
}

/// The answer, or nothing: cancelled work is void, and what else can go wrong is logged.
fn answered<T, E>(answer: Result<Result<Result<T, HopError>, EngineError>, E>) -> Option<T> {
    match answer {
        Ok(Ok(Ok(value))) => Some(value),
        Ok(Ok(Err(error))) => {
            if !error.is_cancelled() {
                tracing::warn!(%error, "the model could not look at a prompt");
            }
            None
        }
        Ok(Err(error @ EngineError::Panicked(_))) => {
            tracing::error!(%error);
            None
        }
        Ok(Err(_)) | Err(_) => None,
    }
}
