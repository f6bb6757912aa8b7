//! The probes: the same question asked in several ways.

use std::ops::Range;

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::case::query::{CaseQuery, answers, interventions};
use crate::error::AnalysisError;
use crate::hop::chain::{completions, question, steps, without_subject};
use crate::hop::variants::{Variant, begun, variants};
use crate::settings::AnalysisSettings;
use hoplens_runtime::{
    ActivationCache, Answer, Cancel, Capture, Hooks, Model, ModelError, PromptQuery, Reuse, Score,
    Sequences, Token,
};

/// A token with its probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenProbability {
    /// The token's text; bytes that are no character are U+FFFD.
    pub token: String,
    /// Its probability.
    pub p: f64,
}

/// How probable the expected answer is after one prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    /// The prompt that was asked.
    pub prompt: String,
    /// Probability of the accepted answers, all their tokens counted.
    pub p: f64,
    /// Its natural logarithm.
    pub logp: f64,
    /// Natural log-probability of the answers' first tokens.
    pub logp_first: f64,
    /// How many tokens are more likely than the likeliest of those (0 = top).
    pub rank: usize,
    /// The likeliest next tokens, best first.
    pub top: Vec<TokenProbability>,
}

/// The probes of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Probes {
    /// The prompt as written, with its injections in force.
    pub composed: Probe,
    /// The prompt as written, without them; absent where there are none.
    pub without_injections: Option<Probe>,
    /// "It" in place of the mention; absent where no mention stands in the prompt.
    pub no_subject: Option<Probe>,
    /// Every hop whose bridge is named, in their order.
    pub hops: Vec<HopProbe>,
    /// The prompt changed in one thing.
    pub variants: Vec<(Variant, Probe)>,
}

/// The probes of one hop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HopProbe {
    /// Index into [`CaseQuery::mentions`].
    #[serde(skip)]
    pub index: usize,
    /// The mention as it stands once the bridges before are named.
    pub mention: String,
    /// The bridge.
    pub bridge: String,
    /// The mention alone, with the bridge as the answer.
    pub known: Probe,
    /// The prompt with this bridge and those before named.
    pub explicit: Probe,
}

impl Probes {
    /// Every mention replaced by its bridge; `None` where no bridge is named.
    pub fn explicit(&self) -> Option<&Probe> {
        self.hops.last().map(|hop| &hop.explicit)
    }

    /// The first mention alone ("The largest coral reef system in the world is"), with its bridge
    /// as the answer; `None` where no bridge is named.
    pub fn hop1(&self) -> Option<&Probe> {
        self.hops.first().map(|hop| &hop.known)
    }

    /// What a variant of the prompt gives, if it was asked.
    pub fn variant(&self, wanted: Variant) -> Option<&Probe> {
        let found = self.variants.iter().find(|(variant, _)| *variant == wanted);
        found.map(|(_, probe)| probe)
    }

    /// The prompt without one of its injections; of many only the first were asked.
    pub fn without(&self, injection: usize) -> Option<&Probe> {
        let several = |(variant, _): &(Variant, Probe)| matches!(variant, Variant::Without(_));
        if self.variants.iter().any(several) {
            return self.variant(Variant::Without(injection));
        }
        self.without_injections.as_ref()
    }

    /// The hop at which most of the answer's log-probability is lost, counted in
    /// [`Probes::hops`]: naming its bridge raises it most, the bridges before being named already.
    pub fn weakest(&self) -> Option<(usize, &HopProbe)> {
        let before =
            std::iter::once(&self.composed).chain(self.hops.iter().map(|hop| &hop.explicit));
        let gains = self.hops.iter().zip(before);
        gains
            .enumerate()
            .max_by(|(_, (a, from_a)), (_, (b, from_b))| {
                let gain = |hop: &HopProbe, from: &Probe| hop.explicit.logp - from.logp;
                gain(a, from_a).total_cmp(&gain(b, from_b))
            })
            .map(|(at, (hop, _))| (at, hop))
    }
}

/// What is not there is left out, and so are the variants.
impl Serialize for Probes {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("composed", &self.composed)?;
        let others = [
            ("without_injections", self.without_injections.as_ref()),
            ("explicit", self.explicit()),
            ("hop1", self.hop1()),
            ("no_subject", self.no_subject.as_ref()),
        ];
        for (name, probe) in others {
            if let Some(probe) = probe {
                map.serialize_entry(name, probe)?;
            }
        }
        // One hop needs no list of its own: `explicit` and `hop1` say all.
        if self.hops.len() > 1 {
            map.serialize_entry("hops", &self.hops)?;
        }
        map.end()
    }
}

/// One token of a prompt and how likely it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenReading {
    /// Token id.
    pub id: u32,
    /// Its text; bytes that are no character are U+FFFD.
    pub text: String,
    /// Natural log-probability given what stands before, with the injections in force; absent
    /// for the first token.
    pub logp: Option<f64>,
    /// Bytes of the rendered prompt; empty for BOS.
    #[serde(skip)]
    pub range: Range<usize>,
}

