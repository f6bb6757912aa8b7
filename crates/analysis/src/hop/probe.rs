//! Probes: the probability of the answer after variants of a case's prompt, which verdicts compare
//! (`docs/method.md`, "Verdicts").

use std::ops::Range;

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::hop::variant::Variant;

/// A token with its probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenProbability {
    /// The token's text. Bytes that are not valid UTF-8 appear as U+FFFD.
    pub token: String,
    /// The token's probability.
    pub p: f64,
}

/// The probability of the expected answer after one prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    /// The prompt that was run.
    pub prompt: String,
    /// The sum of the probabilities of the accepted answers, each over all its tokens.
    pub p: f64,
    /// The natural logarithm of `p`.
    pub logp: f64,
    /// The natural logarithm of the summed probability of the answers' first tokens.
    pub logp_first: f64,
    /// The number of tokens that are more likely than the likeliest of these first tokens; 0 is
    /// the top.
    pub rank: usize,
    /// The likeliest next tokens, likeliest first.
    pub top: Vec<TokenProbability>,
}

/// The probes of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Probes {
    /// The prompt as written, with the file's injections in force.
    pub composed: Probe,
    /// The prompt as written, without injections; `None` if the file has none.
    pub without_injections: Option<Probe>,
    /// The prompt with "it" in place of every mention; `None` if the prompt contains no mention.
    pub no_subject: Option<Probe>,
    /// The probes of the hops whose bridge is declared, in the order of the hops.
    pub hops: Vec<HopProbe>,
    /// The probes of variants of the prompt that differ from it in one thing each.
    pub variants: Vec<(Variant, Probe)>,
}

/// The probes of one hop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HopProbe {
    /// Index into [`crate::CaseQuery::mentions`].
    #[serde(skip)]
    pub index: usize,
    /// The mention as it reads after the bridges of the earlier hops are named.
    pub mention: String,
    /// The bridge.
    pub bridge: String,
    /// Whether the hop is about whole sentences: the bridge is stated behind the mention, and is no
    /// knowledge that the model could lack.
    #[serde(skip)]
    pub is_statement: bool,
    /// The probe of the mention alone, "… is", with the bridge as the answer.
    pub known: Probe,
    /// The probe of the prompt that names this bridge and those of the earlier hops.
    pub explicit: Probe,
}

impl Probes {
    /// Returns the probe of the prompt with every bridge named; `None` if no bridge is declared.
    pub fn explicit(&self) -> Option<&Probe> {
        self.hops.last().map(|hop| &hop.explicit)
    }

    /// Returns the probe of the first mention alone ("The largest coral reef system in the world
    /// is"), with its bridge as the answer; `None` if no bridge is declared.
    pub fn hop1(&self) -> Option<&Probe> {
        self.hops.first().map(|hop| &hop.known)
    }

    /// Returns the probe of a variant of the prompt, if it was run.
    pub fn variant(&self, wanted: Variant) -> Option<&Probe> {
        let found = self.variants.iter().find(|(variant, _)| *variant == wanted);
        found.map(|(_, probe)| probe)
    }

    /// Returns the probe of the prompt without one of its injections, given by its index; `None` if
    /// it was not run, because only the first few injections are left out one by one.
    pub fn without(&self, injection: usize) -> Option<&Probe> {
        // With a single injection, leaving it out is the same as leaving out all of them.
        let is_without = |(variant, _): &(Variant, Probe)| matches!(variant, Variant::Without(_));
        if self.variants.iter().any(is_without) {
            return self.variant(Variant::Without(injection));
        }
        self.without_injections.as_ref()
    }

    /// Returns the weakest hop and its index in [`Probes::hops`]; `None` if no bridge is declared.
    ///
    /// The weakest hop is the one whose bridge raises the answer's log-probability most when it is
    /// named, compared with the prompt that names only the bridges before it.
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
            .map(|(index, (hop, _))| (index, hop))
    }
}

/// Writes the JSON of `docs/method.md`: without probes that are `None`, and without variants.
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
        // With one hop, a list would only repeat the probes `explicit` and `hop1`.
        if self.hops.len() > 1 {
            map.serialize_entry("hops", &self.hops)?;
        }
        map.end()
    }
}

/// A token of a prompt with its log-probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenReading {
    /// The token's id in the vocabulary.
    pub id: u32,
    /// The token's text. Bytes that are not valid UTF-8 appear as U+FFFD.
    pub text: String,
    /// The natural log-probability of the token after the tokens before it, with the injections in
    /// force; `None` for the first token.
    pub logp: Option<f64>,
    /// The bytes of the rendered prompt that the token covers; empty for BOS.
    #[serde(skip)]
    pub range: Range<usize>,
}
