//! Values of a `hoplens.toml` that are parsed from strings.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use globset::GlobBuilder;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use hoplens_prompt::{Code, UnknownCode};

/// A glob: `*` matches within a folder, `**` across folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileGlob(pub globset::Glob);

/// The code of a finding that is not to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredCode(pub Code);

/// How much less probable than before an answer may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Allowance {
    /// A probability.
    Probability(f64),
    /// A share of the old probability.
    Share(f64),
}

impl FromStr for FileGlob {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        glob.map(Self).map_err(|error| {
            format!(
                "`{text}` is not a glob: {}; write one like `drafts/**`",
                error.kind()
            )
        })
    }
}

impl FromStr for IgnoredCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|error: UnknownCode| error.to_string())
    }
}

impl FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = match text.trim().strip_suffix('%') {
            Some(number) => (number, 100.0),
            None => (text, 1.0),
        };
        let value = number.trim().parse::<f64>().ok().map(|value| value / unit);
        match value.filter(|value| (0.0..=1.0).contains(value)) {
            Some(value) if unit > 1.0 => Ok(Self::Share(value)),
            Some(value) => Ok(Self::Probability(value)),
            None => Err(format!(
                "`{text}` is neither a probability (0.02) nor a share (10%)"
            )),
        }
    }
}

/// Deserializes a value with its [`FromStr`], inside the visitor, so that the TOML parser adds the
/// value's position to the error.
struct ByText<T>(PhantomData<T>);

impl<T: FromStr<Err = String>> Visitor<'_> for ByText<T> {
    type Value = T;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! deserialize_by_text {
    ($($name:ty),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str(ByText(PhantomData))
            }
        }
    )*};
}

deserialize_by_text!(FileGlob, IgnoredCode, Allowance);
