//! Which way an episode went, where a scene leaves several: read off what was observed, whoever flew it.

use crate::body::turned;
use crate::imitation::demonstration::Rows;
use crate::pilot::expert::Side;
use crate::scene::plan::Plan;
use crate::scene::schema::Expert;
use bevy::math::Vec2;

/// Things were pushed when their mean has moved so far, m: two of 20 that were carried for a third of a metre.
const PUSHED: f32 = 0.03;

/// Two channels of an observation that are a vector: ahead of the body, and to its left.
#[derive(Clone, Copy)]
struct Vector([usize; 2]);

impl Vector {
    fn find(plan: &Plan, sensor: &str, axes: [&str; 2]) -> Option<Self> {
        let channel = |axis| plan.observation.0.iter().position(|channel| channel.name == format!("{sensor}.{axis}"));
        Some(Self([channel(axes[0])?, channel(axes[1])?]))
    }

    fn offset(plan: &Plan, thing: &str) -> Option<Self> {
        Self::find(plan, &format!("offset.{thing}"), ["ahead", "left"])
    }

    fn of(self, row: &[f32]) -> Vec2 {
        Vec2::new(row[self.0[0]], row[self.0[1]])
    }
}

fn expert(plan: &Plan) -> Option<&Expert> {
    plan.scene.task.as_ref()?.expert.as_ref()
}

/// See [`side`].
pub fn route(rows: &Rows, plan: &Plan) -> Option<Side> {
    side((0..rows.len()).map(|row| rows.observations.row(row)), plan)
}

/// On which side of what is in the way the body passed, in a scene whose expert goes around something ([`Expert::Skirt`]) and whose sensors tell
/// where that and the goal are (`Offset`). None in another scene, or where it never got past. `observations`: of an episode, row by row.
pub fn side<'a>(mut observations: impl Iterator<Item = &'a [f32]>, plan: &Plan) -> Option<Side> {
    let Some(Expert::Skirt(goal, obstacle)) = expert(plan) else { return None };
    let (goal, obstacle) = (Vector::offset(plan, goal)?, Vector::offset(plan, obstacle)?);
    // The first moment at which it is abeam or behind on the way from it to the goal. Angles and lengths are the same in any frame.
    observations.find_map(|row| {
        let (goal, obstacle) = (goal.of(row), obstacle.of(row));
        (obstacle.dot(goal - obstacle) <= 0.0).then(|| if goal.perp_dot(obstacle) < 0.0 { Side::Left } else { Side::Right })
    })
}

/// Where things were first pushed to, in a scene whose expert sweeps them out of a zone ([`Expert::Sweep`]) and whose sensors tell where both are
/// (`Offset`) and how the body moves (`Motion`): the row in which it shows, and where the body heads there, in (-π, π], rad to the left of the
/// straight line from where it started to the zone's middle. None in another scene, or where nothing was pushed.
pub fn first_push<'a>(observations: impl Iterator<Item = &'a [f32]>, plan: &Plan) -> Option<(usize, f32)> {
    let Some(Expert::Sweep(things, zone)) = expert(plan) else { return None };
    let (things, zone) = (Vector::offset(plan, things)?, Vector::offset(plan, zone)?);
    let motion = Vector::find(plan, "motion", ["forward", "left"])?;
    let angle = |vector: Vec2| libm::atan2f(vector.y, vector.x);
    // No compass is observed. But the line to the zone turns as the body goes by it, whichever way that looks: by (z × −v) / z² a second.
    let (mut line, mut before, mut first) = (0.0, None, None);
    for (index, row) in observations.enumerate() {
        let (to_zone, velocity) = (zone.of(row), motion.of(row));
        let rate = to_zone.perp_dot(-velocity) / to_zone.length_squared().max(1e-6);
        line += 0.5 * (before.unwrap_or(rate) + rate) * if before.is_some() { plan.timing.control_dt() } else { 0.0 };
        before = Some(rate);
        let heading = line - angle(to_zone);
        let lies = turned(things.of(row) - to_zone, heading);
        if lies.distance(*first.get_or_insert(lies)) > PUSHED {
            return Some((index, angle(turned(Vec2::X, heading))));
        }
    }
    None
}
