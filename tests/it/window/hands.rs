//! Hands at the window: pads, keys and mouse, from Bevy's messages to the action; the file of settings.

use super::pad::{Pad, Script, Sight, axis, button};
use crate::stage::plan_of;
use apprentice::arena::ArenaQuery;
use apprentice::body::{heading, turned};
use apprentice::curriculum::held_out;
use apprentice::pilot::expert::{ExpertMemory, Preference};
use apprentice::pilot::hand::shaping::Shaping;
use apprentice::pilot::hand::{HandCommand, HandSettings, Hands, Input};
use apprentice::scene::plan::Plan;
use apprentice::scene::schema::{Body, RoverControl};
use apprentice::signal::Outcome;
use apprentice::stream::{Purpose, Stream};
use apprentice::window::hands::pads::Pads;
use apprentice::window::hands::panel::{Hold, Row, bind};
use apprentice::window::hands::{HandsPlugin, HandsView, file};
use bevy::input::ButtonState;
use bevy::input::gamepad::RawGamepadEvent;
use bevy::input::keyboard::{Key, KeyboardFocusLost, KeyboardInput};
use bevy::input::mouse::{MouseButtonInput, MouseMotion};
use bevy::prelude::*;
use std::sync::Arc;

const STICKS: [GamepadAxis; 4] = [GamepadAxis::LeftStickX, GamepadAxis::LeftStickY, GamepadAxis::RightStickX, GamepadAxis::RightStickY];

/// A pad that lies still.
fn still() -> Script {
    Box::new(|_| Vec::new())
}

/// Sticks that jump about, taps within a step, triggers and buttons that are held: each step as the step's number says.
fn restless(steps: u64) -> Script {
    Box::new(move |sight: &Sight<'_>| {
        let mut stream = Stream::new(7, Purpose::Pilot, 0, sight.step);
        let mut events = Vec::new();
        if sight.step >= steps {
            return events;
        }
        for stick in STICKS {
            // (Sometimes several times within a step: the last one holds.)
            for _ in 0..stream.below(3) {
                events.push(axis(sight.pad, stick, stream.between(-1.0, 1.0)));
            }
        }
        for (index, which) in [GamepadButton::North, GamepadButton::RightTrigger, GamepadButton::DPadRight].into_iter().enumerate() {
            match stream.below(6) {
                0 => events.extend([button(sight.pad, which, 1.0), button(sight.pad, which, 0.0)]),
                1 => events.push(button(sight.pad, which, 1.0)),
                2 => events.push(button(sight.pad, which, 0.2 * index as f32)),
                _ => {}
            }
        }
        events.push(button(sight.pad, GamepadButton::LeftTrigger2, stream.unit()));
        events
    })
}

