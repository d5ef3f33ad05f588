//! Soft actor-critic: its slopes against automatic differentiation, the whole against worlds with one right answer.

use super::{action, assert_near, careless_rollout, contract, decide, normals};
use apprentice::learn::actor::direct::{Direct, Family};
use apprentice::learn::algorithm::sac::loss::{Sample, by_hand, by_tensors};
use apprentice::learn::algorithm::sac::{Paid, Sac};
use apprentice::learn::backend::{Device, Place};
use apprentice::learn::batch::Batch;
use apprentice::learn::critic::twin::{Twin, Workspace};
use apprentice::learn::experience::demonstrations::{Demonstrations, Episodes};
use apprentice::learn::experience::rollout::Rollout;
use apprentice::learn::network::activation::Activation;
use apprentice::learn::network::mlp::{Mlp, Tape};
use apprentice::learn::{Experience, Learner, LearnerSettings, Needs};
use apprentice::signal::Outcome;
use apprentice::stream::{Purpose, Stream};

fn weights() -> Stream {
    Stream::new(1, Purpose::Weights, 0, 0)
}

fn small() -> Sac {
    Sac { horizon: 4, steps: 8, minibatch: 64, warmup: 64, replay: 4_000, hidden: vec![32], discount: 0.9, ..Sac::default() }
}

fn learner(settings: &Sac, observation: usize, seed: u64) -> Box<dyn Learner> {
    LearnerSettings::Sac(settings.clone()).build(contract(observation, 1), seed, Device::Cpu, None).expect("the settings can work")
}

#[test]
fn slopes_derived_by_hand_are_those_that_automatic_differentiation_finds() {
    let network = Mlp::new(&[3, 4], Activation::Relu, 1.0, &mut weights());
    let actor = Direct { network, log_std: vec![], family: Family::Squashed };
    // Some standard deviations lie beyond the range that they are held in.
    let outputs: Vec<f32> = normals(1, 150, 4).values().iter().map(|value| value * 1.5).collect();
    let (noise, by_actions) = (normals(2, 150, 2).values().to_vec(), normals(3, 150, 2).values().to_vec());
    let sample = Sample::of(&actor, &outputs, noise.clone());
    let hand = by_hand(&actor, 0.3, &outputs, &sample, &by_actions);
    let tensors = by_tensors(&actor, &Place::cpu(), 0.3, outputs, noise, by_actions);
    assert_near(hand.value, tensors.value, 1e-4);
    assert!(hand.by_outputs.iter().filter(|slope| **slope != 0.0).count() > 500 && hand.by_outputs.contains(&0.0));
    hand.by_outputs.iter().zip(&tensors.by_outputs).for_each(|(a, b)| assert_near(*a, *b, 2e-5 * (1.0 + b.abs())));
}

#[test]
fn slopes_by_the_inputs_are_the_differences_that_small_steps_make() {
    for activation in [Activation::Silu, Activation::Tanh] {
        let network = Mlp::new(&[3, 20, 10, 2], activation, 1.0, &mut weights());
        let inputs = normals(1, 300, 3).values().to_vec();
        let wanted = normals(2, 300, 2).values().to_vec();
        let mut tape = Tape::default();
        let value = |inputs: &[f32], tape: &mut Tape| -> f64 {
            network.forward_kept(inputs, tape).iter().zip(&wanted).map(|(a, b)| f64::from(a * b)).sum()
        };
        value(&inputs, &mut tape);
        let slopes = network.input_slopes(&mut tape, &wanted);
        for index in [0, 1, 2, 400, 899] {
            let moved = |by: f32| {
                let mut inputs = inputs.clone();
                inputs[index] += by;
                value(&inputs, &mut Tape::default())
            };
            let difference = (moved(0.01) - moved(-0.01)) / 0.02;
            assert_near(slopes[index], difference as f32, 5e-3 * (1.0 + difference.abs() as f32));
        }
    }
}

