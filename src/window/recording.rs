//! Recording by hand, and replaying, in the window: time stands still where the session says so, late steps are counted, what happens is told.

use super::hands::HandsView;
use super::notice::{self, Event};
use super::shown::{self, Choice, Shown};
use super::time::Clock;
use crate::arena::{Arena, ArenaQuery};
use crate::imitation::data_set::writer::{Author, Writer};
use crate::imitation::data_set::{DataSet, DataSetError};
use crate::imitation::keeper::Keeper;
use crate::imitation::recorder::Recorder;
use crate::imitation::replay::{self, Comparison, ReplayPlugin};
use crate::imitation::session::{self, Phase, Session, SessionPlugin, attend};
use crate::pilot::cast::Cast;
use bevy::app::{RunFixedMainLoop, RunFixedMainLoopSystems};
use bevy::prelude::*;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// What a recording is to be.
pub struct Wanted {
    /// The data set, held.
    pub writer: Writer,
    /// How many episodes; None: until stopped.
    pub episodes: Option<usize>,
    /// Whose hands these are.
    pub operator: String,
    /// Time between two episodes, s.
    pub reset: f32,
    /// Whether the window closes when the recording is done; its exit code then tells whether all is safe.
    pub closes: bool,
}

/// Demonstrations that are to be replayed, one after the other.
#[derive(Resource)]
pub struct Programme {
    /// The data set.
    pub data_set: PathBuf,
    /// Which of its episodes are left, the next one first.
    pub episodes: VecDeque<usize>,
    /// Whether the window closes after the last one; its exit code then tells whether all were as recorded.
    pub closes: bool,
    /// Whether one was not.
    pub differs: bool,
}

/// The recording that goes on, or was the last one.
#[derive(Resource)]
pub struct Recording {
    /// The data set's folder.
    pub data_set: PathBuf,
    /// Whether the window closes when it is done.
    closes: bool,
    told: String,
    ended: bool,
}

/// Lets the window record and replay.
pub fn plugin(app: &mut App) {
    app.add_plugins((SessionPlugin, ReplayPlugin))
        .init_resource::<StepsInFrame>()
        .add_systems(FixedLast, |mut steps: ResMut<StepsInFrame>| steps.0 += 1)
        .add_systems(RunFixedMainLoop, slips.in_set(RunFixedMainLoopSystems::AfterFixedMainLoop))
        .add_systems(Update, (attend, hold, tell).chain().run_if(resource_exists::<Session>))
        .add_systems(Update, replayed)
        .add_systems(Last, finish.before(notice::tell));
}

/// Control steps in this frame.
#[derive(Resource, Default)]
struct StepsInFrame(u32);

/// Between two episodes, where nobody said otherwise, s.
pub const RESET: f32 = 2.0;

/// Starts to record into a data set, by hand, until stopped.
///
/// # Errors
/// Where a recording goes on already, or the data set cannot be recorded to.
pub fn record_into(world: &mut World, data_set: &Path) -> Result<(), DataSetError> {
    if going_on(world) {
        return Err(DataSetError::Refused("a recording is going on: stop it first".into()));
    }
    let plan = world.resource::<Shown>().plan.clone();
    let (writer, repaired) = Writer::open(data_set, &plan, false)?;
    if repaired.adopted > 0 {
        let text = format!("the last recording was cut off: {} whole episodes adopted", repaired.adopted);
        world.write_message(Event::Recording { text, kept: 0 });
    }
    record(world, Wanted { writer, episodes: None, operator: String::new(), reset: RESET, closes: false });
    Ok(())
}

/// Starts to record, from now on and by hand, in a single arena.
pub fn record(world: &mut World, wanted: Wanted) {
    let Wanted { writer, episodes, operator, reset, closes } = wanted;
    if world.resource::<Shown>().count != 1 {
        world.resource_mut::<Shown>().count = 1;
        shown::rebuild(world);
    }
    shown::choose(world, Choice::Hand);
    let shown = world.resource::<Shown>();
    let against = if shown.plan.team.is_empty() { String::new() } else { shown.against.name() };
    let steps = (reset.max(0.0) * shown.plan.timing.control_hz as f32).round() as u32;
    let data_set = writer.root().to_owned();
    let author = Author { pilot: "hand".into(), against, operator, ..Author::default() };
    session::begin(world, Session::new(Keeper::new(writer, author), episodes, steps));
    world.insert_resource(Recording { data_set, closes, told: String::new(), ended: false });
    world.resource_mut::<HandsView>().commands = true;
}

/// Whether a recording goes on.
pub fn going_on(world: &World) -> bool {
    world.get_resource::<Recording>().is_some_and(|recording| !recording.ended)
}

/// Whether an episode is being recorded, or decided about: levels and time are then not to be meddled with.
pub fn is_in_an_episode(world: &World) -> bool {
    let phase = world.get_resource::<Session>().map(|session| &session.phase);
    going_on(world) && matches!(phase, Some(Phase::Recording | Phase::Paused(_) | Phase::Review))
}