/// Asks several prompts in one pass. What `capture` keeps comes back as well, with the index of
/// each prompt's first sequence in it.
///
/// # Errors
/// As [`Model::score_all`].
pub(crate) fn ask(
    model: &Model,
    queries: &[PromptQuery],
    capture: Capture,
    cancel: &Cancel,
) -> Result<(Vec<(Probe, usize)>, ActivationCache), AnalysisError> {
    let hooks = Hooks {
        reuse: Reuse::Keys,
        ..Hooks::capture(capture)
    };
    let (scores, trace) = model.score_all(queries, &hooks, cancel)?;
    let probes = queries
        .iter()
        .zip(scores)
        .map(|(query, (score, sequence))| (probe(model, &query.text, &score), sequence))
        .collect();
    Ok((probes, trace))
}

fn probe(model: &Model, prompt: &str, score: &Score) -> Probe {
    let top = score
        .top
        .iter()
        .map(|ranked| TokenProbability {
            token: model.tokenizer.text(ranked.token),
            p: ranked.logp.exp(),
        })
        .collect();
    Probe {
        prompt: prompt.to_owned(),
        p: score.logp.exp(),
        logp: score.logp,
        logp_first: score.logp_first,
        rank: score.rank,
        top,
    }
}

/// Asks the prompt as written, with the bridges named, each mention alone and the prompt without
/// its subject, in one pass, and reads its tokens.
///
/// # Errors
/// As [`Model::score_all`]; an injection that cannot be placed.
pub fn run_probes(
    model: &Model,
    query: &CaseQuery,
    settings: &AnalysisSettings,
    cancel: &Cancel,
) -> Result<(Probes, Vec<TokenReading>), AnalysisError> {
    let written = asked(model, query, query.prompt.clone(), settings, cancel)?;
    let tokens = written.tokens.clone();
    let injected = !written.interventions.is_empty();
    let bare = |prompt: String, answers: Vec<Answer>| PromptQuery {
        answers,
        ..PromptQuery::new(&model.tokenizer, prompt, settings.bos)
    };
    let answers = written.answers.clone();
    let steps = steps(query);
    // Without an answer there is nothing that it could be a shortcut to.
    let nobody = without_subject(query).filter(|_| !answers.is_empty());
    let mut prompts = vec![written];
    if injected {
        prompts.push(bare(query.prompt.clone(), answers.clone()));
    }
    for step in &steps {
        let question = question(&step.phrase);
        let bridges = crate::case::query::answers(model, &question, &completions(&step.bridge))?;
        prompts.push(bare(question, bridges));
        prompts.push(bare(step.prompt.clone(), answers.clone()));
    }
    let asks_nobody = nobody.is_some();
    prompts.extend(nobody.map(|prompt| bare(prompt, answers)));
    let (kinds, varied): (Vec<Variant>, Vec<PromptQuery>) =
        variants(model, query, &prompts[0], settings, cancel)?
            .into_iter()
            .unzip();
    prompts.extend(varied);
    let capture = Capture {
        token_logps: Sequences::First,
        ..Capture::default()
    };
    let (probes, trace) = ask(model, &prompts, capture, cancel)?;
    let mut found = probes.into_iter().map(|(probe, _)| probe);
    let mut next = || found.next().ok_or(ModelError::EmptyPrompt);
    let composed = next()?;
    let without_injections = injected.then(&mut next).transpose()?;
    let mut hops = Vec::with_capacity(steps.len());
    for step in steps {
        hops.push(HopProbe {
            index: step.hop,
            mention: step.phrase,
            bridge: step.bridge,
            known: next()?,
            explicit: next()?,
        });
    }
    let mut probes = Probes {
        composed,
        without_injections,
        no_subject: asks_nobody.then(&mut next).transpose()?,
        hops,
        variants: kinds.into_iter().zip(found).collect(),
    };
    if let Some(asked) = begun(&prompts[0], &probes.composed, settings) {
        let (found, _) = ask(model, &[asked], Capture::default(), cancel)?;
        let found = found.into_iter().map(|(probe, _)| (Variant::Begun, probe));
        probes.variants.extend(found);
    }
    Ok((probes, readings(model, tokens, &trace)))
}

/// A prompt with the case's answers and its injections in force.
///
/// # Errors
/// An injection that cannot be placed, an answer without tokens.
pub(crate) fn asked(
    model: &Model,
    query: &CaseQuery,
    prompt: String,
    settings: &AnalysisSettings,
    cancel: &Cancel,
) -> Result<PromptQuery, AnalysisError> {
    let tokens = model.tokenizer.encode(&prompt, settings.bos);
    let answers = answers(model, &prompt, &query.expect)?;
    let interventions = interventions(
        model,
        &prompt,
        &tokens,
        &query.injections,
        settings.bos,
        cancel,
    )?;
    Ok(PromptQuery {
        text: prompt,
        tokens,
        answers,
        interventions,
        bos: settings.bos,
    })
}

/// The tokens of a prompt with what a pass over it, or over it and an answer, found.
fn readings(model: &Model, tokens: Vec<Token>, trace: &ActivationCache) -> Vec<TokenReading> {
    let logps = trace.token_logps.first().map_or(&[][..], Vec::as_slice);
    let reading = |(index, token): (usize, Token)| TokenReading {
        id: token.id,
        text: model.tokenizer.text(token.id),
        logp: index
            .checked_sub(1)
            .and_then(|before| logps.get(before))
            .map(|logp| f64::from(*logp)),
        range: token.range,
    };
    tokens.into_iter().enumerate().map(reading).collect()
}
