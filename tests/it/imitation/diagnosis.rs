//! What diagnosis says of policies whose every weight is known.

use super::{demonstrations, plan};
use crate::stage::Stage;
use apprentice::body::heading;
use apprentice::curriculum::held_out;
use apprentice::imitation::diagnosis::attribution::{Sensor, attribute, sensors, some_rows, without};
use apprentice::imitation::diagnosis::behaviour::{Behaviour, Flown, GivenStart, entropy, tossed, way, ways};
use apprentice::imitation::diagnosis::error::{action_error, would_do};
use apprentice::imitation::route::first_push;
use apprentice::learn::actor::direct::{Direct, Family};
use apprentice::learn::batch::Batch;
use apprentice::learn::chunk::{Chunk, Execution};
use apprentice::learn::experience::demonstrations::Episodes;
use apprentice::learn::network::activation::Activation;
use apprentice::learn::network::mlp::Mlp;
use apprentice::learn::normaliser::Normaliser;
use apprentice::learn::policy::{Contract, Policy};
use apprentice::physics::Threads;
use apprentice::pilot::Pilot;
use apprentice::pilot::cast::Cast;
use apprentice::pilot::operator::Traits;
use apprentice::signal::Channels;
use apprentice::stream::{Purpose, Stream};
use apprentice::training::evaluation::{evaluate, evaluate_recorded};
use std::f32::consts::PI;

/// A policy whose action is linear in what it sees. `weights`: `[inputs, outputs]`, row by row; outputs are a chunk's actions.
fn linear(inputs: usize, channels: usize, weights: &[f32], chunk: Chunk) -> Policy {
    let outputs = weights.len() / inputs;
    let mut network = Mlp::new(&[inputs, outputs], Activation::Relu, 1.0, &mut Stream::new(1, Purpose::Weights, 0, 0));
    assert!(network.set_layers(&[(weights.to_vec(), vec![0.0; outputs])]));
    let named = |count: usize, name: &str| {
        let mut named = Channels::default();
        (0..count).for_each(|index| named.push(format!("{name}.{index}"), "", -1.0, 1.0));
        named
    };
    let contract = Contract { observation: named(inputs, "seen"), action: named(channels, "done"), control_hz: 10, scene_hash: 1 };
    let actor = Direct { network, log_std: Vec::new(), family: Family::Deterministic }.into();
    Policy { contract, normaliser: None, history: 1, encoder: None, chunk, actor, residuals: Vec::new() }
}

fn near(found: f64, wanted: f64, tolerance: f64) {
    assert!((found - wanted).abs() <= tolerance, "{found}, and not {wanted}");
}

#[test]
fn the_entropy_of_counts_equals_one_worked_out_by_hand() {
    near(entropy(&[2, 2]), 1.0, 1e-12);
    near(entropy(&[7, 7, 7, 7]), 2.0, 1e-12);
    // −¾ log₂ ¾ − ¼ log₂ ¼ = 0.311278 + 0.5
    near(entropy(&[3, 1]), 0.811_278, 1e-6);
    assert_eq!((entropy(&[0, 5]), entropy(&[0, 0]), entropy(&[])), (0.0, 0.0, 0.0));
    // Of two tosses half differ; of four 1/8 are 4:0, 1/2 are 3:1 and 3/8 are 2:2.
    near(tossed(&[0.5, 0.5], 2), 0.5, 1e-12);
    near(tossed(&[0.5, 0.5], 4), 0.5 * 0.811_278 + 0.375, 1e-6);
    near(tossed(&[0.5, 0.5], 1000), 1.0, 1e-3);
    near(tossed(&[1.0, 0.0], 4), 0.0, 1e-12);
}

#[test]
fn ways_are_counted_over_all_episodes_and_given_their_start() {
    let flown = |level, way, success| Flown { level, way, success };
    let flights = [
        // From the first start both, from the second always the same, from the third once, from the fourth nobody knows.
        flown(1, Some("left"), Some(true)),
        flown(2, Some("left"), Some(false)),
        flown(1, Some("right"), Some(true)),
        flown(2, Some("left"), None),
        flown(3, Some("right"), Some(true)),
        flown(4, None, Some(false)),
        flown(4, None, Some(false)),
    ];
    let found = Behaviour::of(&["left", "right", "over"], &flights);
    let told: Vec<_> = found.ways.iter().map(|way| (way.way, way.episodes, way.judged, way.succeeded)).collect();
    assert_eq!(told, [(Some("left"), 3, 2, 1), (Some("right"), 2, 2, 2), (Some("over"), 0, 0, 0), (None, 2, 2, 0)]);
    // −0.6 log₂ 0.6 − 0.4 log₂ 0.4
    near(found.entropy, 0.970_951, 1e-6);
    let GivenStart { starts, entropy, tossed } = found.given_start.unwrap();
    assert_eq!(starts, 2);
    near(entropy, 0.5, 1e-12);
    // Two tosses with shares of 0.6 and 0.4 differ in 48 % of the cases.
    near(tossed, 0.48, 1e-12);
    assert_eq!(Behaviour::of(&["left"], &flights[4..5]).given_start, None, "no start was flown from twice");
}

