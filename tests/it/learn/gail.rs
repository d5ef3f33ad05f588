//! Adversarial imitation: the discriminator against numbers worked out otherwise, the whole on worlds with one right answer.

use super::{action, assert_near, careless_rollout, contract, decide, normals};
use apprentice::learn::algorithm::gail::Gail;
use apprentice::learn::algorithm::ppo::Ppo;
use apprentice::learn::backend::{Device, Place};
use apprentice::learn::batch::Batch;
use apprentice::learn::discriminator::{Discriminator, Minibatch, loss, slopes};
use apprentice::learn::experience::demonstrations::{Demonstrations, Episodes, Watched};
use apprentice::learn::experience::rollout::Rollout;
use apprentice::learn::{Experience, Learner, LearnerSettings, LearnerState, Needs};
use apprentice::signal::Outcome;
use apprentice::stream::{Purpose, Stream};

const BOUND: f32 = 3.0;

fn discriminator(hidden: &[usize]) -> Discriminator {
    Discriminator::new(3, hidden, BOUND, &mut Stream::new(3, Purpose::Weights, 0, 0))
}

fn minibatch() -> Minibatch {
    let rows = |seed| normals(seed, 20, 3).values().to_vec();
    Minibatch { demonstrated: rows(1), practised: rows(2), between: rows(3) }
}

#[test]
fn the_slope_by_the_input_is_that_of_finite_differences() {
    let discriminator = discriminator(&[16, 8]);
    let inputs = normals(4, 30, 3);
    let found = slopes(&discriminator.network, BOUND, &Place::cpu(), inputs.values());
    let logits = |inputs: &Batch| -> Vec<f32> {
        let outputs = discriminator.network.forward(inputs);
        outputs.values().iter().map(|z| BOUND * libm::tanhf(z / BOUND)).collect()
    };
    let (step, mut near) = (1e-3, 0);
    for channel in 0..3 {
        let moved = |by: f32| {
            let mut moved = inputs.clone();
            (0..30).for_each(|row| moved.row_mut(row)[channel] += by);
            logits(&moved)
        };
        for (row, (high, low)) in moved(step).into_iter().zip(moved(-step)).enumerate() {
            let expected = (high - low) / (2.0 * step);
            near += usize::from((found[row * 3 + channel] - expected).abs() < 2e-3 * (1.0 + expected.abs()));
        }
    }
    // (Where a ReLU bends within the step, the difference is not the slope.)
    assert!(near >= 86, "{near} of 90");
    assert!(found.iter().any(|slope| slope.abs() > 0.3));
}

