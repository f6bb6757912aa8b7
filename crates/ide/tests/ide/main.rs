//! Findings and repairs of whole files on miniature models.

mod hops;
mod preview;
