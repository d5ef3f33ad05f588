//! [`Plan`]: a scene made ready to run. Names have become indices, the pristine world stands; arenas share one plan.

mod build;

use super::disturbance::DisturbancePlan;
use super::load::{self, Loaded};
use super::maze::Maze;
use super::number::{Number, Span};
use super::place::{Layout, Zone};
use super::schema::Scene;
use crate::body::{Embodiment, Parts, names};
use crate::control::ControlTiming;
use crate::curriculum::{Level, LevelForm};
use crate::physics::rapier::prelude::*;
use crate::physics::{Physics, PhysicsView, WorldState, holding, integration};
use crate::pilot::hand::Bindings;
use crate::ron::Problems;
use crate::sensor::SensorPlan;
use crate::signal::{Channel, Channels, parts};
use crate::task::{Judge, TaskPlan};
use bevy::prelude::Vec3;
use std::path::Path;
use std::sync::Arc;

/// A [`Number`] whose name has been looked up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// The same in every level.
    Fixed(f32),
    /// This one of the varied numbers.
    Varied(usize),
}

impl Quantity {
    /// Its value in a level whose varied numbers are `values`.
    pub fn of(self, values: &[f32]) -> f32 {
        match self {
            Self::Fixed(value) => value,
            Self::Varied(index) => values[index],
        }
    }
}

/// The varied numbers of a scene.
#[derive(Clone)]
pub struct Quantities(Vec<(String, Span)>);

impl Quantities {
    /// Looks a number's name up. (The checks refuse undeclared names; 0 stands for one that slipped through.)
    pub fn resolve(&self, number: &Number) -> Quantity {
        match number {
            Number::Fixed(value) => Quantity::Fixed(*value),
            Number::Vary(name) => self.0.iter().position(|(n, _)| n == name).map_or(Quantity::Fixed(0.0), Quantity::Varied),
        }
    }

    /// The largest value that a number can have.
    pub fn most(&self, quantity: Quantity) -> f32 {
        match quantity {
            Quantity::Fixed(value) => value,
            Quantity::Varied(index) => self.0[index].1.most(),
        }
    }

    /// The values, in their units, of the point `cube` of the unit cube. A cube that is too short counts as 0.5 from there on.
    pub fn values(&self, cube: &[f32]) -> Vec<f32> {
        self.0.iter().enumerate().map(|(index, (_, span))| span.value(cube.get(index).copied().unwrap_or(0.5))).collect()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// What a name of a scene stands for, as an index into [`Plan::things`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThingId(pub usize);

/// Something that sensors and tasks can name.
#[derive(Clone, Debug)]
pub struct Thing {
    /// `body`, `body.<link>`, `floor`, `walls`, `origin` or a prop's name.
    pub name: String,
    /// What it is.
    pub kind: ThingKind,
    /// Its rigid bodies: many for a group, none for a zone or the origin.
    pub members: Vec<RigidBodyHandle>,
    /// Whether it stays at one height over the floor: a zone, the origin, a body that keeps level.
    pub level: bool,
}

/// What a thing is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ThingKind {
    /// The floor.
    Floor,
    /// The walls: half of their clear width along x and y, m.
    Walls([f32; 2]),
    /// The world's origin.
    Origin,
    /// A link of the body.
    Link,
    /// A single prop.
    Single,
    /// A group of props.
    Group,
    /// This one of the level's zones.
    Zone(usize),
    /// This one of the level's points.
    Point(usize),
    /// A point of a link, in the link's frame, m.
    Spot(RigidBodyHandle, Vec3),
}

/// A scene made ready to run.
pub struct Plan {
    /// The scene, as written.
    pub source: Arc<Scene>,
    /// The scene as the agent sees it: with its own body.
    pub scene: Scene,
    /// The agent's name; none where there is no team.
    pub agent: String,
    /// The other agents of its team, as they see the scene; none for any but the first.
    pub team: Vec<Self>,
    /// The groups of what its body collides with and its rays see: the world, and the other agents' bodies.
    pub(crate) sees: Group,
    /// Its name: that of its folder.
    pub name: String,
    /// A hash of everything the scene says.
    pub hash: u64,
    /// Rates.
    pub timing: ControlTiming,
    /// The varied numbers.
    pub quantities: Quantities,
    /// What the observation means.
    pub observation: Channels,
    /// What the action means.
    pub action: Channels,
    /// What the task says, if there is one.
    pub task: Option<TaskPlan>,
    /// Everything that has a name.
    pub things: Vec<Thing>,
    /// The body's links and joints.
    pub parts: Parts,
    /// What hands do to the body.
    pub bindings: Bindings,
    /// What the numbers mean that hands give: the action's channels, unless the body makes its action of others.
    pub steering: Channels,
    pub(crate) body: Box<dyn Embodiment>,
    pub(crate) sensors: Vec<SensorPlan>,
    pub(crate) disturbances: Vec<DisturbancePlan>,
    pub(crate) layout: Arc<Layout>,
    /// Of the floor, rad.
    slope: Quantity,
    /// Speed, m/s, and heading, rad, that the body is told to have.
    command: Option<[Quantity; 2]>,
    pristine: Arc<WorldState>,
}

/// A level's numbers and what follows from them: all that an arena holds of its level beside the world.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Setting {
    /// The varied numbers, in their units.
    pub values: Vec<f32>,
    /// The zones, where they lie in this level.
    pub zones: Vec<Zone>,
    /// The points, where they are in this level, m.
    pub points: Vec<Vec3>,
    /// The maze. It follows from the level, and is not written down: see [`Plan::maze`].
    #[serde(skip)]
    pub maze: Option<Maze>,
}

