//! How a model chooses words: keys that several formats have, under their own names.

use crate::declarations::keys::{Key, KeyKind, key};

pub(super) const TEMPERATURE: Key = key(
    "temperature",
    KeyKind::Number,
    "How freely the model chooses words; 0 always takes the likeliest.",
);

pub(super) const TOP_K: Key = key(
    "topK",
    KeyKind::Index(1),
    "From how many of the likeliest tokens each is chosen.",
);

pub(super) const STOP_SEQUENCES: Key = key(
    "stopSequences",
    KeyKind::List(&KeyKind::Text),
    "Texts at which the reply ends.",
);

/// The key of nucleus sampling.
pub(super) const fn top_p(name: &'static str) -> Key {
    key(
        name,
        KeyKind::Probability,
        "The probability of the likeliest tokens from which each is chosen.",
    )
}

/// The key that limits the reply.
pub(super) const fn max_tokens(name: &'static str) -> Key {
    key(
        name,
        KeyKind::Index(1),
        "The greatest length of the reply in tokens.",
    )
}
