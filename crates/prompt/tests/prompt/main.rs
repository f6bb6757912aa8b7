//! Prompt files as the formats' own packages read them.

mod formats;
