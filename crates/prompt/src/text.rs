//! Offsets, positions and edits of text.
//!
//! hoplens counts bytes of UTF-8 (`std::ops::Range<usize>`). An editor counts lines and columns in
//! an encoding that it chooses. [`LineIndex`] converts between the two, and [`apply_change`]
//! applies an editor's incremental edit. No function here can fail: offsets outside the text are
//! clamped to it.

pub(crate) mod boundary;
pub(crate) mod change;
pub(crate) mod line_index;

pub use boundary::snap;
pub use change::apply_change;
pub use line_index::{LineIndex, Position, PositionEncoding};
