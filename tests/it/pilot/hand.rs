//! Hands: dead zone and curve, the latch, keys, buttons, the log; every body can be driven.

use crate::stage::Stage;
use apprentice::pilot::Pilot;
use apprentice::pilot::hand::bindings::legend;
use apprentice::pilot::hand::settings::Ramp;
use apprentice::pilot::hand::shaping::Shaping;
use apprentice::pilot::hand::{HandCommand, HandInput, HandSettings, Hands, Input};
use apprentice::ron;
use apprentice::scene::load;
use apprentice::scene::plan::Plan;
use bevy::ecs::message::Messages;
use std::sync::Arc;

/// Control steps of `push` and `clear`: 10 Hz.
const DT: f32 = 0.1;

fn plan(scene: &str) -> Arc<Plan> {
    Arc::new(Plan::load(format!("scenes/{scene}")).unwrap())
}

/// One arena of a scene, flown by hand.
fn stage(scene: &str) -> Stage {
    let plan = plan(scene);
    Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Hand)
}

fn feed(stage: &mut Stage, input: Input, value: f32) {
    stage.app.world_mut().resource_mut::<Hands>().feed(input, value);
}

fn action(stage: &Stage) -> Vec<f32> {
    stage.app.world().resource::<Hands>().wanted().to_vec()
}

fn close(found: f32, expected: f32) {
    assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
}

#[test]
fn dead_zone_and_curve_give_the_numbers_worked_out_by_hand() {
    let shaping = Shaping { dead_zone: 0.1, curve: 0.3 };
    close(shaping.one(0.0), 0.0);
    close(shaping.one(0.1), 0.0);
    close(shaping.one(1.0), 1.0);
    // (0.55 − 0.1) / 0.9 = 0.5; 0.7 · 0.5 + 0.3 · 0.125 = 0.3875.
    close(shaping.one(0.55), 0.3875);
    close(shaping.one(-0.55), -0.3875);
    // A trigger that gives more than it should: full is full.
    close(shaping.one(1.2), 1.0);
    let straight = Shaping { dead_zone: 0.2, curve: 0.0 };
    // (0.4 − 0.2) / 0.8 = 0.25.
    close(straight.one(0.4), 0.25);
}

#[test]
fn a_stick_has_a_round_dead_zone_and_keeps_its_direction() {
    let shaping = Shaping { dead_zone: 0.1, curve: 0.3 };
    assert_eq!(shaping.stick(0.0, 0.0), (0.0, 0.0));
    // 0.09 both ways is 0.127 from the middle: outside a round dead zone, inside a square one.
    let (x, y) = shaping.stick(0.09, 0.09);
    assert!(x > 0.0 && x == y);
    // (0.33, 0.44) is 0.55 from the middle: 0.3875 is felt, of which 3/5 and 4/5.
    let (x, y) = shaping.stick(0.33, 0.44);
    close(x, 0.2325);
    close(y, 0.31);
    // The corner of a square stick is as far as the rim of a round one.
    let (x, y) = shaping.stick(1.0, 1.0);
    close(x * x + y * y, 1.0);
}

#[test]
fn what_a_scripted_pad_sends_is_felt_as_it_was_meant() {
    for shaping in [Shaping::default(), Shaping { dead_zone: 0.0, curve: 0.0 }, Shaping { dead_zone: 0.3, curve: 1.0 }] {
        for felt in [-1.0, -0.8, -0.01, 0.0, 0.2, 0.5, 1.0] {
            assert!((shaping.one(shaping.undo(felt)) - felt).abs() < 1e-4, "{shaping:?}: {felt}");
            let (x, y) = shaping.undo_stick(0.6 * felt, -0.8 * felt);
            let (x, y) = shaping.stick(x, y);
            assert!((x - 0.6 * felt).abs() < 1e-4 && (y + 0.8 * felt).abs() < 1e-4, "{shaping:?}: {felt}");
        }
    }
}

#[test]
fn a_key_goes_up_and_down_by_control_steps() {
    let ramp = Ramp { rise: 0.4, fall: 0.2, gentle: 0.5 };
    // A quarter each 0.1 s up, a half down.
    let mut value = 0.0;
    for expected in [0.25, 0.5, 0.75, 1.0, 1.0] {
        value = ramp.step(value, true, false, DT);
        close(value, expected);
    }
    // Gently, full is a half.
    value = ramp.step(value, true, true, DT);
    close(value, 0.5);
    close(ramp.step(value, false, false, DT), 0.0);
    // A ramp of no length is a step.
    close(Ramp { rise: 0.0, ..ramp }.step(0.0, true, false, DT), 1.0);
}

