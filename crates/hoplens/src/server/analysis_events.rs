//! How an analysis proceeds: its files are read, typing pauses, the model reports results.

use std::sync::Arc;

use crate::engine::ModelStatus;
use crate::server::analysis_task;
use crate::server::analysis_task::AnalysisTask;
use crate::server::document::ByteEdit;
use crate::server::document_key::DocumentKey;
use crate::server::event::{AnalysisResult, Event, TimerEvent, Trigger};
use crate::server::prompt_view::PromptView;
use crate::server::read_prompt::{PromptFiles, is_prompt_by_itself};
use crate::server::server_settings::RunMode;
use crate::server::session::{RunControl, Session};
use crate::server::snapshot::PromptSnapshot;
use crate::server::stale_findings::StaleFindings;
use crate::server::watched_files;
use hoplens_analysis::{AnalysisEvent, FileFindings, FileInfluence};
use hoplens_runtime::CancelToken;

impl Session {
    /// Begins an analysis of a prompt after `edits` of its text, and ends the one before; returns
    /// its number.
    pub(super) fn analyze(
        &mut self,
        key: &DocumentKey,
        trigger: Trigger,
        edits: &[ByteEdit],
    ) -> u64 {
        let number = self.next_run();
        let runs_model = self.runs_model(key, trigger);
        let run = RunControl {
            number,
            trigger,
            runs_model,
            cancel: CancelToken::new(),
            superseded: CancelToken::new(),
        };
        let superseded = run.superseded.clone();
        if let Some(before) = self.runs.insert(key.clone(), run) {
            before.cancel.cancel();
            before.superseded.cancel();
        }
        self.shift_stale_findings(key, edits);
        let is_prompt = self.is_known_prompt(key);
        let prompts = Arc::make_mut(&mut self.change().prompts);
        let prompt = Arc::make_mut(prompts.entry(key.clone()).or_default());
        prompt.run = number;
        prompt.is_classified = is_prompt;
        prompt.is_pending = runs_model;
        prompt.is_measuring = false;
        let files = self.files_of(key, is_prompt);
        self.handle.files.read_prompt(files, number, superseded);
        tracing::debug!(number, ?trigger, "an analysis begins");
        number
    }

    /// Analyzes every prompt again.
    pub(super) fn analyze_all(&mut self, trigger: Trigger) {
        let keys: Vec<DocumentKey> = self.current.prompts.keys().cloned().collect();
        for key in keys {
            self.analyze(&key, trigger, &[]);
        }
    }

    /// Analyzes a prompt again if its files have changed. After a save, also if the model has not
    /// analyzed it yet and now may.
    pub(super) fn analyze_if_changed(&self, key: &DocumentKey, trigger: Trigger) {
        if self.current.prompts.contains_key(key) {
            let files = self.files_of(key, true);
            self.handle.files.reread_prompt(files, trigger);
        }
    }

    /// The same for every prompt except `changed`, a file that prompts share.
    pub(super) fn analyze_dependents(&self, changed: &DocumentKey, trigger: Trigger) {
        for key in self.current.prompts.keys().filter(|key| *key != changed) {
            self.analyze_if_changed(key, trigger);
        }
    }

    /// The same for every prompt that `changed` is a companion of.
    pub(super) fn analyze_readers(&self, changed: &DocumentKey, trigger: Trigger) {
        for key in self.readers_of(changed) {
            self.analyze_if_changed(key, trigger);
        }
    }

