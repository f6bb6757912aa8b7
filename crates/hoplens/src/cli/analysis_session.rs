//! Analyses prompt files and shows a spinner on standard error.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::cli::progress;
use crate::reply_line::reply_line;
use hoplens_analysis::{
    AnalysisContext, AnalysisEvent, AnalysisProgress, AnalysisRequest, AnalysisSettings,
    AnalysisStep, CaseQuery, FileFindings, RepairSelection, run,
};
use hoplens_ide::Snapshot;
use hoplens_runtime::{CancelToken, Model};
use hoplens_workspace::{Disk, facts};

/// The analysis of one of several files.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnalysisSession<'a> {
    /// The model.
    pub(super) model: &'a Model,
    /// The settings of the file.
    pub(super) settings: &'a AnalysisSettings,
    /// The cases of all files, on which side effects are measured.
    pub(super) other_cases: &'a Arc<[CaseQuery]>,
    /// The number of the file, from 1.
    pub(super) number: usize,
    /// The number of files.
    pub(super) total: usize,
}

impl AnalysisSession<'_> {
    /// Analyses a file and stores the findings in its snapshot. Repairs are measured for the
    /// failing cases among `repairs`.
    ///
    /// # Errors
    /// The facts of the project cannot be read. A failed step of one case is logged and does not
    /// stop the others.
    pub(super) fn analyse(
        self,
        mut snapshot: Snapshot,
        repairs: RepairSelection,
    ) -> Result<Snapshot, CliError> {
        let name = &snapshot.name;
        let label = format!("{} of {}: {name}", self.number, self.total);
        let spinner = progress::spinner(format!("{label}: asking"));
        let request = AnalysisRequest {
            file: snapshot.file.clone(),
            text: snapshot.text.clone(),
            other_cases: Arc::clone(self.other_cases),
            facts: facts(&Disk, Path::new(name))?,
            repairs,
            replies: true,
            answers: false,
            undeclared: true,
        };
        let mut messages = SearchMessages::default();
        let mut show = |progress: AnalysisProgress<'_>| {
            if let Some(message) = messages.next(progress) {
                spinner.set_message(format!("{label}: {message}"));
            }
        };
        let cancel = CancelToken::new();
        let context = AnalysisContext::new(self.model, self.settings, &cancel);
        let mut findings = None;
        run(
            request,
            &mut context.with_progress(&mut show),
            &mut |event| {
                store(event, name, &mut findings);
            },
        )?;
        spinner.finish_and_clear();
        snapshot.findings = findings;
        Ok(snapshot)
    }
}

/// Stores the result of a step, and logs a failure.
fn store(event: AnalysisEvent, file: &str, findings: &mut Option<FileFindings>) {
    let AnalysisEvent::Failed { case, step, error } = event else {
        event.apply(findings);
        return;
    };
    let cases = findings.as_ref().map(|found| &found.cases[..]);
    let id = cases.and_then(|cases| Some(cases.get(case)?.id.as_str()));
    tracing::warn!("{file}, case {}: {error}", id.unwrap_or_default());
    if matches!(step, AnalysisStep::Repairs { .. }) {
        // The report lists no repair for the case.
        let none = AnalysisEvent::Repairs {
            case,
            repairs: Vec::new(),
            needs_evidence: false,
        };
        none.apply(findings);
    }
}

/// The most characters of a reply on the spinner's line.
const SHOWN: usize = 60;

/// The spinner's messages while repairs are measured and replies are generated.
#[derive(Debug, Default)]
struct SearchMessages {
    /// The case of the current step and its id, if the step is about one case.
    case: Option<(usize, String)>,
    /// The number of injections that each case's search has measured.
    injections: HashMap<usize, usize>,
}

impl SearchMessages {
    /// Returns the message to show next; `None` if it stays the same.
    fn next(&mut self, progress: AnalysisProgress<'_>) -> Option<String> {
        match progress {
            AnalysisProgress::Started { step, case_id } => {
                let case = match step {
                    AnalysisStep::Repairs { case }
                    | AnalysisStep::Evidence { case }
                    | AnalysisStep::Replies { case } => Some(case),
                    _ => None,
                };
                self.case = case.map(|case| (case, case_id.to_owned()));
                return None;
            }
            AnalysisProgress::Searched(count) => {
                let (case, _) = self.case.as_ref()?;
                self.injections.insert(*case, count);
            }
            AnalysisProgress::Compared(_) => {}
            AnalysisProgress::Replying(reply) => {
                let (_, id) = self.case.as_ref()?;
                return Some(format!(
                    "{id}: the model replies: {}",
                    reply_line(reply, SHOWN)
                ));
            }
        }
        let (case, id) = self.case.as_ref()?;
        let count = self.injections.get(case).copied().unwrap_or_default();
        Some(format!("{id}: measuring repairs, {count} injections"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_shown_while_it_is_written() {
        let mut messages = SearchMessages::default();
        let step = AnalysisStep::Replies { case: 0 };
        let started = AnalysisProgress::Started {
            step,
            case_id: "paris",
        };
        assert_eq!(messages.next(started), None);
        let shown = |messages: &mut SearchMessages, reply: &str| {
            messages.next(AnalysisProgress::Replying(reply)).unwrap()
        };
        let found = shown(&mut messages, " It is\n\nin Paris");
        assert_eq!(found, "paris: the model replies: It is in Paris");
    }
}
