//! How a rover is driven to a point and along a line.

use crate::body::{heading, rover, turned};
use crate::scene::plan::Situation;
use crate::scene::schema::{Body, RoverControl};
use bevy::math::Vec2;

/// Where the rover is and where it looks.
pub struct Rover {
    /// m
    pub at: Vec2,
    /// rad from the x axis.
    pub heading: f32,
}

impl Rover {
    /// The rover as it stands.
    pub fn of(situation: &Situation<'_>) -> Self {
        let body = &situation.world.bodies[situation.plan.parts.root()];
        Self { at: body.translation().truncate(), heading: heading(body.rotation()) }
    }

    /// The point in the rover's frame: ahead, left.
    pub fn to_rover(&self, point: Vec2) -> Vec2 {
        turned(point - self.at, -self.heading)
    }

    /// The angle by which the rover has to turn to look at the point, rad.
    pub fn bearing(&self, point: Vec2) -> f32 {
        let ahead = self.to_rover(point);
        libm::atan2f(ahead.y, ahead.x)
    }
}

/// Writes the action that drives `forward` (m/s) and turns (rad/s).
pub fn drive(situation: &Situation<'_>, forward: f32, turn: f32, action: &mut [f32]) {
    let Body::Rover { control, .. } = &situation.plan.scene.body else { return action.fill(0.0) };
    let (first, second) = match control {
        RoverControl::Heading => (forward, turn / rover::TURN_SPEED),
        RoverControl::Wheels => {
            let side = turn * rover::SLIP_TRACK;
            let speed = rover::WHEEL_RADIUS * rover::WHEEL_SPEED;
            let (left, right) = (forward - side, forward + side);
            // Where a side would have to be faster than it can, turning comes first.
            let excess = (left.abs().max(right.abs()) - speed).max(0.0) * forward.signum();
            ((left - excess) / speed, (right - excess) / speed)
        }
    };
    action[0] = first.clamp(-1.0, 1.0);
    action[1] = second.clamp(-1.0, 1.0);
}

/// Drives towards `goal`, turning first where it lies to the side, slowing down within reach. Returns the distance left, m.
pub fn drive_to(situation: &Situation<'_>, rover: &Rover, goal: Vec2, action: &mut [f32]) -> f32 {
    let (bearing, distance) = (rover.bearing(goal), rover.at.distance(goal));
    let facing = libm::cosf(bearing).max(0.0);
    let forward = (2.0 * distance).min(1.0) * facing * facing * facing;
    drive(situation, forward, (4.0 * bearing).clamp(-rover::TURN_SPEED, rover::TURN_SPEED), action);
    distance
}