    /// Returns the prompts that read or looked for a file, without the prompt that the file is or
    /// is the sidecar of.
    pub(super) fn readers_of<'a>(
        &'a self,
        file: &'a DocumentKey,
    ) -> impl Iterator<Item = &'a DocumentKey> {
        let (own, _) = file.prompt_and_origin();
        let prompts = self.current.prompts.iter();
        let reads = move |prompt: &PromptSnapshot| {
            let paths = prompt.view.as_ref().map(|view| &view.companion_paths);
            paths.is_some_and(|paths| file.path().is_some_and(|path| paths.contains(path)))
        };
        let readers = prompts.filter(move |(key, prompt)| **key != own && reads(prompt));
        readers.map(|(key, _)| key)
    }

    /// Asks the client to watch the companions of a prompt.
    fn watch_companions(&mut self, view: &PromptView) {
        if self.current.client.watch_files {
            let (client, known) = (&self.handle.client, &mut self.watched_names);
            watched_files::register_companions(client, &view.companion_paths, known);
        }
    }

    /// Ends the work of the model for prompts; returns for how many there was any.
    pub(super) fn cancel_analyses(&mut self, keys: &[DocumentKey]) -> usize {
        let mut ended = 0;
        for key in keys {
            if let Some(run) = self.runs.get(key) {
                run.cancel.cancel();
            }
            self.change_prompt(key, |prompt| {
                ended += usize::from(prompt.is_pending || prompt.is_measuring);
                prompt.is_pending = false;
                prompt.is_measuring = false;
            });
            self.publish(key);
        }
        self.refresh.all();
        ended
    }

    /// The files of a prompt were read: publishes what is known without a model, then continues
    /// with the model.
    pub(super) fn prompt_read(
        &mut self,
        key: &DocumentKey,
        run: u64,
        view: Option<Box<PromptView>>,
    ) {
        if !self.is_newest_run(key, run) {
            return;
        }
        self.publish(key);
        let Some(view) = view else {
            self.runs.remove(key);
            Arc::make_mut(&mut self.change().prompts).remove(key);
            return;
        };
        self.watch_companions(&view);
        self.change_prompt(key, |prompt| {
            prompt.is_classified = true;
            prompt.view_run = run;
            prompt.view = Some(Arc::new(*view));
        });
        let Some(control) = self.runs.get(key).filter(|control| control.runs_model) else {
            return;
        };
        if control.trigger != Trigger::Edited {
            self.run_model(key, run);
            return;
        }
        let delay = self.current.settings.debounce();
        let (events, key) = (self.handle.events.clone(), key.clone());
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            // The event loop ends with the process.
            let _ = events.send(Event::Timer(TimerEvent::TypingPaused { key, run }));
        });
    }

    /// The files of a prompt were read again because some of them may have changed.
    pub(super) fn prompt_reread(
        &mut self,
        key: &DocumentKey,
        trigger: Trigger,
        view: Option<&PromptView>,
    ) {
        let Some(prompt) = self.current.prompts.get(key) else {
            return;
        };
        let is_unchanged = match (&prompt.view, view) {
            (Some(before), Some(now)) => before.has_same_content(now),
            _ => false,
        };
        let has_findings = |view: &Arc<PromptView>| view.snapshot.findings.is_some();
        let is_pending = prompt.is_pending && prompt.current_view().is_some();
        let is_done = is_pending || prompt.view.as_ref().is_some_and(has_findings);
        if !is_unchanged || (trigger == Trigger::Saved && !is_done) {
            self.analyze(key, trigger, &[]);
        }
    }

    /// Has the model analyze a prompt whose files were read for this run.
    pub(super) fn run_model(&mut self, key: &DocumentKey, run: u64) {
        let Some(control) = self.runs.get(key).filter(|control| control.number == run) else {
            return;
        };
        let view = self.current.prompts.get(key);
        let view = view.and_then(|prompt| prompt.current_view()).cloned();
        let Some(view) = view.filter(|_| !control.cancel.is_cancelled()) else {
            return;
        };
        analysis_task::spawn(AnalysisTask {
            handle: self.handle.clone(),
            key: key.clone(),
            run,
            cancel: control.cancel.clone(),
            settings: self.current.analysis_settings(&view),
            view,
            with_repairs: control.trigger != Trigger::FindingsNeeded,
        });
    }

    /// The model has a result.
    pub(super) fn analysis_result(&mut self, key: &DocumentKey, run: u64, result: AnalysisResult) {
        if !self.is_newest_run(key, run) {
            return;
        }
        match result {
            AnalysisResult::Step(event) => self.analysis_step(key, *event),
            AnalysisResult::RepairsDone => {
                self.change_prompt(key, |prompt| prompt.is_measuring = false);
                self.refresh.lenses();
            }
            AnalysisResult::NoFindings => {
                self.change_prompt(key, |prompt| prompt.is_pending = false);
            }
        }
    }

    fn analysis_step(&mut self, key: &DocumentKey, event: AnalysisEvent) {
        let event = match event {
            AnalysisEvent::Verdicts(findings) => return self.set_findings(key, findings),
            event => event,
        };
        // Clients request code actions again when diagnostics change.
        let is_shown = match &event {
            AnalysisEvent::Repairs { .. }
            | AnalysisEvent::Evidence { .. }
            | AnalysisEvent::Replies { .. } => true,
            AnalysisEvent::Undeclared { found, .. } => found.is_some(),
            _ => false,
        };
        self.change_prompt(key, |prompt| {
            if let Some(view) = &mut prompt.view {
                event.apply(&mut Arc::make_mut(view).snapshot.findings);
            }
        });
        if is_shown {
            self.publish(key);
        }
    }

    fn set_findings(&mut self, key: &DocumentKey, findings: FileFindings) {
        let with_repairs = self
            .runs
            .get(key)
            .is_some_and(|run| run.trigger != Trigger::FindingsNeeded);
        self.change_prompt(key, |prompt| {
            prompt.is_pending = false;
            prompt.is_measuring = with_repairs;
            if let Some(view) = &mut prompt.view {
                Arc::make_mut(view).snapshot.findings = Some(findings);
                prompt.stale = Arc::new(StaleFindings::from(&view.snapshot));
            }
        });
        self.publish(key);
        self.refresh.all();
    }

    /// Stores the influence of a prompt's sentences if its text was read for `run`.
    pub(super) fn set_influence(&mut self, key: &DocumentKey, run: u64, influence: FileInfluence) {
        let prompt = self.current.prompts.get(key);
        if prompt.is_none_or(|prompt| prompt.view_run != run) {
            return;
        }
        self.change_prompt(key, |prompt| {
            if let Some(view) = &mut prompt.view {
                Arc::make_mut(view).snapshot.influence = Some(influence);
            }
        });
        self.publish(key);
    }

    /// Calls `keep` with the view of a prompt if it was read for `run`.
    pub(super) fn with_view_of(&self, key: &DocumentKey, run: u64, keep: impl FnOnce(&PromptView)) {
        let prompt = self.current.prompts.get(key);
        let prompt = prompt.filter(|prompt| prompt.view_run == run);
        if let Some(view) = prompt.and_then(|prompt| prompt.view.as_ref()) {
            keep(view);
        }
    }

    fn runs_model(&self, key: &DocumentKey, trigger: Trigger) -> bool {
        let may = match trigger {
            Trigger::Closed => false,
            Trigger::Command | Trigger::FindingsNeeded => true,
            Trigger::Edited => self.current.settings.run == RunMode::OnType,
            Trigger::Opened | Trigger::Saved | Trigger::ModelLoaded => {
                self.current.settings.run != RunMode::Manual
            }
        };
        // A prompt that is not open is read only for its open sidecar.
        may && self.current.documents.contains_key(key)
            && matches!(*self.current.model, ModelStatus::Ready(_))
    }

    fn is_known_prompt(&self, key: &DocumentKey) -> bool {
        let prompt = self.current.prompts.get(key);
        if prompt.is_some_and(|prompt| prompt.is_classified) {
            return true;
        }
        match self.current.documents.get(key) {
            Some(document) => is_prompt_by_itself(key, &document.language, &document.text),
            // Its sidecar is open.
            None => true,
        }
    }

    fn files_of(&self, key: &DocumentKey, is_prompt: bool) -> PromptFiles {
        PromptFiles {
            key: key.clone(),
            is_prompt,
            documents: Arc::clone(&self.current.documents),
        }
    }
}
