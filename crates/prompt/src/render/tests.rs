//! Tests of rendering.

mod errors;
mod formats;
mod rendering;
