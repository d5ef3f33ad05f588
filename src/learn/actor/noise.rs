//! Noise, as actors that take it away know it: on which scale actions are mixed with it, and how a level of it is told to a network.

use serde::{Deserialize, Serialize};

/// How many numbers a level is told by.
pub const TOLD: usize = 16;

/// Slowest and fastest wave, in radians per unit of the level.
const WAVES: [f32; 2] = [1.0, 30.0];

/// A number in about [-1, 1] as sines and cosines of it, from slow to fast: Vaswani et al., "Attention Is All You Need", 2017, section 3.5.
pub fn tell(level: f32) -> [f32; TOLD] {
    let half = TOLD / 2;
    let mut waves = [0.0; TOLD];
    for index in 0..half {
        let [slow, fast] = WAVES;
        let angle = level * slow * libm::powf(fast / slow, index as f32 / (half - 1) as f32);
        (waves[index], waves[half + index]) = (libm::sinf(angle), libm::cosf(angle));
    }
    waves
}

/// The scale on which every channel of an action is mixed with noise: of deviation [`Scale::DEVIATION`] around 0. (A channel that hardly moves
/// would be lost in noise of the size of its whole range, and all ways of doing a thing with it.)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// `[A]`: what 0 stands for.
    pub mean: Vec<f32>,
    /// `[A]`: what 1 stands for, less the mean.
    pub unit: Vec<f32>,
}

impl Scale {
    /// Deviation of the demonstrated actions on this scale.
    pub const DEVIATION: f32 = 0.5;

    /// A channel's deviation is at least this, in half ranges of an action.
    const FLOOR: f32 = 0.05;

    /// The scale of an action's own numbers, for so many channels.
    pub fn new(channels: usize) -> Self {
        Self { mean: vec![0.0; channels], unit: vec![1.0; channels] }
    }

    /// That of these actions, `[rows, A]`, at least one.
    pub fn of<'a>(actions: impl Iterator<Item = &'a [f32]> + Clone) -> Self {
        let channels = actions.clone().next().map_or(0, <[f32]>::len);
        let count = actions.clone().count() as f64;
        let mean = |of: &dyn Fn(&[f32]) -> f64| actions.clone().map(of).sum::<f64>() / count;
        let each = |channel: usize| {
            let middle = mean(&|row| f64::from(row[channel]));
            let variance = mean(&|row| (f64::from(row[channel]) - middle).powi(2));
            (middle as f32, libm::sqrtf(variance as f32).max(Self::FLOOR) / Self::DEVIATION)
        };
        let (mean, unit) = (0..channels).map(each).unzip();
        Self { mean, unit }
    }

    /// Whether it is whole, for actions of so many channels.
    pub fn is_of(&self, channels: usize) -> bool {
        self.mean.len() == channels && self.unit.len() == channels && self.unit.iter().all(|unit| *unit > 0.0)
    }

    /// Actions of one step or several, put on the scale.
    pub fn from_actions<'a>(&'a self, actions: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        actions.iter().zip(self.channels()).map(|(action, (mean, unit))| (action - mean) / unit)
    }

    /// Back from the scale, into [-1, 1].
    pub fn to_actions(&self, values: &mut [f32]) {
        for (value, (mean, unit)) in values.iter_mut().zip(self.channels()) {
            *value = (mean + unit * *value).clamp(-1.0, 1.0);
        }
    }

    /// Numbers on the scale, held where actions lie in [-1, 1].
    pub fn hold(&self, values: &mut [f32]) {
        for (value, (mean, unit)) in values.iter_mut().zip(self.channels()) {
            *value = value.clamp((-1.0 - mean) / unit, (1.0 - mean) / unit);
        }
    }

    fn channels(&self) -> impl Iterator<Item = (f32, f32)> + '_ {
        self.mean.iter().copied().zip(self.unit.iter().copied()).cycle()
    }
}