#[test]
fn the_gradient_of_a_linear_policy_is_its_weights_times_the_deviations() {
    // Two channels of one sensor, then one of another; two actions.
    let weights = [0.1, 0.2, -0.3, 0.0, 0.0, 0.05];
    let policy = linear(3, 2, &weights, Chunk::default());
    let mut stream = Stream::new(5, Purpose::Noise, 0, 0);
    let rows = Batch::new(3, (0..300).flat_map(|_| [0.5 * stream.normal(), 0.2 * stream.normal() + 0.3, 2.0 * stream.normal()]).collect());
    let of = |name: &str, channels| Sensor { name: name.into(), channels };
    let found = attribute(&policy, &rows, &[of("first", 0..2), of("second", 2..3)]);
    let column = |channel: usize| -> Vec<f64> { (0..300).map(|row| f64::from(rows.row(row)[channel])).collect() };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let away = |channel: usize| -> Vec<f64> { column(channel).iter().map(|value| value - mean(&column(channel))).collect() };
    let variance = |channel: usize| mean(&away(channel).iter().map(|away| away * away).collect::<Vec<_>>());
    near(found[0].gradient, (variance(0) * 0.05 + variance(1) * 0.09).sqrt(), 2e-4);
    near(found[1].gradient, (variance(2) * 0.0025).sqrt(), 2e-4);
    // At their means, the first action changes by 0.1 and −0.3 times how far they were away, the second by 0.2 of the first channel's.
    let changes: Vec<f64> = away(0).iter().zip(away(1)).map(|(a, b)| (0.1 * a - 0.3 * b).powi(2) + (0.2 * a).powi(2)).collect();
    near(found[0].change, (mean(&changes) / 2.0).sqrt(), 1e-4);
    near(found[1].change, (0.0025 * variance(2) / 2.0).sqrt(), 1e-4);
    assert_eq!(without(&policy, &of("first", 0..2)), None, "nothing in it could hold a channel");
}

#[test]
fn a_sensor_that_a_policy_ignores_says_nothing_and_one_that_is_taken_away_is_ignored() {
    let rows = Batch::new(2, (0..40).map(|index| libm::sinf(index as f32)).collect());
    let mut normaliser = Normaliser::new(2);
    normaliser.absorb((0..20).map(|row| rows.row(row)));
    let sees_all = Policy { normaliser: Some(normaliser), ..linear(2, 1, &[0.2, 0.1], Chunk::default()) };
    let sensors = [Sensor { name: "one".into(), channels: 0..1 }, Sensor { name: "other".into(), channels: 1..2 }];
    let half = without(&sees_all, &sensors[0]).unwrap();
    let (before, after) = (attribute(&sees_all, &rows, &sensors), attribute(&half, &rows, &sensors));
    assert!(before[0].gradient > 0.15 && before[0].change > 0.05, "{before:?}");
    assert_eq!((after[0].gradient, after[0].change), (0.0, 0.0));
    near(after[1].gradient, before[1].gradient, 1e-5);
    near(after[1].change, before[1].change, 1e-5);
}

#[test]
fn a_policy_is_held_against_episodes_in_the_order_of_time_with_its_memory() {
    // Every other step it decides, for this step a tenth of what it sees and for the next one two tenths.
    let chunk = Chunk { length: 2, execution: Execution::Steps(2) };
    let policy = linear(1, 1, &[0.1, 0.2], chunk);
    let mut episodes = Episodes::new(1, 1);
    let rows = |values: &[f32]| Batch::new(1, values.to_vec());
    episodes.push(&rows(&[1.0, 2.0, 3.0]), &rows(&[0.1, 0.2, 0.0]));
    episodes.push(&rows(&[4.0]), &rows(&[0.0]));
    episodes.push(&rows(&[5.0, 6.0]), &rows(&[0.5, 1.0]));
    assert_eq!(episodes.spans(), [0..3, 3..4, 4..6]);
    let done = would_do(&policy, &episodes);
    for (found, wanted) in done.values().iter().zip([0.1, 0.2, 0.3, 0.4, 0.5, 1.0]) {
        near(f64::from(*found), wanted, 1e-6);
    }
    // Wrong by 0.3 and 0.4 in two of six rows.
    near(action_error(&policy, &episodes), (0.25_f64 / 6.0).sqrt(), 1e-6);
    assert_eq!(action_error(&policy, &Episodes::new(1, 1)), 0.0);
}

