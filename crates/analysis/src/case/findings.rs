//! Everything that is found in one prompt file.

use crate::case::query::{CaseQuery, Mention};
use crate::chat;
use crate::error::AnalysisError;
use crate::generation::answer::ModelAnswer;
use crate::hop::invalid_injections::leave_out;
use crate::hop::probe::{Probes, TokenReading, run_probes};
use crate::hop::undeclared::Undeclared;
use crate::hop::variants::Variant;
use crate::hop::verdict::Verdict;
use crate::hop::verdict::verdict;
use crate::repair::Repair;
use crate::repair::evidence::weigh as weigh_injections;
use crate::repair::reference_prompts::Neighbours;
use crate::repair::repairs;
use crate::repair::stability::stabilities;
use crate::settings::{AnalysisSettings, Thresholds};
use hoplens_prompt::{Case, Link, MappedText, Problem, PromptFile, render, where_written};
use hoplens_runtime::{Cancel, Model, ModelInfo};

/// What a model does with one prompt file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFindings {
    /// The model that was asked.
    pub model: ModelInfo,
    /// What decided the verdicts.
    pub thresholds: Thresholds,
    /// One per case; a file without cases has one without an expected answer.
    pub cases: Vec<CaseFindings>,
    /// Injections that this model cannot take; the cases were asked without them.
    pub problems: Vec<Problem>,
}

/// What a model does with one case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFindings {
    /// Index into [`PromptFile::cases`]; `None` where the file has none.
    pub case: Option<usize>,
    /// The case's id, or `#1`, `#2`, … in the order of the file.
    pub id: String,
    /// The prompt as the model reads it, and where it comes from.
    pub rendered: MappedText,
    /// The case as the model meets it.
    pub query: CaseQuery,
    /// The prompt's tokens.
    pub tokens: Vec<TokenReading>,
    /// Whether a variable without a value left a hole in the prompt.
    pub has_holes: bool,
    /// What the model says, or why it could not be asked.
    pub outcome: Result<CaseOutcome, String>,
}

/// What the probes and the search for repairs found.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseOutcome {
    /// The probes.
    pub probes: Probes,
    /// Absent where no answer is expected.
    pub verdict: Option<Verdict>,
    /// Best first. `None` until they were measured; only failing cases are repaired.
    pub repairs: Option<Vec<Repair>>,
    /// Whether what speaks for and against the repairs was measured too.
    pub weighed: bool,
    /// The hop that nobody declared, where one was looked for and found.
    pub undeclared: Option<Undeclared>,
    /// What the model answers by itself, where no answer is expected and it was asked for.
    pub answer: Option<ModelAnswer>,
}

impl CaseOutcome {
    /// Whether repairs are worth measuring: whatever fails may be helped, and a space at the end
    /// that costs something. Where the model does not know the answer, an injection only fakes the
    /// knowledge, and says so.
    pub fn wants_repairs(&self) -> bool {
        let trimmed = self.probes.variant(Variant::Trimmed);
        let spaced = trimmed.is_some_and(|probe| probe.logp > self.probes.composed.logp);
        self.verdict
            .is_some_and(|verdict| verdict != Verdict::Ok || spaced)
    }
}

