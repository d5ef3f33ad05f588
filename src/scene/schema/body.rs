//! What a scene file may say of its body.

use super::{Number, zero};
use crate::scene::import::Import;
use crate::scene::named::Named;
use serde::{Deserialize, Serialize};

/// How links are joined. Both of Rapier's kinds are measured for each body; its header says which one is the default and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Joints {
    /// Reduced coordinates: exact, slower.
    Multibody,
    /// Constraints between free bodies: faster, softer.
    Impulse,
}

/// The embodiment. Its header (`src/body/`) tells its joints, motors and channels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Body {
    /// A cart on a rail with a pole that swings freely: links `cart` and `pole`. See [`crate::body::cart_pole`].
    CartPole {
        /// From the hinge to the pole's tip, m.
        #[serde(default = "pole_length")]
        pole_length: Number,
        /// kg
        #[serde(default = "pole_mass")]
        pole_mass: Number,
        /// Viscous friction between cart and rail, N s/m.
        #[serde(default = "cart_friction")]
        cart_friction: Number,
        /// Starting angle of the pole, rad: 0 is upright, π hangs down.
        #[serde(default = "zero")]
        angle: Number,
        /// Default: [`Joints::Multibody`].
        #[serde(default = "multibody")]
        joints: Joints,
    },
    /// Four driven wheels under a chassis with a shovel in front: links `chassis`, `wheel_0` to `wheel_3`. See [`crate::body::rover`].
    Rover {
        /// Where the chassis starts: x, y and the height of the wheels' underside, m.
        #[serde(default = "origin")]
        at: (Number, Number, Number),
        /// Where it looks, rad from the x axis.
        #[serde(default = "zero")]
        heading: Number,
        /// What the action's two channels mean.
        #[serde(default)]
        control: RoverControl,
        /// Default: [`Joints::Impulse`].
        #[serde(default = "impulse")]
        joints: Joints,
    },
    /// An arm with five joints and a gripper, on a pedestal at the origin: links `base`, `turret`, `upper_arm`, `forearm`, `wrist`, `hand`,
    /// `finger_left`, `finger_right`, and the point `tip` between the fingers. See [`crate::body::arm`].
    Arm {
        /// What the action's channels mean.
        #[serde(default)]
        control: ArmControl,
        /// A weight that hangs at the fingertip, kg.
        #[serde(default = "zero")]
        payload: Number,
        /// Default: [`Joints::Impulse`].
        #[serde(default = "impulse")]
        joints: Joints,
    },
    /// A dog on four legs of three driven joints: links `trunk` and, as `front_left_hip`, each leg's `hip`, `thigh` and `shin`; points as
    /// `front_left_foot`. See [`crate::body::walker`].
    Walker {
        /// Where it starts: x, y and the height of its feet's underside, m.
        #[serde(default = "origin")]
        at: (Number, Number, Number),
        /// Where it looks, rad from the x axis.
        #[serde(default = "zero")]
        heading: Number,
        /// A weight on its back, kg.
        #[serde(default = "zero")]
        payload: Number,
        /// Default: [`Joints::Impulse`].
        #[serde(default = "impulse")]
        joints: Joints,
    },
    /// A robot from a file in MuJoCo's format: `Mjcf("ant.xml")`, or with fields. Links, joints and channels are those of the file. See
    /// [`crate::scene::import`] and [`crate::body::imported`].
    Mjcf(Import),
    /// A robot from a file in ROS's format.
    Urdf(Import),
    /// Several bodies in one arena, each an agent with a name: `Team({"red": Rover(..), "blue": Rover(..)})`. Sensors and task are said once and
    /// hold for each agent as it sees the world: `body` is its own body, `other` the next agent's, and of the props `red_ring` and
    /// `blue_ring` the red one calls its own `own_ring` and the other one `other_ring`.
    Team(Named<Body>),
}

/// What an arm's first five action channels mean; the sixth is always `grip`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArmControl {
    /// `yaw`, `shoulder`, `elbow`, `wrist`, `roll`: rates of the joints.
    Joints,
    /// `x`, `y`, `z`, `pitch`, `roll`: how the fingertip moves.
    #[default]
    Tip,
}

impl Body {
    /// What it is called where other tools ask for a robot's type.
    pub fn name(&self) -> &str {
        match self {
            Self::CartPole { .. } => "cart_pole",
            Self::Rover { .. } => "rover",
            Self::Arm { .. } => "arm",
            Self::Walker { .. } => "walker",
            Self::Team(_) => "team",
            Self::Mjcf(import) | Self::Urdf(import) => import.robot.as_deref().map_or("robot", |robot| robot.name.as_str()),
        }
    }
}

fn pole_length() -> Number {
    Number::Fixed(1.0)
}

fn pole_mass() -> Number {
    Number::Fixed(0.1)
}

fn cart_friction() -> Number {
    Number::Fixed(0.1)
}

fn multibody() -> Joints {
    Joints::Multibody
}

fn impulse() -> Joints {
    Joints::Impulse
}

fn origin() -> (Number, Number, Number) {
    (zero(), zero(), zero())
}

/// What a rover's two action channels mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoverControl {
    /// `left`, `right`: speed of the wheels of each side.
    #[default]
    Wheels,
    /// `forward`, `turn`: speed ahead and yaw rate.
    Heading,
}
