//! What is shown: a scene, how many arenas of it, who decides in them (and who against them, where there is a team), which levels they keep.
//! Changing it makes the arenas anew.

use super::camera::Eye;
use super::notice::Event;
use super::rewind::Rewind;
use super::trace::Trace;
use crate::arena::{Arena, ArenaQuery, Classroom, FinishedEpisodes, begin, in_order, populate};
use crate::curriculum::{Level, Teacher};
use crate::learn::policy::Policy;
use crate::pilot::Pilot;
use crate::pilot::operator::Traits;
use crate::pilot::policy::{Flying, Opponents};
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
    /// Who decides. (Of a team: for the first agent.)
    pub pilot: Choice,
    /// Who decides for the other agents of a team.
    pub against: Choice,
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

    /// The pilot of the `index`th of a team's other agents: a policy is not the one that flies the first.
    fn opponent(&self, index: usize) -> Pilot {
        match self {
            Self::Run(_) => Pilot::opponent(index),
            _ => self.pilot(),
        }
    }

    /// Whether it can decide for the other agents of a team, and the policies that it brings, one for each.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn fits_others(&self, plan: &Plan) -> Result<Vec<Policy>, String> {
        if plan.team.is_empty() {
            return Err(format!("in the scene `{}` there is nobody else", plan.name));
        }
        if *self == Self::Hand {
            return Err("hands fly the first agent of a team, and no other".into());
        }
        plan.team.iter().filter_map(|agent| self.fits(agent).transpose()).collect()
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
                let checkpoint = checkpoint::of_agent(&newest(path)?, &plan.agent);
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

impl Shown {
    /// Who sits where in an arena: a pilot for each agent.
    pub fn pilots(&self) -> Vec<Pilot> {
        std::iter::once(self.pilot.pilot()).chain((0..self.plan.team.len()).map(|index| self.against.opponent(index))).collect()
    }
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
    sit(world, |agent| agent > 0);
    if let Err(error) = world.run_system_cached(begin) {
        tracing::error!("{error}");
    }
    world.resource_mut::<Rewind>().clear();
    world.resource_mut::<Trace>().set(&plan);
}

/// Makes the arenas anew, and lets who is chosen decide in them.
pub fn anew(world: &mut World) {
    rebuild(world);
    let shown = world.resource::<Shown>();
    let (choice, against, team) = (shown.pilot.clone(), shown.against.clone(), !shown.plan.team.is_empty());
    choose(world, choice);
    if team {
        oppose(world, against);
    }
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
    world.resource_mut::<Shown>().pilot = choice;
    sit(world, |agent| agent == 0);
}

/// Chooses who decides for the other agents of a team, from now on. Where the choice does not fit, all stays as it is.
pub fn oppose(world: &mut World, choice: Choice) {
    let plan = world.resource::<Shown>().plan.clone();
    match choice.fits_others(&plan) {
        Ok(policies) => world.insert_resource(Opponents::from(policies)),
        Err(text) => {
            world.write_message(Event::Refused { text });
            return;
        }
    }
    world.resource_mut::<Shown>().against = choice;
    sit(world, |agent| agent > 0);
}

/// Who is chosen takes these agents' seats in every arena.
fn sit(world: &mut World, whose: impl Fn(usize) -> bool) {
    let shown = world.resource::<Shown>();
    let (pilots, seed) = (shown.pilots(), shown.seed);
    let mut query = world.query::<ArenaQuery>();
    for mut item in query.iter_mut(world) {
        for (agent, pilot) in pilots.iter().enumerate().filter(|(agent, _)| whose(*agent)) {
            item.seat(agent, pilot.clone(), seed);
        }
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
    let (mut choice, mut against, plan) = (shown.pilot.clone(), shown.against.clone(), shown.plan.clone());
    if let Err(text) = choice.fits(&plan) {
        choice = if Choice::Expert.fits(&plan).is_ok() { Choice::Expert } else { Choice::Random };
        world.write_message(Event::Refused { text: format!("{text}; {} decides now", choice.name()) });
    }
    // (Where there is no team, the choice waits for one.)
    if !plan.team.is_empty()
        && let Err(text) = against.fits_others(&plan)
    {
        against = Choice::Idle;
        world.write_message(Event::Refused { text: format!("{text}; the others stand idle now") });
    }
    let mut shown = world.resource_mut::<Shown>();
    (shown.pilot, shown.against) = (choice, against);
    anew(world);
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