impl From<Loaded> for Plan {
    fn from(loaded: Loaded) -> Self {
        let name = loaded.name();
        Self::new(loaded.scene, name, loaded.hash)
    }
}

impl Plan {
    /// Reads a scene, checks it and makes it ready: `path` is its folder or its file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Problems> {
        load::load(path.as_ref()).map(Self::from)
    }

    /// All agents, this one first.
    pub fn agents(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.team)
    }

    /// What the numbers of an arena's observation mean: of a team, all agents' channels side by side, behind their agent's name (`red.ball.x`).
    pub fn observed(&self) -> Channels {
        self.side_by_side(|agent| &agent.observation)
    }

    /// What the numbers of an arena's action mean: of a team, all agents' channels side by side, behind their agent's name.
    pub fn acted(&self) -> Channels {
        self.side_by_side(|agent| &agent.action)
    }

    fn side_by_side(&self, of: impl Fn(&Self) -> &Channels) -> Channels {
        if self.team.is_empty() {
            return of(self).clone();
        }
        let named = |agent: &Self, channel: &Channel| Channel { name: format!("{}.{}", agent.agent, channel.name), ..channel.clone() };
        Channels(self.agents().flat_map(|agent| of(agent).0.iter().map(|channel| named(agent, channel)).collect::<Vec<_>>()).collect())
    }

    /// The same scene with a task in Rust in the place of its own: for a task that a scene's vocabulary cannot say. Training and evaluation
    /// of the plan then go by it, for every agent of a team with its own eyes. The expert, if the scene names one, stays.
    pub fn with_task(mut self, judge: impl Judge + 'static) -> Self {
        let judge: Arc<dyn Judge> = Arc::new(judge);
        let team = std::mem::take(&mut self.team);
        self.team = team.into_iter().map(|agent| agent.with_task(judge.clone())).collect();
        let expert = self.task.take().and_then(|task| task.expert);
        self.task = Some(TaskPlan::judged_by(judge, expert, &self));
        self
    }

    /// The same scene, made ready once more, with the task that its file says.
    pub(crate) fn anew(&self) -> Self {
        Self::new((*self.source).clone(), self.name.clone(), self.hash)
    }

    /// What `name` stands for. (The checks refuse unknown names; the origin stands for one that slipped through.)
    pub fn thing(&self, name: &str) -> ThingId {
        let find = |name: &str| self.things.iter().position(|thing| thing.name == name);
        ThingId(find(name).or_else(|| find("origin")).unwrap_or(0))
    }

    /// Which joint `body.<joint>` is.
    pub fn joint(&self, name: &str) -> usize {
        let name = name.strip_prefix("body.").unwrap_or(name);
        names(&self.scene.body).joints.iter().position(|joint| *joint == name).unwrap_or(0)
    }

    /// The varied numbers of a level, in the scene's order.
    pub fn canonical(&self) -> Level {
        Level::canonical(self.quantities.count())
    }

    /// Which way things fall: straight down, as seen from a floor that may slope.
    pub fn down(&self, values: &[f32]) -> Vec3 {
        let (sine, cosine) = libm::sincosf(self.slope.of(values));
        // (0 where it is level, and never -0: both would differ in the hashes of what was recorded.)
        Vec3::new(0.0 - sine, 0.0, -cosine)
    }

    /// How Rapier integrates in this scene's arenas.
    pub fn parameters(&self) -> IntegrationParameters {
        parameters(self.timing, self.agents().any(|agent| agent.body.holds()))
    }

    /// Brings a world, whatever came before in it, to the start of `level`.
    pub fn start(&self, level: &Level, physics: &mut Physics<'_>) -> Setting {
        physics.restore(&self.pristine);
        let values = self.quantities.values(&level.cube);
        for (body, friction) in &self.layout.surroundings {
            for collider in physics.bodies[*body].colliders().to_vec() {
                physics.colliders[collider].set_friction(friction.of(&values));
            }
        }
        for agent in self.agents() {
            agent.body.set(&values, &agent.parts, physics);
        }
        let maze = self.maze(level);
        if let (Some(plan), Some(maze)) = (&self.layout.maze, &maze) {
            plan.set(maze, physics);
            for link in self.agents().flat_map(|agent| &agent.parts.links) {
                let link = &mut physics.bodies[*link];
                link.set_translation(link.translation() + maze.start.extend(0.0), true);
            }
        }
        let (zones, points) = self.layout.place(
            level.seed,
            &values,
            &self.agents().map(|agent| agent.body.as_ref()).collect::<Vec<_>>(),
            maze.as_ref(),
            physics,
        );
        physics.refresh_colliders();
        Setting { values, zones, points, maze }
    }

    /// How many numbers each agent observes.
    pub fn seen(&self) -> impl Iterator<Item = usize> {
        self.agents().map(|agent| agent.observation.width())
    }

    /// How many numbers each agent decides.
    pub fn decided(&self) -> impl Iterator<Item = usize> {
        self.agents().map(|agent| agent.action.width())
    }

    /// Lets every agent do its part of a row of actions.
    pub(crate) fn act(&self, values: &[f32], actions: &[f32], physics: &mut Physics<'_>) {
        for (agent, action) in self.agents().zip(parts(actions, self.decided())) {
            agent.body.act(values, &agent.parts, action, physics);
        }
    }

    /// The maze of a level, in a scene that has mazes.
    pub fn maze(&self, level: &Level) -> Option<Maze> {
        self.layout.maze.as_ref().map(|maze| maze.of(level, &self.quantities.values(&level.cube)))
    }

    /// What this scene's levels are made of.
    pub fn level_form(&self) -> LevelForm {
        LevelForm { varies: self.quantities.count(), grid: self.layout.maze.as_ref().map(|maze| maze.size) }
    }
}

