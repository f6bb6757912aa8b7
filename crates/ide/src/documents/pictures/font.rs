//! The font of pictures, embedded so that they look the same on every machine.

use std::sync::Once;

use plotters::style::FontStyle;

/// The font's name in pictures.
pub const FONT: &str = "sans-serif";

/// Registers the font with the plotting library; call it before drawing.
pub fn register_font() {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        // Registration fails only for bytes that are no font.
        let _ = plotters::style::register_font(
            FONT,
            FontStyle::Normal,
            epaint_default_fonts::UBUNTU_LIGHT,
        );
    });
}
