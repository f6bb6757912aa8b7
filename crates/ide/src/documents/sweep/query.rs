//! What a sweep injects, and by what it is measured.

/// The prompt, answers and memory of a sweep.
#[derive(Debug, Clone, Copy)]
pub struct SweepQuery<'a> {
    /// The rendered prompt.
    pub prompt: &'a str,
    /// Accepted answers.
    pub expect: &'a [String],
    /// The memory that is injected.
    pub memory: &'a str,
}
