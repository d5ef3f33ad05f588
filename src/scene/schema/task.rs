//! What a scene file may say of its task: predicates, reward terms, endings, the expert.

use super::Number;
use serde::{Deserialize, Serialize};

/// What counts as success and failure, what is paid, when it is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Holds where the task is done.
    pub success: Predicate,
    /// Ends the episode as failed.
    #[serde(default)]
    pub failure: Option<Predicate>,
    /// Weights (above 0) and terms of the dense reading.
    #[serde(default)]
    pub reward: Vec<(f32, Term)>,
    /// s
    pub time_limit: f32,
    /// Whether success ends the episode.
    #[serde(default = "yes")]
    pub ends_on_success: bool,
    /// The script that knows how it is done.
    #[serde(default)]
    pub expert: Option<Expert>,
}

/// A scripted expert. See [`crate::pilot::expert`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Expert {
    /// A cart and pole: pumps the pole up and balances it in the middle of the rail.
    SwingUp,
    /// A rover: brings the first thing onto the second one.
    Shove(String, String),
    /// A rover: pushes the group out of the zone, one thing after the other.
    Sweep(String, String),
    /// A rover: drives through the maze to the thing, by the shortest way.
    Search(String),
    /// An arm: brings its fingertip to the point.
    Reach(String),
    /// An arm: brings the first thing onto the second one, and lets go.
    Lift(String, String),
    /// An arm: builds a tower of these things, the first one lowest.
    Pile(Vec<String>),
    /// A rover: drives to the first thing around the second one, which is in the way, on the side that is nearer.
    Skirt(String, String),
    /// A walker: goes as the scene's command says, by a gait generator.
    Walk,
}

fn yes() -> bool {
    true
}

/// True or false of the world's state. Names are props, `body`, a link of it (`body.pole`), `floor` or `walls`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Predicate {
    /// The first one's centre is over the zone.
    Inside(String, String),
    /// The first one's centre is not over the zone (of `floor`: it fell below; of `walls`: it left them).
    Outside(String, String),
    /// The first one touches the second one and is higher.
    On(String, String),
    /// They touch.
    Touching(String, String),
    /// Their centres are at most so far apart, m.
    Near(String, String, Number),
    /// Slower than 0.05 m/s and 0.3 rad/s.
    AtRest(String),
    /// The body's velocity over the floor is at most so far from the scene's command, m/s.
    Follows(Number),
    /// Its z axis is at most so far from the floor's upright, rad.
    Upright(String, Number),
    /// Its centre is higher than so many metres.
    Above(String, Number),
    /// That joint of the body (`body.hinge`) is past this share of its range.
    Open(String, Number),
    /// The prop touches the body and neither floor, walls nor any other prop.
    Held(String),
    /// All of them hold.
    All(Vec<Predicate>),
    /// One of them holds.
    Any(Vec<Predicate>),
    /// It does not hold.
    Not(Box<Predicate>),
    /// Each held once, in this order; holds from then on.
    Then(Vec<Predicate>),
    /// Has held for so many seconds without a break.
    For(f32, Box<Predicate>),
    /// Holds for at least this share of the group.
    Share(f32, Box<Predicate>),
}

/// A reward term in [0, 1].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Term {
    /// 1 where their centres meet (or the first is in the zone), falling by half at `margin` metres: 1 / (1 + (d / margin)²).
    Near(String, String, f32),
    /// How little is left of the way through the maze from the first one to the second: 1 where they meet, 0 as far away as this maze allows.
    Way(String, String),
    /// 1 where the first one stands behind the second one as seen from the third: ready to push it there. (1 + cosine) / 2 of the angle.
    Behind(String, String, String),
    /// 1 where its z axis stands upright on the floor, 0 where it points into it: (1 + cosine) / 2.
    Upright(String),
    /// 1 at rest, falling by half at `margin` metres per second.
    Slow(String, f32),
    /// 1 where that joint of the body (`body.hinge`) does not move, falling by half at `margin` (rad/s or m/s).
    Still(String, f32),
    /// Share of the group (or 1 or 0 of a single thing) that is outside of the zone.
    Outside(String, String),
    /// Share of the group that is inside of the zone.
    Inside(String, String),
    /// Mean over the group of how far it is on its way from the zone's centre to its edge.
    Away(String, String),
    /// Its centre's height as a share of so many metres.
    Above(String, f32),
    /// 1 where the body's velocity is the scene's command, falling by half at so many m/s of error.
    Follows(f32),
    /// 1 for no action, 0 for the strongest one.
    Gentle,
    /// 1 while it holds.
    While(Predicate),
    /// The product of terms.
    Product(Vec<Term>),
}
