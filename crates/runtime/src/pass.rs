//! What the layers of one forward pass share.

use crate::batch::{ForkSegment, KvLocation, Segment};
use crate::hooks::Hooks;
use crate::matrix::{Matrix, add};
use crate::rope::Angles;
use crate::run_cache::{CacheHit, CachedRun, Sequence};

/// What all layers of one pass share.
pub(crate) struct PassContext<'a> {
    pub(crate) hooks: &'a Hooks,
    /// For each sequence, the cached run that it starts from.
    pub(crate) hits: &'a [Option<CacheHit>],
    /// The sequences. They are the first segments, and the only ones that captures keep.
    pub(crate) sequences: &'a [Sequence<'a>],
    /// Cosines and sines of the rotary positions; `None` where nothing is rotated.
    pub(crate) angles: Option<Angles>,
}

/// Matrices that every layer overwrites. They live as long as the pass because allocating fresh
/// memory costs more than the work done in it.
#[derive(Default)]
pub(crate) struct ScratchBuffers {
    pub(crate) normed: Matrix,
    pub(crate) qkv: Matrix,
    pub(crate) z: Matrix,
    /// `hook_attn_out`, `[rows, width]`.
    pub(crate) attn_out: Matrix,
    pub(crate) hidden: Matrix,
    pub(crate) activated: Matrix,
    pub(crate) mlp_out: Matrix,
}

impl PassContext<'_> {
    /// The cached run that sequence `sequence` starts from; a location must have named it.
    pub(crate) fn cached_run(&self, sequence: usize) -> &CachedRun {
        match self.hits.get(sequence) {
            Some(Some(hit)) => &hit.run,
            _ => unreachable!("a location names a cached run that was found"),
        }
    }

    /// Appends the rows of the forks that start at layer `index`, between the halves of its block:
    /// copies their sequence's rows from the first changed position on, and adds the fork's vector
    /// at the changed positions.
    pub(crate) fn append_forks(
        &self,
        index: usize,
        forks: &[ForkSegment<'_>],
        segments: &[Segment],
        resid: &mut Matrix,
        attn_out: &mut Matrix,
    ) {
        for ForkSegment { fork, segment, .. } in forks {
            let origin = &segments[fork.sequence];
            for location in origin.locations().skip(segment.position) {
                match location {
                    KvLocation::Batch { row } => {
                        resid.repeat_row(row);
                        attn_out.repeat_row(row);
                    }
                    KvLocation::Cached { run, position } => {
                        let layer = &self.cached_run(run).layers[index];
                        let Some(residuals) = &layer.residuals else {
                            unreachable!("a fork starts from a cached run that has residuals");
                        };
                        resid.push_row(residuals.stream.row(position));
                        match &residuals.attn_out {
                            Some(rows) => attn_out.push_row(rows.row(position)),
                            None => attn_out.push_zeros(),
                        }
                    }
                }
            }
            let width = attn_out.cols;
            let changed = fork.at.range(segment.length());
            for position in changed.start.max(segment.position)..changed.end {
                let vector = if fork.vector.len() == width {
                    &fork.vector[..]
                } else {
                    let offset = (position - changed.start) * width;
                    &fork.vector[offset..offset + width]
                };
                let row = segment.start + position - segment.position;
                add(attn_out.row_mut(row), vector);
            }
        }
    }
}
