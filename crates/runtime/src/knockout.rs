//! Attention knock-out: queries that may not attend to some keys.

use std::ops::Range;

use crate::hooks::{Intervention, InterventionAction, TargetPositions};
use crate::ops::softmax;

/// The keys that the queries of one sequence cannot attend to in one layer.
#[derive(Debug, Clone, Default)]
pub(crate) struct BlockedKeys {
    /// The positions of the queries and of the keys.
    blocks: Vec<(TargetPositions, Range<usize>)>,
}

impl BlockedKeys {
    /// The blocks in `layer` of the interventions on one sequence.
    pub(crate) fn new(layer: usize, interventions: &[Intervention]) -> Self {
        let blocks = interventions.iter().filter(|change| change.layer == layer);
        let blocks = blocks.filter_map(|change| match &change.action {
            InterventionAction::BlockAttention(keys) => Some((change.at.clone(), keys.clone())),
            _ => None,
        });
        Self {
            blocks: blocks.collect(),
        }
    }

    /// Turns the scores of the query at `position` into its pattern: a softmax in which blocked
    /// keys have no part.
    ///
    /// # Shapes
    /// `row`: `[keys]`, the first of which is at position `first` and the last at `position`.
    pub(crate) fn softmax(&self, position: usize, first: usize, row: &mut [f32]) {
        self.fill(position, first, row, f32::NEG_INFINITY);
        softmax(row);
        // The exponential of −∞ is a small number here, not zero.
        self.fill(position, first, row, 0.0);
    }

    fn fill(&self, position: usize, first: usize, row: &mut [f32], value: f32) {
        for (queries, keys) in &self.blocks {
            if !queries.range(position + 1).contains(&position) {
                continue;
            }
            // A query always sees its own position.
            let start = keys.start.max(first) - first;
            let end = keys.end.min(position).max(first) - first;
            if start < end {
                row[start..end].fill(value);
            }
        }
    }
}
