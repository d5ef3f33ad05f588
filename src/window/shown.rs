//! What is shown: a scene, how many arenas of it, who decides in them, which levels they keep. Changing it makes the arenas anew.

use super::camera::Eye;
use super::notice::Event;
use super::rewind::Rewind;
use super::trace::Trace;
use crate::arena::{Arena, ArenaQuery, Classroom, FinishedEpisodes, begin, in_order, populate};
use crate::curriculum::{Level, Teacher};
use crate::learn::policy::Policy;
use crate::pilot::Pilot;
use crate::pilot::operator::Traits;
use crate::pilot::policy::Flying;
use crate::ron::Problems;
use crate::scene::plan::Plan;
use crate::stream::{Purpose, Stream};
use crate::training::recipe::contract;
use crate::training::{checkpoint, folder};
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arenas at most.
pub const MOST_ARENAS: usize = 64;

/// What the window shows.
#[derive(Resource)]
pub struct Shown {
    /// The scene's file.
    pub path: PathBuf,
    /// The scene.
    pub plan: Arc<Plan>,
    /// How many arenas, 1 to [`MOST_ARENAS`].
    pub count: usize,
    /// The seed from which levels are drawn.
    pub seed: u64,
    /// Who decides.
    pub pilot: Choice,
    /// The arena that panels, plots and gizmos are about.
    pub watched: usize,
    /// Levels that arenas keep from episode to episode.
    pub held: BTreeMap<usize, Level>,
    /// What is wrong with the scene's file, as long as it is.
    pub problems: Option<Problems>,
}

/// Who decides, as it is chosen in the window or on the command line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Choice {
    /// Nobody.
    Idle,
    /// Hands.
    Hand,
    /// Uniformly random actions.
    Random,
    /// The task's scripted expert.
    #[default]
    Expert,
    /// The policy of a run, or of one of its checkpoints.
    Run(PathBuf),
    /// An operator, as the command line calls them: `human`, `human(delay: 0.3)`.
    Operator(String),
}

impl Choice {
    /// As `--pilot` says it.
    pub fn parse(text: &str) -> Self {
        match text {
            "idle" => Self::Idle,
            "hand" => Self::Hand,
            "random" => Self::Random,
            "expert" => Self::Expert,
            text if Traits::named(text).is_some() => Self::Operator(text.into()),
            path => Self::Run(path.into()),
        }
    }

    /// Its name in lists.
    pub fn name(&self) -> String {
        match self {
            Self::Idle => "idle".into(),
            Self::Hand => "hand".into(),
            Self::Random => "random".into(),
            Self::Expert => "expert".into(),
            Self::Run(path) => path.display().to_string(),
            Self::Operator(name) => name.clone(),
        }
    }

    /// The pilot of an arena.
    pub fn pilot(&self) -> Pilot {
        match self {
            Self::Idle => Pilot::Idle,
            Self::Hand => Pilot::Hand,
            Self::Random => Pilot::random(),
            Self::Expert => Pilot::expert(),
            Self::Operator(name) => Traits::named(name).and_then(Result::ok).map_or(Pilot::expert(), Pilot::operator),
            Self::Run(_) => Pilot::policy(),
        }
    }

    /// Whether it can decide in a scene, and the policy that it brings.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn fits(&self, plan: &Plan) -> Result<Option<Policy>, String> {
        match self {
            Self::Idle | Self::Hand | Self::Random => Ok(None),
            Self::Expert | Self::Operator(_) => {
                if plan.task.as_ref().is_none_or(|task| task.expert.is_none()) {
                    return Err(format!("the scene `{}` has no expert", plan.name));
                }
                match self {
                    Self::Operator(name) => Traits::named(name).transpose().map(|_| None).map_err(|problems| problems.to_string()),
                    _ => Ok(None),
                }
            }
            Self::Run(path) => {
                let checkpoint = newest(path)?;
                let policy = Policy::load(&checkpoint).map_err(|error| error.to_string())?;
                policy.contract.fits(&contract(plan)).map_err(|error| error.to_string())?;
                Ok(Some(policy))
            }
        }
    }
}

/// The checkpoint that a path means: itself, or the newest of a run (of the first seed, where it has several).
fn newest(path: &Path) -> Result<PathBuf, String> {
    if path.join("policy.safetensors").is_file() {
        return Ok(path.into());
    }
    let run = if folder::is_run(path) { path.to_owned() } else { path.join("seed-1") };
    checkpoint::last(&run).ok_or_else(|| {
        format!("`{}` is neither hand, expert, random nor idle, nor a run with a checkpoint, nor one of its checkpoints", path.display())
    })
}

/// The runs in `runs/` that have a checkpoint, by name.
pub fn runs(root: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|path| newest(path).is_ok()).collect();
    found.sort();
    found
}