/// Does what the scene's expert would do, by sticks alone.
pub fn expert_by_sticks() -> Script {
    let mut memory = ExpertMemory::default();
    let shaping = Shaping::default();
    Box::new(move |sight: &Sight<'_>| {
        if sight.first {
            memory = ExpertMemory::default();
        }
        let plan = sight.situation.plan;
        let expert = plan.task.as_ref().and_then(|task| task.expert.as_ref()).unwrap();
        let mut action = vec![0.0; plan.action.width()];
        memory.decide(expert, Preference::default(), &sight.situation, &mut action);
        let wanted = match plan.scene.body {
            Body::CartPole { .. } => vec![(GamepadAxis::LeftStickX, action[0])],
            Body::Rover { .. } => vec![(GamepadAxis::LeftStickY, action[0]), (GamepadAxis::RightStickX, -action[1])],
            // As the gait generator is told by the scene, turned to where the trunk looks.
            Body::Walker { .. } => {
                let heading = heading(sight.situation.world.bodies[plan.parts.root()].rotation());
                let command = turned(sight.situation.command(), -heading);
                vec![(GamepadAxis::LeftStickY, command.x), (GamepadAxis::LeftStickX, -command.y)]
            }
            Body::Mjcf(_) | Body::Urdf(_) | Body::Team(_) => panic!("no expert of these tests flies a robot from a file, or a whole team"),
            // The fingertip by the sticks, the hand's lean by the cross, the fingers by the triggers.
            Body::Arm { .. } => {
                let pressed = |which, value: f32| button(sight.pad, which, value.clamp(0.0, 1.0));
                // A tap of a step tilts by 0.1 rad: from 0.06 rad on it is worth it.
                let tilted = |value: f32| f32::from(value > 0.12);
                let mut events = vec![
                    pressed(GamepadButton::DPadUp, tilted(-action[3])),
                    pressed(GamepadButton::DPadDown, tilted(action[3])),
                    pressed(GamepadButton::RightTrigger2, action[5]),
                    pressed(GamepadButton::LeftTrigger2, -action[5]),
                ];
                let sticks = [
                    (GamepadAxis::LeftStickX, -action[1]),
                    (GamepadAxis::LeftStickY, action[0]),
                    (GamepadAxis::RightStickX, action[4]),
                    (GamepadAxis::RightStickY, action[2]),
                ];
                events.extend(sticks.map(|(stick, felt)| axis(sight.pad, stick, shaping.undo(felt))));
                return events;
            }
        };
        wanted.into_iter().map(|(stick, felt)| axis(sight.pad, stick, shaping.undo(felt))).collect()
    })
}

/// A pad in an arena with the scene's canonical level.
fn pad(plan: &Arc<Plan>, script: Script) -> Pad {
    Pad::new(plan, vec![plan.canonical()], script)
}

/// Presses a key or lets it go.
fn key(pad: &mut Pad, code: KeyCode, pressed: bool) {
    let state = if pressed { ButtonState::Pressed } else { ButtonState::Released };
    let window = pad.entity;
    pad.app.world_mut().write_message(KeyboardInput {
        key_code: code,
        logical_key: Key::Dead(None),
        state,
        text: None,
        repeat: false,
        window,
    });
}

fn value(pad: &Pad, input: &Input) -> f32 {
    pad.hands().value(input)
}

#[test]
fn a_pad_scripted_per_step_is_recorded_alike_at_any_frame_rate_and_with_stalls() {
    for scene in ["push", "balance", "clear"] {
        let plan = plan_of(scene);
        let steps = 90;
        let run = |seconds: &mut dyn FnMut() -> f64| pad(&plan, restless(steps)).run(steps as usize, seconds);
        let (rows, log) = run(&mut || 1.0 / 60.0);
        assert!(rows.iter().any(|row| row.action[0] > 0.5) && rows.iter().any(|row| row.action[0] < -0.5), "{scene}: it moves");
        assert!(rows.iter().any(|row| row.asked.contains(&HandCommand::Success)), "{scene}: buttons ask");
        assert!(log.len() > 300, "{scene}: raw inputs are kept");
        for rate in [30.0, 144.0] {
            assert!((rows.clone(), log.clone()) == run(&mut || 1.0 / rate), "{scene} at {rate} frames a second");
        }
        for seed in 0..3 {
            let mut stream = Stream::new(seed, Purpose::Noise, 0, 0);
            // Mostly frames as usual; now and then one of up to 0.4 s, in which many steps are due.
            let mut stalling = || match stream.below(5) {
                0 => f64::from(stream.between(0.1, 0.4)),
                _ => f64::from(stream.between(0.002, 0.03)),
            };
            assert!((rows.clone(), log.clone()) == run(&mut stalling), "{scene} with stalls, seed {seed}");
        }
    }
}

#[test]
fn a_scripted_pad_lifts_the_block_into_the_tray_and_builds_the_tower() {
    for (scene, levels, least) in [("lift", 3, 3), ("stack", 2, 2)] {
        let plan = plan_of(scene);
        let mut pad = Pad::new(&plan, held_out(plan.canonical().cube.len(), levels), expert_by_sticks());
        let outcomes = |pad: &Pad| -> Vec<_> { pad.rows().iter().map(|row| row.outcome).filter(|outcome| outcome.is_over()).collect() };
        while outcomes(&pad).len() < levels {
            pad.frame(0.05);
        }
        let succeeded = outcomes(&pad).iter().filter(|outcome| **outcome == Outcome::Succeeded).count();
        assert!(succeeded >= least, "{scene}: {:?}", outcomes(&pad));
    }
}

