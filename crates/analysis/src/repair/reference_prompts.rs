//! Reference prompts, prepared once however many cases of a file are repaired.

use std::sync::OnceLock;

use crate::case::prompt_source::PromptSource;
use crate::case::query::CaseQuery;
use crate::case::rendered_case::case_query;
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::probe::Probe;
use crate::hop::prompt_query::{ask, asked};
use hoplens_prompt::PromptFile;
use hoplens_runtime::{Capture, PromptQuery};

/// The most tokens of other cases that are measured after a search: about as many as the neutral
/// prompts have.
const OTHER_TOKENS: usize = 512;
/// The most tokens of a case of the same file that is run.
const CASE_TOKENS: usize = 512;

/// Prompts that the repairs of a file's cases are compared on: prompts that they are not meant for,
/// and the file's own cases. Each is tokenized, and each own case is run without the repair, when
/// it is first needed.
#[derive(Debug)]
pub struct ReferencePrompts {
    others: Vec<Other>,
    cases: Vec<OnceLock<Option<OtherCase>>>,
}

/// A prompt that repairs are not meant for. `read` contains `None` if the prompt cannot be run.
#[derive(Debug)]
struct Other {
    query: CaseQuery,
    read: OnceLock<Option<PromptQuery>>,
}

/// Another case of the same file, without the repair.
#[derive(Debug)]
pub(crate) struct OtherCase {
    pub(crate) query: CaseQuery,
    pub(crate) asked: PromptQuery,
    pub(crate) before: Probe,
}

impl ReferencePrompts {
    /// Returns the reference prompts of `file`. `others` are prompts that repairs of its cases are
    /// not meant for, in the order in which they are used until 512 tokens are reached; its own
    /// cases may be among them.
    pub fn new(file: &PromptFile, others: impl IntoIterator<Item = CaseQuery>) -> Self {
        let other = |query| Other {
            query,
            read: OnceLock::new(),
        };
        Self {
            others: others.into_iter().map(other).collect(),
            cases: file.cases.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// Returns how many prompts were prepared so far.
    pub fn read(&self) -> usize {
        let others = self.others.iter().filter(|one| one.read.get().is_some());
        let cases = self.cases.iter().filter(|one| one.get().is_some());
        others.count() + cases.count()
    }

    /// Returns the other prompts as the model reads them, without those that cannot be run, those
    /// that exceed the remaining tokens, and those with the text of `query` or of an earlier
    /// prompt.
    ///
    /// # Errors
    /// Only that `cancel` was set.
    pub(crate) fn reference_prompts(
        &self,
        context: &AnalysisContext<'_>,
        query: &CaseQuery,
    ) -> Result<Vec<PromptQuery>, AnalysisError> {
        let model = context.model;
        let mut left = OTHER_TOKENS;
        let mut seen = vec![&query.prompt];
        let mut found = Vec::new();
        for other in &self.others {
            let prompt = &other.query.prompt;
            if left == 0 {
                break;
            }
            if prompt.is_empty() || seen.contains(&prompt) {
                continue;
            }
            let read = if let Some(read) = other.read.get() {
                read
            } else {
                let read = reference_prompt(context, &other.query)?;
                other.read.get_or_init(|| read)
            };
            let Some(one) = read else { continue };
            let count = one.tokens.len();
            if count == 0 || count > left.min(model.config().context) {
                continue;
            }
            left -= count;
            seen.push(prompt);
            found.push(one.clone());
        }
        Ok(found)
    }

    /// Returns the cases of `source` at `indices` without the repair, except those that cannot be
    /// run or are very long.
    ///
    /// # Errors
    /// As [`hoplens_runtime::Model::score_all`].
    pub(crate) fn cases(
        &self,
        context: &AnalysisContext<'_>,
        source: PromptSource<'_>,
        indices: &[usize],
    ) -> Result<Vec<(usize, &OtherCase)>, AnalysisError> {
        let mut unread = Vec::new();
        for index in indices {
            let Some(slot) = self.cases.get(*index).filter(|slot| slot.get().is_none()) else {
                continue;
            };
            match neighbour(context, source, *index)? {
                Some((query, asked)) => unread.push((slot, query, asked)),
                None => drop(slot.set(None)),
            }
        }
        // Run all of them in one pass.
        let prompts: Vec<PromptQuery> = unread.iter().map(|(.., asked)| asked.clone()).collect();
        let before = if prompts.is_empty() {
            Vec::new()
        } else {
            ask(context, &prompts, Capture::default())?.0
        };
        for ((slot, query, asked), (before, _)) in unread.into_iter().zip(before) {
            slot.get_or_init(|| {
                Some(OtherCase {
                    query,
                    asked,
                    before,
                })
            });
        }
        let read = |index: &usize| Some((*index, self.cases.get(*index)?.get()?.as_ref()?));
        Ok(indices.iter().filter_map(read).collect())
    }
}

fn reference_prompt(
    context: &AnalysisContext<'_>,
    query: &CaseQuery,
) -> Result<Option<PromptQuery>, AnalysisError> {
    match asked(context, query, query.prompt.clone()) {
        Err(error) if error.is_cancelled() => Err(error),
        // The findings of the prompt's own file report the error.
        Err(_) => Ok(None),
        Ok(asked) => Ok(Some(asked)),
    }
}

fn neighbour(
    context: &AnalysisContext<'_>,
    source: PromptSource<'_>,
    index: usize,
) -> Result<Option<(CaseQuery, PromptQuery)>, AnalysisError> {
    let model = context.model;
    let Ok(query) = case_query(model, source, Some(index)) else {
        return Ok(None);
    };
    match asked(context, &query, query.prompt.clone()) {
        Err(error) if error.is_cancelled() => Err(error),
        Err(_) => Ok(None),
        Ok(asked) if asked.tokens.is_empty() || asked.tokens.len() > CASE_TOKENS => Ok(None),
        Ok(asked) => Ok(Some((query, asked))),
    }
}
