//! Verdicts and guessed hops of the examples, and the influence of sentences.

mod examples;
mod influence;
mod undeclared;
