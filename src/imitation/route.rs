//! Which way an episode went, where a scene leaves two: read off what was observed, whoever flew it.

use crate::imitation::demonstration::Rows;
use crate::pilot::expert::Side;
use crate::scene::plan::Plan;
use crate::scene::schema::Expert;
use bevy::math::Vec2;

/// See [`side`].
pub fn route(rows: &Rows, plan: &Plan) -> Option<Side> {
    side((0..rows.len()).map(|row| rows.observations.row(row)), plan)
}

/// On which side of what is in the way the body passed, in a scene whose expert goes around something ([`Expert::Skirt`]) and whose sensors tell
/// where that and the goal are (`Offset`). None in another scene, or where it never got past. `observations`: of an episode, row by row.
pub fn side<'a>(mut observations: impl Iterator<Item = &'a [f32]>, plan: &Plan) -> Option<Side> {
    let Some(Expert::Skirt(goal, obstacle)) = plan.scene.task.as_ref()?.expert.as_ref() else { return None };
    let channel = |name: String| plan.observation.0.iter().position(|channel| channel.name == name);
    let offset = |thing: &str| Some([channel(format!("offset.{thing}.ahead"))?, channel(format!("offset.{thing}.left"))?]);
    let (goal, obstacle) = (offset(goal)?, offset(obstacle)?);
    let point = |row: &[f32], [ahead, left]: [usize; 2]| Vec2::new(row[ahead], row[left]);
    // The first moment at which it is abeam or behind on the way from it to the goal. Angles and lengths are the same in any frame.
    let past = |row: &[f32]| {
        let (goal, obstacle) = (point(row, goal), point(row, obstacle));
        (obstacle.dot(goal - obstacle) <= 0.0).then(|| if goal.perp_dot(obstacle) < 0.0 { Side::Left } else { Side::Right })
    };
    observations.find_map(past)
}