#[test]
fn a_scripted_pad_pushes_the_cube_onto_the_disc_by_sticks_alone() {
    let plan = plan_of("push");
    let levels = held_out(plan.canonical().cube.len(), 4);
    let mut pad = Pad::new(&plan, levels, expert_by_sticks());
    let outcomes = |pad: &Pad| -> Vec<_> { pad.rows().iter().map(|row| row.outcome).filter(|outcome| outcome.is_over()).collect() };
    while outcomes(&pad).len() < 4 {
        pad.frame(0.1);
    }
    assert_eq!(outcomes(&pad)[..4], [Outcome::Succeeded; 4]);
}

#[test]
fn every_bodys_expert_flies_through_a_pad() {
    for (scene, steps) in [("balance", 360), ("clear", 400), ("walk", 240)] {
        let plan = plan_of(scene);
        let mut by_pad = pad(&plan, expert_by_sticks());
        let mut rewards = Vec::new();
        while by_pad.rows().len() < steps {
            by_pad.frame(f64::from(plan.timing.control_dt()));
            let world = by_pad.app.world_mut();
            let mut arenas = world.query::<ArenaQuery>();
            rewards.push(arenas.single(world).unwrap().reward.dense);
        }
        let late = &rewards[rewards.len() - 60..];
        let mean = late.iter().sum::<f32>() / 60.0;
        assert!(mean > 0.5, "{scene}: a mean reward of {mean} at the end is not what an expert gets");
    }
}

#[test]
fn in_the_mode_wheels_each_stick_drives_its_side() {
    let mut scene = plan_of("push").scene.clone();
    let Body::Rover { control, .. } = &mut scene.body else { panic!("push has a rover") };
    *control = RoverControl::Wheels;
    let plan = Arc::new(Plan::new(scene, "wheels", 0));
    let script: Script =
        Box::new(|sight| vec![axis(sight.pad, GamepadAxis::LeftStickY, 1.0), axis(sight.pad, GamepadAxis::RightStickY, -1.0)]);
    let mut pad = pad(&plan, script);
    (0..3).for_each(|_| pad.frame(0.1));
    assert_eq!(pad.rows()[1].action, [1.0, -1.0]);
}

#[test]
fn keys_drive_and_go_elsewhere_while_the_camera_flies() {
    let plan = plan_of("push");
    let mut pad = pad(&plan, still());
    key(&mut pad, KeyCode::KeyW, true);
    (0..6).for_each(|_| pad.frame(0.1));
    assert_eq!(pad.rows().last().unwrap().action, [1.0, 0.0], "W drives, by and by at full speed");
    assert!(pad.rows()[0].action[0] < 0.5, "not all at once");
    let window = pad.entity;
    let right = |pad: &mut Pad, state| {
        pad.app.world_mut().write_message(MouseButtonInput { button: MouseButton::Right, state, window });
    };
    right(&mut pad, ButtonState::Pressed);
    key(&mut pad, KeyCode::KeyA, true);
    (0..4).for_each(|_| pad.frame(0.1));
    assert_eq!(pad.rows().last().unwrap().action, [0.0, 0.0], "the camera has the keys");
    right(&mut pad, ButtonState::Released);
    key(&mut pad, KeyCode::KeyD, true);
    (0..4).for_each(|_| pad.frame(0.1));
    assert_eq!(pad.rows().last().unwrap().action, [0.0, -1.0]);
    pad.app.world_mut().write_message(KeyboardFocusLost);
    (0..4).for_each(|_| pad.frame(0.1));
    assert_eq!(pad.rows().last().unwrap().action, [0.0, 0.0], "the window lost the keyboard");
}

