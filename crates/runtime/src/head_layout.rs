//! Where the heads of a layer are in a row of queries, keys and values.

use std::ops::Range;

/// The columns of each head in a row `[queries | keys | values]`, and how far its queries see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadLayout {
    /// Number of query heads, H.
    pub(crate) queries: usize,
    /// Number of key/value heads, H_kv.
    pub(crate) keys: usize,
    /// Dimensions of one head.
    pub(crate) head_dim: usize,
    /// The factor on the attention scores.
    pub(crate) scale: f32,
    /// How many positions back a query sees, its own included; `None` sees all.
    pub(crate) window: Option<usize>,
}

impl HeadLayout {
    /// The number of query heads that share the keys and values of one head.
    pub(crate) fn group(&self) -> usize {
        self.queries / self.keys
    }

    /// The number of columns of a row of queries, keys and values.
    pub(crate) fn row_width(&self) -> usize {
        (self.queries + 2 * self.keys) * self.head_dim
    }

    /// The columns that hold keys and values.
    pub(crate) fn keys_values(&self) -> Range<usize> {
        self.queries * self.head_dim..self.row_width()
    }

    /// The first column of a query head's keys among the keys and values.
    pub(crate) fn key(&self, head: usize) -> usize {
        head / self.group() * self.head_dim
    }

    /// The first column of a query head's values among the keys and values.
    pub(crate) fn value(&self, head: usize) -> usize {
        self.key(head) + self.keys * self.head_dim
    }

    /// A query head's scaled score for its own position.
    ///
    /// # Shapes
    /// `row`: `[(H + 2·H_kv)·head_dim]`.
    pub(crate) fn own_score(&self, head: usize, row: &[f32]) -> f32 {
        let query = &row[head * self.head_dim..(head + 1) * self.head_dim];
        let key = &row[self.keys_values()][self.key(head)..];
        let products = query.iter().zip(key).map(|(query, key)| query * key);
        self.scale * products.sum::<f32>()
    }

    /// Adds `weight` times the value at the query's own position to the head's output.
    ///
    /// # Shapes
    /// `row`: `[(H + 2·H_kv)·head_dim]`; `z`: `[head_dim]`.
    pub(crate) fn add_own_value(&self, head: usize, row: &[f32], weight: f32, z: &mut [f32]) {
        let values = &row[self.keys_values()][self.value(head)..];
        for (z, value) in z.iter_mut().zip(values) {
            *z += weight * value;
        }
    }

    /// The first position that a query at `position` sees.
    pub(crate) fn first_visible(&self, position: usize) -> usize {
        self.window
            .map_or(0, |window| (position + 1).saturating_sub(window))
    }
}
