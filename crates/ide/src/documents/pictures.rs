//! Pictures as SVG and PNG.

mod colours;
mod font;
mod head_map;
mod heat_map;

pub use font::{FONT, register_font};
pub use head_map::HeadMap;
pub use heat_map::HeatMap;
