//! Completes a prompt with names, greedily from each of several first tokens.

use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::candidates::name::{key, leading};
use hoplens_runtime::{
    CancelToken, Capture, Hooks, Matrix, Model, Positions, Reuse, log_softmax_at, top_k,
};

/// A name that the model continues the prompt with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NameCompletion {
    /// The name.
    pub(super) text: String,
    /// Natural log-probability of its tokens.
    pub(super) logp: f64,
    /// Whether it begins with a seed that is not among the model's own first tokens.
    pub(super) seeded: bool,
}

/// The size of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effort {
    /// The number of first tokens that are continued.
    pub(super) beams: usize,
    /// The number of first tokens after `the` that are continued.
    pub(super) with_article: usize,
    /// The most tokens of a name.
    pub(super) tokens: usize,
}

/// A sequence that grows into a name.
struct Beam {
    ids: Vec<u32>,
    /// Log-probabilities of the tokens after the prompt.
    logps: Vec<f64>,
    seeded: bool,
    done: bool,
}

/// Returns the likeliest names after `prompt`, decoded greedily from each of the likeliest first
/// tokens that may begin a name. `seeds` are first tokens that are tried whatever their
/// probability.
///
/// All sequences grow in one batch.
///
/// # Errors
/// As [`Model::forward`].
pub(super) fn complete(
    context: &AnalysisContext<'_>,
    prompt: &str,
    seeds: &[u32],
    effort: Effort,
) -> Result<Vec<NameCompletion>, AnalysisError> {
    let AnalysisContext {
        model,
        settings,
        cancel,
        ..
    } = *context;
    let tokens = model.tokenizer.encode(prompt, settings.bos);
    let prompt: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    let mut beams = begin(model, &prompt, seeds, effort, cancel)?;
    for _ in 1..effort.tokens {
        let open: Vec<usize> = (0..beams.len()).filter(|at| !beams[*at].done).collect();
        if open.is_empty() {
            break;
        }
        let sequences: Vec<&[u32]> = open.iter().map(|at| beams[*at].ids.as_slice()).collect();
        let trace = last_logits(model, &sequences, cancel)?;
        for (row, at) in open.into_iter().enumerate() {
            let Some(best) = top_k(trace.row(row), 1).into_iter().next() else {
                continue;
            };
            let beam = &mut beams[at];
            beam.ids.push(best.token);
            beam.logps.push(best.logp);
            beam.done = is_whole(&model.tokenizer.decode(&beam.ids[prompt.len()..]));
        }
    }
    let names = beams
        .iter()
        .filter_map(|beam| finish(model, beam, prompt.len()));
    Ok(names.collect())
}

fn begin(
    model: &Model,
    prompt: &[u32],
    seeds: &[u32],
    effort: Effort,
    cancel: &CancelToken,
) -> Result<Vec<Beam>, AnalysisError> {
    let the = model.tokenizer.continuation(" the");
    let with_article = [prompt, &the].concat();
    let trace = last_logits(model, &[prompt, &with_article], cancel)?;
    let firsts = |row: usize, most: usize| {
        let likeliest = top_k(trace.row(row), 40 * most).into_iter();
        let names = likeliest.filter(|best| begins_name(&model.tokenizer.text(best.token)));
        names
            .map(|best| best.token)
            .take(most)
            .collect::<Vec<u32>>()
    };
    let own = firsts(0, effort.beams);
    let beam = |row: usize, token: u32, seeded| {
        let logp = log_softmax_at(trace.row(row), token as usize);
        // After an article of one token, the article's probability counts as well.
        let article = (row == 1).then(|| the.first()).flatten();
        let article = article.map(|the| log_softmax_at(trace.row(0), *the as usize));
        Beam {
            ids: [if row == 1 { &with_article } else { prompt }, &[token]].concat(),
            logps: article.into_iter().chain([logp]).collect(),
            seeded,
            done: false,
        }
    };
    let mut beams: Vec<Beam> = own.iter().map(|token| beam(0, *token, false)).collect();
    let behind = firsts(1, effort.with_article);
    if the.len() == 1 {
        beams.extend(behind.into_iter().map(|token| beam(1, token, false)));
    }
    let seeds = seeds.iter().filter(|seed| !own.contains(seed));
    beams.extend(seeds.map(|seed| beam(0, *seed, true)));
    Ok(beams)
}

/// Returns whether a token begins a word that may begin a name.
pub(super) fn begins_name(token: &str) -> bool {
    let Some(word) = token.strip_prefix(' ') else {
        return false;
    };
    // Sequences with an article are separate.
    word.chars().all(char::is_alphanumeric)
        && !word.eq_ignore_ascii_case("the")
        && leading(word).is_some()
}

/// Returns whether the text continues past the end of a name.
fn is_whole(text: &str) -> bool {
    let rest = leading(text).map(|name| &text[name.end..]);
    // The last word may still grow.
    rest.is_none_or(|rest| {
        rest.trim_end().len() > 1
            || rest.starts_with(|c: char| !c.is_alphanumeric() && c != ' ' && c != '-' && c != '\'')
    })
}

fn finish(model: &Model, beam: &Beam, from: usize) -> Option<NameCompletion> {
    let written = model.tokenizer.decode(&beam.ids[from..]);
    let range = leading(&written)?;
    let (end, name) = (range.end, &written[range]);
    // Count the tokens that the name takes.
    let mut bytes = 0;
    let mut tokens = 0;
    while tokens < beam.logps.len() && bytes < end {
        bytes += model.tokenizer.bytes(beam.ids[from + tokens]).len();
        tokens += 1;
    }
    (!key(name).is_empty()).then(|| NameCompletion {
        text: name.trim().to_owned(),
        logp: beam.logps[..tokens].iter().sum(),
        seeded: beam.seeded,
    })
}

/// Returns the logits at the end of each sequence.
///
/// # Shapes
/// → `[sequences, vocab]`.
fn last_logits(
    model: &Model,
    sequences: &[&[u32]],
    cancel: &CancelToken,
) -> Result<Matrix, AnalysisError> {
    let hooks = Hooks {
        reuse: Reuse::Keys,
        ..Hooks::capture(Capture {
            logits: Positions::Last,
            ..Capture::default()
        })
    };
    Ok(model.forward(sequences, &hooks, cancel)?.logits)
}
