//! Keeps the rows of live arenas, and makes a [`Demonstration`] of every episode that ends.
//!
//! An arena is recorded while it has a [`Recorder`] that is switched on. The tape starts at the next observation, with a snapshot of the arena:
//! mostly at the start of an episode, but any moment will do (a fork, a rewound arena).

use crate::arena::{Arena, ArenaQuery, ArenaQueryItem, FinishedEpisodes, Snapshot, finish, observe};
use crate::control::{ControlStep, ControlSystems};
use crate::imitation::demonstration::{Demonstration, Rows, Seat, score};
use crate::imitation::quality::Quality;
use crate::physics::{PhysicsQueryReadOnly, Threads, in_parallel};
use crate::signal::{Action, Observation, Outcome, Reward, Success};
use crate::task::Verdict;
use bevy::prelude::*;

/// Lets arenas that have a [`Recorder`] be recorded.
pub struct RecorderPlugin;

/// Records the arena on whose entity it sits.
#[derive(Component, Default)]
pub struct Recorder {
    /// Whether it records. Switching it off throws the open tape away.
    pub on: bool,
    /// Whether a person has taken over in this step, and how late the input was, ms.
    pub hand: (bool, f32),
    /// Steps so far that the window did later than the clock wanted.
    pub slips: u32,
    tape: Option<Tape>,
}

/// The episode that is being recorded.
struct Tape {
    snapshot: Snapshot,
    first_step: usize,
    /// What kind of pilot flies each agent.
    pilots: Vec<String>,
    rows: Rows,
}

/// The demonstrations that ended in this step, with the index of their arena, in that order. Taken by whoever keeps them.
#[derive(Resource, Default)]
pub struct Recorded(pub Vec<(usize, Demonstration)>);

impl Plugin for RecorderPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Recorded>().add_systems(
            ControlStep,
            (
                open.in_set(ControlSystems::Observe).after(observe).run_if(is_wanted),
                keep.in_set(ControlSystems::Record).run_if(is_wanted),
                close.in_set(ControlSystems::Reset).after(finish),
            ),
        );
    }
}

/// Has every arena of an app recorded, from its first observation on; gives their entities, in their order. To be called before
/// [`start`](crate::control::start), while nothing is in the arenas' worlds: a component more moves them to another place in memory.
pub fn record_all(app: &mut App) -> Vec<Entity> {
    app.add_plugins(RecorderPlugin);
    let world = app.world_mut();
    let mut arenas: Vec<(usize, Entity)> =
        world.query::<(Entity, &Arena)>().iter(world).map(|(entity, arena)| (arena.index, entity)).collect();
    arenas.sort_unstable();
    for (_, entity) in &arenas {
        world.entity_mut(*entity).insert(Recorder::started());
    }
    arenas.into_iter().map(|(_, entity)| entity).collect()
}

impl Recorder {
    /// One that records from the next observation on.
    pub fn started() -> Self {
        Self { on: true, ..Self::default() }
    }

    /// Rows on the open tape.
    pub fn length(&self) -> usize {
        self.tape.as_ref().map_or(0, |tape| tape.rows.len())
    }

    /// Throws the open tape away and starts anew with the next observation.
    pub fn discard(&mut self) {
        self.tape = None;
        self.slips = 0;
    }

    /// Ends the recording by hand: to be called between `Observe` and `Decide`, while the arena's observation is that of the present
    /// state. None where nothing is on the tape.
    pub fn stop(&mut self, item: &ArenaQueryItem<'_, '_>) -> Option<Demonstration> {
        let tape = self.tape.take_if(|tape| !tape.rows.is_empty())?;
        let slips = std::mem::take(&mut self.slips);
        let outcomes = vec![Outcome::TimedOut; item.arena.episode.agents.len()];
        Some(tape.demonstration(&item.arena, &outcomes, true, item.observation.0.clone(), slips))
    }
}

