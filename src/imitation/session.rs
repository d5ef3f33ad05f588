//! [`Session`]: recording by hand, episode after episode. What happens when is counted in control steps, never by a clock.
//!
//! ```text
//! Ready ──start──▶ Recording ──the task ends it, finish, success, failure──▶ judged ──▶ saved ──▶ Resetting ──▶ Recording ..
//!                   │  ▲  │                                              poor? ▼                     │ discard, undo:
//!                   │  │  └─ pad lost, disk full ─▶ Paused ──start──┐        Review                  ▼ the episode is taken back
//!                   └discard: the same level again◀─────────────────┘   finish: save │ discard     Done (enough, or stop)
//! ```
//!
//! The buttons are [`HandCommand`]s. Finish, discard and stop are LeRobot's three keys; stop saves the open episode unless it is poor.

use crate::arena::{Arena, ArenaQuery, ArenaQueryItem, Classroom, finish, observe};
use crate::control::{ControlStep, ControlSystems};
use crate::imitation::demonstration::Demonstration;
use crate::imitation::keeper::{Keeper, Kept};
use crate::imitation::quality::{Quality, Verdict};
use crate::imitation::recorder::{Recorded, Recorder, RecorderPlugin};
use crate::pilot::hand::hands::Latch;
use crate::pilot::hand::{HandCommand, Hands};
use crate::signal::Outcome;
use bevy::ecs::message::MessageCursor;
use bevy::prelude::*;

/// Records the first arena, as its [`Session`] says. The session is put in with [`begin`].
pub struct SessionPlugin;

/// How a recording stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Before the first episode: start begins it.
    Ready,
    /// An episode is being recorded.
    Recording,
    /// Time should stand still, for this reason; start goes on.
    Paused(String),
    /// The last episode was poor: finish keeps it nevertheless, discard throws it away.
    Review,
    /// So many control steps until the next episode begins; finish begins it now, discard takes the last one back.
    Resetting(u32),
    /// Enough, or stopped.
    Done,
}

/// A recording by hand.
#[derive(Resource)]
pub struct Session {
    /// How it stands.
    pub phase: Phase,
    /// Episodes of this session that are kept, those on their way to the disk included.
    pub kept: usize,
    /// How many there are to be; None: until stopped.
    pub goal: Option<usize>,
    /// Control steps between two episodes.
    pub reset_steps: u32,
    /// What was said of the last episode.
    pub last: Option<Quality>,
    /// The newest message for people.
    pub message: String,
    keeper: Option<Keeper>,
    review: Option<Demonstration>,
    /// One that could not be saved: tried again with start.
    unsaved: Option<Demonstration>,
    /// Whether the last episode that ended was kept, so that discard means to take it back.
    undoable: bool,
    /// The commands that were heard. (One place: what is heard while time stands still is not heard again by the next step.)
    heard: MessageCursor<HandCommand>,
}

impl Session {
    /// A recording to what `keeper` keeps, of `goal` episodes, with `reset_steps` between two.
    pub fn new(keeper: Keeper, goal: Option<usize>, reset_steps: u32) -> Self {
        Self {
            phase: Phase::Ready,
            kept: 0,
            goal,
            reset_steps,
            last: None,
            message: "start begins the first episode".into(),
            keeper: Some(keeper),
            review: None,
            unsaved: None,
            undoable: false,
            heard: MessageCursor::default(),
        }
    }

    /// Whether simulated time should stand still.
    pub fn holds_time(&self) -> bool {
        matches!(self.phase, Phase::Paused(_) | Phase::Review | Phase::Done)
    }

    /// Pauses: time should stand still until [`Self::resume`].
    pub fn pause(&mut self, why: impl Into<String>) {
        if matches!(self.phase, Phase::Recording | Phase::Resetting(_)) {
            let why = why.into();
            self.message.clone_from(&why);
            self.phase = Phase::Paused(why);
        }
    }

    /// Goes on after a pause, trying again to save what could not be saved.
    pub fn resume(&mut self) {
        if !matches!(self.phase, Phase::Paused(_)) {
            return;
        }
        match self.unsaved.take() {
            Some(demonstration) => {
                self.keep(demonstration);
            }
            None => {
                self.phase = Phase::Recording;
                self.message.clear();
            }
        }
    }

    /// Ends the session, waiting for what is still to be saved. Returns what went wrong, in sentences.
    pub fn end(&mut self) -> Vec<String> {
        self.phase = Phase::Done;
        let Some(keeper) = self.keeper.take() else { return Vec::new() };
        let (done, set) = keeper.finish();
        let mut wrong: Vec<String> = done.into_iter().filter_map(|kept| self.hear(kept)).collect();
        wrong.extend(set.err().map(|error| error.to_string()));
        wrong
    }

