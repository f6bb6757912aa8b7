//! Probes: measurements of the same question, asked in several ways.

use std::ops::Range;

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::hop::variant::Variant;

/// A token with its probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenProbability {
    /// The token's text. Bytes that are no character are U+FFFD.
    pub token: String,
    /// Its probability.
    pub p: f64,
}

/// How probable the expected answer is after one prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    /// The prompt that was run.
    pub prompt: String,
    /// Probability of the accepted answers, over all their tokens.
    pub p: f64,
    /// Its natural logarithm.
    pub logp: f64,
    /// Natural log-probability of the answers' first tokens.
    pub logp_first: f64,
    /// How many tokens are more likely than the likeliest of those first tokens (0 = top).
    pub rank: usize,
    /// The likeliest next tokens, best first.
    pub top: Vec<TokenProbability>,
}

/// The probes of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Probes {
    /// The prompt as written, with its injections in force.
    pub composed: Probe,
    /// The prompt as written, without its injections; `None` if there are none.
    pub without_injections: Option<Probe>,
    /// "It" in place of the mention; `None` if no mention is in the prompt.
    pub no_subject: Option<Probe>,
    /// The hops whose bridge is declared, in order.
    pub hops: Vec<HopProbe>,
    /// Variants of the prompt with one change each.
    pub variants: Vec<(Variant, Probe)>,
}

/// The probes of one hop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HopProbe {
    /// Index into [`crate::CaseQuery::mentions`].
    #[serde(skip)]
    pub index: usize,
    /// The mention after the bridges before it are named.
    pub mention: String,
    /// The bridge.
    pub bridge: String,
    /// The mention alone, with the bridge as the answer.
    pub known: Probe,
    /// The prompt with this bridge and those before it named.
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

    /// Returns the probe of the prompt without one of its injections; `None` for an injection past
    /// the first ones that are probed.
    pub fn without(&self, injection: usize) -> Option<&Probe> {
        let several = |(variant, _): &(Variant, Probe)| matches!(variant, Variant::Without(_));
        if self.variants.iter().any(several) {
            return self.variant(Variant::Without(injection));
        }
        self.without_injections.as_ref()
    }

    /// Returns the hop that loses most of the answer's log-probability, with its index in
    /// [`Probes::hops`]: naming its bridge raises the log-probability most, with the bridges before
    /// it already named.
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

/// Omits probes that are `None`, and all variants.
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
        // One hop needs no list, because `explicit` and `hop1` contain both of its probes.
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
    /// Its text. Bytes that are no character are U+FFFD.
    pub text: String,
    /// Natural log-probability given the tokens before it, with the injections in force; `None` for
    /// the first token.
    pub logp: Option<f64>,
    /// Bytes of the rendered prompt; empty for BOS.
    #[serde(skip)]
    pub range: Range<usize>,
}
