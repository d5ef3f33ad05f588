//! An app of arenas for tests. Every update is one control step; the rows of every episode are kept.

use apprentice::arena::{ArenaPlugin, ArenaQuery, ArenaQueryItem, Classroom, FinishedEpisodes, in_order, step_hash};
use apprentice::control::{ControlPlugin, ControlStep, ControlSystems, headless_app, start};
use apprentice::curriculum::{EpisodeReport, Lesson, Level, Teach, TeacherState, TeacherStateError};
use apprentice::physics::Threads;
use apprentice::pilot::cast::Cast;
use apprentice::pilot::{Pilot, PilotPlugin};
use apprentice::scene::load;
use apprentice::scene::plan::Plan;
use apprentice::signal::{Outcome, Reward};
use apprentice::stream::Stream;
use bevy::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was recorded of one step: observation and action of a whole team, the rest of its first agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub observation: Vec<f32>,
    pub action: Vec<f32>,
    pub reward: Reward,
    pub success: bool,
    pub outcome: Outcome,
    pub hash: u64,
}

/// An episode that was played to its end.
#[derive(Clone, Debug)]
pub struct Episode {
    pub rows: Vec<Row>,
    pub report: EpisodeReport,
    /// What was observed after the last row.
    pub last: Vec<f32>,
}

impl Episode {
    pub fn actions(&self) -> Vec<Vec<f32>> {
        self.rows.iter().map(|row| row.action.clone()).collect()
    }
}

/// The rows of each arena's episode, by arena; and the episodes that are over.
#[derive(Resource, Default)]
struct Notes {
    rows: Vec<Vec<Row>>,
    over: Vec<Episode>,
}

/// Proposes these levels, one after the other, and from the last one on always that one.
pub struct Levels(pub Vec<Level>);

impl Teach for Levels {
    fn propose(&mut self, _rng: &mut Stream) -> Lesson {
        let level = if self.0.len() > 1 { self.0.remove(0) } else { self.0[0].clone() };
        level.into()
    }

    fn grade(&mut self, _report: &EpisodeReport) {}

    fn state(&self) -> TeacherState {
        TeacherState::default()
    }

    fn restore(&mut self, _state: TeacherState) -> Result<(), TeacherStateError> {
        Ok(())
    }
}

/// Arenas of one scene.
pub struct Stage {
    pub app: App,
}

impl Stage {
    /// `count` arenas; the first ones begin with `levels`, in order, and so do later episodes.
    pub fn new(plan: &Arc<Plan>, levels: Vec<Level>, count: usize, threads: usize, cast: impl Into<Cast>) -> Self {
        let mut app = headless_app(Threads(2));
        app.insert_resource(Threads(threads));
        app.insert_resource(Classroom { teachers: vec![Box::new(Levels(levels))], seed: 0 });
        Self::with(app, plan, count, cast)
    }

    /// `count` arenas whose levels are drawn from streams that are their own.
    pub fn drawn(plan: &Arc<Plan>, count: usize, threads: usize, pilot: Pilot) -> Self {
        let mut app = headless_app(Threads(2));
        app.insert_resource(Threads(threads));
        Self::with(app, plan, count, pilot)
    }

    fn with(mut app: App, plan: &Arc<Plan>, count: usize, cast: impl Into<Cast>) -> Self {
        app.add_plugins((
            ControlPlugin { timing: plan.timing },
            ArenaPlugin { plans: vec![plan.clone()], count, seed: 0, pilot: Pilot::Idle },
            PilotPlugin,
        ));
        cast.into().enter(&mut app);
        app.insert_resource(Notes { rows: vec![Vec::new(); count], over: Vec::new() });
        app.add_systems(ControlStep, note.in_set(ControlSystems::Record));
        start(&mut app);
        Self { app }
    }

