//! Read-outs and injections against reference numbers, plain loops and identities.

mod gguf;
mod identities;
mod lens;
mod numbers;
mod reference;
mod side_effects;
mod smollm2;
mod sweeps;
