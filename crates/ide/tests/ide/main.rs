//! Findings and repairs of whole files on miniature models.

mod characters;
mod hops;
mod preview;
