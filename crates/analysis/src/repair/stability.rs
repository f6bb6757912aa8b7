//! Whether a repair holds over a template's variables: what it does to the other cases.

use serde::Serialize;

/// What a repair does to the expected answers of the file's other cases, as if it were meant for
/// them too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stability {
    /// The other cases that expect an answer and could be asked; at most 16.
    pub cases: usize,
    /// Those whose answer becomes more probable.
    pub better: usize,
    /// Those whose answer becomes less probable.
    pub worse: usize,
    /// The mean Δlog p of their answers, in nats.
    pub mean_dlogp: f64,
    /// The least, in nats.
    pub worst_dlogp: f64,
}

/// A change of log-probability that is none, in nats.
const NOTHING: f64 = 1e-4;

impl Stability {
    /// Sums up the Δlog p of each other case; `None` if there are none.
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
    fn changes_are_summed_up() {
        assert_eq!(Stability::of(&[]), None);
        let found = Stability::of(&[1.0, -0.5, 1e-9]).unwrap();
        assert_eq!((found.cases, found.better, found.worse), (3, 1, 1));
        assert!((found.mean_dlogp - 0.5 / 3.0).abs() < 1e-6);
        assert!((found.worst_dlogp + 0.5).abs() < 1e-12);
    }
}
