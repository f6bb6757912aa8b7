//! An exponential function that the compiler can vectorise.

/// e to the power of `x`, within 2 units in the last place over the range of normal results;
/// smaller results are clamped to 1e-38, larger ones to 2e38. NaN stays NaN.
///
/// Cody-Waite reduction and the polynomial of Cephes' `expf`, without branches.
#[allow(
    clippy::inline_always,
    reason = "it must become part of the caller's loop"
)]
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, so that the product with a small whole number is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // 1.5 · 2²³: adding it rounds to a whole number, which the low bits then hold.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.3, 88.3);
    let rounded = x * LOG2_E + ROUND;
    let whole = rounded - ROUND;
    let r = x - whole * LN2_HIGH - whole * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5e-1;
    let fraction = p * r * r + r + 1.0;
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23));
    fraction * power
}

#[cfg(test)]
mod tests {
    use crate::exp::exp;

    #[test]
    fn agrees_with_the_standard_library() {
        for step in -87_000..88_000_i32 {
            let x = step as f32 / 1000.0;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(error < 2.5e-7, "exp({x}) is off by {error}");
        }
        assert!(exp(f32::NEG_INFINITY) < 2e-38);
        assert!(exp(f32::INFINITY).is_finite());
        assert!(exp(f32::NAN).is_nan());
        assert!((exp(0.0) - 1.0).abs() < f32::EPSILON);
    }
}