#[test]
fn the_lower_of_two_critics_is_believed_and_followed() {
    let mut twin = Twin::new(&[3, 16, 1], Activation::Silu, &mut weights());
    let inputs = normals(1, 40, 3);
    let mut workspace = Workspace::default();
    let (values, by_actions) = twin.slopes(inputs.values(), 1, &mut workspace);
    let said = [0, 1].map(|index| twin.online[index].forward(&inputs).values().to_vec());
    for row in 0..40 {
        assert_eq!(values[row], said[0][row].min(said[1][row]));
        // The action is the last input.
        let mut moved = inputs.row(row).to_vec();
        moved[2] += 1e-3;
        let lower = usize::from(said[1][row] < said[0][row]);
        let after = twin.online[lower].forward(&Batch::new(3, moved)).values()[0];
        assert_near(by_actions[row], (after - values[row]) / 1e-3, 0.02);
    }
    assert!((0..40).any(|row| said[0][row] < said[1][row]) && (0..40).any(|row| said[0][row] > said[1][row]));
    assert_eq!(twin.believed(&inputs), values, "copies begin as what they follow");
    let wanted = vec![0.5; 40];
    let first = twin.step(inputs.values(), &wanted, 1e-2, &mut workspace);
    let behind = twin.believed(&inputs);
    assert_eq!(behind, values, "copies stand until they are told to follow");
    let last = (0..300).map(|_| twin.step(inputs.values(), &wanted, 1e-2, &mut workspace)).last().unwrap();
    assert!(last < 0.02 * first, "{first} and {last}");
    twin.follow(1.0);
    twin.believed(&inputs).into_iter().for_each(|value| assert_near(value, 0.5, 0.2));
}

/// Lives through a world of one number, whose actions lead to (the next number, the reward, the outcome).
fn taught(settings: &Sac, updates: usize, step: impl Fn(f32, f32) -> (f32, f32, Outcome)) -> Box<dyn Learner> {
    const ARENAS: usize = 8;
    let mut learner = learner(settings, 1, 1);
    let mut stream = Stream::new(1, Purpose::Layout, 0, 0);
    let mut seen: Vec<f32> = (0..ARENAS).map(|_| stream.between(-1.0, 1.0)).collect();
    let mut begins = vec![true; ARENAS];
    for _ in 0..updates {
        let mut rollout = Rollout::new(settings.horizon, ARENAS);
        while !rollout.is_full() {
            let observations = Batch::new(1, seen.clone());
            let decision = decide(learner.as_mut(), &observations, &begins);
            rollout.decide(&observations, &begins, &decision);
            let results: Vec<_> = (0..ARENAS).map(|arena| step(seen[arena], decision.actions.row(arena)[0])).collect();
            let (rewards, outcomes): (Vec<f32>, Vec<Outcome>) = results.iter().map(|result| (result.1, result.2)).unzip();
            rollout.reward(&rewards, &outcomes);
            for (arena, (next, _, outcome)) in results.into_iter().enumerate() {
                begins[arena] = outcome.is_over();
                seen[arena] = next;
                if outcome.is_over() {
                    rollout.finish_episode(arena, &[next]);
                    seen[arena] = stream.between(-1.0, 1.0);
                }
            }
        }
        learner.update(Experience { rollout: Some(&rollout), demonstrations: None, progress: 0.0 });
    }
    learner
}

#[test]
fn the_action_that_pays_is_found_for_every_observation() {
    let paid = |seen: f32, action: f32| (0.0, (1.0 - (action - 0.6 * seen).powi(2)).max(0.0), Outcome::Failed);
    for soft_values in [true, false] {
        let learner = taught(&Sac { soft_values, ..small() }, 250, paid);
        for seen in [-0.8, 0.0, 0.8] {
            assert_near(action(learner.as_ref(), &[seen])[0], 0.6 * seen, 0.15);
        }
    }
}

#[test]
fn an_action_is_paid_for_by_what_it_leads_to() {
    // To the right it is paid, three steps away; to the left at once, and less. A discount of 0.9 makes 0.73 of the 1 that comes later.
    let world = |seen: f32, action: f32| match seen {
        seen if seen > 5.0 => (0.0, 1.0, Outcome::Succeeded),
        seen if seen > 1.5 => (seen + 2.0, 0.0, Outcome::Running),
        _ if action > 0.0 => (2.0, 0.0, Outcome::Running),
        _ => (0.0, 1.0, Outcome::Failed),
    };
    let learner = taught(&small(), 200, world);
    assert!(action(learner.as_ref(), &[0.0])[0] > 0.3, "{:?}", action(learner.as_ref(), &[0.0]));
}

