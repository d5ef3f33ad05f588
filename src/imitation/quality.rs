//! What is said of a demonstration before it is kept: length, jerk, idle time, clipped inputs, frame slips, and a verdict. Of a team it is said
//! of the first agent, who demonstrates: what the others do says nothing of it.

use crate::imitation::demonstration::Rows;
use serde::{Deserialize, Serialize};

/// Below this in every channel, an action is idle.
const IDLE: f32 = 0.05;
/// From this on in any channel, an action is clipped: the hand wanted more than there is.
const CLIPPED: f32 = 0.999;

/// How well an episode was demonstrated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// s
    pub length: f32,
    /// Root mean square over rows and channels of the action's third difference over time, 1/s³. A smooth hand has less.
    pub jerk: f32,
    /// Share of the rows without action, in [0, 1].
    pub idle: f32,
    /// Share of the rows with a channel at its limit, in [0, 1].
    pub clipped: f32,
    /// Control steps that the window did later than the clock wanted; 0 where no clock runs.
    pub slips: u32,
    /// What follows from all this.
    pub verdict: Verdict,
}

/// Whether a demonstration is worth keeping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Nothing speaks against it.
    #[default]
    Good,
    /// Worth a second look: much idle time, or many late frames.
    Doubtful,
    /// Not worth keeping: almost no rows, or nothing was done.
    Poor,
}

impl Quality {
    /// Judges rows recorded at `control_hz` decisions a second, by the first `channels` of their actions: those of the one who demonstrates.
    pub fn of(rows: &Rows, channels: usize, control_hz: u32, slips: u32) -> Self {
        let count = rows.len();
        let share = |holds: &dyn Fn(&[f32]) -> bool| {
            let held = (0..count).filter(|row| holds(&rows.actions.row(*row)[..channels])).count();
            held as f32 / count.max(1) as f32
        };
        let length = count as f32 / control_hz as f32;
        let idle = share(&|action| action.iter().all(|channel| channel.abs() < IDLE));
        let clipped = share(&|action| action.iter().any(|channel| channel.abs() >= CLIPPED));
        let late = slips as f32 / count.max(1) as f32;
        let verdict = if length < 0.5 || idle > 0.95 {
            Verdict::Poor
        } else if idle > 0.5 || late > 0.1 {
            Verdict::Doubtful
        } else {
            Verdict::Good
        };
        Self { length, jerk: jerk(rows, channels, control_hz), idle, clipped, slips, verdict }
    }

    /// One line for people.
    pub fn line(&self) -> String {
        format!(
            "{:.1} s, jerk {:.0}/s³, idle {:.0} %, clipped {:.0} %, {} slips: {}",
            self.length,
            self.jerk,
            100.0 * self.idle,
            100.0 * self.clipped,
            self.slips,
            match self.verdict {
                Verdict::Good => "good",
                Verdict::Doubtful => "doubtful",
                Verdict::Poor => "poor",
            }
        )
    }
}

/// See [`Quality::jerk`].
fn jerk(rows: &Rows, width: usize, control_hz: u32) -> f32 {
    let count = rows.len();
    if count < 4 || width == 0 {
        return 0.0;
    }
    let mut sum = 0.0;
    for row in 3..count {
        let [a, b, c, d] = [3, 2, 1, 0].map(|back| rows.actions.row(row - back));
        for channel in 0..width {
            let third = d[channel] - 3.0 * c[channel] + 3.0 * b[channel] - a[channel];
            sum += f64::from(third * third);
        }
    }
    let mean = sum / ((count - 3) * width) as f64;
    (mean.sqrt() * f64::from(control_hz).powi(3)) as f32
}
