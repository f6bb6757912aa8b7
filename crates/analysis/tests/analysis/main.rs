//! Verdicts and guessed hops of the examples, and answers in free text.

mod examples;
mod free_text;
mod guess_limits;
mod undeclared;