#[test]
fn what_is_fed_counts_from_the_next_latch_on_and_the_last_value_holds() {
    let mut hands = Hands::default();
    hands.feed(Input::LeftStickY, 1.0);
    assert_eq!(hands.value(&Input::LeftStickY), 0.0, "not before the latch");
    hands.feed(Input::LeftStickY, 0.55);
    hands.latch(0, DT);
    close(hands.value(&Input::LeftStickY), 0.3875);
    hands.latch(12, DT);
    close(hands.value(&Input::LeftStickY), 0.3875);
    assert_eq!(hands.latency_ms, 0.0, "nothing came since the last latch");
    let log = hands.take_log();
    let expected = [1.0, 0.55].map(|value| HandInput { tick: 0, input: Input::LeftStickY, value });
    assert_eq!(log, expected, "every raw event, with its tick");
    assert_eq!(hands.take_log(), [], "it was taken");
}

#[test]
fn time_that_stands_still_makes_no_input_late() {
    #[expect(clippy::disallowed_methods, reason = "a test of how long an input waits")]
    let now = std::time::Instant::now;
    let began = now();
    let mut hands = Hands::default();
    hands.feed(Input::LeftStickY, 1.0);
    while now().duration_since(began).as_millis() < 50 {
        std::hint::spin_loop();
    }
    hands.stand_still();
    hands.latch(0, DT);
    assert!(hands.latency_ms < 40.0, "{} ms, of which 50 were a pause", hands.latency_ms);
    assert_eq!(hands.value(&Input::LeftStickY), 1.0, "what was moved meanwhile counts");
    hands.stand_still();
    hands.latch(12, DT);
    assert_eq!(hands.latency_ms, 0.0, "nothing came");
}

#[test]
fn while_a_binding_is_waited_for_nothing_drives_or_asks_but_what_is_held_can_be_let_go() {
    let mut hands = Hands::default();
    hands.settings.commands.iter_mut().find(|(command, _)| **command == HandCommand::Start).unwrap().1.push(Input::LeftTrigger);
    hands.feed(Input::RightStickX, 0.9);
    hands.feed(Input::MouseX, 0.5);
    hands.feed(Input::key("KeyW"), 1.0);
    hands.latch(0, DT);
    hands.listening = true;
    // Neither far enough to be bound.
    hands.feed(Input::LeftTrigger, 0.55);
    hands.feed(Input::LeftStickY, 0.5);
    hands.feed(Input::MouseY, 0.9);
    assert_eq!(hands.take_touched(), None);
    hands.feed(Input::East, 1.0);
    assert_eq!(hands.take_touched(), Some(Input::East));
    assert!(!hands.has_asked());
    hands.latch(12, DT);
    for input in [Input::LeftTrigger, Input::LeftStickY, Input::MouseY, Input::East] {
        assert_eq!((hands.raw(&input), hands.value(&input)), (0.0, 0.0), "{input}");
    }
    // Let go, a little and wholly; through the middle to the other side is as far as the middle.
    hands.feed(Input::RightStickX, 0.4);
    assert_eq!(hands.raw(&Input::RightStickX), 0.4);
    hands.feed(Input::RightStickX, -0.9);
    assert_eq!(hands.raw(&Input::RightStickX), 0.0);
    hands.feed(Input::key("KeyW"), 0.0);
    hands.release(|input| *input == Input::MouseX);
    assert_eq!((hands.raw(&Input::key("KeyW")), hands.raw(&Input::MouseX)), (0.0, 0.0));
    hands.listening = false;
    hands.feed(Input::LeftTrigger, 0.55);
    assert_eq!(hands.take_asked(), [HandCommand::Start]);
}

#[test]
fn a_tap_between_two_steps_is_not_lost() {
    let mut hands = Hands::default();
    for input in [Input::East, Input::key("KeyW")] {
        hands.feed(input.clone(), 1.0);
        hands.feed(input, 0.0);
    }
    hands.latch(0, DT);
    assert_eq!(hands.value(&Input::East), 1.0);
    assert!(hands.value(&Input::key("KeyW")) > 0.0);
    hands.latch(12, DT);
    assert_eq!(hands.value(&Input::East), 0.0, "it counts once");
}

