//! [`Session`]: recording by hand, episode after episode. What happens when is counted in control steps, never by a clock.
//!
//! ```text
//! Ready ──start──▶ Recording ──the task ends it, finish, success, failure──▶ judged ──▶ saved ──▶ Resetting ──▶ Recording ..
//!                   │  ▲  │                                              poor? ▼                     │ discard, undo:
//!                   │  │  └─ pad lost, disk full ─▶ Paused ──start──┐        Review                  ▼ the episode is taken back
//!                   └discard: the same level again◀─────────────────┘   finish: save │ discard     Done (enough, or stop)
//! ```
//!
//! The buttons are [`HandCommand`]s. Finish, discard and stop are LeRobot's three keys; stop saves the open episode unless it is poor,
//! also during a pause. What cannot be saved is kept, and tried again with start, with stop and at the end.

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
use std::collections::VecDeque;

/// Records the first arena, as its [`Session`] says. The session is put in with [`begin`].
pub struct SessionPlugin;

/// How a recording stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Before the first episode: start begins it.
    Ready,
    /// An episode is being recorded.
    Recording,
    /// Time should stand still, for this reason; start goes on where the pause began.
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
    /// Episodes of this session that are kept, those included that are on their way to the disk or wait to be saved again.
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
    /// Those that could not be saved: tried again with start, with stop and at the end.
    unsaved: VecDeque<Box<Demonstration>>,
    /// What goes on after a pause.
    paused: Phase,
    /// Whether to stop with the next control step, which a stop during a pause needs.
    stopping: bool,
    /// Whether the last episode that ended was kept, so that discard means to take it back.
    undoable: bool,
    /// The commands that were heard. (One place: what is heard while time stands still is not heard again by the next step.)
    heard: MessageCursor<HandCommand>,
}

/// What can be done with a poor episode.
const REVIEW: &str = "Finish keeps it, discard throws it away";
/// What is said of an undo.
const UNDONE: &str = "the last episode is taken back";

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
            unsaved: VecDeque::new(),
            paused: Phase::Ready,
            stopping: false,
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
            self.halt(why.into());
        }
    }

    fn halt(&mut self, why: String) {
        self.message.clone_from(&why);
        let phase = std::mem::replace(&mut self.phase, Phase::Paused(why));
        if !matches!(phase, Phase::Paused(_)) {
            self.paused = phase;
        }
    }

    /// Goes over to a phase: at once, or after the pause.
    fn go(&mut self, next: Phase) {
        if matches!(self.phase, Phase::Paused(_)) { self.paused = next } else { self.phase = next }
    }

    /// Goes on after a pause where it began, trying again to save what could not be saved.
    pub fn resume(&mut self) {
        if matches!(self.phase, Phase::Paused(_)) {
            self.phase = self.paused.clone();
            self.message = if self.phase == Phase::Review { REVIEW.into() } else { String::new() };
            self.save_again();
        }
    }

    /// Tries again to save what could not be saved.
    fn save_again(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            self.unsaved.drain(..).for_each(|demonstration| keeper.save_again(demonstration));
        }
    }

    /// Ends the session, waiting for what is still to be saved, and trying once more what could not be. Returns what went wrong, in sentences.
    pub fn end(&mut self) -> Vec<String> {
        self.phase = Phase::Done;
        let done = self.keeper.as_mut().map(Keeper::wait).unwrap_or_default();
        done.into_iter().for_each(|kept| self.hear(kept));
        self.save_again();
        let Some(keeper) = self.keeper.take() else { return Vec::new() };
        let (done, set) = keeper.finish();
        let mut wrong = Vec::new();
        for kept in done {
            if let Kept::NotSaved(error, demonstration) = kept {
                self.kept -= 1;
                wrong.push(format!("{error}. An episode of {} rows could not be saved", demonstration.rows.len()));
            }
        }
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
            self.go(Phase::Resetting(self.reset_steps));
        } else if demonstration.quality.verdict == Verdict::Poor {
            self.message = format!("{line}. {REVIEW}");
            self.review = Some(demonstration);
            self.go(Phase::Review);
        } else {
            self.keep(demonstration);
            if !matches!(self.phase, Phase::Paused(_)) {
                self.message = line;
            }
        }
    }

    fn keep(&mut self, demonstration: Demonstration) {
        if let Some(keeper) = &mut self.keeper {
            keeper.save(demonstration);
            self.kept += 1;
            self.undoable = true;
        }
        self.go(if self.goal.is_some_and(|goal| self.kept >= goal) { Phase::Done } else { Phase::Resetting(self.reset_steps) });
    }

    /// Takes the last episode back.
    fn undo(&mut self) {
        if let Some(keeper) = &mut self.keeper
            && self.kept > 0
        {
            keeper.undo();
            self.kept -= 1;
            self.undoable = false;
            self.message = UNDONE.into();
        }
    }

    /// Takes in what the keeper did.
    fn hear(&mut self, kept: Kept) {
        match kept {
            Kept::Saved(_) | Kept::Undone(_) => {}
            Kept::NotSaved(error, demonstration) => {
                self.unsaved.push_back(demonstration);
                // (Where all is done, [`Self::end`] tries again.)
                if self.phase != Phase::Done {
                    self.halt(format!("{error}. The episode is not lost: start tries again"));
                }
            }
            Kept::Dropped => {
                self.message = UNDONE.into();
                // What was to be dropped may have been handed over once more in the meantime.
                if let (None, Some(keeper)) = (self.unsaved.pop_back(), &mut self.keeper) {
                    keeper.undo();
                }
            }
            Kept::NotUndone(error) => {
                self.message =
                    format!("{error}. The last episode is still to be taken back: that is tried again before the next one is saved");
            }
        }
    }

    /// Takes in what the keeper did since. To be called once a frame, also while time stands still.
    pub fn listen(&mut self) {
        let done = self.keeper.as_mut().map(Keeper::done).unwrap_or_default();
        done.into_iter().for_each(|kept| self.hear(kept));
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
            (Phase::Review, HandCommand::Stop) => self.phase = Phase::Done,
            (Phase::Paused(_), HandCommand::Stop) => {
                self.resume();
                // An open episode is judged by the next control step, which sees how it ends.
                self.stopping = self.phase == Phase::Recording;
                if !self.stopping {
                    self.phase = Phase::Done;
                }
            }
            (Phase::Paused(_) | Phase::Done, HandCommand::Undo) => self.undo(),
            _ => {}
        }
    }

    /// The same, for hands: whoever starts goes on without the pad that is gone.
    fn command_hands_while_held(&mut self, command: HandCommand, hands: &mut Option<ResMut<Hands>>) {
        if let (HandCommand::Start, Some(hands)) = (command, hands) {
            hands.lost = false;
        }
        self.command_while_held(command);
    }
}

