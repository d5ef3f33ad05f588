//! Estimates and how far to trust them: every score comes with its 95 % interval.
//!
//! Sources: Wilson, "Probable inference, the law of succession, and statistical inference" (JASA 1927) for shares; Agarwal et al.,
//! "Deep reinforcement learning at the edge of the statistical precipice" (NeurIPS 2021, `rliable`) for the interquartile mean, the
//! stratified bootstrap and the probability of improvement. Resampling draws from a [`Stream`], so figures can be reproduced.

use crate::stream::Stream;
use serde::{Deserialize, Serialize};

/// Resamples of a bootstrap: enough that a rerun with another stream changes an interval's ends by less than is printed.
pub const RESAMPLES: usize = 5_000;

/// The 97.5 % point of the standard normal distribution, for two-sided 95 % intervals.
const Z: f64 = 1.959_963_984_540_054;

/// A number estimated from samples, and its 95 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The point estimate.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// Arithmetic mean; 0 where there is nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The middle value, or the mean of the two middle ones; 0 where there is nothing.
pub fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[half],
        _ => f64::midpoint(sorted[half - 1], sorted[half]),
    }
}

/// Mean of what is left when ⌊n/4⌋ values are cut from each end (25 % trimmed mean, as `rliable` computes it); 0 where there is nothing.
pub fn interquartile_mean(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let cut = sorted.len() / 4;
    mean(&sorted[cut..sorted.len() - cut])
}

/// Share of `successes` in `trials`, with Wilson's score interval.
///
/// Without a trial nothing is known: 0 in [0, 1].
pub fn wilson(successes: usize, trials: usize) -> Estimate {
    if trials == 0 {
        return Estimate { value: 0.0, low: 0.0, high: 1.0 };
    }
    let (n, share) = (trials as f64, successes as f64 / trials as f64);
    let z2 = Z * Z;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    // Where nothing or everything succeeded the ends are exactly 0 and 1; rounding would leave 1e-17 beyond.
    let low = if successes == 0 { 0.0 } else { centre - half };
    let high = if successes == trials { 1.0 } else { centre + half };
    Estimate { value: share, low, high }
}

/// `statistic` of all values pooled, with the percentile interval of a stratified bootstrap.
///
/// A stratum is a scene, its values one score per run (seed). Each resample draws, within every stratum, as many values as it holds,
/// with replacement. One value per stratum leaves nothing to resample: the interval is then the point itself.
pub fn stratified_bootstrap(strata: &[Vec<f64>], statistic: impl Fn(&[f64]) -> f64, stream: &mut Stream) -> Estimate {
    let pooled: Vec<f64> = strata.concat();
    let mut drawn = Vec::with_capacity(pooled.len());
    let resampled = (0..RESAMPLES).map(|_| {
        drawn.clear();
        for stratum in strata {
            draw(stratum, &mut drawn, stream);
        }
        statistic(&drawn)
    });
    percentile_interval(statistic(&pooled), resampled.collect())
}

/// How probably a run of the first method scores higher than a run of the second, ties counting half: P(X > Y) of Agarwal et al.
///
/// Each stratum is a scene, with the scores of either method's runs in it; the result is the mean over the strata. 1/2 means no difference. The
/// interval resamples the runs of both methods within each stratum. Strata in which a method has no run are left out; with none left
/// nothing is known: 1/2 in [0, 1].
pub fn probability_of_improvement(strata: &[(Vec<f64>, Vec<f64>)], stream: &mut Stream) -> Estimate {
    let strata: Vec<_> = strata.iter().filter(|(first, second)| !first.is_empty() && !second.is_empty()).collect();
    if strata.is_empty() {
        return Estimate { value: 0.5, low: 0.0, high: 1.0 };
    }
    let value = mean(&strata.iter().map(|(first, second)| share_above(first, second)).collect::<Vec<_>>());
    let (mut first_drawn, mut second_drawn) = (Vec::new(), Vec::new());
    let resampled = (0..RESAMPLES).map(|_| {
        let shares = strata.iter().map(|(first, second)| {
            first_drawn.clear();
            second_drawn.clear();
            draw(first, &mut first_drawn, stream);
            draw(second, &mut second_drawn, stream);
            share_above(&first_drawn, &second_drawn)
        });
        shares.sum::<f64>() / strata.len() as f64
    });
    percentile_interval(value, resampled.collect())
}

/// Share of pairs in which the first is larger, ties counting half (the Mann-Whitney U statistic over the number of pairs).
fn share_above(first: &[f64], second: &[f64]) -> f64 {
    // By binary search in the sorted second, so that hundreds of episodes on each side stay quick under thousands of resamples.
    let second = sorted(second);
    let wins: usize = first
        .iter()
        .map(|x| second.partition_point(|y| y < x) + second.partition_point(|y| y <= x)) // twice (smaller + half of equal)
        .sum();
    wins as f64 / (2 * first.len() * second.len()) as f64
}

/// Draws as many values as there are, with replacement.
fn draw(values: &[f64], drawn: &mut Vec<f64>, stream: &mut Stream) {
    drawn.extend((0..values.len()).map(|_| values[stream.below(values.len())]));
}

/// The 2.5 % and 97.5 % points of `resampled`, interpolated linearly between neighbours.
fn percentile_interval(value: f64, resampled: Vec<f64>) -> Estimate {
    let sorted = sorted(&resampled);
    let at = |share: f64| {
        let place = share * (sorted.len() - 1) as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(sorted.len() - 1);
        sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
    };
    Estimate { value, low: at(0.025), high: at(0.975) }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}