#[test]
fn the_mouse_adds_up_its_ways() {
    let mut hands = Hands::default();
    hands.feed(Input::MouseX, 0.25);
    hands.feed(Input::MouseX, 0.25);
    hands.latch(0, DT);
    close(hands.value(&Input::MouseX), 0.5);
    hands.release(|input| *input == Input::MouseX);
    hands.latch(12, DT);
    assert_eq!(hands.value(&Input::MouseX), 0.0);
}

#[test]
fn a_pad_that_is_gone_lets_go_of_everything_on_it() {
    let mut hands = Hands::default();
    hands.feed(Input::LeftStickY, 1.0);
    hands.feed(Input::key("KeyW"), 1.0);
    hands.latch(0, DT);
    hands.lose_pad();
    hands.latch(12, DT);
    assert!(hands.lost);
    assert_eq!(hands.value(&Input::LeftStickY), 0.0);
    assert!(hands.value(&Input::key("KeyW")) > 0.0, "the keyboard is still there");
}

#[test]
fn buttons_ask_once_when_they_go_down() {
    let mut stage = stage("push");
    feed(&mut stage, Input::North, 1.0);
    feed(&mut stage, Input::key("ArrowLeft"), 1.0);
    stage.steps(2);
    let mut asked = stage.app.world_mut().resource_mut::<Messages<HandCommand>>();
    assert_eq!(asked.drain().collect::<Vec<_>>(), [HandCommand::Success, HandCommand::Discard]);
    feed(&mut stage, Input::RightBumper, 1.0);
    stage.step();
    assert!(stage.app.world().resource::<Hands>().intervening);
    feed(&mut stage, Input::RightBumper, 0.0);
    stage.step();
    assert!(!stage.app.world().resource::<Hands>().intervening);
}

#[test]
fn the_keys_of_lerobots_users_ask_for_what_they_know() {
    let settings = HandSettings::default();
    let key = |name: &str| settings.asks(&Input::key(name));
    for (keys, asked) in [
        (["ArrowRight", "KeyN"], HandCommand::Finish),
        (["ArrowLeft", "KeyR"], HandCommand::Discard),
        (["Escape", "KeyQ"], HandCommand::Stop),
    ] {
        assert_eq!(keys.map(key), [Some(asked); 2]);
    }
    for (button, asked) in [
        (Input::North, HandCommand::Success),
        (Input::South, HandCommand::Failure),
        (Input::West, HandCommand::Discard),
        (Input::Start, HandCommand::Start),
    ] {
        assert_eq!(settings.asks(&button), Some(asked));
    }
}

#[test]
fn every_body_is_driven_both_ways_by_pad_by_keys_and_by_mouse() {
    for path in load::scenes("scenes".as_ref()).unwrap() {
        let plan = Arc::new(Plan::load(path).unwrap());
        every_way(&plan);
    }
    let mut scene = Plan::load("scenes/push").unwrap().scene;
    let apprentice::scene::schema::Body::Rover { control, .. } = &mut scene.body else { panic!("push has a rover") };
    *control = apprentice::scene::schema::RoverControl::Wheels;
    every_way(&Arc::new(Plan::new(scene, "wheels", 0)));
}