/// Makes the arenas anew from what [`Shown`] says.
pub fn rebuild(world: &mut World) {
    let arenas: Vec<Entity> = world.query_filtered::<Entity, With<Arena>>().iter(world).collect();
    for arena in arenas {
        world.despawn(arena);
    }
    let (plan, count, seed, pilot) = {
        let mut shown = world.resource_mut::<Shown>();
        shown.count = shown.count.clamp(1, MOST_ARENAS);
        let count = shown.count;
        shown.watched = shown.watched.min(count - 1);
        let form = shown.plan.level_form();
        shown.held.retain(|arena, level| *arena < count && form.refuses(level).is_none());
        (shown.plan.clone(), count, shown.seed, shown.pilot.clone())
    };
    let timing = plan.timing;
    world.insert_resource(timing);
    let mut fixed = world.resource_mut::<Time<Fixed>>();
    fixed.set_timestep_hz(f64::from(timing.control_hz));
    let left = fixed.overstep();
    fixed.discard_overstep(left);
    world.resource_mut::<FinishedEpisodes>().0.clear();
    seat(world);
    populate(world, std::slice::from_ref(&plan), count, seed, &pilot.pilot());
    if let Err(error) = world.run_system_cached(begin) {
        tracing::error!("{error}");
    }
    world.resource_mut::<Rewind>().clear();
    world.resource_mut::<Trace>().set(&plan);
}

/// Gives every arena a teacher of its own: one that proposes the level it keeps, or any.
pub fn seat(world: &mut World) {
    let shown = world.resource::<Shown>();
    let varies = shown.plan.quantities.count();
    let teacher = |arena: usize| shown.held.get(&arena).map_or(Teacher::Uniform, |level| Teacher::Fixed(level.clone()));
    let teachers = (0..shown.count).map(|arena| teacher(arena).build(varies)).collect();
    let seed = shown.seed;
    world.insert_resource(Classroom { teachers, seed });
}

/// Chooses who decides, from now on. Where the choice does not fit, all stays as it is.
pub fn choose(world: &mut World, choice: Choice) {
    let plan = world.resource::<Shown>().plan.clone();
    let policy = match choice.fits(&plan) {
        Ok(policy) => policy,
        Err(text) => {
            world.write_message(Event::Refused { text });
            return;
        }
    };
    match policy {
        Some(policy) => world.insert_resource(Flying(policy)),
        None => {
            world.remove_resource::<Flying>();
        }
    }
    let pilot = choice.pilot();
    let mut shown = world.resource_mut::<Shown>();
    shown.pilot = choice;
    let seed = shown.seed;
    let mut query = world.query::<ArenaQuery>();
    for mut item in query.iter_mut(world) {
        *item.pilot = pilot.clone();
        let (index, number) = (item.arena.index as u64, item.arena.episode.number);
        item.pilot.begin(seed, index, number);
    }
}

/// Shows another scene.
pub fn open(world: &mut World, path: PathBuf, plan: Plan) {
    let plan = Arc::new(plan);
    let name = plan.name.clone();
    let mut shown = world.resource_mut::<Shown>();
    shown.path = path;
    shown.plan = plan;
    shown.held.clear();
    shown.problems = None;
    replaced(world);
    let shown = world.resource::<Shown>();
    let eye = Eye::framing(&shown.plan, shown.count);
    frame(world, eye);
    world.write_message(Event::Opened { scene: name });
}

/// After the plan has changed: the pilot has to fit it, and the arenas are made anew.
pub fn replaced(world: &mut World) {
    let shown = world.resource::<Shown>();
    let (mut choice, plan) = (shown.pilot.clone(), shown.plan.clone());
    if let Err(text) = choice.fits(&plan) {
        choice = if Choice::Expert.fits(&plan).is_ok() { Choice::Expert } else { Choice::Random };
        world.write_message(Event::Refused { text: format!("{text}; {} decides now", choice.name()) });
    }
    rebuild(world);
    choose(world, choice);
}

/// Lets the camera look at what there is.
pub fn frame(world: &mut World, framing: Eye) {
    let watched = world.resource::<Shown>().watched;
    let mut query = world.query::<&mut Eye>();
    for mut eye in query.iter_mut(world) {
        let mode = eye.mode;
        *eye = framing.clone();
        eye.watched = watched;
        eye.set_mode(mode);
    }
}

/// Starts arenas again at the levels that `level` says, given each one's present level and a stream of its own; none leaves it alone.
pub fn restart(world: &mut World, mut level: impl FnMut(usize, &Level, Stream) -> Option<Level>) {
    let seed = world.resource::<Shown>().seed;
    let mut query = world.query::<ArenaQuery>();
    let mut arenas = query.query_mut(world);
    for mut item in in_order(&mut arenas) {
        let (index, number) = (item.arena.index, item.arena.episode.number);
        let stream = Stream::new(seed, Purpose::Teacher, index as u64, number + 1);
        let Some(level) = level(index, &item.arena.episode.lesson.level, stream) else { continue };
        // The same level again is the same episode again; another one is the next.
        let number = if level == item.arena.episode.lesson.level { number } else { number + 1 };
        item.start(level.into(), number, seed);
    }
}