/// Flies a demonstration in the watched arena, from its start, and compares every row.
///
/// # Errors
/// Where there is no such demonstration, or it was recorded in another scene.
pub fn replay(world: &mut World, data_set: &Path, episode: usize) -> Result<(), DataSetError> {
    let set = DataSet::open(data_set)?;
    let plan = world.resource::<Shown>().plan.clone();
    let line = set.line(episode)?;
    if line.scene_hash != crate::imitation::data_set::sidecar::hex(plan.hash) {
        let (theirs, ours) = (&line.scene, &plan.name);
        let message = format!("episode {episode} was recorded in another scene (`{theirs}`) than this one (`{ours}`, as it is now)");
        return Err(DataSetError::Refused(message));
    }
    let demonstration = set.demonstration(episode, &plan)?;
    let watched = world.resource::<Shown>().watched;
    let mut arenas = world.query::<(Entity, &Arena)>();
    let Some((entity, _)) = arenas.iter(world).find(|(_, arena)| arena.index == watched) else { return Ok(()) };
    let mut query = world.query::<ArenaQuery>();
    if let Ok(mut item) = query.get_mut(world, entity) {
        replay::begin(&mut item, &demonstration);
    }
    world.entity_mut(entity).insert((Comparison::with(demonstration.rows.hashes), Replayed(episode)));
    // When it is over, all stand idle.
    let mut shown = world.resource_mut::<Shown>();
    (shown.pilot, shown.against) = (Choice::Idle, Choice::Idle);
    world.write_message(Event::Replaying { data_set: data_set.to_owned(), episode, frames: demonstration.rows.rewards.len() });
    Ok(())
}

/// Time stands still while the session says so, and goes on afterwards.
fn hold(session: Res<Session>, mut clock: ResMut<Clock>, mut held: Local<bool>) {
    let holds = session.holds_time();
    if holds != *held {
        clock.paused = holds;
        *held = holds;
    }
}

/// Steps that a frame had to catch up on came late.
fn slips(mut steps: ResMut<StepsInFrame>, clock: Res<Clock>, mut recorders: Query<&mut Recorder>) {
    let done = std::mem::take(&mut steps.0);
    if done > 1 && clock.speed <= 1.0 {
        recorders.iter_mut().filter(|recorder| recorder.on).for_each(|mut recorder| recorder.slips += done - 1);
    }
}

fn tell(session: Res<Session>, mut recording: ResMut<Recording>, mut events: MessageWriter<Event>) {
    let text = format!(
        "{}{}",
        phase_name(&session.phase),
        if session.message.is_empty() { String::new() } else { format!(": {}", session.message) }
    );
    // A countdown is not told step by step.
    if text != recording.told {
        recording.told.clone_from(&text);
        events.write(Event::Recording { text, kept: session.kept });
    }
}

/// A phase in a word.
pub fn phase_name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Ready => "ready to record",
        Phase::Recording => "recording",
        Phase::Paused(_) => "paused",
        Phase::Review => "keep it?",
        Phase::Resetting(_) => "next episode soon",
        Phase::Done => "recording done",
    }
}

/// Which episode an arena replays.
#[derive(Component)]
struct Replayed(usize);

/// Tells how a replay went, and begins the next one of the programme.
fn replayed(world: &mut World) {
    let mut arenas = world.query::<(Entity, &Comparison, &Replayed)>();
    let over = arenas.iter(world).find_map(|(entity, comparison, replayed)| {
        let (frames, all) = comparison.progress();
        (frames == all || comparison.differs().is_some()).then(|| (entity, replayed.0, frames, comparison.differs()))
    });
    let idle = arenas.iter(world).next().is_none();
    if let Some((entity, episode, frames, differs)) = over {
        world.write_message(Event::Replayed { episode, frames, differs });
        world.entity_mut(entity).remove::<(Comparison, Replayed)>();
        if let Ok(mut item) = world.query::<ArenaQuery>().get_mut(world, entity) {
            Cast::default().seat(&mut item.pilot, &mut item.others);
        }
        if let Some(mut programme) = world.get_resource_mut::<Programme>() {
            programme.differs |= differs.is_some();
        }
    } else if !idle {
        return;
    }
    let Some(mut programme) = world.get_resource_mut::<Programme>() else { return };
    let (next, data_set) = (programme.episodes.pop_front(), programme.data_set.clone());
    let Some(next) = next else {
        let (closes, differs) = (programme.closes, programme.differs);
        world.remove_resource::<Programme>();
        if closes {
            world.write_message(if differs { AppExit::error() } else { AppExit::Success });
        }
        return;
    };
    if let Err(error) = replay(world, &data_set, next) {
        world.write_message(Event::Refused { text: error.to_string() });
        if let Some(mut programme) = world.get_resource_mut::<Programme>() {
            programme.differs = true;
        }
    }
}

/// When the session is done, or the window is closed: what was recorded is safe before anything ends.
fn finish(
    session: Option<ResMut<Session>>,
    recording: Option<ResMut<Recording>>,
    mut exits: ResMut<Messages<AppExit>>,
    mut events: MessageWriter<Event>,
    mut clock: ResMut<Clock>,
    mut hands: ResMut<HandsView>,
) {
    let closing = !exits.is_empty();
    let (Some(mut session), Some(mut recording)) = (session, recording) else { return };
    if recording.ended || !(closing || session.phase == Phase::Done) {
        return;
    }
    recording.ended = true;
    clock.paused = false;
    let wrong = session.end();
    let exit = if wrong.is_empty() { AppExit::Success } else { AppExit::error() };
    for text in wrong {
        events.write(Event::Refused { text });
    }
    let text = format!("{} episodes recorded into {}", session.kept, recording.data_set.display());
    events.write(Event::Recording { text, kept: session.kept });
    hands.commands = false;
    // (One exit that is an error makes the program's one of several.)
    if recording.closes || closing {
        exits.write(exit);
    }
}
