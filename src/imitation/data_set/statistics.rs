//! What is said of a column's numbers: for each episode in `meta/episodes`, for the whole set in `meta/stats.json`.

use super::table;
use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

/// The quantiles that are kept, with their names.
pub const QUANTILES: [(&str, f64); 5] = [("q01", 0.01), ("q10", 0.1), ("q50", 0.5), ("q90", 0.9), ("q99", 0.99)];

/// Of each element of a column's rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Smallest.
    pub min: Vec<f64>,
    /// Largest.
    pub max: Vec<f64>,
    /// Mean.
    pub mean: Vec<f64>,
    /// Standard deviation of the population.
    pub std: Vec<f64>,
    /// How many rows there are, as a list of one.
    pub count: Vec<i64>,
    /// 1 %. Of an episode exact (linear between neighbours), of a set the mean of its episodes' weighted by their rows, as the format's
    /// reference has it.
    pub q01: Vec<f64>,
    /// 10 %
    pub q10: Vec<f64>,
    /// 50 %
    pub q50: Vec<f64>,
    /// 90 %
    pub q90: Vec<f64>,
    /// 99 %
    pub q99: Vec<f64>,
}

impl Statistics {
    /// Of rows of `width` numbers.
    pub fn of(width: usize, values: &[f64]) -> Self {
        let rows = values.len() / width.max(1);
        let mut all = Self { count: vec![rows as i64], ..Self::default() };
        for element in 0..width {
            let mut sorted: Vec<f64> = values.iter().skip(element).step_by(width).copied().collect();
            sorted.sort_by(f64::total_cmp);
            let mean = sorted.iter().sum::<f64>() / rows.max(1) as f64;
            let variance = sorted.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / rows.max(1) as f64;
            all.min.push(sorted.first().copied().unwrap_or(0.0));
            all.max.push(sorted.last().copied().unwrap_or(0.0));
            all.mean.push(mean);
            all.std.push(variance.sqrt());
            for (list, (_, share)) in all.quantiles_mut().into_iter().zip(QUANTILES) {
                list.push(quantile(&sorted, share));
            }
        }
        all
    }

    /// The quantiles, in the order of [`QUANTILES`].
    pub fn quantiles(&self) -> [&Vec<f64>; 5] {
        [&self.q01, &self.q10, &self.q50, &self.q90, &self.q99]
    }

    fn quantiles_mut(&mut self) -> [&mut Vec<f64>; 5] {
        [&mut self.q01, &mut self.q10, &mut self.q50, &mut self.q90, &mut self.q99]
    }

    /// Takes another part of the same column in. (Chan et al. 1979, "Updating formulae and a pairwise algorithm for computing sample variances".)
    pub fn merge(&mut self, other: &Self) {
        let [mine, theirs] = [&*self, other].map(|part| part.count.first().copied().unwrap_or(0) as f64);
        if mine == 0.0 {
            self.clone_from(other);
            return;
        }
        let (a, b) = (mine / (mine + theirs), theirs / (mine + theirs));
        for element in 0..self.mean.len().min(other.mean.len()) {
            let apart = other.mean[element] - self.mean[element];
            let variance = a * self.std[element].powi(2) + b * other.std[element].powi(2) + a * b * apart * apart;
            self.std[element] = variance.sqrt();
            self.mean[element] += b * apart;
            self.min[element] = self.min[element].min(other.min[element]);
            self.max[element] = self.max[element].max(other.max[element]);
        }
        for (mine, theirs) in self.quantiles_mut().into_iter().zip(other.quantiles()) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine = a * *mine + b * theirs);
        }
        self.count = vec![(mine + theirs) as i64];
    }
}

/// Of sorted numbers, linear between neighbours, as numpy's default.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share * last as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// Of every numeric column of an episode's rows, in the columns' order.
pub fn of_columns(batch: &RecordBatch) -> Vec<(String, Statistics)> {
    let columns =
        batch.schema().fields().iter().zip(batch.columns()).map(|(field, array)| (field.name().clone(), array.clone())).collect::<Vec<_>>();
    let numbers = |(name, array): (String, arrow_array::ArrayRef)| {
        let (width, values) = table::numbers(array.as_ref())?;
        Some((name, Statistics::of(width, &values)))
    };
    columns.into_iter().filter_map(numbers).collect()
}

/// Takes an episode's statistics into those of a set.
pub fn merge(all: &mut Vec<(String, Statistics)>, episode: &[(String, Statistics)]) {
    for (name, part) in episode {
        match all.iter_mut().find(|(other, _)| other == name) {
            Some((_, whole)) => whole.merge(part),
            None => all.push((name.clone(), part.clone())),
        }
    }
}
