//! The metrics of a cell over a set of prompts (`docs/eval.md`).

use serde::Serialize;

/// The metrics of a cell over all prompts; NaN (`null` in JSON) if an injection made the logits
/// overflow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Metrics {
    /// Mean probability of the answer's first token after the obscure prompt.
    pub mean_p_obscure: f64,
    /// The same after the explicit prompt.
    pub mean_p_explicit: f64,
    /// The same with the memory injected into the obscure prompt.
    pub mean_p_injected: f64,
    /// Mean of 100·(p′ − p)/p.
    pub mean_pct_increase: f64,
    /// The same without the gains outside mean ± 2 population standard deviations, as in the
    /// papers.
    pub mean_pct_2sd: f64,
    /// Number of gains outside that interval.
    pub outside_2sd: usize,
    /// Median of 100·(p′ − p)/p.
    pub median_pct_increase: f64,
    /// Share of prompts with p′ > p, 0 to 1; overflows do not count.
    pub share_improved: f64,
    /// Geometric mean of p′/p.
    pub geo: f64,
    /// Number of injections that made the logits overflow.
    pub overflowed: usize,
}

/// Computes the metrics of a cell.
///
/// # Shapes
/// `obscure`, `explicit`, `injected`: natural log-probabilities, `[observations]`, not empty.
pub fn metrics(obscure: &[f32], explicit: &[f32], injected: &[f32]) -> Metrics {
    let ratios = log_ratios(obscure, injected);
    let gains: Vec<f64> = ratios.iter().copied().map(percent_gain).collect();
    let (mean_pct_2sd, outside_2sd) = mean_within_2sd(&gains);
    Metrics {
        mean_p_obscure: mean(probabilities(obscure)),
        mean_p_explicit: mean(probabilities(explicit)),
        mean_p_injected: mean(probabilities(injected)),
        mean_pct_increase: mean(gains.iter().copied()),
        mean_pct_2sd,
        outside_2sd,
        median_pct_increase: median(gains),
        share_improved: share_improved(&ratios),
        geo: geometric_mean(&ratios),
        overflowed: injected.iter().filter(|logp| logp.is_nan()).count(),
    }
}

/// Returns log(p′/p) of each observation.
pub(super) fn log_ratios(before: &[f32], after: &[f32]) -> Vec<f64> {
    let pairs = before.iter().zip(after);
    pairs
        .map(|(before, after)| f64::from(*after) - f64::from(*before))
        .collect()
}

/// Converts log(p′/p) to 100·(p′ − p)/p.
pub(super) fn percent_gain(log_ratio: f64) -> f64 {
    100.0 * log_ratio.exp_m1()
}

pub(super) fn probabilities(logps: &[f32]) -> impl ExactSizeIterator<Item = f64> + '_ {
    logps.iter().map(|logp| f64::from(*logp).exp())
}

pub(super) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// Returns the mean of the values inside mean ± 2 population standard deviations, and the number of
/// values outside.
fn mean_within_2sd(values: &[f64]) -> (f64, usize) {
    let centre = mean(values.iter().copied());
    let variance = mean(values.iter().map(|value| (value - centre).powi(2)));
    let limit = 2.0 * variance.sqrt();
    let inside: Vec<f64> = values
        .iter()
        .copied()
        .filter(|value| (value - centre).abs() <= limit)
        .collect();
    let outside = values.len() - inside.len();
    (mean(inside.into_iter()), outside)
}

/// Returns the median; NaN if one of the values is NaN or there are none.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

pub(super) fn share_improved(ratios: &[f64]) -> f64 {
    mean(ratios.iter().map(|ratio| f64::from(u8::from(*ratio > 0.0))))
}

pub(super) fn geometric_mean(ratios: &[f64]) -> f64 {
    mean(ratios.iter().copied()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs(p: &[f64]) -> Vec<f32> {
        p.iter().map(|p| p.ln() as f32).collect()
    }

    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-4 * expected.abs().max(1.0),
            "{found} {expected}"
        );
    }

    #[test]
    fn metrics_of_small_sets_equal_hand_computed_values() {
        // Gains: +100 %, −50 %, +20 %, 0 %.
        let before = logs(&[0.1, 0.4, 0.5, 0.25]);
        let after = logs(&[0.2, 0.2, 0.6, 0.25]);
        let found = metrics(&before, &logs(&[0.5, 0.5, 0.5, 0.1]), &after);
        close(found.mean_p_obscure, 0.3125);
        close(found.mean_p_explicit, 0.4);
        close(found.mean_p_injected, 0.3125);
        close(found.mean_pct_increase, 17.5);
        close(found.mean_pct_2sd, 17.5);
        close(found.median_pct_increase, 10.0);
        close(found.share_improved, 0.5);
        close(found.geo, 1.2f64.powf(0.25));
        assert_eq!((found.outside_2sd, found.overflowed), (0, 0));
    }

    #[test]
    fn gains_beyond_two_standard_deviations_are_excluded() {
        // Nine of +10 % and one of +1,000 %: mean 109, deviation 297, so the limit is 703.
        let mut after = vec![0.011; 9];
        after.push(0.11);
        let before = logs(&[0.01; 10]);
        let found = metrics(&before, &before, &logs(&after));
        close(found.mean_pct_increase, 109.0);
        close(found.mean_pct_2sd, 10.0);
        assert_eq!(found.outside_2sd, 1);
        // Of four equal but one, none is two deviations away (1.73 at most).
        let found = metrics(&before[..4], &before[..4], &logs(&[0.01, 0.01, 0.01, 0.1]));
        assert_eq!(found.outside_2sd, 0);
        close(found.mean_pct_2sd, 225.0);
    }

    #[test]
    fn an_overflow_makes_the_means_nan() {
        let before = logs(&[0.1, 0.1]);
        let found = metrics(&before, &before, &[f32::NAN, 0.2f32.ln()]);
        assert!(found.geo.is_nan() && found.median_pct_increase.is_nan());
        assert!(found.mean_pct_2sd.is_nan());
        close(found.share_improved, 0.5);
        assert_eq!(found.overflowed, 1);
    }
}
