//! Groups of compact lenses that are trained jointly: one head, or all heads of a layer.

use crate::lens::head_at::HeadAt;
use crate::lens::tensors::{TensorReader, TensorWriter};
use crate::lens::trained::batch::{Batch, TargetDistribution};
use crate::lens::trained::candidates::Candidates;
use crate::lens::trained::compact::{CompactLens, CompactMoments, ZMap};
use crate::lens::trained::error::LensError;
use crate::lens::trained::fit;
use crate::lens::trained::loss::{Affine, exact, loss};
use hoplens_runtime::{Matrix, Model};

/// The scales of the fitted lens that are tried as the start of the training.
const START_SCALES: [f32; 6] = [1.0, 0.75, 0.5, 0.25, 0.1, 0.0];

/// Heads whose lenses' sum is trained for one target: one head, or all heads of a layer.
#[derive(Debug)]
pub(super) struct LensGroup {
    pub(super) members: Vec<Member>,
    /// The held-out loss of the best lenses so far.
    best: f64,
}

/// One head of a group.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) at: HeadAt,
    /// W_O^h: `[head_dim, width]`.
    weights: Matrix,
    lens: CompactLens,
    moments: CompactMoments,
    /// 1 over the root of the mean |r_h|²: the unit of V and α.
    r_scale: f32,
    /// The lens with the least held-out loss so far.
    pub(super) best: CompactLens,
}

impl Member {
    /// Returns a member whose lens predicts the mean distribution.
    pub(super) fn new(model: &Model, at: HeadAt, rank: usize) -> Result<Self, LensError> {
        let lens = CompactLens::constant(rank, model.info.width);
        Ok(Self {
            at,
            weights: model.head_weights(at.layer, at.head)?,
            moments: CompactMoments::new(&lens),
            r_scale: 1.0,
            best: lens.clone(),
            lens,
        })
    }

    fn name(&self, what: &str) -> String {
        format!("layers.{}.heads.{}.{what}", self.at.layer, self.at.head)
    }
}

impl LensGroup {
    pub(super) fn new(members: Vec<Member>) -> Self {
        Self {
            members,
            best: f64::INFINITY,
        }
    }

    /// Returns z of the members' heads, concatenated: `[positions, heads·head_dim]`.
    fn z(&self, batch: &Batch<'_>) -> Matrix {
        let first = &self.members[0];
        let heads = first.at.head..first.at.head + self.members.len();
        batch.z(first.at.layer, heads, first.weights.rows)
    }

    fn z_map(&self) -> Vec<ZMap> {
        let from = |member: &Member| member.lens.z_map(&member.weights);
        self.members.iter().map(from).collect()
    }

    fn affine(&self, from: &[ZMap]) -> Affine {
        let lenses = self.members.iter().zip(from);
        Affine::joined(lenses.map(|(member, from)| (&from.map, member.lens.c.as_slice())))
    }

    /// Adds a batch to the sums of the members' fits, one for each member.
    pub(super) fn gather(
        &self,
        batch: &Batch<'_>,
        target: &TargetDistribution,
        into: &mut [fit::FitSums],
    ) {
        for (member, moments) in self.members.iter().zip(into) {
            let HeadAt { layer, head } = member.at;
            let z = batch.z(layer, head..head + 1, member.weights.rows);
            moments.add(&z, &target.mean);
        }
    }

    /// Starts from the fitted lenses, scaled so that the loss over another batch is least. The
    /// lenses of several members are divided by their number, because each was fitted to the whole
    /// target.
    pub(super) fn begin(
        &mut self,
        gathered: &[fit::FitSums],
        tokens: &fit::TokenStatistics,
        batch: &Batch<'_>,
        target: &TargetDistribution,
        candidates: &Candidates,
    ) {
        let share = 1.0 / self.members.len() as f32;
        for (member, moments) in self.members.iter_mut().zip(gathered) {
            let rank = member.lens.u.rows;
            if let Some(fitted) = moments.fit(tokens, &member.weights, rank) {
                member.lens = fitted.lens;
                member.r_scale = fitted.r_scale;
            }
        }
        let z = self.z(batch);
        let fitted: Vec<CompactLens> = self.members.iter().map(|one| one.lens.clone()).collect();
        let mut best = (f64::INFINITY, 0.0);
        for towards in START_SCALES {
            self.set(&fitted, towards * share);
            let (loss, _) = loss(&self.affine(&self.z_map()), &z, target, candidates);
            if loss < best.0 {
                best = (loss, towards * share);
            }
        }
        self.set(&fitted, best.1);
    }

