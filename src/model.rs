//! model

pub mod store;