#[test]
fn rows_are_taken_evenly_from_all_episodes() {
    let batch = |from: usize, to: usize| Batch::new(1, (from..to).map(|value| value as f32).collect());
    let both = [batch(0, 6), batch(6, 8)];
    assert_eq!(some_rows(&both, 4).values(), [0.0, 2.0, 4.0, 6.0]);
    assert_eq!(some_rows(&both, 100).rows(), 8);
    assert_eq!(some_rows(&[], 100).rows(), 0);
}

#[test]
fn a_scene_s_sensors_are_named_by_what_their_channels_share() {
    let names = |scene: &str| -> Vec<String> { sensors(&plan(scene)).into_iter().map(|sensor| sensor.name).collect() };
    assert_eq!(names("pillar"), ["motion", "offset.pillar", "offset.beacon", "ray", "last_action"]);
    assert_eq!(names("clear"), ["motion", "offset.circle", "offset.boxes", "grid.boxes", "last_action"]);
    let pillar = plan("pillar");
    let found = sensors(&pillar);
    assert_eq!(found.last().map(|last| last.channels.end), Some(pillar.observation.width()), "every channel is somebody's");
    assert!((ways(&pillar), ways(&plan("push"))) == (&["left", "right"], &[]));
}

#[test]
fn recorded_flights_are_those_of_an_evaluation_and_others_when_repeated() {
    let pillar = plan("pillar");
    let levels = held_out(pillar.quantities.count(), 5);
    for pilot in [Pilot::random(), Pilot::expert()] {
        let draws = pilot == Pilot::random();
        let cast = Cast::from(pilot);
        let judged = evaluate(&pillar, &cast, &levels, Threads(2), 7);
        let fly = |repeat| evaluate_recorded(&pillar, &cast, &levels, Threads(1), 7, repeat);
        let (first, second) = (fly(0), fly(1));
        assert_eq!(first.iter().map(|(result, _)| *result).collect::<Vec<_>>(), judged);
        for ((result, rows), level) in first.iter().zip(&levels) {
            assert_eq!((result.length as usize, result.level), (rows.len(), level.id().0));
            assert_eq!(rows.success.last(), Some(&result.success));
        }
        let same = |(one, other): (&(_, _), &(_, _))| one == other;
        assert_eq!(first.iter().zip(&second).all(same), !draws);
        let starts = |flights: &[(_, apprentice::imitation::demonstration::Rows)]| -> Vec<Vec<f32>> {
            flights.iter().map(|(_, rows)| rows.observations.row(0).to_vec()).collect()
        };
        assert_eq!(starts(&first), starts(&second), "the levels are the same");
    }
    // What is demonstrated on the way tells the way.
    let [played] = &demonstrations(&pillar, 1, Pilot::expert(), 3)[..] else { panic!() };
    let seen = &played.rows.observations;
    assert!(way((0..seen.rows()).map(|row| seen.row(row)), &pillar).is_some());
}

#[test]
fn where_things_are_pushed_first_is_read_off_the_rows_without_a_compass() {
    let (clear, arenas) = (plan("clear"), 8);
    let somebody = Pilot::operator(Traits::named("expert(orders: 1)").unwrap().unwrap());
    let mut stage = Stage::new(&clear, held_out(clear.quantities.count(), arenas), arenas, 2, somebody);
    // Where each rover really heads before each step, rad; and where it starts.
    let headings = |stage: &mut Stage| stage.each(|item| heading(item.situation().world.bodies[clear.parts.root()].rotation()));
    let starts = stage.each(|item| item.situation().world.bodies[clear.parts.root()].translation());
    let observations =
        |stage: &Stage, arena: usize| -> Vec<Vec<f32>> { stage.rows(arena).iter().map(|row| row.observation.clone()).collect() };
    let push = |seen: &[Vec<f32>]| first_push(seen.iter().map(Vec::as_slice), &clear);
    let mut truth = vec![headings(&mut stage)];
    while truth.len() < 300 && (0..arenas).any(|arena| push(&observations(&stage, arena)).is_none()) {
        stage.step();
        truth.push(headings(&mut stage));
    }
    let mut taken = Vec::new();
    for (arena, start) in starts.iter().enumerate() {
        let seen = observations(&stage, arena);
        let (row, angle) = push(&seen).expect("everybody pushes something within half a minute");
        // The circle lies in the middle of the arena.
        let real = truth[row][arena] - libm::atan2f(-start.y, -start.x);
        let off = (angle - real + 3.0 * PI).rem_euclid(2.0 * PI) - PI;
        assert!(off.abs() < 0.15, "arena {arena}: {angle} was read, and {real} it is");
        taken.push(way(seen.iter().map(Vec::as_slice), &clear).unwrap());
    }
    taken.sort_unstable();
    taken.dedup();
    assert!(taken.len() >= 3, "several orders are several ways: {taken:?}");
}