    fn set(&mut self, fitted: &[CompactLens], towards: f32) {
        for (member, fitted) in self.members.iter_mut().zip(fitted) {
            member.lens = fitted.scaled(towards);
            member.best = member.lens.clone();
        }
    }

    /// Makes one step on a batch; returns the loss before it, in nats.
    pub(super) fn learn(
        &mut self,
        batch: &Batch<'_>,
        target: &TargetDistribution,
        candidates: &Candidates,
        rate: f32,
        step: usize,
    ) -> f64 {
        let from = self.z_map();
        let (loss, grad) = loss(&self.affine(&from), &self.z(batch), target, candidates);
        let values = self.members[0].weights.data.len();
        let own = grad.map.chunks_exact(values);
        for ((member, from), map_grad) in self.members.iter_mut().zip(&from).zip(own) {
            let grad = member
                .lens
                .backward(&member.weights, from, map_grad, &grad.c);
            member
                .moments
                .step(&mut member.lens, &grad, rate, member.r_scale, step);
        }
        loss
    }

    /// Returns the exact loss over held-out positions, in nats, and whether it is the least so far;
    /// stores the best lenses.
    pub(super) fn evaluate(
        &mut self,
        model: &Model,
        held_out: &Batch<'_>,
        target: &TargetDistribution,
        bias: &[f32],
    ) -> (f64, bool) {
        let map = self.affine(&self.z_map());
        let loss = exact(model, &map, &self.z(held_out), target, bias);
        let better = loss < self.best;
        if better {
            self.best = loss;
            for member in &mut self.members {
                member.best = member.lens.clone();
            }
        }
        (loss, better)
    }

    /// Writes the state to a checkpoint.
    pub(super) fn write(&self, into: &mut TensorWriter) {
        for member in &self.members {
            into.push(member.name("r_scale"), &[1], &[member.r_scale]);
            for (lens, kind) in [(&member.lens, "now"), (&member.best, "best")] {
                let identity = member.name(&format!("{kind}.identity"));
                into.push(identity, &[1], &[lens.identity]);
                let shape = [lens.u.rows, lens.u.cols];
                into.push(member.name(&format!("{kind}.u")), &shape, &lens.u.data);
                into.push(member.name(&format!("{kind}.v")), &shape, &lens.v.data);
                into.push(member.name(&format!("{kind}.c")), &[lens.c.len()], &lens.c);
            }
            let moments = &member.moments;
            for (kept, kind) in moments.each() {
                for (values, order) in [(&kept.first, "first"), (&kept.second, "second")] {
                    let name = member.name(&format!("{order}.{kind}"));
                    into.push(name, &[values.len()], values);
                }
            }
        }
    }

    /// Returns the bits of the least held-out loss so far.
    pub(super) fn best_bits(&self) -> u64 {
        self.best.to_bits()
    }

    /// Restores the state from a checkpoint.
    ///
    /// # Errors
    /// [`LensError::Damaged`].
    pub(super) fn restore(
        &mut self,
        from: &TensorReader<'_>,
        best_bits: u64,
    ) -> Result<(), LensError> {
        self.best = f64::from_bits(best_bits);
        for member in &mut self.members {
            let prefix = format!("layers.{}.heads.{}", member.at.layer, member.at.head);
            let r_scale = std::slice::from_mut(&mut member.r_scale);
            from.fill(&format!("{prefix}.r_scale"), r_scale)?;
            for (lens, kind) in [(&mut member.lens, "now"), (&mut member.best, "best")] {
                let identity = std::slice::from_mut(&mut lens.identity);
                from.fill(&format!("{prefix}.{kind}.identity"), identity)?;
                from.fill(&format!("{prefix}.{kind}.u"), &mut lens.u.data)?;
                from.fill(&format!("{prefix}.{kind}.v"), &mut lens.v.data)?;
                from.fill(&format!("{prefix}.{kind}.c"), &mut lens.c)?;
            }
            for (kept, kind) in member.moments.each_mut() {
                from.fill(&format!("{prefix}.first.{kind}"), &mut kept.first)?;
                from.fill(&format!("{prefix}.second.{kind}"), &mut kept.second)?;
            }
        }
        Ok(())
    }
}
