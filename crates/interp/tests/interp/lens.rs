//! Head read-outs and trained lenses against plain loops.

mod ablation;
mod trained;