    /// One control step.
    pub fn step(&mut self) {
        self.app.update();
        let world = self.app.world_mut();
        world.resource_scope(|world, mut notes: Mut<Notes>| {
            for over in world.resource::<FinishedEpisodes>().0.iter().filter(|over| over.report.agent == 0) {
                let rows = std::mem::take(&mut notes.rows[over.report.arena]);
                notes.over.push(Episode { rows, report: over.report.clone(), last: over.observation.clone() });
            }
        });
    }

    /// `count` control steps.
    pub fn steps(&mut self, count: usize) {
        (0..count).for_each(|_| self.step());
    }

    /// Does `work` with every arena, in order.
    pub fn each<T>(&mut self, work: impl FnMut(ArenaQueryItem<'_, '_>) -> T) -> Vec<T> {
        let mut state = self.app.world_mut().query::<ArenaQuery>();
        let mut arenas = state.query_mut(self.app.world_mut());
        in_order(&mut arenas).into_iter().map(work).collect()
    }

    /// Does `work` with the arena `index`.
    pub fn arena<T>(&mut self, index: usize, mut work: impl FnMut(ArenaQueryItem<'_, '_>) -> T) -> T {
        let mut done = self.each(|item| (item.arena.index == index).then(|| work(item)));
        done.remove(index).expect("there is such an arena")
    }

    /// The rows of arena `index`'s present episode.
    pub fn rows(&self, index: usize) -> &[Row] {
        &self.app.world().resource::<Notes>().rows[index]
    }

    /// The episodes that are over, in the order of their ends.
    pub fn over(&self) -> &[Episode] {
        &self.app.world().resource::<Notes>().over
    }
}

fn note(mut arenas: Query<ArenaQuery>, mut notes: ResMut<Notes>) {
    for item in &mut arenas {
        let row = Row {
            observation: item.observation.0.clone(),
            action: item.action.0.clone(),
            reward: *item.reward,
            success: item.success.0,
            outcome: *item.outcome,
            hash: step_hash(&item),
        };
        notes.rows[item.arena.index].push(row);
    }
}

/// Plays one episode of each level to its end. (Of a team, the others stand idle where only a pilot is given.)
pub fn play(plan: &Arc<Plan>, levels: &[Level], cast: &(impl Into<Cast> + Clone)) -> Vec<Episode> {
    let count = levels.len();
    let mut stage = Stage::new(plan, levels.to_vec(), count, 2, cast.clone());
    let most = plan.task.as_ref().expect("the scene has a task").steps;
    for _ in 0..most {
        let before = stage.over().len();
        stage.step();
        let over: Vec<usize> = stage.over()[before..].iter().map(|episode| episode.report.arena).collect();
        let world = stage.app.world_mut();
        let arenas: Vec<_> = world.query::<(Entity, &apprentice::arena::Arena)>().iter(world).map(|(e, a)| (e, a.index)).collect();
        for (entity, index) in arenas {
            if over.contains(&index) {
                world.despawn(entity);
            }
        }
    }
    let mut episodes = std::mem::take(&mut stage.app.world_mut().resource_mut::<Notes>().over);
    episodes.sort_by_key(|episode| episode.report.arena);
    assert_eq!(episodes.len(), count, "every episode ends by the time limit");
    episodes
}

/// The folders of the scenes that come with the house.
pub fn scene_folders() -> Vec<PathBuf> {
    load::scenes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes")).expect("the folder `scenes` can be read")
}

/// The scene in `folder`, made ready.
pub fn plan_in(folder: &Path) -> Arc<Plan> {
    let loaded = load::load(folder).unwrap_or_else(|problems| panic!("{problems}"));
    let name = folder.file_name().expect("a folder has a name").to_string_lossy();
    Arc::new(Plan::new(loaded.scene, name, loaded.hash))
}

/// The scene `scenes/<name>`.
pub fn plan_of(name: &str) -> Arc<Plan> {
    plan_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes").join(name))
}

/// A scene written in the test.
pub fn plan_from(text: &str) -> Arc<Plan> {
    let scene = load::from_text(text, "test").unwrap_or_else(|problems| panic!("{problems}"));
    let hash = load::hash(&scene);
    Arc::new(Plan::new(scene, "test", hash))
}
