//! A pad that is scripted per control step, in an app that has frames: Bevy's own messages, through the whole path.

use apprentice::arena::{ArenaPlugin, ArenaQuery, Classroom, step_hash};
use apprentice::control::{ControlPlugin, ControlStep, ControlSystems, headless_app, start};
use apprentice::curriculum::Level;
use apprentice::physics::Threads;
use apprentice::pilot::hand::{HandCommand, HandInput, Hands};
use apprentice::pilot::{Pilot, PilotPlugin};
use apprentice::scene::plan::{Plan, Situation};
use apprentice::signal::Outcome;
use apprentice::window::hands::HandsPlugin;
use bevy::input::InputPlugin;
use bevy::input::gamepad::{
    GamepadConnection, GamepadConnectionEvent, RawGamepadAxisChangedEvent, RawGamepadButtonChangedEvent, RawGamepadEvent,
};
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use std::sync::Arc;
use std::time::Duration;

use crate::stage::Levels;

/// What a script sees before a step.
pub struct Sight<'a> {
    /// Which step, over all episodes, from 0.
    pub step: u64,
    /// Whether it is an episode's first.
    pub first: bool,
    /// The pad.
    pub pad: Entity,
    /// The arena.
    pub situation: Situation<'a>,
}

/// Says what is moved before a step.
pub type Script = Box<dyn FnMut(&Sight<'_>) -> Vec<RawGamepadEvent> + Send + Sync>;

/// What was recorded of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub action: Vec<f32>,
    pub hash: u64,
    pub asked: Vec<HandCommand>,
    pub outcome: Outcome,
}

/// The scripted pad, and what it did.
#[derive(Resource)]
struct Scripted {
    script: Script,
    pad: Entity,
    steps: u64,
    rows: Vec<Row>,
}

/// An app with frames, and a pad in it.
pub struct Pad {
    pub app: App,
    pub entity: Entity,
}

impl Pad {
    /// An arena of `plan`, flown by a pad that does what `script` says. The pad is plugged in.
    pub fn new(plan: &Arc<Plan>, levels: Vec<Level>, script: Script) -> Self {
        Self::with(plan, levels, script, |_| {})
    }

    /// The same, with more in the app.
    pub fn with(plan: &Arc<Plan>, levels: Vec<Level>, script: Script, add: impl FnOnce(&mut App)) -> Self {
        let mut app = headless_app(Threads(2));
        app.insert_resource(Classroom { teachers: vec![Box::new(Levels(levels))], seed: 0 });
        app.add_plugins((
            InputPlugin,
            ControlPlugin { timing: plan.timing },
            ArenaPlugin { plans: vec![plan.clone()], count: 1, seed: 0, pilot: Pilot::Hand },
            PilotPlugin,
            HandsPlugin::default(),
        ));
        let entity = app.world_mut().spawn_empty().id();
        app.insert_resource(Scripted { script, pad: entity, steps: 0, rows: Vec::new() });
        app.add_systems(ControlStep, (play.in_set(ControlSystems::Observe), note.in_set(ControlSystems::Record)));
        app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::ZERO));
        add(&mut app);
        start(&mut app);
        let mut pad = Self { app, entity };
        pad.plug(entity, true);
        pad.app.update();
        pad
    }

    /// Plugs a pad in or out.
    pub fn plug(&mut self, pad: Entity, in_it: bool) {
        let connection = match in_it {
            true => GamepadConnection::Connected { name: "Scripted Pad".into(), vendor_id: None, product_id: None },
            false => GamepadConnection::Disconnected,
        };
        let event = GamepadConnectionEvent::new(pad, connection);
        self.app.world_mut().write_message(event.clone());
        self.app.world_mut().write_message(RawGamepadEvent::Connection(event));
    }

    /// One frame that takes `seconds`.
    pub fn frame(&mut self, seconds: f64) {
        self.app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_secs_f64(seconds)));
        self.app.update();
    }

    pub fn rows(&self) -> &[Row] {
        &self.app.world().resource::<Scripted>().rows
    }

    pub fn hands(&self) -> &Hands {
        self.app.world().resource::<Hands>()
    }

    /// Frames, whose lengths `seconds` tells, until `count` steps are recorded; then those rows and all raw inputs.
    pub fn run(mut self, count: usize, mut seconds: impl FnMut() -> f64) -> (Vec<Row>, Vec<HandInput>) {
        while self.rows().len() < count {
            self.frame(seconds());
        }
        let log = self.app.world_mut().resource_mut::<Hands>().take_log();
        (self.rows()[..count].to_vec(), log)
    }
}

pub fn axis(pad: Entity, axis: GamepadAxis, value: f32) -> RawGamepadEvent {
    RawGamepadEvent::Axis(RawGamepadAxisChangedEvent::new(pad, axis, value))
}

pub fn button(pad: Entity, button: GamepadButton, value: f32) -> RawGamepadEvent {
    RawGamepadEvent::Button(RawGamepadButtonChangedEvent::new(pad, button, value))
}

fn play(arenas: Query<ArenaQuery>, mut scripted: ResMut<Scripted>, mut events: MessageWriter<RawGamepadEvent>) {
    let Some(arena) = arenas.iter().next() else { return };
    let situation =
        Situation { plan: &arena.arena.plan, world: arena.physics.view(), setting: &arena.arena.episode.setting, action: &arena.action.0 };
    let scripted = &mut *scripted;
    let sight = Sight { step: scripted.steps, first: arena.arena.episode.step == 0, pad: scripted.pad, situation };
    events.write_batch((scripted.script)(&sight));
    scripted.steps += 1;
}

fn note(mut arenas: Query<ArenaQuery>, mut scripted: ResMut<Scripted>, mut asked: MessageReader<HandCommand>) {
    let Some(item) = arenas.iter_mut().next() else { return };
    let asked = asked.read().copied().collect();
    scripted.rows.push(Row { action: item.action.0.clone(), hash: step_hash(&item), asked, outcome: *item.outcome });
}
