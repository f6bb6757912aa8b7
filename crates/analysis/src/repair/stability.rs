//! Stability of a repair over a template's variables: its effect on the other cases.

use serde::Serialize;

/// The effect of a repair on the expected answers of the file's other cases, as if it were meant
/// for them too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stability {
    /// How many other cases expect an answer and can be run; at most 16.
    pub cases: usize,
    /// How many of their answers become more probable.
    pub better: usize,
    /// How many of their answers become less probable.
    pub worse: usize,
    /// The mean Δlog p of their answers, in nats.
    pub mean_dlogp: f64,
    /// The smallest Δlog p of their answers, in nats.
    pub worst_dlogp: f64,
}

/// The largest change of log-probability that counts as none, in nats.
const NOTHING: f64 = 1e-4;

impl Stability {
    /// Summarizes the Δlog p of the other cases; `None` if there are none.
    pub(crate) fn of(changes: &[f64]) -> Option<Self> {
        let worst = changes.iter().copied().min_by(f64::total_cmp)?;
        Some(Self {
            cases: changes.len(),
            better: changes.iter().filter(|change| **change > NOTHING).count(),
            worse: changes.iter().filter(|change| **change < -NOTHING).count(),
            mean_dlogp: changes.iter().sum::<f64>() / changes.len() as f64,
            worst_dlogp: worst,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_summarized() {
        assert_eq!(Stability::of(&[]), None);
        let found = Stability::of(&[1.0, -0.5, 1e-9]).unwrap();
        assert_eq!((found.cases, found.better, found.worse), (3, 1, 1));
        assert!((found.mean_dlogp - 0.5 / 3.0).abs() < 1e-6);
        assert!((found.worst_dlogp + 0.5).abs() < 1e-12);
    }
}
