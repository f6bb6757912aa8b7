//! Verdicts and guessed hops of the examples, answers in free text, and the influence of sentences.

mod examples;
mod free_text;
mod guess_limits;
mod influence;
mod undeclared;