/// Episodes of demonstrations that do 0.5 everywhere and succeed.
fn demonstrations() -> Demonstrations {
    let mut training = Episodes::new(3, 1);
    (0..20).for_each(|episode| training.push(&normals(100 + episode, 10, 3), &Batch::new(1, vec![0.5; 10])));
    training.judge(vec![0.3; 200], (0..200).map(|row| row % 10 == 9).collect());
    Demonstrations { training, validation: Episodes::new(3, 1), ..Demonstrations::default() }
}

#[test]
fn an_actor_that_went_to_school_stands_still_until_the_critics_know_something() {
    let settings = Sac { school: 100, warmup: 96, ..small() };
    let mut learner = learner(&settings, 3, 1);
    let update = |learner: &mut dyn Learner, rollout: &Rollout| {
        learner.update(Experience { rollout: Some(rollout), demonstrations: Some(&demonstrations()), progress: 0.0 })
    };
    update(learner.as_mut(), &Rollout::new(0, 8));
    let schooled = action(learner.as_ref(), &[0.3, -0.2, 0.1])[0];
    // 32 rows each: the third update has 96.
    for (part, stands) in [(1, true), (2, true), (3, false)] {
        let rollout = careless_rollout(learner.as_mut(), 4, 8, 3, part);
        assert!(update(learner.as_mut(), &rollout).get("critic_loss").unwrap() > 0.0, "the critics do not learn");
        // (What is seen is put on another scale with every update, which moves it a little.)
        let moved = (action(learner.as_ref(), &[0.3, -0.2, 0.1])[0] - schooled).abs();
        assert_eq!(moved < 0.03, stands, "{moved}");
    }
}

#[test]
fn at_school_it_learns_to_do_what_was_demonstrated() {
    let mut learner = learner(&Sac { school: 400, rate: 1e-2, ..small() }, 3, 1);
    assert_eq!(learner.needs(), Needs::Nothing);
    let rollout = Rollout::new(0, 8);
    learner.update(Experience { rollout: Some(&rollout), demonstrations: Some(&demonstrations()), progress: 0.0 });
    assert_eq!(learner.needs(), Needs::Rows(4));
    assert_near(action(learner.as_ref(), &[0.3, -0.2, 0.1])[0], 0.5, 0.05);
}

#[test]
fn a_resumed_learner_goes_on_with_the_bits_of_one_that_never_stopped() {
    for paid in [Paid::Task, Paid::Interventions] {
        let settings = Sac { paid, ignore: vec!["seen.1".into()], ..small() };
        let mut whole = learner(&settings, 3, 1);
        let update = |learner: &mut dyn Learner, part: u64| {
            let rollout = careless_rollout(learner, 4, 8, 3, part);
            learner.update(Experience { rollout: Some(&rollout), demonstrations: Some(&demonstrations()), progress: 0.0 })
        };
        (1..6).for_each(|part| drop(update(whole.as_mut(), part)));
        let saved = postcard::to_stdvec(&whole.state()).unwrap();
        let mut resumed = learner(&settings, 3, 1);
        resumed.restore(postcard::from_bytes(&saved).unwrap()).unwrap();
        for part in 6..9 {
            let metrics = update(whole.as_mut(), part);
            assert!(metrics.get("critic_loss").unwrap() > 0.0, "nothing was learnt");
            assert_eq!(metrics, update(resumed.as_mut(), part));
        }
        assert_eq!(whole.state(), resumed.state());
        assert_eq!(action(whole.as_ref(), &[0.1, 9.0, 0.2]), action(whole.as_ref(), &[0.1, -9.0, 0.2]), "a channel is not ignored");
        let other = learner(&Sac { hidden: vec![16], ..settings }, 3, 1);
        assert!(whole.restore(other.state()).is_err());
    }
}