#[test]
fn the_mouse_drives_while_its_key_is_held() {
    let mut pad = pad(&plan_of("push"), still());
    let moved = |pad: &mut Pad, x: f32, y: f32| {
        pad.app.world_mut().write_message(MouseMotion { delta: Vec2::new(x, y) });
        pad.frame(0.1);
    };
    moved(&mut pad, 0.0, -100.0);
    assert_eq!(pad.rows().last().unwrap().action, [0.0, 0.0]);
    key(&mut pad, KeyCode::AltLeft, true);
    moved(&mut pad, 0.0, -60.0);
    moved(&mut pad, 0.0, -40.0);
    assert_eq!(pad.rows().last().unwrap().action[0], 0.5, "100 of 200 pixels up are half ahead");
    key(&mut pad, KeyCode::AltLeft, false);
    pad.frame(0.1);
    assert_eq!(pad.rows().last().unwrap().action, [0.0, 0.0]);
}

#[test]
fn of_several_pads_the_one_touched_last_flies() {
    let mut pad = pad(&plan_of("push"), still());
    let first = pad.entity;
    let second = pad.app.world_mut().spawn_empty().id();
    pad.plug(second, true);
    let send = |pad: &mut Pad, event: RawGamepadEvent| {
        pad.app.world_mut().write_message(event);
        pad.frame(0.1);
        value(pad, &Input::LeftStickY)
    };
    assert_eq!(send(&mut pad, axis(first, GamepadAxis::LeftStickY, 1.0)), 1.0);
    assert_eq!(send(&mut pad, axis(second, GamepadAxis::LeftStickX, 0.1)), 1.0, "a worn stick takes nothing over");
    assert_eq!(send(&mut pad, button(second, GamepadButton::East, 1.0)), 0.0, "the second one stands still");
    assert_eq!(send(&mut pad, axis(first, GamepadAxis::LeftStickY, -1.0)), -1.0, "and the first one takes it back");
    assert_eq!(value(&pad, &Input::East), 0.0, "what was held on the other one is let go");
    assert_eq!(pad.app.world().resource::<Pads>().count(), 2);
}

#[test]
fn a_pad_that_goes_and_comes_is_told_and_lets_go() {
    let mut pad = pad(&plan_of("push"), still());
    let entity = pad.entity;
    pad.app.world_mut().write_message(axis(entity, GamepadAxis::LeftStickY, 1.0));
    pad.frame(0.1);
    assert_eq!((value(&pad, &Input::LeftStickY), pad.hands().lost), (1.0, false));
    pad.plug(entity, false);
    pad.app.world_mut().write_message(axis(entity, GamepadAxis::LeftStickY, 0.5));
    pad.frame(0.1);
    assert_eq!((value(&pad, &Input::LeftStickY), pad.hands().lost), (0.0, true));
    assert_eq!(pad.app.world().resource::<Pads>().name(), None);
    pad.plug(entity, true);
    pad.frame(0.1);
    assert!(!pad.hands().lost);
    assert_eq!(pad.app.world().resource::<Pads>().name(), Some("Scripted Pad"));
}

#[test]
fn a_button_counts_as_pressed_from_where_bevy_says() {
    let mut pad = pad(&plan_of("push"), still());
    let entity = pad.entity;
    // Bevy presses from 0.75 on and lets go below 0.65.
    for (pressure, pressed) in [(0.7, 0.0), (0.8, 1.0), (0.7, 1.0), (0.6, 0.0)] {
        pad.app.world_mut().write_message(button(entity, GamepadButton::East, pressure));
        pad.frame(0.1);
        pad.frame(0.1);
        assert_eq!(value(&pad, &Input::East), pressed, "at {pressure}");
    }
}