fn every_way(plan: &Plan) {
    let drives = &plan.bindings.drives;
    for drive in drives {
        for channel in drive.moves.keys() {
            assert!(plan.steering.0.iter().any(|known| known.name == *channel), "{}: there is no channel `{channel}`", plan.name);
        }
    }
    let devices: [(&str, fn(&Input) -> bool); 3] = [
        ("pad", Input::is_of_pad),
        ("keys", |input| matches!(input, Input::Key(_))),
        ("mouse", |input| matches!(input, Input::MouseX | Input::MouseY)),
    ];
    for (device, is_of_it) in devices {
        let mut driven = 0;
        for index in 0..plan.steering.width() {
            let (mut low, mut high) = (0.0_f32, 0.0_f32);
            for drive in drives.iter().filter(|drive| is_of_it(&drive.input)) {
                let mut hands = Hands::default();
                for way in [1.0, -1.0] {
                    if way > 0.0 || drive.input.is_axis() {
                        hands.release(|_| true);
                        hands.feed(drive.input.clone(), way);
                        (0..9).for_each(|_| hands.latch(0, DT));
                        hands.drive(&plan.bindings, &plan.steering);
                        low = low.min(hands.wanted()[index]);
                        high = high.max(hands.wanted()[index]);
                    }
                }
            }
            let both_ways = low <= -0.6 && high >= 0.6;
            driven += usize::from(both_ways);
            // A mouse has two axes.
            assert!(both_ways || device == "mouse", "{}, channel {index}, {device}: {low} to {high}", plan.name);
        }
        assert!(driven >= plan.steering.width().min(2), "{}: the {device} drives {driven} channels", plan.name);
    }
    let (settings, defaults) = (HandSettings::default(), HandCommand::defaults());
    for drive in drives {
        assert!(settings.asks(&drive.input).is_none(), "{}: {} also asks for something", plan.name, drive.input);
    }
    assert_eq!(settings.commands, defaults);
}

#[test]
fn in_an_arena_flown_by_hand_the_action_is_what_the_hands_say() {
    let mut stage = stage("push");
    feed(&mut stage, Input::LeftStickY, 0.55);
    feed(&mut stage, Input::RightStickX, 1.0);
    stage.step();
    assert_eq!(action(&stage).len(), 2);
    close(action(&stage)[0], 0.3875);
    close(action(&stage)[1], -1.0); // to the right is clockwise
    assert_eq!(stage.rows(0)[0].action, action(&stage), "the recorded action is what the hands say");
    stage.app.world_mut().resource_mut::<Hands>().take_log();
    feed(&mut stage, Input::RightStickX, 0.0);
    stage.steps(2);
    close(stage.rows(0)[2].action[1], 0.0);
    let log = stage.app.world_mut().resource_mut::<Hands>().take_log();
    assert_eq!(log, [HandInput { tick: 12, input: Input::RightStickX, value: 0.0 }], "12 ticks are a step");
}

#[test]
fn the_same_inputs_at_the_same_steps_give_the_same_bits() {
    let play = || {
        let mut stage = stage("balance");
        for step in 0..60 {
            if step % 7 == 0 {
                feed(&mut stage, Input::LeftStickX, ((step * 37) % 19) as f32 / 9.0 - 1.0);
            }
            if step % 11 == 0 {
                feed(&mut stage, Input::key("KeyA"), ((step / 11) % 2) as f32);
            }
            stage.step();
        }
        stage.rows(0).to_vec()
    };
    let rows = play();
    assert!(rows.iter().any(|row| row.action[0] != 0.0));
    assert_eq!(rows, play());
}

#[test]
fn what_a_user_changes_survives_a_file_and_wins_over_the_bodys_own() {
    let plan = plan("push");
    let mut settings = HandSettings { shaping: Shaping { dead_zone: 0.2, curve: 0.0 }, ..HandSettings::default() };
    let mut drives = plan.bindings.drives.clone();
    drives[0].input = Input::RightTrigger;
    settings.bodies.insert(plan.bindings.body.clone(), drives.clone());
    let text = ::ron::ser::to_string_pretty(&settings, ::ron::ser::PrettyConfig::default()).unwrap();
    let (read, _): (HandSettings, _) = ron::read(&text, "bindings.ron").finish().unwrap();
    assert_eq!(read, settings);
    assert_eq!(read.drives(&plan.bindings), drives);
    assert_eq!(HandSettings::default().drives(&plan.bindings), plan.bindings.drives);
    let problem = ron::read::<HandSettings>("(shaping: (dead_zon: 0.2))", "bindings.ron").finish().err().unwrap().0[0].to_string();
    assert!(problem.contains("dead_zone"), "the nearest name is told: {problem}");
}

#[test]
fn the_legend_says_what_each_stick_and_key_does() {
    let lines = legend(&plan("push").bindings.drives);
    let said: Vec<_> = lines.iter().map(|line| (line.does.as_str(), line.pad.as_str(), line.keys.as_str())).collect();
    assert_eq!(said, [("drive", "Left stick ↕", "W, S, Mouse ↕"), ("turn", "Left stick ↔, Right stick ↔", "A, D, Mouse ↔"),]);
}
