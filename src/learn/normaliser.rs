//! [`Normaliser`]: puts observations of any unit on one scale.

use super::batch::Batch;
use serde::{Deserialize, Serialize};

/// Running mean and variance of every channel of an observation.
///
/// Merged batch by batch: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979,
/// equation 1.5. It stands still during a rollout, so that a decision and the learning from it see the same numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normaliser {
    count: f64,
    mean: Vec<f64>,
    /// Sum of squared distances from the mean.
    spread: Vec<f64>,
}

impl Normaliser {
    /// Normalised observations lie within ± this many standard deviations.
    pub const CLIP: f32 = 10.0;

    /// Added to the variance, in the square of the channel's unit: a channel that never changes is not divided by zero.
    const FLOOR: f64 = 1e-6;

    /// One that has seen nothing and only clips.
    pub fn new(width: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; width], spread: vec![0.0; width] }
    }

    /// How many numbers an observation has.
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// How many rows it has seen.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The mean of every channel.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The variance of every channel; 1 before anything was seen.
    pub fn variance(&self) -> Vec<f64> {
        self.spread.iter().map(|spread| if self.count > 0.0 { spread / self.count } else { 1.0 }).collect()
    }

    /// Each channel's sum of squared distances from the mean.
    pub fn spread(&self) -> &[f64] {
        &self.spread
    }

    /// One that has seen `count` rows of this `mean` and `spread`.
    pub fn from_moments(count: f64, mean: Vec<f64>, spread: Vec<f64>) -> Self {
        Self { count, mean, spread }
    }

    /// Whether it is whole, for observations of `width` numbers.
    pub fn is_of(&self, width: usize) -> bool {
        self.mean.len() == width && self.spread.len() == width
    }

    /// Takes `rows` into account.
    pub fn absorb<'a>(&mut self, rows: impl Iterator<Item = &'a [f32]> + Clone) {
        let count = rows.clone().count() as f64;
        if count == 0.0 {
            return;
        }
        let mut mean = vec![0.0; self.width()];
        for row in rows.clone() {
            mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value));
        }
        mean.iter_mut().for_each(|mean| *mean /= count);
        let mut spread = vec![0.0; self.width()];
        for row in rows {
            for ((spread, mean), value) in spread.iter_mut().zip(&mean).zip(row) {
                *spread += (f64::from(*value) - mean) * (f64::from(*value) - mean);
            }
        }
        let total = self.count + count;
        for channel in 0..self.width() {
            let step = mean[channel] - self.mean[channel];
            self.mean[channel] += step * count / total;
            self.spread[channel] += spread[channel] + step * step * self.count * count / total;
        }
        self.count = total;
    }

    /// From now on this channel says nothing: it is 0 wherever it stands, as if its variance were without end.
    pub fn ignore(&mut self, channel: usize) {
        self.spread[channel] = f64::INFINITY;
    }

    /// `observations` `[N, width]`, in standard deviations from the mean.
    pub fn normalise(&self, observations: &Batch) -> Batch {
        assert!(observations.width() == self.width(), "rows of {} for a normaliser of {}", observations.width(), self.width());
        let mean: Vec<f32> = self.mean.iter().map(|mean| *mean as f32).collect();
        let scale: Vec<f32> = self.variance().iter().map(|variance| (1.0 / (variance + Self::FLOOR).sqrt()) as f32).collect();
        let mut normalised = observations.clone();
        for row in normalised.values_mut().chunks_exact_mut(self.width().max(1)) {
            for ((value, mean), scale) in row.iter_mut().zip(&mean).zip(&scale) {
                *value = ((*value - mean) * scale).clamp(-Self::CLIP, Self::CLIP);
            }
        }
        normalised
    }
}
