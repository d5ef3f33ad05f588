//! Dead zone and response curve: the one place where a raw value becomes what a body feels.
//!
//! A stick's dead zone is round: it is taken off the distance from the middle, so that a slow diagonal is as slow as a slow straight
//! line, and does not snap to an axis. What is left is stretched to [0, 1] and bent: `(1 − curve)·r + curve·r³`. Only additions,
//! multiplications, divisions and square roots: the same on every machine.

use serde::{Deserialize, Serialize};

/// Dead zone and response curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shaping {
    /// What counts as the middle: share of the way, in [0, 0.9].
    pub dead_zone: f32,
    /// How much finer the middle is than the rim: 0 is straight, 1 is cubed.
    pub curve: f32,
}

impl Default for Shaping {
    fn default() -> Self {
        Self { dead_zone: 0.1, curve: 0.3 }
    }
}

impl Shaping {
    /// What is felt of a raw value, both in [-1, 1].
    pub fn one(&self, raw: f32) -> f32 {
        self.far(raw.abs()).copysign(raw)
    }

    /// What is felt of a stick: both raw values in [-1, 1], the result within the unit circle.
    pub fn stick(&self, x: f32, y: f32) -> (f32, f32) {
        let far = (x * x + y * y).sqrt();
        if far == 0.0 {
            return (0.0, 0.0);
        }
        let scale = self.far(far) / far;
        (x * scale, y * scale)
    }

    /// The raw value of which `felt` is felt, both in [-1, 1]: what a scripted pad has to send. 0 gives 0.
    pub fn undo(&self, felt: f32) -> f32 {
        self.undo_far(felt.abs()).copysign(felt)
    }

    /// The raw values of a stick of which (`x`, `y`) is felt, which lies within the unit circle.
    pub fn undo_stick(&self, x: f32, y: f32) -> (f32, f32) {
        let far = (x * x + y * y).sqrt();
        if far == 0.0 {
            return (0.0, 0.0);
        }
        let scale = self.undo_far(far) / far;
        (x * scale, y * scale)
    }

    /// What is felt at a raw distance from the middle: in [0, 1].
    fn far(&self, raw: f32) -> f32 {
        let dead = self.dead_zone.clamp(0.0, 0.9);
        let rest = ((raw - dead) / (1.0 - dead)).clamp(0.0, 1.0);
        let curve = self.curve.clamp(0.0, 1.0);
        (1.0 - curve) * rest + curve * rest * rest * rest
    }

    fn undo_far(&self, felt: f32) -> f32 {
        if felt == 0.0 {
            return 0.0;
        }
        let felt = felt.min(1.0);
        let curve = self.curve.clamp(0.0, 1.0);
        // The curve rises all the way: halving finds its only root.
        let (mut low, mut high) = (0.0_f32, 1.0_f32);
        for _ in 0..30 {
            let middle = (low + high) / 2.0;
            if (1.0 - curve) * middle + curve * middle * middle * middle < felt {
                low = middle;
            } else {
                high = middle;
            }
        }
        let dead = self.dead_zone.clamp(0.0, 0.9);
        dead + high * (1.0 - dead)
    }
}
