//! What motors, springs and dampers do to a joint, in words that Rapier knows.

use crate::body::Joint;
use crate::physics::Physics;
use crate::physics::rapier::prelude::*;
use crate::scene::import::Actuator;
use std::f32::consts::PI;

/// A force that depends on nothing is made of a spring so soft that a radian, or a metre, changes it by this share of the full force.
const SOFT: f32 = 1e-4;
/// The same of a damper, for a radian or metre per second.
const SLACK: f32 = 1e-4;

/// What acts on a joint: push - stiffness position - damping velocity, N m or N.
#[derive(Clone, Copy, Default)]
pub struct Drive {
    pub stiffness: f32,
    pub damping: f32,
    pub push: f32,
    /// The strongest plain force that its actuators give, N m or N.
    pub full: f32,
}

impl Drive {
    /// What an actuator adds. One that would push harder than it can is weakened as a whole, for this control step: it begins with its
    /// strongest push, gives less on the way, and stays as stable as a spring and a damper are.
    pub fn add(&mut self, actuator: &Actuator, action: f32, joint: &Joint, physics: &Physics<'_>) {
        let at = |(middle, reach): (f32, f32)| middle + action * reach;
        let push = at(actuator.push) + actuator.stiffness * at(actuator.goal) + actuator.damping * at(actuator.rate);
        let mut share = 1.0;
        if let Some(most) = actuator.most {
            let yields = actuator.stiffness * joint.position(physics.view()) + actuator.damping * joint.velocity(physics.view());
            share = (most / (push - yields).abs().max(1e-9)).min(1.0);
        }
        self.push += share * push;
        self.stiffness += share * actuator.stiffness;
        self.damping += share * actuator.damping;
        self.full +=
            share * (actuator.push.0.abs() + actuator.push.1.abs() + actuator.damping * (actuator.rate.0.abs() + actuator.rate.1.abs()));
    }

    /// In reduced coordinates: the joint's own spring, far away where it is to be a plain force, and its damper. (Rapier's motors would do
    /// for stiff goals alone: of multibodies, 0.35 solves them without the softness in the divisor, and weak ones fly apart.)
    pub fn reduced(mut self, joint: &Joint, physics: &mut Physics<'_>) {
        self.stiffness = self.stiffness.max(SOFT * self.full);
        let rest = if self.stiffness > 0.0 { self.push / self.stiffness } else { 0.0 };
        joint.set_spring(physics, self.stiffness, rest, self.damping);
    }

    /// Of an impulse joint: its motor, which knows a spring and a damper. A plain force is a spring with a far goal; of a hinge, whose goal
    /// Rapier takes to be within a turn, a damper with a fast one.
    pub fn motor(mut self, joint: &Joint, physics: &mut Physics<'_>) {
        let (goal, rate);
        if joint.turns {
            self.damping = self.damping.max(SLACK * self.full).max(1e-6);
            // The spring's own part stays a goal.
            goal = if self.stiffness > 0.0 { (self.push / self.stiffness).clamp(-PI, PI) } else { 0.0 };
            rate = (self.push - self.stiffness * goal) / self.damping;
        } else {
            self.stiffness = self.stiffness.max(SOFT * self.full);
            goal = if self.stiffness > 0.0 { self.push / self.stiffness } else { 0.0 };
            rate = 0.0;
        }
        let axis = if joint.turns { JointAxis::AngX } else { JointAxis::LinX };
        joint.set_motor(physics, |data| {
            data.set_motor_model(axis, MotorModel::ForceBased);
            data.set_motor(axis, goal, rate, self.stiffness, self.damping);
        });
    }
}