/// Asks the model about every case of a file; repairs are not measured yet.
///
/// A case that cannot be asked (its prompt is too long) says so in its outcome. An injection that
/// the model cannot take (its layer does not exist) is a problem, and the case is asked without it.
/// Prompts without text are left out, and those whose template cannot be rendered.
///
/// # Errors
/// Only that `cancel` was set.
pub fn analyse(
    model: &Model,
    file: &PromptFile,
    text: &str,
    settings: &AnalysisSettings,
    cancel: &Cancel,
) -> Result<FileFindings, AnalysisError> {
    let mut findings = FileFindings {
        model: model.info.clone(),
        thresholds: settings.thresholds,
        cases: Vec::new(),
        problems: Vec::new(),
    };
    for index in indices(file) {
        let Met {
            rendered,
            query,
            has_holes,
            refused,
        } = query(model, file, text, index);
        // What a template should say is not known where it is broken; the problem is in the file.
        if rendered.text.is_empty() || matches!(refused, Some(AnalysisError::Template { .. })) {
            continue;
        }
        let tokens = Vec::new();
        let id = case_id(file, index);
        let mut case = CaseFindings {
            case: index,
            id,
            rendered,
            query,
            tokens,
            has_holes,
            outcome: Err(String::new()),
        };
        let outcome = match refused {
            Some(error) => Err(error),
            None => ask(model, &mut case, settings, cancel).or_else(|error| {
                let left_out = leave_out(model, &case.id, &mut case.query, settings, cancel)?;
                if left_out.is_empty() {
                    return Err(error);
                }
                for problem in left_out {
                    if !findings.problems.contains(&problem) {
                        findings.problems.push(problem);
                    }
                }
                ask(model, &mut case, settings, cancel)
            }),
        };
        match outcome {
            Ok(outcome) => case.outcome = Ok(outcome),
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => case.outcome = Err(error.to_string()),
        }
        findings.cases.push(case);
    }
    Ok(findings)
}

/// The cases of a file as a model meets them, without asking it; those that its chat template
/// does not take are left out.
pub fn subjects(model: &Model, file: &PromptFile, text: &str) -> Vec<CaseQuery> {
    let taken = |index| case_subject(model, file, text, index).ok();
    indices(file).into_iter().filter_map(taken).collect()
}

/// A prompt file with its text.
#[derive(Debug, Clone, Copy)]
pub struct Document<'file> {
    /// What it declares.
    pub file: &'file PromptFile,
    /// Its text.
    pub text: &'file str,
}

