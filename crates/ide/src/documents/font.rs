//! The font of pictures, carried along so that they do not depend on what the machine has.

use std::sync::Once;

use plotters::style::{FontStyle, register_font};

/// Its name in pictures.
pub const FONT: &str = "sans-serif";

/// Makes the font known to the plotting library; before anything is drawn.
pub fn register() {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        // It fails only for bytes that are no font.
        let _ = register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
    });
}
