//! The event loop: applies events to the session, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::mpsc::UnboundedReceiver;

use crate::server::event::{ClientEvent, EngineEvent, Event, FilesEvent, TimerEvent};
use crate::server::session::Session;

/// Applies events to the session until the process ends. Waits for nothing but events.
pub(super) async fn run(mut session: Session, mut events: UnboundedReceiver<Event>) {
    while let Some(event) = events.recv().await {
        apply_without_panic(&mut session, event);
        // Of many events that wait, the snapshot after the last one is enough.
        while let Ok(event) = events.try_recv() {
            apply_without_panic(&mut session, event);
        }
        session.publish_snapshot();
        session.feed_publisher();
    }
}

/// A panic in one event must not end the session.
fn apply_without_panic(session: &mut Session, event: Event) {
    let applied = catch_unwind(AssertUnwindSafe(|| apply(session, event)));
    if applied.is_err() {
        // The panic hook has logged it; a document may be outdated until it is reopened.
        tracing::error!("an event was lost");
    }
}

fn apply(session: &mut Session, event: Event) {
    match event {
        Event::Client(event) => apply_client_event(session, event),
        Event::Engine(event) => apply_engine_event(session, event),
        Event::Files(event) => apply_files_event(session, event),
        Event::Timer(TimerEvent::TypingPaused { key, run }) => session.run_model(&key, run),
    }
}

fn apply_client_event(session: &mut Session, event: ClientEvent) {
    match event {
        ClientEvent::Initialize(params) => session.set_client(&params),
        ClientEvent::Initialized => session.client_is_ready(),
        ClientEvent::Opened(item) => session.open_document(item),
        ClientEvent::Changed(params) => session.change_document(params),
        ClientEvent::Saved(key) => session.document_saved(&key),
        ClientEvent::Closed(key) => session.close_document(&key),
        ClientEvent::FoldersChanged { removed, added } => session.change_roots(&removed, added),
        ClientEvent::FilesChanged(keys) => session.files_changed(&keys),
        ClientEvent::SettingsPushed(settings) => session.settings_pushed(&settings),
        ClientEvent::SettingsReceived {
            number,
            settings,
            is_first,
        } => session.settings_received(number, settings, is_first),
        ClientEvent::RequestArrived(reply) => {
            // Its handler may be gone already.
            let _ = reply.send(session.publish_snapshot());
        }
        ClientEvent::Analyze {
            key,
            trigger,
            reply,
        } => {
            let _ = reply.send(session.analyze(&key, trigger, &[]));
        }
        ClientEvent::CancelAnalyses { keys, reply } => {
            let _ = reply.send(session.cancel_analyses(&keys));
        }
        ClientEvent::ChooseModel(name) => session.choose_model(name),
        ClientEvent::LoadModel(consent) => session.load_model(consent),
        ClientEvent::DiagnosticsSent => session.publisher_finished(),
    }
}

fn apply_engine_event(session: &mut Session, event: EngineEvent) {
    match event {
        EngineEvent::Status(status) => session.model_status_changed(status),
        EngineEvent::Analysis { key, run, result } => session.analysis_result(&key, run, result),
        EngineEvent::TokenRead {
            key,
            run,
            target,
            lens,
        } => session.with_view_of(&key, run, |view| {
            view.lenses.insert(target, lens);
        }),
        EngineEvent::ControlMeasured {
            key,
            run,
            injection,
            percentile,
        } => session.with_view_of(&key, run, |view| {
            view.controls.insert(injection, percentile);
        }),
        EngineEvent::InfluenceMeasured {
            key,
            run,
            influence,
        } => session.set_influence(&key, run, *influence),
        EngineEvent::Panicked(message) => session.report_panic(&message),
        EngineEvent::Search { number, report } => session.search_reported(number, report),
    }
}

fn apply_files_event(session: &mut Session, event: FilesEvent) {
    match event {
        FilesEvent::Prompt { key, run, view } => session.prompt_read(&key, run, view),
        FilesEvent::Reread { key, trigger, view } => {
            session.prompt_reread(&key, trigger, view.as_deref());
        }
        FilesEvent::UnusableProject(error) => session.project_is_unusable(&error),
        FilesEvent::ProjectModel { request, name } => session.model_named(request, name),
        FilesEvent::CodePages(folder) => {
            session.change().code_pages = Some(folder.into());
        }
    }
}
