//! Cloning that is corrected.

use super::{action, assert_near, contract, normals};
use apprentice::learn::algorithm::cloning::Cloning;
use apprentice::learn::algorithm::dagger::Dagger;
use apprentice::learn::backend::Device;
use apprentice::learn::batch::Batch;
use apprentice::learn::experience::demonstrations::{Demonstrations, Episodes};
use apprentice::learn::experience::rollout::Rollout;
use apprentice::learn::metrics::Metrics;
use apprentice::learn::{Experience, Learner, LearnerSettings, Needs, Rows};
use apprentice::signal::Outcome;

fn learner(settings: &Dagger) -> Box<dyn Learner> {
    LearnerSettings::Dagger(settings.clone()).build(contract(2, 1), 1, Device::Cpu, None).expect("the settings can work")
}

fn small(school: usize) -> Dagger {
    let cloning = Cloning { hidden: vec![32], steps: 40, minibatch: 48, rate: 1e-2, ..Cloning::default() };
    Dagger { cloning, horizon: 10, school }
}

/// Demonstrations of what is done where the first channel is small: nothing.
fn demonstrations() -> Demonstrations {
    let mut training = Episodes::new(2, 1);
    for episode in 0..10 {
        let mut seen = normals(episode, 10, 2);
        seen.values_mut().iter_mut().for_each(|value| *value = value.clamp(-1.0, 1.0));
        training.push(&seen, &Batch::new(1, vec![0.0; 10]));
    }
    Demonstrations { training, validation: Episodes::new(2, 1), ..Demonstrations::default() }
}

/// A rollout that gets to where the first channel is about 5, in which an oracle would do 0.7; of every second row it says so.
fn rollout(learner: &mut dyn Learner, part: u64) -> Rollout {
    let mut rollout = Rollout::new(10, 8);
    for step in 0..10 {
        let mut seen = normals(100 * part + step, 8, 2);
        (0..8).for_each(|row| seen.row_mut(row)[0] += 5.0);
        let decision = learner.act(Rows { observations: &seen, begins: &[false; 8], seeds: &[0; 8], memory: &mut Batch::default() });
        rollout.decide(&seen, &[false; 8], &decision);
        (0..8).step_by(2).for_each(|row| rollout.correct(row, None, Some(&[0.7])));
        rollout.reward(&[0.0; 8], &[Outcome::Running; 8]);
    }
    rollout
}

fn update(learner: &mut dyn Learner, part: u64, demonstrations: Option<&Demonstrations>) -> Metrics {
    let rollout = rollout(learner, part);
    learner.update(Experience { rollout: Some(&rollout), demonstrations, progress: 0.1 * part as f32 })
}

#[test]
fn it_learns_where_it_got_to_what_the_oracle_would_do_and_keeps_what_was_demonstrated() {
    let mut learner = learner(&small(10));
    let demonstrations = demonstrations();
    assert_eq!(learner.needs(), Needs::Nothing);
    learner.update(Experience { rollout: Some(&Rollout::new(0, 8)), demonstrations: Some(&demonstrations), progress: 0.0 });
    assert_eq!(learner.needs(), Needs::Rows(10));
    assert_near(action(learner.as_ref(), &[0.2, 0.2])[0], 0.0, 0.05);
    assert!(action(learner.as_ref(), &[5.0, 0.0])[0].abs() < 0.4, "it cannot know yet");
    let metrics = (1..6).map(|part| update(learner.as_mut(), part, Some(&demonstrations))).last().unwrap();
    assert_eq!(metrics.get("labelled"), Some(5.0 * 40.0));
    assert_near(action(learner.as_ref(), &[5.0, 0.0])[0], 0.7, 0.1);
    assert_near(action(learner.as_ref(), &[0.2, 0.2])[0], 0.0, 0.1);
}

#[test]
fn without_demonstrations_it_learns_from_labels_alone() {
    let mut learner = learner(&small(0));
    assert_eq!(learner.needs(), Needs::Rows(10));
    (1..6).for_each(|part| drop(update(learner.as_mut(), part, None)));
    assert_near(action(learner.as_ref(), &[5.0, 0.0])[0], 0.7, 0.1);
}

#[test]
fn a_resumed_learner_goes_on_with_the_bits_of_one_that_never_stopped() {
    let demonstrations = demonstrations();
    let mut whole = learner(&small(2));
    whole.update(Experience { rollout: Some(&Rollout::new(0, 8)), demonstrations: Some(&demonstrations), progress: 0.0 });
    (1..3).for_each(|part| drop(update(whole.as_mut(), part, Some(&demonstrations))));
    let saved = postcard::to_stdvec(&whole.state()).unwrap();
    let mut resumed = learner(&small(2));
    resumed.restore(postcard::from_bytes(&saved).unwrap()).unwrap();
    for part in 3..6 {
        let [one, other] = [&mut whole, &mut resumed].map(|learner| update(learner.as_mut(), part, Some(&demonstrations)));
        assert_eq!(one, other);
    }
    assert_eq!(whole.state(), resumed.state());
    assert!(whole.restore(apprentice::learn::LearnerState { algorithm: "Cloning".into(), ..resumed.state() }).is_err());
}
