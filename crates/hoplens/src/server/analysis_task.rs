//! The work of the model for one analysis: one job of the engine after the other, whose results
//! are events.

use std::sync::Arc;

use tracing::Instrument;

use crate::engine::{EngineError, Priority};
use crate::server::document_key::DocumentKey;
use crate::server::event::{AnalysisResult, EngineEvent};
use crate::server::progress::{ProgressStep, WorkProgress};
use crate::server::prompt_view::PromptView;
use crate::server::session_handle::SessionHandle;
use hoplens_analysis::{
    AnalysisSettings, CaseFindings, Document, FileFindings, Neighbours, Repair, analyse, answer,
    find_repairs, undeclared, weigh,
};
use hoplens_runtime::Cancel;

/// What one analysis needs.
pub(super) struct AnalysisTask {
    /// The access to the session.
    pub handle: SessionHandle,
    /// The prompt.
    pub key: DocumentKey,
    /// The number of the run.
    pub run: u64,
    /// Set when a newer run begins or a command ends this one.
    pub cancel: Cancel,
    /// The settings.
    pub settings: AnalysisSettings,
    /// The files of the prompt.
    pub view: Arc<PromptView>,
    /// Whether repairs, answers and undeclared hops are searched for.
    pub with_repairs: bool,
}

/// Runs an analysis in the background.
pub(super) fn spawn(task: AnalysisTask) {
    let span = tracing::debug_span!("analysis", number = task.run);
    tokio::spawn(async move { task.run().await }.instrument(span));
}

impl AnalysisTask {
    async fn run(self) {
        let Some(findings) = self.findings().await else {
            self.send(AnalysisResult::NoFindings);
            return;
        };
        self.send(AnalysisResult::Findings(Box::new(findings.clone())));
        if !self.with_repairs {
            return;
        }
        self.repairs(&findings).await;
        self.send(AnalysisResult::RepairsDone);
        self.answers(&findings).await;
        self.undeclared_hops(findings).await;
    }

    async fn findings(&self) -> Option<FileFindings> {
        let (view, settings) = (Arc::clone(&self.view), self.settings.clone());
        let job =
            self.handle
                .engine
                .submit(Priority::Diagnostics, &self.cancel, move |model, cancel| {
                    let snapshot = &view.snapshot;
                    analyse(model, &snapshot.file, &snapshot.text, &settings, cancel)
                });
        self.reported(job.await)
    }

    /// Measures the repairs of every case that fails: first what helps and how much, for every
    /// case, then the evidence for and against it.
    async fn repairs(&self, findings: &FileFindings) {
        let failing = findings.cases.iter().enumerate();
        let failing: Vec<(usize, &CaseFindings)> = failing
            .filter(|(_, case)| matches!(&case.outcome, Ok(found) if found.wants_repairs()))
            .collect();
        if failing.is_empty() {
            return;
        }
        let title = format!("Measuring repairs of {}", self.key.short_name());
        let progress = WorkProgress::begin_later(&self.handle, title);
        let steps = 2 * failing.len();
        let mut done = 0;
        let mut step = |what: &str, case: &CaseFindings| {
            progress.report(ProgressStep {
                message: format!("{what}, case {}", case.id),
                percent: (100 * done / steps) as u32,
            });
            done += 1;
        };
        let mut found: Vec<(usize, &CaseFindings, Vec<Repair>)> = Vec::new();
        for (index, case) in failing {
            if self.cancel.is_cancelled() {
                return;
            }
            step("searching", case);
            let Some(repairs) = self.found_repairs(case).await else {
                continue;
            };
            let weighed = !needs_evidence(findings, &repairs);
            self.send(AnalysisResult::Repairs {
                case: index,
                repairs: repairs.clone(),
                weighed,
            });
            if !weighed {
                found.push((index, case, repairs));
            }
        }
        let others = findings.cases.iter().map(|case| case.query.clone());
        let around = Arc::new(Neighbours::new(&self.view.snapshot.file, others));
        for (index, case, repairs) in found {
            if self.cancel.is_cancelled() {
                return;
            }
            step("random memories", case);
            let Some(repairs) = self.weighed_repairs(case, &around, repairs).await else {
                continue;
            };
            self.send(AnalysisResult::Repairs {
                case: index,
                repairs,
                weighed: true,
            });
        }
    }