/// Measures and ranks the repairs of a case whose probes were run. What speaks for and against
/// them is left to [`weigh`].
///
/// # Errors
/// As [`hoplens_interp::memory::search`].
pub fn find_repairs(
    model: &Model,
    case: &CaseFindings,
    settings: &AnalysisSettings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Repair>, AnalysisError> {
    match &case.outcome {
        Ok(outcome) => repairs(model, case, outcome, settings, cancel, progress),
        Err(_) => Ok(Vec::new()),
    }
}

/// Measures what random memories do in the place of each injection among the repairs of a case of
/// `document`, what the repairs do to its other cases, and to the prompts `around` that they are
/// not meant for, beside the neutral ones that hoplens ships. One `around` serves for all cases of
/// the document as it stands, for one model and the same settings.
///
/// # Errors
/// As [`hoplens_interp::memory::control`] and [`hoplens_interp::memory::side_effects`].
#[expect(clippy::too_many_arguments, reason = "each is another thing")]
pub fn weigh(
    model: &Model,
    document: Document<'_>,
    case: &CaseFindings,
    around: &Neighbours,
    repairs: &mut [Repair],
    settings: &AnalysisSettings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<(), AnalysisError> {
    let query = &case.query;
    weigh_injections(model, query, around, repairs, settings, cancel, progress)?;
    stabilities(model, document, case, around, repairs, settings, cancel)
}

/// [`find_repairs`], then [`weigh`].
///
/// # Errors
/// Theirs.
pub fn measure(
    model: &Model,
    document: Document<'_>,
    case: &CaseFindings,
    around: &Neighbours,
    settings: &AnalysisSettings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Repair>, AnalysisError> {
    let mut found = 0;
    let mut search = |done| {
        found = done;
        progress(done);
    };
    let mut repairs = find_repairs(model, case, settings, cancel, &mut search)?;
    // Whoever listens has to hear something now and then; what is counted is the search.
    let mut tick = |_| progress(found);
    weigh(
        model,
        document,
        case,
        around,
        &mut repairs,
        settings,
        cancel,
        &mut tick,
    )?;
    Ok(repairs)
}

/// The id of a case in reports.
pub fn case_id(file: &PromptFile, index: Option<usize>) -> String {
    let index = index.unwrap_or(0);
    match file.cases.get(index).and_then(|case| case.id.as_ref()) {
        Some(id) => id.value.clone(),
        None => format!("#{}", index + 1),
    }
}

/// Indices of a file's cases; one without cases has one prompt all the same.
fn indices(file: &PromptFile) -> Vec<Option<usize>> {
    if file.cases.is_empty() {
        vec![None]
    } else {
        (0..file.cases.len()).map(Some).collect()
    }
}

/// A case as the model meets it.
struct Met {
    rendered: MappedText,
    query: CaseQuery,
    has_holes: bool,
    /// Why it cannot: the template is broken, or the chat template does not take the messages,
    /// which then stand one after another.
    refused: Option<AnalysisError>,
}

fn query(model: &Model, file: &PromptFile, text: &str, index: Option<usize>) -> Met {
    let case: Option<&Case> = index.and_then(|index| file.cases.get(index));
    let turns = render(file, text, case);
    let has_holes = turns.has_holes();
    let (rendered, mut refused) = match chat::joined(model.chat.as_ref(), &turns) {
        Ok(rendered) => (rendered, None),
        Err(error) => (turns.joined(), Some(error.into())),
    };
    if let Some(problem) = turns.broken() {
        let reason = problem.message.clone();
        refused = Some(AnalysisError::Template { reason });
    }
    let id = case_id(file, index);
    let mentions = mentions(&rendered, case);
    let injections = file
        .injections
        .iter()
        .filter(|injection| injection.acts_on(case, &id))
        .cloned()
        .collect();
    let expect = case
        .map_or(&[][..], |case| &case.expect)
        .iter()
        .map(|e| e.value.clone())
        .collect();
    let query = CaseQuery {
        prompt: rendered.text.clone(),
        expect,
        mentions,
        injections,
    };
    Met {
        rendered,
        query,
        has_holes,
        refused,
    }
}

/// The declared hops, each where its words stand.
fn mentions(rendered: &MappedText, case: Option<&Case>) -> Vec<Mention> {
    let hops = case.map_or(&[][..], |case| &case.hops);
    let links: Vec<Link<'_>> = hops
        .iter()
        .map(|hop| Link {
            mention: &hop.mention.value,
            bridge: hop.bridge.as_ref().map(|bridge| bridge.value.as_str()),
        })
        .collect();
    let places = where_written(&rendered.text, &links);
    let mention = |(hop, range): (&Link<'_>, _)| Mention {
        phrase: hop.mention.to_owned(),
        range,
        bridge: hop.bridge.map(str::to_owned),
    };
    links.iter().zip(places).map(mention).collect()
}

/// The case `index` of a file as the model meets it; a file without cases has one, `None`.
///
/// # Errors
/// The prompt's template cannot be rendered; the model's chat template is broken, or does not take
/// the messages.
pub fn case_subject(
    model: &Model,
    file: &PromptFile,
    text: &str,
    index: Option<usize>,
) -> Result<CaseQuery, AnalysisError> {
    let met = query(model, file, text, index);
    met.refused.map_or(Ok(met.query), Err)
}

fn ask(
    model: &Model,
    case: &mut CaseFindings,
    settings: &AnalysisSettings,
    cancel: &Cancel,
) -> Result<CaseOutcome, AnalysisError> {
    model.check_text(&case.query.prompt)?;
    let (probes, tokens) = run_probes(model, &case.query, settings, cancel)?;
    case.tokens = tokens;
    let expects = !case.query.expect.is_empty();
    let verdict = expects.then(|| verdict(&probes, &settings.thresholds));
    Ok(CaseOutcome {
        probes,
        verdict,
        repairs: None,
        weighed: false,
        undeclared: None,
        answer: None,
    })
}
