//! The context that the steps of an analysis share.

use hoplens_interp::ModelContext;
use hoplens_runtime::{CancelToken, Model};

use crate::pipeline::step::AnalysisStep;
use crate::settings::AnalysisSettings;

/// The model, the settings and the caller's hooks that every part of an analysis uses.
pub struct AnalysisContext<'a> {
    /// The model that is analysed.
    pub model: &'a Model,
    /// The settings that decide the verdicts and which repairs are tried.
    pub settings: &'a AnalysisSettings,
    /// Stops the work when it is set.
    pub cancel: &'a CancelToken,
    /// Called repeatedly during long work. The caller may run other work in it.
    pub progress: Option<&'a mut dyn FnMut(AnalysisProgress<'_>)>,
}

impl<'a> AnalysisContext<'a> {
    /// Returns a context without a progress hook.
    pub const fn new(
        model: &'a Model,
        settings: &'a AnalysisSettings,
        cancel: &'a CancelToken,
    ) -> Self {
        Self {
            model,
            settings,
            cancel,
            progress: None,
        }
    }

    /// Adds a progress hook.
    #[must_use]
    pub fn with_progress(mut self, progress: &'a mut dyn FnMut(AnalysisProgress<'_>)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Returns the context for the measurements of the interpretability crate.
    pub const fn model_context(&self) -> ModelContext<'a> {
        ModelContext::new(self.model, self.cancel)
    }

    /// Calls the progress hook, if there is one.
    pub(crate) fn report(&mut self, progress: AnalysisProgress<'_>) {
        if let Some(hook) = &mut self.progress {
            hook(progress);
        }
    }
}

impl std::fmt::Debug for AnalysisContext<'_> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("AnalysisContext")
            .field("model", &self.model.info.name)
            .field("settings", self.settings)
            .finish_non_exhaustive()
    }
}

/// The progress of an analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalysisProgress<'a> {
    /// A step begins.
    Started {
        /// The step.
        step: AnalysisStep,
        /// The id of the step's case; empty for the verdicts of all cases.
        case_id: &'a str,
    },
    /// The search for the case's repairs has measured this many injections so far.
    Searched(usize),
    /// The control or the side effects of the case's repairs have measured this many memories or
    /// prompts so far.
    Compared(usize),
    /// A reply in which an answer is looked for has this text so far.
    Replying(&'a str),
}
