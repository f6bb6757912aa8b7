//! Head read-outs, trained lenses and Jacobian lenses against plain loops and reference numbers.

mod ablation;
mod jacobian;
mod jacobian_reference;
mod trained;
