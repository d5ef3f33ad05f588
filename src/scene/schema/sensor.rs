//! What a scene file may say of its sensors.

use super::{Number, the_body, zero};
use serde::{Deserialize, Serialize};

/// Writes a span of the observation. Each takes `noise` (standard deviation of what is added, in the channel's unit) and `delay` (s,
/// rounded to control steps).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Sensor {
    /// Position and velocity of each of the body's joints (an angle as its sine and cosine).
    Joints {
        /// Standard deviation.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// The body's velocity and turning rate in its own frame, and which way is up in it. (Of a body that keeps level, as a rover does:
    /// forward, left and yaw.)
    Motion {
        /// Standard deviation.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// From the body to a thing, in the body's frame (of a group: to its mean): ahead, left and, unless both stay on the floor, up.
    Offset {
        /// A prop, or `origin`.
        to: String,
        /// Standard deviation, m.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// How a thing moves over the floor, in the body's frame (of a group: the mean): ahead, left and, unless the body keeps level, up, m/s.
    Velocity {
        /// The body, a link of it, another agent, or a loose prop.
        of: String,
        /// Standard deviation, m/s.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// Where a thing is, and how it is turned, as seen from the body or a part of it: ahead, left and up; and of what has a shape, the directions
    /// of its x and z axes.
    Pose {
        /// A prop, or `origin`. (Of a group: its mean, without directions.)
        of: String,
        /// The body, a link or a point of it.
        #[serde(default = "the_body")]
        from: String,
        /// Standard deviation, m (and of the directions' numbers).
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// How strongly links of the body are touched, N.
    Touch {
        /// Links of the body.
        of: Vec<String>,
        /// Stronger than this, N, feels the same.
        #[serde(default = "firm")]
        most: f32,
        /// Standard deviation, N.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// Of a body with a gripper: how far it is open, m, and how strongly it presses, N.
    Gripper {
        /// Standard deviation.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// Distances along level rays around the body, as a share of the reach.
    Rays {
        /// How many, the first straight ahead, evenly spaced anticlockwise.
        count: u32,
        /// m
        reach: f32,
        /// Above the body's origin, m.
        #[serde(default)]
        height: f32,
        /// Standard deviation, share of the reach.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// A map of what lies around the body, turning with it: the share of each cell that a prop covers.
    Grid {
        /// Cells ahead and behind, and to the left and right.
        cells: (u32, u32),
        /// Edge of a cell, m.
        cell: f32,
        /// The prop or group that is drawn.
        of: String,
        /// Standard deviation.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// The velocity that the body is told to have (the scene's `command`), in the body's frame: ahead and left, m/s.
    Command {
        /// Standard deviation, m/s.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// How high the body stands over what is below and around it, m: a grid of points that turns with the body's heading and stays level.
    HeightMap {
        /// Points ahead and behind, and to the left and right.
        points: (u32, u32),
        /// From one to the next, m.
        spacing: f32,
        /// Standard deviation, m.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// A map of the maze around the body, turning with it: how much wall there is at points a cell apart, 1 in the middle of a wall's cell, 0 in the
    /// middle of a free one. Outside of the maze all is wall.
    Cells {
        /// Points ahead and across, the body in the middle: 2 to 15.
        across: u32,
        /// Standard deviation.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
    /// The action of the step before.
    LastAction {
        /// Standard deviation.
        #[serde(default = "zero")]
        noise: Number,
        /// s
        #[serde(default = "zero")]
        delay: Number,
    },
}

fn firm() -> f32 {
    50.0
}