#[test]
fn the_loss_falls_by_what_its_slopes_say_with_and_without_the_penalty() {
    // Few rows and small steps: where a ReLU bends, the norm of a slope jumps, and no difference across that is a slope.
    let (discriminator, place) = (discriminator(&[16, 8]), Place::cpu());
    let rows = |seed| normals(seed, 3, 3).values().to_vec();
    let minibatch = Minibatch { demonstrated: rows(1), practised: rows(2), between: rows(3) };
    for penalty in [0.0, 10.0] {
        let value = |network: &_| f64::from(loss(network, BOUND, penalty, &place, &minibatch).value);
        let loss = loss(&discriminator.network, BOUND, penalty, &place, &minibatch);
        assert_eq!(loss.slope > 0.0, penalty > 0.0);
        // Each layer's weights and biases moved along a random direction.
        for (index, part) in (0..3).flat_map(|layer| [(layer, 0), (layer, 1)]) {
            let along = normals(10 + index as u64, loss.by_layers[index].1.len().max(loss.by_layers[index].0.len()), 1);
            let moved = |by: f32| {
                let (mut network, mut layers) = (discriminator.network.clone(), discriminator.network.layers());
                let numbers = if part == 0 { &mut layers[index].0 } else { &mut layers[index].1 };
                numbers.iter_mut().zip(along.values()).for_each(|(number, along)| *number += by * along);
                assert!(network.set_layers(&layers));
                network
            };
            let slopes = if part == 0 { &loss.by_layers[index].0 } else { &loss.by_layers[index].1 };
            let expected: f64 = slopes.iter().zip(along.values()).map(|(slope, along)| f64::from(slope * along)).sum();
            let found = (value(&moved(3e-4)) - value(&moved(-3e-4))) / 6e-4;
            assert!(
                (found - expected).abs() < 0.03 * (1.0 + expected.abs()),
                "penalty {penalty}, layer {index}, part {part}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn one_that_knows_nothing_is_as_unsure_as_can_be_and_its_loss_is_known() {
    let mut discriminator = discriminator(&[4]);
    discriminator.network.parameters_mut().fill(0.0);
    let loss = loss(&discriminator.network, BOUND, 10.0, &Place::cpu(), &minibatch());
    // Twice ln 2, and ten times (0 − 1)²; the root keeps 1e-4 of the norm.
    assert_near(loss.value, 2.0 * std::f32::consts::LN_2 + 10.0 * (1.0_f32 - 1e-4).powi(2), 1e-4);
    assert_eq!(loss.logits, [0.0, 0.0]);
    assert_eq!(discriminator.trust(&normals(1, 2, 3)), [0.5, 0.5]);
}

#[test]
fn a_discriminator_tells_two_apart_within_its_bounds_and_gently_with_the_penalty() {
    let taught = |penalty: f32| {
        let mut discriminator = discriminator(&[32, 32]);
        let mut stream = Stream::new(1, Purpose::Noise, 0, 0);
        for _ in 0..400 {
            let mut minibatch = Minibatch::default();
            for _ in 0..64 {
                let [one, other] = [0.5, -0.5].map(|at| [at + 0.1 * stream.normal(), stream.normal(), stream.normal()]);
                let share = stream.unit();
                minibatch.demonstrated.extend(one);
                minibatch.practised.extend(other);
                minibatch.between.extend(one.iter().zip(other).map(|(one, other)| share * one + (1.0 - share) * other));
            }
            discriminator.step(&Place::cpu(), &minibatch, penalty, 1e-2);
        }
        let trust = discriminator.trust(&Batch::new(3, vec![0.5, 0.0, 0.0, -0.5, 0.0, 0.0]));
        assert!((0.0..=1.0).contains(&trust[0]) && (0.0..=1.0).contains(&trust[1]));
        trust[0] - trust[1]
    };
    let (steep, gentle) = (taught(0.0), taught(10.0));
    // A slope of 1 over a distance of 1 is a sixth of what lies between −3 and 3.
    assert!(steep > 0.9 && (0.1..0.3).contains(&gentle), "{steep}, {gentle}");
}

/// A world of one number: what it starts from, and what an action makes of it.
struct Probe {
    begin: fn(&mut Stream) -> f32,
    step: fn(seen: f32, action: f32, length: usize) -> (f32, Outcome),
}

const ARENAS: usize = 16;

fn settings() -> Gail {
    let practice = Ppo { horizon: 16, minibatch: 64, epochs: 4, rate: 3e-3, discount: 0.9, hidden: vec![16], ..Ppo::default() };
    Gail { practice, hidden: vec![32], rate: 3e-3, steps: 10, minibatch: 64, ..Gail::default() }
}

fn taught(probe: &Probe, settings: &Gail, demonstrations: &Demonstrations, updates: usize) -> Box<dyn Learner> {
    let mut learner = LearnerSettings::Gail(settings.clone()).build(contract(1, 1), 1, Device::Cpu, None).unwrap();
    let mut stream = Stream::new(1, Purpose::Layout, 0, 0);
    let mut seen: Vec<(f32, usize)> = (0..ARENAS).map(|_| ((probe.begin)(&mut stream), 0)).collect();
    for update in 0..updates {
        let mut rollout = Rollout::new(settings.practice.horizon, ARENAS);
        while !rollout.is_full() {
            let observations = Batch::new(1, seen.iter().map(|(seen, _)| *seen).collect());
            let begins: Vec<bool> = seen.iter().map(|(_, length)| *length == 0).collect();
            let decision = decide(learner.as_mut(), &observations, &begins);
            rollout.decide(&observations, &begins, &decision);
            let results: Vec<_> = seen
                .iter()
                .enumerate()
                .map(|(arena, (seen, length))| (probe.step)(*seen, decision.actions.row(arena)[0], *length))
                .collect();
            // What the world pays is misleading.
            rollout
                .reward(&[1.0; ARENAS].map(|paid: f32| paid * stream.unit()), &results.iter().map(|result| result.1).collect::<Vec<_>>());
            for (arena, (next, outcome)) in results.into_iter().enumerate() {
                if outcome.is_over() {
                    rollout.finish_episode(arena, &[next]);
                }
                seen[arena] = if outcome.is_over() { ((probe.begin)(&mut stream), 0) } else { (next, seen[arena].1 + 1) };
            }
        }
        rollout.set_fresh(&Batch::new(1, seen.iter().map(|(seen, _)| *seen).collect()));
        learner.update(Experience {
            rollout: Some(&rollout),
            demonstrations: Some(demonstrations),
            progress: update as f32 / updates as f32,
        });
    }
    learner
}

#[test]
fn what_is_demonstrated_is_found_by_practice_for_every_observation() {
    let probe = Probe { begin: |stream| stream.between(-1.0, 1.0), step: |seen, _, _| (seen, Outcome::TimedOut) };
    let mut training = Episodes::new(1, 1);
    for row in 0..40 {
        let seen = row as f32 / 20.0 - 1.0;
        training.push(&Batch::new(1, vec![seen]), &Batch::new(1, vec![0.6 * seen]));
        training.cut_off();
    }
    let demonstrations = Demonstrations { training, ..Demonstrations::default() };
    let learner = taught(&probe, &settings(), &demonstrations, 150);
    for seen in [-0.8, 0.0, 0.8] {
        assert_near(action(learner.as_ref(), &[seen])[0], 0.6 * seen, 0.2);
    }
}

#[test]
fn what_was_only_watched_is_found_by_where_it_leads() {
    // An action is a step; the demonstrator goes to 0.5 and stays.
    let probe = Probe {
        begin: |stream| stream.between(-1.0, 1.0),
        step: |seen, action, length| (seen + 0.3 * action, if length == 9 { Outcome::TimedOut } else { Outcome::Running }),
    };
    let mut watched = Watched::new(1);
    for start in 0..20 {
        let mut seen = start as f32 / 10.0 - 1.0;
        let mut observations = Batch::zeros(0, 1);
        for _ in 0..10 {
            observations.push(&[seen]);
            seen += (0.5 - seen).clamp(-0.3, 0.3);
        }
        watched.push(&observations);
        watched.cut_off();
    }
    let settings = Gail { states: true, ..settings() };
    assert!(!LearnerSettings::Gail(settings.clone()).wants_actions());
    let demonstrations = Demonstrations { training: Episodes::new(1, 1), watched, ..Demonstrations::default() };
    let learner = taught(&probe, &settings, &demonstrations, 150);
    assert!(action(learner.as_ref(), &[-0.5])[0] > 0.4 && action(learner.as_ref(), &[1.2])[0] < -0.4);
    assert_near(action(learner.as_ref(), &[0.5])[0], 0.0, 0.3);
}

#[test]
fn an_end_is_sought_where_demonstrators_came_to_it_and_shunned_where_they_did_not() {
    // Whoever acts high ends the episode, as what the task calls a success or a failure; actions are not shown, the number seen says
    // nothing.
    for outcome in [Outcome::Succeeded, Outcome::Failed] {
        let succeeds = Probe {
            begin: |_| 0.0,
            step: |_, action, length| {
                (
                    0.0,
                    if action > 0.3 {
                        Outcome::Succeeded
                    } else if length == 15 {
                        Outcome::TimedOut
                    } else {
                        Outcome::Running
                    },
                )
            },
        };
        let fails = Probe {
            begin: |_| 0.0,
            step: |_, action, length| {
                (
                    0.0,
                    if action > 0.3 {
                        Outcome::Failed
                    } else if length == 15 {
                        Outcome::TimedOut
                    } else {
                        Outcome::Running
                    },
                )
            },
        };
        let probe = if outcome == Outcome::Succeeded { succeeds } else { fails };
        for (length, ends) in [(2, true), (16, false)] {
            let mut watched = Watched::new(1);
            watched.push(&Batch::zeros(length, 1));
            if !ends {
                watched.cut_off();
            }
            let demonstrations = Demonstrations { training: Episodes::new(1, 1), watched, ..Demonstrations::default() };
            let learner = taught(&probe, &Gail { states: true, ..settings() }, &demonstrations, 60);
            let does = action(learner.as_ref(), &[0.0])[0];
            assert_eq!(does > 0.3, ends, "{outcome:?}, after {length} rows: {does}");
        }
    }
}

#[test]
fn a_resumed_learner_goes_on_with_the_bits_of_one_that_never_stopped() {
    let mut training = Episodes::new(5, 2);
    training.push(&normals(1, 30, 5), &Batch::new(2, normals(2, 30, 2).values().iter().map(|a| a.clamp(-1.0, 1.0)).collect()));
    let demonstrations = Demonstrations { training, ..Demonstrations::default() };
    for (states, gradient_penalty) in [(false, 10.0), (true, 0.0)] {
        let settings = LearnerSettings::Gail(Gail { states, gradient_penalty, minibatch: 32, ..settings() });
        let update = |learner: &mut dyn Learner, seed: u64| {
            let rollout = careless_rollout(learner, 16, 8, 5, seed);
            let metrics = learner.update(Experience { rollout: Some(&rollout), demonstrations: Some(&demonstrations), progress: 0.25 });
            assert!(metrics.iter().all(|(_, value)| value.is_finite()) && metrics.get("paid").is_some(), "{metrics:?}");
            metrics
        };
        let mut whole = settings.build(contract(5, 2), 1, Device::Cpu, None).unwrap();
        assert_eq!(whole.needs(), Needs::Rows(16));
        (1..3).for_each(|seed| drop(update(whole.as_mut(), seed)));
        let saved = postcard::to_stdvec(&whole.state()).unwrap();
        let mut resumed = settings.build(contract(5, 2), 99, Device::Cpu, None).unwrap();
        resumed.restore(postcard::from_bytes(&saved).unwrap()).unwrap();
        for seed in 3..5 {
            assert_eq!(update(whole.as_mut(), seed), update(resumed.as_mut(), seed));
        }
        assert!(whole.state() == resumed.state());
        assert_eq!(whole.policy(), resumed.policy());
        let mut wider = settings.build(contract(6, 2), 1, Device::Cpu, None).unwrap();
        let before = wider.state();
        let broken = LearnerState { bytes: before.bytes[..100].to_vec(), ..before.clone() };
        for state in [whole.state(), broken] {
            assert!(wider.restore(state).unwrap_err().to_string().contains("does not fit"));
            assert!(wider.state() == before);
        }
    }
}

#[test]
fn a_rollout_falls_into_stretches_that_know_what_followed_every_row() {
    // Two arenas, three steps: the first one's episode ends after a step, and the new one diverges in the last.
    let mut rollout = Rollout::new(3, 2);
    for (step, outcomes) in
        [[Outcome::Succeeded, Outcome::Running], [Outcome::Running; 2], [Outcome::Diverged, Outcome::Running]].into_iter().enumerate()
    {
        let seen = Batch::new(1, vec![step as f32, 10.0 + step as f32]);
        let decision = apprentice::learn::Decision { actions: seen.clone(), ..Default::default() };
        rollout.decide(&seen, &[false; 2], &decision);
        rollout.reward(&[0.0; 2], &outcomes);
        if outcomes[0].is_over() {
            rollout.finish_episode(0, &[100.0 + step as f32]);
        }
    }
    rollout.set_fresh(&Batch::new(1, vec![50.0, 60.0]));
    let column = |values: &[f32]| Batch::new(1, values.to_vec());
    let expected = [(vec![0], column(&[0.0, 100.0])), (vec![2], column(&[1.0, 2.0])), (vec![1, 3, 5], column(&[10.0, 11.0, 12.0, 60.0]))];
    assert_eq!(rollout.stretches(), expected);
}

#[test]
fn what_cannot_work_is_said() {
    let wrong = Gail {
        practice: Ppo { rate: 0.0, ..Ppo::default() },
        rate: 1.0,
        bound: 20.0,
        gradient_penalty: -1.0,
        steps: 0,
        minibatch: 0,
        hidden: vec![0],
        ..Gail::default()
    };
    let fields = ["practice: rate", "rate", "bound", "gradient_penalty", "steps", "minibatch", "hidden"];
    let problems = wrong.problems(64);
    assert_eq!(problems.len(), fields.len(), "{problems:?}");
    problems.iter().zip(fields).for_each(|(problem, field)| assert!(problem.starts_with(&format!("`{field}` ")), "{problem}"));
    assert_eq!(Gail::default().problems(64), Vec::<String>::new());
    let blind = LearnerSettings::Gail(Gail { ignore: vec!["sein".into()], ..Gail::default() });
    assert_eq!(blind.unfit(&contract(2, 1)), ["`ignore` names `sein`, and no channel begins with it"]);
}
