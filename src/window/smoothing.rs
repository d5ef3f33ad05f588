//! Motion between control steps. Poses are kept from before and after the last step; what is drawn lies between, as far as the clock has come
//! towards the next one. Both are taken within the same step, so an episode's last moment is seen to its end and a reset never smears.

use super::dress::Costume;
use crate::arena::{Arena, ArenaQuery, ArenaQueryItem};
use crate::control::{ControlStep, ControlSystems};
use crate::curriculum::LevelId;
use crate::physics::rapier::prelude::RigidBodyHandle;
use crate::scene::plan::{Plan, Thing, ThingKind};
use bevy::prelude::*;

/// What is drawn of an arena, on its entity.
#[derive(Component, Default)]
pub struct Drawn {
    /// The rigid bodies that are drawn: each agent's links, then every thing's members.
    pub bodies: Vec<RigidBodyHandle>,
    /// Which of them is each agent's first link.
    pub roots: Vec<usize>,
    /// An entity for each of them.
    pub nodes: Vec<Entity>,
    /// What they look like in the episode that is drawn, until somebody has dressed them so.
    pub costume: Option<Box<Costume>>,
    /// The level that is drawn.
    level: Option<LevelId>,
    before: Vec<Isometry3d>,
    after: Vec<Isometry3d>,
}

/// The surroundings and props of a scene, each once: an agent of a team has further names for some of them.
pub fn things(plan: &Plan) -> impl Iterator<Item = &Thing> {
    plan.things.iter().filter(|thing| match thing.kind {
        ThingKind::Link | ThingKind::Spot(..) => false,
        ThingKind::Floor | ThingKind::Walls(_) | ThingKind::Origin => true,
        ThingKind::Single | ThingKind::Group | ThingKind::Zone(_) | ThingKind::Point(_) => plan.scene.props.get(&thing.name).is_some(),
    })
}

/// How far between two control steps the picture stands: 0 at the last but one, 1 at the last.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Between(pub f32);

/// Keeps poses in each control step and draws between them.
pub fn plugin(app: &mut App) {
    app.insert_resource(Between(1.0))
        .add_systems(ControlStep, (before.in_set(ControlSystems::Observe), after.in_set(ControlSystems::Record)))
        .add_systems(Update, draw.in_set(DrawSystems::Move));
}

/// What happens of drawing in an `Update`, in this order.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub enum DrawSystems {
    /// Arenas get their entities, and those their meshes.
    Dress,
    /// Everything is put where it is now.
    Move,
    /// Cameras look at it, lines are drawn around it.
    Look,
}

impl Drawn {
    /// For an arena that is not drawn yet.
    pub fn new(arena: &Arena) -> Self {
        let (mut bodies, mut roots) = (Vec::new(), Vec::new());
        for agent in arena.plan.agents() {
            roots.push(bodies.len());
            bodies.extend(&agent.parts.links);
        }
        things(&arena.plan).for_each(|thing| bodies.extend(&thing.members));
        Self { bodies, roots, ..Self::default() }
    }

    /// Where a body is drawn, `between` the last two steps, in the arena's frame.
    pub fn pose(&self, body: usize, between: f32) -> Option<Isometry3d> {
        let (before, after) = (self.before.get(body)?, self.after.get(body)?);
        let at = before.translation.lerp(after.translation, between);
        Some(Isometry3d::new(at, before.rotation.slerp(after.rotation, between)))
    }

    fn poses(&self, item: &ArenaQueryItem<'_, '_>, out: &mut Vec<Isometry3d>) {
        let world = item.physics.view();
        out.clear();
        out.extend(self.bodies.iter().map(|body| {
            let pose = world.bodies[*body].position();
            Isometry3d::new(pose.translation, pose.rotation)
        }));
    }

    /// Takes the state before a step: of which level it is, and where everything is.
    fn begin(&mut self, item: &ArenaQueryItem<'_, '_>) {
        let level = item.arena.episode.lesson.level.id();
        if self.level != Some(level) {
            self.level = Some(level);
            self.costume = Some(Box::new(Costume::of(&item.situation(), &self.bodies)));
        }
        let mut poses = std::mem::take(&mut self.before);
        self.poses(item, &mut poses);
        self.before = poses;
    }

    fn end(&mut self, item: &ArenaQueryItem<'_, '_>) {
        let mut poses = std::mem::take(&mut self.after);
        self.poses(item, &mut poses);
        self.after = poses;
    }

    /// Draws the state as it is, without any motion: after whatever is not a control step.
    pub fn settle(&mut self, item: &ArenaQueryItem<'_, '_>) {
        self.begin(item);
        self.after.clone_from(&self.before);
    }
}

fn before(mut arenas: Query<(ArenaQuery, &mut Drawn)>) {
    arenas.iter_mut().for_each(|(item, mut drawn)| drawn.begin(&item));
}

fn after(mut arenas: Query<(ArenaQuery, &mut Drawn)>) {
    arenas.iter_mut().for_each(|(item, mut drawn)| drawn.end(&item));
}

/// Draws every arena as it is: see [`Drawn::settle`].
pub fn settle(mut arenas: Query<(ArenaQuery, &mut Drawn)>) {
    arenas.iter_mut().for_each(|(item, mut drawn)| drawn.settle(&item));
}

fn draw(arenas: Query<&Drawn>, between: Res<Between>, mut nodes: Query<&mut Transform>) {
    for drawn in &arenas {
        for (index, node) in drawn.nodes.iter().enumerate() {
            let (Some(pose), Ok(mut transform)) = (drawn.pose(index, between.0), nodes.get_mut(*node)) else { continue };
            let pose = Transform::from_isometry(pose);
            transform.set_if_neq(pose);
        }
    }
}