#[test]
fn a_window_whose_arenas_stand_still_hears_what_is_asked() {
    #[derive(Resource, Default)]
    struct Heard(Vec<HandCommand>);
    let mut pad = pad(&plan_of("push"), still());
    pad.app.init_resource::<Heard>();
    pad.app.add_systems(
        PreUpdate,
        (|mut asked: MessageReader<HandCommand>, mut heard: ResMut<Heard>| heard.0.extend(asked.read())).after(bevy::input::InputSystems),
    );
    let entity = pad.entity;
    for event in [button(entity, GamepadButton::Start, 1.0), button(entity, GamepadButton::West, 1.0)] {
        pad.app.world_mut().write_message(event);
        (0..3).for_each(|_| pad.frame(0.0));
    }
    assert_eq!(pad.rows().len(), 0, "no step was done");
    assert_eq!(pad.app.world().resource::<Heard>().0, [HandCommand::Start, HandCommand::Discard]);
}

#[test]
fn while_a_binding_is_waited_for_what_is_touched_drives_nothing() {
    let plan = plan_of("push");
    let mut pad = pad(&plan, still());
    let entity = pad.entity;
    pad.app.world_mut().resource_mut::<Hands>().listening = true;
    pad.app.world_mut().write_message(axis(entity, GamepadAxis::RightStickY, -0.9));
    pad.frame(0.1);
    let mut hands = pad.app.world_mut().resource_mut::<Hands>();
    let touched = hands.take_touched().unwrap();
    assert_eq!(touched, Input::RightStickY);
    assert_eq!(hands.raw(&touched), 0.0);
    hands.listening = false;
    assert!(bind(&mut hands.settings, Some(&plan.bindings), Row::Drive(0), touched));
    pad.app.world_mut().write_message(axis(entity, GamepadAxis::RightStickY, 1.0));
    pad.frame(0.1);
    assert_eq!(pad.rows().last().unwrap().action, [1.0, 0.0], "the right stick drives now");
}

#[test]
fn commands_and_held_inputs_are_bound_and_added() {
    let mut settings = HandSettings::default();
    let before = settings.commands[&HandCommand::Undo].len();
    assert!(bind(&mut settings, None, Row::Command(HandCommand::Undo, before), Input::LeftThumb));
    assert_eq!(settings.asks(&Input::LeftThumb), Some(HandCommand::Undo));
    assert!(!bind(&mut settings, None, Row::Command(HandCommand::Undo, before + 1), Input::LeftThumb), "it is there already");
    assert!(bind(&mut settings, None, Row::Held(Hold::Gentle, 0), Input::LeftBumper));
    assert_eq!(settings.gentle, [Input::LeftBumper]);
    assert!(!bind(&mut settings, None, Row::Drive(0), Input::South), "nothing is flown");
}

#[test]
fn settings_are_kept_in_a_file_and_a_bad_one_is_told_and_left_aside() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("deep/apprentice/bindings.ron");
    assert_eq!(file::read(&path), Ok(None), "no file yet");
    let mut settings = HandSettings { shaping: Shaping { dead_zone: 0.2, curve: 0.5 }, ..HandSettings::default() };
    settings.commands.remove(&HandCommand::Undo);
    file::write(&path, &settings).unwrap();
    settings.commands.insert(HandCommand::Undo, HandCommand::defaults()[&HandCommand::Undo].clone());
    assert_eq!(file::read(&path), Ok(Some(settings)), "a command that is not mentioned keeps its inputs");

    std::fs::write(&path, "(\n    shaping: (dead_zone: \"wide\"),\n)").unwrap();
    let problem = file::read(&path).unwrap_err();
    assert!(problem.contains("bindings.ron:2:"), "{problem}");
    let mut app = App::new();
    app.add_plugins((bevy::input::InputPlugin, HandsPlugin { file: Some(path.clone()) }));
    assert_eq!(app.world().resource::<Hands>().settings, HandSettings::default());
    assert_eq!(app.world().resource::<HandsView>().problem.as_deref(), Some(problem.as_str()));

    file::write(&path, &HandSettings::default()).unwrap();
    assert!(file::read(&path).is_ok());
    let bad = std::fs::read_to_string(path.with_extension("ron.bad")).unwrap();
    assert!(bad.contains("wide"), "what somebody wrote is kept beside");
}
