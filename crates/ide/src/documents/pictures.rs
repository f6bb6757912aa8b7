//! Pictures as SVG and PNG.

pub(super) mod colours;
pub(super) mod font;
pub(super) mod head_map;
pub(super) mod heat_map;

pub use font::{FONT, register_font};
pub use head_map::HeadMap;
pub use heat_map::HeatMap;
