//! The attention outputs of the sequences that were read alone and used last.

use std::collections::VecDeque;
use std::sync::Arc;

/// `hook_attn_out` of each layer at the last position of one sequence: `[layers][width]`.
pub(crate) type AttnOuts = Vec<Arc<[f32]>>;

/// The attention outputs of the sequences that were used last.
#[derive(Debug)]
pub(crate) struct AttnOutCache {
    /// In the order of their last use; the most recently used one is last.
    entries: VecDeque<(Vec<u32>, AttnOuts)>,
    /// The maximum size of all outputs in bytes.
    budget: usize,
}

impl AttnOutCache {
    /// Returns an empty cache of at most `budget` bytes.
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            budget,
        }
    }

    /// Returns the current size in bytes.
    fn bytes(&self) -> usize {
        let layers = self.entries.iter().flat_map(|(_, layers)| layers);
        layers.map(|layer| size_of_val(&layer[..])).sum()
    }

    /// Returns the outputs of a sequence, and marks it as most recently used.
    pub(crate) fn find(&mut self, tokens: &[u32]) -> Option<AttnOuts> {
        let at = self.entries.iter().position(|(own, _)| own == tokens)?;
        let entry = self.entries.remove(at)?;
        let found = entry.1.clone();
        self.entries.push_back(entry);
        Some(found)
    }

    /// Inserts outputs, and removes the least recently used ones until the rest fits the budget.
    pub(crate) fn insert(&mut self, tokens: Vec<u32>, outputs: AttnOuts) {
        self.entries.push_back((tokens, outputs));
        while self.bytes() > self.budget {
            self.entries.pop_front();
        }
    }

    /// Removes everything.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_outputs_are_removed_first() {
        let outputs = || vec![Arc::from([0.0_f32; 2])];
        let mut cache = AttnOutCache::new(24);
        for token in 1..=3 {
            cache.insert(vec![token], outputs());
        }
        assert_eq!(cache.bytes(), 24);
        assert!(cache.find(&[1]).is_some());
        cache.insert(vec![4], outputs());
        assert_eq!(cache.bytes(), 24);
        assert!(cache.find(&[2]).is_none());
        assert!(cache.find(&[1]).is_some());
        let mut nothing = AttnOutCache::new(0);
        nothing.insert(vec![1], outputs());
        assert!(nothing.find(&[1]).is_none());
    }
}
