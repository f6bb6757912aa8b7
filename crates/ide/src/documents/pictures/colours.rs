//! The colours of maps: orange for loss, white for nothing, blue for gain; safe for colour-blind
//! readers.

use plotters::style::RGBColor;

/// Loss, nothing, gain.
const COLOURS: [(f64, f64, f64); 3] = [
    (179.0, 88.0, 6.0),
    (247.0, 247.0, 247.0),
    (33.0, 102.0, 172.0),
];
/// A cell without a value.
pub const NONE: RGBColor = RGBColor(150, 150, 150);

/// Returns the colour of a value on a scale from `-limit` to `limit`.
pub fn colour(value: f64, limit: f64) -> RGBColor {
    if value.is_nan() {
        return NONE;
    }
    let share = (value / limit).clamp(-1.0, 1.0);
    let end = if share < 0.0 { COLOURS[0] } else { COLOURS[2] };
    let mix = |from: f64, to: f64| (from + (to - from) * share.abs()).round() as u8;
    let middle = COLOURS[1];
    RGBColor(
        mix(middle.0, end.0),
        mix(middle.1, end.1),
        mix(middle.2, end.2),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_blue_losses_orange_and_missing_values_grey() {
        assert_eq!(colour(50.0, 50.0), RGBColor(33, 102, 172));
        assert_eq!(colour(-500.0, 50.0), RGBColor(179, 88, 6));
        assert_eq!(colour(0.0, 50.0), RGBColor(247, 247, 247));
        assert_eq!(colour(f64::NAN, 50.0), NONE);
    }
}
