//! Verdicts and guessed hops of the examples.

mod examples;
mod undeclared;
