//! Compact lenses that learn together: one head, or all heads of a layer.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::LensError;
use super::batch::{Batch, HeadAt, Target};
use super::candidates::Candidates;
use super::compact::{Compact, CompactMoments};
use super::loss::{exact, loss};
use super::tensors::{Reader, Tensors};
use super::text::mixed;
use crate::model::{Matrix, Model};

/// Heads whose lenses' sum is held to one target.
#[derive(Debug)]
pub(super) struct Group {
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
    lens: Compact,
    moments: CompactMoments,
    /// One over the root of the mean |r_h|²: what V's values are counted in.
    v_scale: f32,
    /// The lens at the best look at the held-out positions.
    pub(super) best: Compact,
}

impl Member {
    /// A lens that changes nothing yet: U is zero, V random.
    pub(super) fn new(
        model: &Model,
        at: HeadAt,
        rank: usize,
        seed: u64,
        first: &Batch<'_>,
    ) -> Result<Self, LensError> {
        let weights = model.head_weights(at.layer, at.head)?;
        let outputs = first.outputs(at, &weights);
        let squares: f64 = outputs.data.iter().map(|v| f64::from(*v).powi(2)).sum();
        let length = (squares / outputs.rows.max(1) as f64).sqrt().max(1e-6);
        let v_scale = (1.0 / length) as f32;
        let number = (at.layer as u64) << 32 | at.head as u64;
        let mut random = ChaCha8Rng::seed_from_u64(mixed(seed, number));
        let width = model.info.width;
        let mut v = Matrix::zeros(rank, width);
        for value in &mut v.data {
            // A sum of twelve uniform numbers is as good as normal here, and the same everywhere.
            let sum: f32 = (0..12).map(|_| random.random::<f32>()).sum();
            *value = (sum - 6.0) * v_scale;
        }
        let lens = Compact {
            u: Matrix::zeros(rank, width),
            v,
            c: vec![0.0; width],
        };
        Ok(Self {
            at,
            weights,
            moments: CompactMoments::new(&lens),
            v_scale,
            best: lens.clone(),
            lens,
        })
    }

    fn name(&self, what: &str) -> String {
        format!("layers.{}.heads.{}.{what}", self.at.layer, self.at.head)
    }
}

impl Group {
    pub(super) fn new(members: Vec<Member>) -> Self {
        Self {
            members,
            best: f64::INFINITY,
        }
    }

    /// One step down the loss over a batch; returns the loss before it.
    pub(super) fn learn(
        &mut self,
        batch: &Batch<'_>,
        target: &Target,
        candidates: &Candidates,
        rate: f32,
        step: usize,
    ) -> f64 {
        let read: Vec<(Matrix, Matrix, Matrix)> = self
            .members
            .iter()
            .map(|member| {
                let outputs = batch.outputs(member.at, &member.weights);
                let (points, thin) = member.lens.point(&outputs);
                (outputs, points, thin)
            })
            .collect();
        let points = sum(read.iter().map(|(_, points, _)| points));
        let (loss, by_points) = loss(&points, target, candidates);
        for (member, (outputs, _, thin)) in self.members.iter_mut().zip(&read) {
            let by = member.lens.back(outputs, thin, &by_points);
            member
                .moments
                .step(&mut member.lens, &by, rate, member.v_scale, step);
        }
        loss
    }

    /// The exact loss over held-out positions; lenses that are the best so far are kept. Says
    /// whether they are.
    pub(super) fn look(
        &mut self,
        model: &Model,
        held_out: &Batch<'_>,
        target: &Target,
        bias: &[f32],
    ) -> (f64, bool) {
        let points: Vec<Matrix> = self
            .members
            .iter()
            .map(|member| {
                let outputs = held_out.outputs(member.at, &member.weights);
                member.lens.point(&outputs).0
            })
            .collect();
        let losses = exact(model, &sum(points.iter()), target, bias);
        let loss = losses.iter().sum::<f64>() / losses.len().max(1) as f64;
        let better = loss < self.best;
        if better {
            self.best = loss;
            for member in &mut self.members {
                member.best = member.lens.clone();
            }
        }
        (loss, better)
    }

    /// Everything that a checkpoint keeps.
    pub(super) fn write(&self, into: &mut Tensors) {
        for member in &self.members {
            for (lens, kind) in [(&member.lens, "now"), (&member.best, "best")] {
                let shape = [lens.u.rows, lens.u.cols];
                into.push(member.name(&format!("{kind}.u")), &shape, &lens.u.data);
                into.push(member.name(&format!("{kind}.v")), &shape, &lens.v.data);
                into.push(member.name(&format!("{kind}.c")), &[lens.c.len()], &lens.c);
            }
            let moments = &member.moments;
            for (kept, kind) in [(&moments.u, "u"), (&moments.v, "v"), (&moments.c, "c")] {
                for (values, order) in [(&kept.first, "first"), (&kept.second, "second")] {
                    let name = member.name(&format!("{order}.{kind}"));
                    into.push(name, &[values.len()], values);
                }
            }
        }
    }

    /// The held-out loss of the best lenses so far, bit by bit.
    pub(super) fn best_bits(&self) -> u64 {
        self.best.to_bits()
    }

    /// Goes on from a checkpoint.
    pub(super) fn restore(&mut self, from: &Reader<'_>, best_bits: u64) -> Result<(), LensError> {
        self.best = f64::from_bits(best_bits);
        for member in &mut self.members {
            let prefix = format!("layers.{}.heads.{}", member.at.layer, member.at.head);
            for (lens, kind) in [(&mut member.lens, "now"), (&mut member.best, "best")] {
                from.fill(&format!("{prefix}.{kind}.u"), &mut lens.u.data)?;
                from.fill(&format!("{prefix}.{kind}.v"), &mut lens.v.data)?;
                from.fill(&format!("{prefix}.{kind}.c"), &mut lens.c)?;
            }
            let moments = &mut member.moments;
            for (kept, kind) in [
                (&mut moments.u, "u"),
                (&mut moments.v, "v"),
                (&mut moments.c, "c"),
            ] {
                from.fill(&format!("{prefix}.first.{kind}"), &mut kept.first)?;
                from.fill(&format!("{prefix}.second.{kind}"), &mut kept.second)?;
            }
        }
        Ok(())
    }
}

fn sum<'a>(mut points: impl Iterator<Item = &'a Matrix>) -> Matrix {
    let mut sum = points.next().cloned().unwrap_or_default();
    for more in points {
        for (value, more) in sum.data.iter_mut().zip(&more.data) {
            *value += more;
        }
    }
    sum
}