    /// What to do with an episode that ended. A poor one waits for a decision.
    fn judge(&mut self, demonstration: Demonstration) {
        self.undoable = false;
        self.last = Some(demonstration.quality.clone());
        let line = demonstration.quality.line();
        if demonstration.outcome == Outcome::Diverged {
            self.message = "the world broke down: the episode is not kept".into();
            self.phase = Phase::Resetting(self.reset_steps);
        } else if demonstration.quality.verdict == Verdict::Poor {
            self.message = format!("{line}. Finish keeps it, discard throws it away");
            self.review = Some(demonstration);
            self.phase = Phase::Review;
        } else {
            self.keep(demonstration);
            self.message = line;
        }
    }

    fn keep(&mut self, demonstration: Demonstration) {
        if let Some(keeper) = &mut self.keeper {
            keeper.save(demonstration);
            self.kept += 1;
            self.undoable = true;
        }
        self.phase = if self.goal.is_some_and(|goal| self.kept >= goal) { Phase::Done } else { Phase::Resetting(self.reset_steps) };
    }

    /// Takes the last episode back.
    fn undo(&mut self) {
        if let Some(keeper) = &mut self.keeper
            && self.kept > 0
        {
            keeper.undo();
            self.kept -= 1;
            self.undoable = false;
            self.message = "the last episode is taken back".into();
        }
    }

    /// Takes in what the keeper did. Returns what went wrong, as a sentence.
    fn hear(&mut self, kept: Kept) -> Option<String> {
        let (error, demonstration) = match kept {
            Kept::Saved(_) | Kept::Undone(_) => return None,
            Kept::NotSaved(error, demonstration) => (error, Some(demonstration)),
            Kept::NotUndone(error) => (error, None),
        };
        let sentence = format!("{error}. The episode is not lost: start tries again");
        if let Some(demonstration) = demonstration {
            self.kept -= 1;
            self.unsaved = Some(*demonstration);
            self.phase = Phase::Paused(sentence.clone());
        }
        self.message.clone_from(&sentence);
        Some(sentence)
    }

    /// Takes in what the keeper did since. To be called once a frame, also while time stands still.
    pub fn listen(&mut self) {
        let done = self.keeper.as_mut().map(Keeper::done).unwrap_or_default();
        for kept in done {
            self.hear(kept);
        }
    }

    /// What a command does while time stands still, where no control step hears it.
    pub fn command_while_held(&mut self, command: HandCommand) {
        match (&self.phase, command) {
            (Phase::Paused(_), HandCommand::Start) => self.resume(),
            (Phase::Review, HandCommand::Finish | HandCommand::Success | HandCommand::Start) => {
                if let Some(demonstration) = self.review.take() {
                    self.keep(demonstration);
                }
            }
            (Phase::Review, HandCommand::Discard | HandCommand::Failure | HandCommand::Undo) => {
                self.review = None;
                self.message = "thrown away".into();
                self.phase = Phase::Resetting(self.reset_steps);
            }
            (Phase::Paused(_) | Phase::Review, HandCommand::Stop) => self.phase = Phase::Done,
            (Phase::Done, HandCommand::Undo) => self.undo(),
            _ => {}
        }
    }
}

/// Hears commands while time stands still, and what the keeper did: once a frame of a window.
pub fn attend(mut session: ResMut<Session>, asked: Res<Messages<HandCommand>>) {
    session.listen();
    if session.holds_time() {
        let asked: Vec<HandCommand> = session.heard.read(&asked).copied().collect();
        asked.into_iter().for_each(|command| session.command_while_held(command));
    }
}

impl Plugin for SessionPlugin {
    fn build(&self, app: &mut App) {
        if !app.is_plugin_added::<RecorderPlugin>() {
            app.add_plugins(RecorderPlugin);
        }
        app.add_systems(
            ControlStep,
            (
                // Between the observation, which is the final one of an episode that a hand stops, and the tape's first row.
                step.in_set(ControlSystems::Observe).after(observe).before(crate::imitation::recorder::open),
                mark.in_set(ControlSystems::Decide).after(Latch),
                collect.in_set(ControlSystems::Reset).after(finish).after(crate::imitation::recorder::close),
            )
                .run_if(resource_exists::<Session>),
        );
    }
}

/// Puts a session into a world whose arenas stand: its first arena is the one that is recorded.
pub fn begin(world: &mut World, session: Session) {
    let mut arenas = world.query::<(Entity, &Arena)>();
    let first = arenas.iter(world).find(|(_, arena)| arena.index == 0).map(|(entity, _)| entity);
    if let Some(first) = first {
        world.entity_mut(first).insert(Recorder::default());
    }
    world.insert_resource(session);
}