/// Hears commands while time stands still, and what the keeper did: once a frame of a window.
pub fn attend(mut session: ResMut<Session>, asked: Res<Messages<HandCommand>>, mut hands: Option<ResMut<Hands>>) {
    session.listen();
    if session.holds_time() {
        let asked: Vec<HandCommand> = session.heard.read(&asked).copied().collect();
        asked.into_iter().for_each(|command| session.command_hands_while_held(command, &mut hands));
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
    let mut asked: Vec<HandCommand> = session.heard.read(&asked).copied().collect();
    let Ok((mut item, mut recorder)) = arenas.single_mut() else { return };
    if std::mem::take(&mut session.stopping) {
        asked.insert(0, HandCommand::Stop);
    } else if hands.as_ref().is_some_and(|hands| hands.lost) {
        session.pause("the pad is gone: start goes on, with any pad or the keyboard");
    }
    for command in &asked {
        if *command == HandCommand::Stop {
            // Stop does after a pause what it does without one.
            session.resume();
        }
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
                if let Some(demonstration) = recorder.stop(&item) {
                    recorder.on = false;
                    let poor = demonstration.quality.verdict == Verdict::Poor;
                    if *command == HandCommand::Stop && poor {
                        session.message = demonstration.quality.line();
                    } else {
                        session.judge(Demonstration { marked, inputs: inputs(&mut hands), ..demonstration });
                    }
                    next_level(&mut item, &mut classroom);
                }
                // (An episode without a row yet goes on: there is nothing to finish.)
                if *command == HandCommand::Stop {
                    recorder.on = false;
                    session.phase = Phase::Done;
                }
            }
            (Phase::Recording, HandCommand::Discard) => {
                restart(&mut session, &mut item, &mut recorder, &mut hands, &classroom);
                session.message = "once more".into();
            }
            (Phase::Resetting(_), HandCommand::Finish | HandCommand::Start) => session.phase = Phase::Resetting(0),
            (Phase::Resetting(_), HandCommand::Discard) if session.undoable => session.undo(),
            (Phase::Paused(_) | Phase::Review | Phase::Done, command) => session.command_hands_while_held(*command, &mut hands),
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
    postcard::to_allocvec(&log).unwrap_or_default()
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
