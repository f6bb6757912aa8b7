//! Repairs as edits: each applied edit gives what its finding promised.

mod hops;