impl Tape {
    /// `outcomes`: of each agent.
    fn demonstration(self, arena: &Arena, outcomes: &[Outcome], stopped: bool, final_observation: Vec<f32>, slips: u32) -> Demonstration {
        let Self { snapshot, pilots, rows, .. } = self;
        let (plan, outcome) = (&arena.plan, outcomes.first().copied().unwrap_or_default());
        Demonstration {
            lesson: snapshot.lesson().clone(),
            snapshot,
            outcome,
            stopped,
            success_once: rows.success.contains(&true),
            score: score(plan.task.as_ref(), &rows.rewards, rows.len(), outcome),
            team: Seat::all(&rows, plan, rows.len(), pilots.into_iter().zip(outcomes.iter().copied())),
            final_observation,
            marked: None,
            quality: Quality::of(&rows, plan.action.width(), plan.timing.control_hz, slips),
            inputs: Vec::new(),
            rows,
        }
    }
}

/// Whether any arena records, or has a tape to be thrown away: else a step costs nothing more.
fn is_wanted(recorders: Query<&Recorder>) -> bool {
    recorders.iter().any(|recorder| recorder.on || recorder.tape.is_some())
}

/// Starts a tape where one is wanted.
pub(crate) fn open(mut arenas: Query<(ArenaQuery, &mut Recorder)>) {
    for (mut item, mut recorder) in &mut arenas {
        if recorder.on == recorder.tape.is_some() {
            continue;
        }
        if recorder.on {
            let rows = Rows::of(&item.arena.plan);
            let first_step = item.arena.episode.step;
            let pilots = item.pilots().map(|pilot| pilot.kind().to_owned()).collect();
            recorder.tape = Some(Tape { snapshot: item.capture().without_pilot(), first_step, pilots, rows });
        } else {
            recorder.discard();
        }
    }
}

/// What a row is made of, beside the world.
type Signals = (&'static Observation, &'static Action, &'static Reward, &'static Success);

/// Keeps the row of this step.
fn keep(mut arenas: Query<(&Arena, PhysicsQueryReadOnly, Signals, &mut Recorder)>, threads: Res<Threads>) {
    let mut items: Vec<_> = Vec::new();
    for (arena, physics, signals, recorder) in &mut arenas {
        let Recorder { hand, tape, .. } = recorder.into_inner();
        items.extend(tape.as_mut().map(|tape| (arena, physics.view(), signals, *hand, tape)));
    }
    in_parallel(*threads, &mut items, 32, |(arena, world, (observation, action, reward, success), hand, tape)| {
        let rows = &mut tape.rows;
        // The step that was just done began at the tick where the one before ended.
        rows.ticks.push((tape.first_step + rows.rewards.len()) as u64 * u64::from(arena.plan.timing.ticks_per_step()));
        rows.observations.push(&observation.0);
        rows.actions.push(&action.0);
        rows.rewards.push(reward.dense);
        rows.success.push(success.0);
        let of_each = |of: fn(&Verdict) -> f32| -> Vec<f32> {
            (0..rows.team_rewards.width()).map(|agent| arena.verdicts().get(agent).map_or(0.0, of)).collect()
        };
        let (paid, holds) = (of_each(|verdict| verdict.reward.dense), of_each(|verdict| f32::from(verdict.success)));
        rows.team_rewards.push(&paid);
        rows.team_success.push(&holds);
        rows.hashes.push(world.state_hash(&action.0));
        rows.interventions.push(hand.0);
        rows.latencies.push(hand.1);
        rows.labels.push(None);
    });
}

/// Makes demonstrations of the episodes that ended.
pub(crate) fn close(mut arenas: Query<(&Arena, &mut Recorder)>, finished: Res<FinishedEpisodes>, mut recorded: ResMut<Recorded>) {
    if finished.0.is_empty() {
        return;
    }
    let mut over: Vec<_> = arenas.iter_mut().filter(|(_, recorder)| recorder.tape.is_some()).collect();
    over.sort_by_key(|(arena, _)| arena.index);
    // One for each agent of an arena, side by side: together they are the arena's.
    for agents in finished.0.chunk_by(|one, next| one.report.arena == next.report.arena) {
        let number = agents[0].report.arena;
        let Ok(index) = over.binary_search_by_key(&number, |(arena, _)| arena.index) else { continue };
        let (arena, recorder) = &mut over[index];
        let slips = std::mem::take(&mut recorder.slips);
        let Some(tape) = recorder.tape.take() else { continue };
        let outcomes: Vec<Outcome> = agents.iter().map(|agent| agent.report.outcome).collect();
        let observation = agents.iter().flat_map(|agent| agent.observation.iter().copied()).collect();
        recorded.0.push((number, tape.demonstration(arena, &outcomes, false, observation, slips)));
    }
}