    async fn found_repairs(&self, case: &CaseFindings) -> Option<Vec<Repair>> {
        let (case, settings) = (case.clone(), self.settings.clone());
        let job = self.handle.engine.submit_long(
            Priority::Diagnostics,
            &self.cancel,
            move |model, cancel, pause| {
                find_repairs(model, &case, &settings, cancel, &mut |_| pause())
            },
        );
        self.reported(job.await)
    }

    async fn weighed_repairs(
        &self,
        case: &CaseFindings,
        around: &Arc<Neighbours>,
        mut repairs: Vec<Repair>,
    ) -> Option<Vec<Repair>> {
        let (case, settings) = (case.clone(), self.settings.clone());
        let (around, view) = (Arc::clone(around), Arc::clone(&self.view));
        let job = self.handle.engine.submit_long(
            Priority::Diagnostics,
            &self.cancel,
            move |model, cancel, pause| {
                let document = Document {
                    file: &view.snapshot.file,
                    text: &view.snapshot.text,
                };
                let mut pause = |_| pause();
                weigh(
                    model,
                    document,
                    &case,
                    &around,
                    &mut repairs,
                    &settings,
                    cancel,
                    &mut pause,
                )?;
                Ok::<_, EngineError>(repairs)
            },
        );
        self.reported(job.await)
    }

    /// Generates the model's answers where nothing is expected.
    async fn answers(&self, findings: &FileFindings) {
        let is_open = |case: &CaseFindings| {
            case.case.is_none() && case.query.expect.is_empty() && case.outcome.is_ok()
        };
        for (index, case) in findings.cases.iter().enumerate() {
            if !is_open(case) || self.cancel.is_cancelled() {
                continue;
            }
            let (query, settings) = (case.query.clone(), self.settings.clone());
            // The text that a chat template adds has no place in the file.
            let mut pieces = case.rendered.pieces.iter();
            let is_chat = pieces.any(|piece| piece.source.is_none());
            let job = self.handle.engine.submit(
                Priority::Diagnostics,
                &self.cancel,
                move |model, cancel| answer(model, &query, is_chat, &settings, cancel),
            );
            if let Some(answer) = self.reported(job.await) {
                let case = index;
                self.send(AnalysisResult::Answer { case, answer });
            }
        }
    }

    /// Searches for the hops that nobody declared, last of all.
    async fn undeclared_hops(&self, findings: FileFindings) {
        if self.settings.declared_only {
            return;
        }
        let facts = match self.key.path() {
            Some(path) => self.handle.files.facts(path).await,
            None => hoplens_prompt::Facts::default(),
        };
        let facts = Arc::new(facts);
        for (index, case) in findings.cases.into_iter().enumerate() {
            let is_declared = !case.query.mentions.is_empty();
            if case.outcome.is_err() || is_declared || self.cancel.is_cancelled() {
                continue;
            }
            let (settings, facts) = (self.settings.clone(), Arc::clone(&facts));
            let job = self.handle.engine.submit(
                Priority::Diagnostics,
                &self.cancel,
                move |model, cancel| undeclared(model, &case.query, &facts, &settings, cancel),
            );
            if let Some(Some(found)) = self.reported(job.await) {
                self.send(AnalysisResult::Undeclared {
                    case: index,
                    found: Box::new(found),
                });
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

    /// Returns the result; logs or reports an error that the user did not cause.
    fn reported<T>(&self, result: Result<T, EngineError>) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(EngineError::Failed(reason)) => {
                tracing::warn!("the model could not analyze a prompt; debug has the reason");
                // It may quote the prompt.
                tracing::debug!(reason, "the reason");
            }
            Err(EngineError::Panicked(message)) => {
                self.handle.send_engine(EngineEvent::Panicked(message));
            }
            Err(EngineError::Cancelled | EngineError::NoModel(_) | EngineError::Closed) => {}
        }
        None
    }
}

/// Returns whether other cases or random memories tell how good the repairs are.
fn needs_evidence(findings: &FileFindings, repairs: &[Repair]) -> bool {
    let mut injections = repairs.iter().map(|repair| repair.change.injection());
    injections.any(|injection| injection.is_some())
        || (1 < findings.cases.len() && !repairs.is_empty())
}
