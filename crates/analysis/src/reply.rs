//! Answers in free text: what a reply must have, and whole replies that are scored.

pub(crate) mod reference_score;
pub(crate) mod reply_search;