/// Does what was asked by buttons, and what is due.
fn step(
    mut session: ResMut<Session>,
    mut arenas: Query<(ArenaQuery, &mut Recorder)>,
    mut classroom: ResMut<Classroom>,
    asked: Res<Messages<HandCommand>>,
    mut hands: Option<ResMut<Hands>>,
) {
    let asked: Vec<HandCommand> = session.heard.read(&asked).copied().collect();
    let Ok((mut item, mut recorder)) = arenas.single_mut() else { return };
    if hands.as_ref().is_some_and(|hands| hands.lost) {
        session.pause("the pad is gone: start goes on, with any pad or the keyboard");
    }
    for command in &asked {
        match (session.phase.clone(), command) {
            (Phase::Ready, HandCommand::Start | HandCommand::Finish) => {
                restart(&mut session, &mut item, &mut recorder, &mut hands, &classroom);
            }
            (Phase::Ready, HandCommand::Stop) | (Phase::Resetting(_), HandCommand::Stop) => session.phase = Phase::Done,
            (Phase::Recording, HandCommand::Finish | HandCommand::Success | HandCommand::Failure | HandCommand::Stop) => {
                let marked = match command {
                    HandCommand::Success => Some(true),
                    HandCommand::Failure => Some(false),
                    _ => None,
                };
                let stopped = recorder.stop(&item);
                recorder.on = false;
                if let Some(demonstration) = stopped {
                    let poor = demonstration.quality.verdict == Verdict::Poor;
                    if *command == HandCommand::Stop && poor {
                        session.message = demonstration.quality.line();
                    } else {
                        session.judge(Demonstration { marked, inputs: inputs(&mut hands), ..demonstration });
                    }
                    next_level(&mut item, &mut classroom);
                }
                if *command == HandCommand::Stop {
                    session.phase = Phase::Done;
                }
            }
            (Phase::Recording, HandCommand::Discard) => {
                restart(&mut session, &mut item, &mut recorder, &mut hands, &classroom);
                session.message = "once more".into();
            }
            (Phase::Resetting(_), HandCommand::Finish | HandCommand::Start) => session.phase = Phase::Resetting(0),
            (Phase::Resetting(_), HandCommand::Discard) if session.undoable => session.undo(),
            (_, HandCommand::Undo) => session.undo(),
            _ => {}
        }
    }
    if let Phase::Resetting(left) = session.phase {
        match left.checked_sub(1) {
            Some(left) => session.phase = Phase::Resetting(left),
            None => restart(&mut session, &mut item, &mut recorder, &mut hands, &classroom),
        }
    }
}

/// Begins an episode of the level that the arena has, from its start.
fn restart(
    session: &mut Session,
    item: &mut ArenaQueryItem<'_, '_>,
    recorder: &mut Recorder,
    hands: &mut Option<ResMut<Hands>>,
    classroom: &Classroom,
) {
    let (lesson, number) = (item.arena.episode.lesson.clone(), item.arena.episode.number);
    item.start(lesson, number, classroom.seed);
    item.observe();
    recorder.discard();
    recorder.on = true;
    inputs(hands);
    session.message.clear();
    session.phase = Phase::Recording;
}

/// Brings the arena to its next lesson.
fn next_level(item: &mut ArenaQueryItem<'_, '_>, classroom: &mut Classroom) {
    let number = item.arena.episode.number + 1;
    let lesson = classroom.propose(item.arena.index, number);
    item.start(lesson, number, classroom.seed);
    item.observe();
}

/// The raw inputs since this was last called.
fn inputs(hands: &mut Option<ResMut<Hands>>) -> Vec<u8> {
    let log = hands.as_mut().map(|hands| hands.take_log()).unwrap_or_default();
    postcard::to_allocvec(&log.inputs).unwrap_or_default()
}

/// Notes with each row how late its input was.
fn mark(hands: Option<Res<Hands>>, mut recorders: Query<&mut Recorder>) {
    let Some(hands) = hands else { return };
    for mut recorder in &mut recorders {
        recorder.hand = (false, hands.latency_ms);
    }
}

/// Takes in the episodes that the task ended.
fn collect(
    mut session: ResMut<Session>,
    mut recorded: ResMut<Recorded>,
    mut recorders: Query<&mut Recorder>,
    mut hands: Option<ResMut<Hands>>,
) {
    for (_, demonstration) in std::mem::take(&mut recorded.0) {
        recorders.iter_mut().for_each(|mut recorder| recorder.on = false);
        session.judge(Demonstration { inputs: inputs(&mut hands), ..demonstration });
    }
    session.listen();
}
