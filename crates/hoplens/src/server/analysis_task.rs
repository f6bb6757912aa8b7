//! The work of the model for one analysis: one job of the engine for each step, whose results are
//! events.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::Instrument;

use crate::engine::{EngineError, Priority};
use crate::reply_line::reply_line;
use crate::server::document_key::DocumentKey;
use crate::server::event::{AnalysisResult, EngineEvent};
use crate::server::progress::{ProgressStep, WorkProgress};
use crate::server::prompt_view::PromptView;
use crate::server::session_handle::SessionHandle;
use hoplens_analysis::{
    AnalysisContext, AnalysisEvent, AnalysisProgress, AnalysisRequest, AnalysisRun,
    AnalysisSettings, AnalysisStep, RepairSelection,
};
use hoplens_prompt::Facts;
use hoplens_runtime::CancelToken;

/// What one analysis needs.
pub(super) struct AnalysisTask {
    /// The access to the session.
    pub handle: SessionHandle,
    /// The prompt.
    pub key: DocumentKey,
    /// The number of the run.
    pub run: u64,
    /// Set when a newer run begins or a command ends this one.
    pub cancel: CancelToken,
    /// The settings.
    pub settings: AnalysisSettings,
    /// The files of the prompt.
    pub view: Arc<PromptView>,
    /// Whether repairs, answers and undeclared hops are searched for.
    pub with_repairs: bool,
}

/// The most characters of a reply in the progress.
const REPLY_SHOWN: usize = 80;

/// Runs an analysis in the background.
pub(super) fn spawn(task: AnalysisTask) {
    let span = tracing::debug_span!("analysis", number = task.run);
    tokio::spawn(async move { task.run().await }.instrument(span));
}

/// How the job of a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StepEnd {
    /// The step has a result.
    Found,
    /// The step has no result; the steps after it may have one.
    Failed,
    /// The analysis is cancelled, or there is no model any more.
    Stopped,
}

impl AnalysisTask {
    async fn run(self) {
        let run = Arc::new(Mutex::new(AnalysisRun::new(self.request())));
        if self.step(&run, AnalysisStep::Verdicts).await != StepEnd::Found {
            self.send(AnalysisResult::NoFindings);
            return;
        }
        if !self.with_repairs {
            return;
        }
        self.repairs(&run).await;
        self.send(AnalysisResult::RepairsDone);
        while let Some(step) = next_step(&run) {
            if self.step(&run, step).await == StepEnd::Stopped {
                return;
            }
        }
    }

    /// Returns the progress of a step that generates replies, which shows them as they grow.
    fn reply_progress(&self, step: AnalysisStep) -> Option<WorkProgress> {
        matches!(step, AnalysisStep::Replies { .. }).then(|| {
            let title = format!("Reading replies to {}", self.key.short_name());
            WorkProgress::begin_later(&self.handle, title)
        })
    }

    fn request(&self) -> AnalysisRequest {
        let snapshot = &self.view.snapshot;
        let verdicts = AnalysisRequest::verdicts(snapshot.file.clone(), snapshot.text.clone());
        if !self.with_repairs {
            return verdicts;
        }
        let facts = if self.settings.declared_only {
            Facts::default()
        } else {
            self.view.facts.as_ref().clone()
        };
        AnalysisRequest {
            facts,
            repairs: RepairSelection::All,
            replies: true,
            answers: true,
            undeclared: true,
            ..verdicts
        }
    }

    /// Measures the repairs of every case that fails, then the evidence for them.
    async fn repairs(&self, run: &Arc<Mutex<AnalysisRun>>) {
        let is_search = |step: &AnalysisStep| matches!(step, AnalysisStep::Repairs { .. });
        let failing = lock(run).remaining_steps().filter(is_search).count();
        if failing == 0 {
            return;
        }
        let title = format!("Measuring repairs of {}", self.key.short_name());
        let progress = WorkProgress::begin_later(&self.handle, title);
        let mut done = 0;
        while let Some(step) = next_step(run) {
            let (what, case) = match step {
                AnalysisStep::Repairs { case } => ("searching", case),
                AnalysisStep::Evidence { case } => ("random memories", case),
                _ => return,
            };
            let id = lock(run).case_id(case).unwrap_or_default().to_owned();
            progress.report(ProgressStep {
                message: format!("{what}, case {id}"),
                // A case has at most two steps.
                percent: (100 * done / (2 * failing)) as u32,
            });
            done += 1;
            if self.step(run, step).await == StepEnd::Stopped {
                return;
            }
        }
    }

    /// Does `step`, which is the next one, as a job of the engine. Sends its result to the session;
    /// logs or reports a failure that the user did not cause.
    async fn step(&self, run: &Arc<Mutex<AnalysisRun>>, step: AnalysisStep) -> StepEnd {
        let (of_job, settings) = (Arc::clone(run), self.settings.clone());
        let progress = self.reply_progress(step);
        let job = self.handle.engine.submit_long(
            Priority::Diagnostics,
            &self.cancel,
            move |model, cancel, pause| {
                let mut pause = |step: AnalysisProgress<'_>| {
                    if let (AnalysisProgress::Replying(reply), Some(shown)) = (step, &progress) {
                        let message = reply_line(reply, REPLY_SHOWN);
                        let percent = 0;
                        shown.report(ProgressStep { message, percent });
                    }
                    pause();
                };
                let context = AnalysisContext::new(model, &settings, cancel);
                lock(&of_job).step(&mut context.with_progress(&mut pause))
            },
        );
        match job.await {
            Ok(Some(AnalysisEvent::Failed { error, .. })) => {
                log_failure(&error.to_string());
                StepEnd::Failed
            }
            Ok(Some(event)) => {
                self.send(AnalysisResult::Step(Box::new(event)));
                StepEnd::Found
            }
            Err(EngineError::Panicked(message)) => {
                self.handle.send_engine(EngineEvent::Panicked(message));
                lock(run).skip(step);
                StepEnd::Failed
            }
            Err(EngineError::Failed(reason)) => {
                log_failure(&reason);
                StepEnd::Stopped
            }
            Ok(None)
            | Err(EngineError::Cancelled | EngineError::NoModel(_) | EngineError::Closed) => {
                StepEnd::Stopped
            }
        }
    }

    fn send(&self, result: AnalysisResult) {
        self.handle.send_engine(EngineEvent::Analysis {
            key: self.key.clone(),
            run: self.run,
            result,
        });
    }
}

fn next_step(run: &Mutex<AnalysisRun>) -> Option<AnalysisStep> {
    lock(run).remaining_steps().next()
}

/// A step that panics leaves the run as it is before the step behind it.
fn lock(run: &Mutex<AnalysisRun>) -> MutexGuard<'_, AnalysisRun> {
    run.lock().unwrap_or_else(PoisonError::into_inner)
}

fn log_failure(reason: &str) {
    tracing::warn!("the model could not analyze a prompt; debug has the reason");
    // It may quote the prompt.
    tracing::debug!(reason, "the reason");
}