/// What sensors, predicates, reward terms and experts see of an arena.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// The scene.
    pub plan: &'a Plan,
    /// The world.
    pub world: PhysicsView<'a>,
    /// The level's numbers.
    pub setting: &'a Setting,
    /// The action of this step (for sensors, which come before it: of the step before).
    pub action: &'a [f32],
}

/// How Rapier integrates a body's arenas.
fn parameters(timing: ControlTiming, holds: bool) -> IntegrationParameters {
    let parameters = integration(timing.physics_dt());
    if holds { holding(parameters) } else { parameters }
}

impl Situation<'_> {
    /// The velocity over the floor that the body is told to have, m/s; none where the scene has no command.
    pub fn command(&self) -> Vec2 {
        let Some([speed, heading]) = self.plan.command else { return Vec2::ZERO };
        crate::body::turned(Vec2::X * speed.of(&self.setting.values), heading.of(&self.setting.values))
    }

    /// How far the body's velocity over the floor is from the command, m/s.
    pub fn command_error(&self) -> f32 {
        self.world.bodies[self.plan.parts.root()].linvel().truncate().distance(self.command())
    }
}

/// A collider of surroundings or a prop.
pub(crate) fn world_collider(builder: ColliderBuilder) -> ColliderBuilder {
    builder.collision_groups(InteractionGroups::new(crate::body::WORLD_GROUP, Group::ALL, InteractionTestMode::And))
}

/// Four walls, 0.1 m thick, around a clear room of half widths `room`.
pub(super) fn walls(room: [f32; 2], height: f32) -> [ColliderBuilder; 4] {
    const THICK: f32 = 0.05;
    let (x, y, up) = (room[0], room[1], height / 2.0);
    let along_x = |y: f32| ColliderBuilder::cuboid(x + 2.0 * THICK, THICK, up).translation(Vector::new(0.0, y, up));
    let along_y = |x: f32| ColliderBuilder::cuboid(THICK, y, up).translation(Vector::new(x, 0.0, up));
    [along_x(y + THICK), along_x(-y - THICK), along_y(x + THICK), along_y(-x - THICK)]
}
