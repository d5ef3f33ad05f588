//! Tasks so small that there is one right answer (after Andy Jones, "Debugging Reinforcement Learning Systems", 2021). Each isolates one
//! thing that can be wrong: the value alone, its input, the discount, the policy's gradient, both together, what an ending is worth.

use super::{action, assert_near, contract, decide, learner, value};
use apprentice::learn::actor::direct::Family;
use apprentice::learn::algorithm::ppo::Ppo;
use apprentice::learn::batch::Batch;
use apprentice::learn::experience::rollout::Rollout;
use apprentice::learn::{Experience, Learner};
use apprentice::signal::Outcome;
use apprentice::stream::{Purpose, Stream};

const ARENAS: usize = 16;
const DISCOUNT: f32 = 0.9;

/// A world of one number: what it starts from, and what an action makes of it (the next number, the reward, the outcome).
struct Probe {
    begin: fn(&mut Stream) -> f32,
    step: fn(seen: f32, action: f32) -> (f32, f32, Outcome),
}

fn settings() -> Ppo {
    Ppo {
        horizon: 16,
        minibatch: 64,
        epochs: 4,
        rate: 3e-3,
        discount: DISCOUNT,
        hidden: vec![16],
        normalise_observations: false,
        ..Ppo::default()
    }
}

fn taught(probe: &Probe, settings: &Ppo, updates: usize) -> Box<dyn Learner> {
    let mut learner = learner(settings, contract(1, 1), 1);
    let mut stream = Stream::new(1, Purpose::Layout, 0, 0);
    let mut seen: Vec<f32> = (0..ARENAS).map(|_| (probe.begin)(&mut stream)).collect();
    let mut begins = vec![true; ARENAS];
    let mut rollout = Rollout::new(settings.horizon, ARENAS);
    for update in 0..updates {
        while !rollout.is_full() {
            let observations = Batch::new(1, seen.clone());
            let decision = decide(learner.as_mut(), &observations, &begins);
            rollout.decide(&observations, &begins, &decision);
            let results: Vec<_> = (0..ARENAS).map(|arena| (probe.step)(seen[arena], decision.actions.row(arena)[0])).collect();
            rollout.reward(
                &results.iter().map(|result| result.1).collect::<Vec<_>>(),
                &results.iter().map(|result| result.2).collect::<Vec<_>>(),
            );
            for (arena, (next, _, outcome)) in results.into_iter().enumerate() {
                begins[arena] = outcome.is_over();
                seen[arena] = next;
                if outcome.is_over() {
                    rollout.finish_episode(arena, &[next]);
                    seen[arena] = (probe.begin)(&mut stream);
                }
            }
        }
        rollout.set_fresh(&Batch::new(1, seen.clone()));
        learner.update(Experience { rollout: Some(&rollout), demonstrations: None, progress: update as f32 / updates as f32 });
        rollout.clear();
    }
    learner
}

#[test]
fn a_constant_reward_is_valued_at_what_it_is() {
    let probe = Probe { begin: |_| 0.0, step: |_, _| (0.0, 1.0, Outcome::Failed) };
    let mut learner = taught(&probe, &settings(), 40);
    // One reward of 1, scaled by 1 − 0.9, and nothing after it.
    assert_near(value(learner.as_mut(), &[0.0]), 0.1, 0.01);
}

#[test]
fn a_reward_that_depends_on_what_is_seen_is_told_apart() {
    let probe =
        Probe { begin: |stream| if stream.unit() < 0.5 { -1.0 } else { 1.0 }, step: |seen, _| (0.0, 0.5 + 0.5 * seen, Outcome::Failed) };
    let mut learner = taught(&probe, &settings(), 80);
    assert_near(value(learner.as_mut(), &[-1.0]), 0.0, 0.01);
    assert_near(value(learner.as_mut(), &[1.0]), 0.1, 0.01);
}

#[test]
fn a_reward_one_step_away_is_discounted_once() {
    let probe =
        Probe { begin: |_| 0.0, step: |seen, _| if seen == 0.0 { (1.0, 0.0, Outcome::Running) } else { (2.0, 1.0, Outcome::Failed) } };
    let mut learner = taught(&probe, &settings(), 80);
    assert_near(value(learner.as_mut(), &[1.0]), 0.1, 0.01);
    assert_near(value(learner.as_mut(), &[0.0]), 0.09, 0.01);
}

/// What the actor is to find: a reward that falls with the square of the distance from a target.
fn reward(action: f32, target: f32) -> f32 {
    (1.0 - (action - target).powi(2)).max(0.0)
}

#[test]
fn the_action_that_pays_is_found() {
    let probe = Probe { begin: |_| 0.0, step: |_, action| (0.0, reward(action, 0.5), Outcome::Failed) };
    for actor in [Family::Gaussian, Family::Squashed] {
        let learner = taught(&probe, &Ppo { actor, ..settings() }, 120);
        assert_near(action(learner.as_ref(), &[0.0])[0], 0.5, 0.1);
    }
}

#[test]
fn the_action_that_pays_is_found_for_every_observation() {
    let probe =
        Probe { begin: |stream| stream.between(-1.0, 1.0), step: |seen, action| (0.0, reward(action, 0.6 * seen), Outcome::Failed) };
    for (actor, observed_std, normalise_observations) in
        [(Family::Gaussian, false, false), (Family::Gaussian, true, true), (Family::Squashed, false, true), (Family::Squashed, true, false)]
    {
        let learner = taught(&probe, &Ppo { actor, observed_std, normalise_observations, ..settings() }, 200);
        for seen in [-0.9, -0.4, 0.0, 0.4, 0.9] {
            assert_near(action(learner.as_ref(), &[seen])[0], 0.6 * seen, 0.15);
        }
    }
}

#[test]
fn an_action_is_paid_for_by_what_it_leads_to() {
    // The first action decides which of two states follows; the reward comes there, whatever is done.
    let probe = Probe {
        begin: |_| 0.0,
        step: |seen, action| match seen {
            0.0 => (if action > 0.0 { 1.0 } else { -1.0 }, 0.0, Outcome::Running),
            _ => (0.0, if seen > 0.0 { 0.0 } else { 1.0 }, Outcome::Failed),
        },
    };
    let learner = taught(&probe, &settings(), 100);
    assert!(action(learner.as_ref(), &[0.0])[0] < -0.3, "{:?}", action(learner.as_ref(), &[0.0]));
}

#[test]
fn endings_are_worth_what_they_stand_for() {
    let five_steps = |learner: &mut dyn Learner| (value(learner, &[0.0]), value(learner, &[0.8]));
    // Five steps paid 0.3 each; then, by the clock alone, a new episode: as if it went on for ever, worth 0.3 everywhere. The final
    // observation is one that rows start from too, so that its value is learnt and not made up.
    let timed_out = Probe {
        begin: |_| 0.0,
        step: |seen, _| ((seen + 0.2).min(0.8), 0.3, if seen > 0.7 { Outcome::TimedOut } else { Outcome::Running }),
    };
    let mut learner = taught(&timed_out, &settings(), 300);
    let (first, last) = five_steps(learner.as_mut());
    assert_near(first, 0.3, 0.03);
    assert_near(last, 0.3, 0.03);

    // The same, failing: 0.3 · (1 − 0.9⁵) = 0.123 at the beginning, 0.03 in the last row.
    let failed = Probe { begin: |_| 0.0, step: |seen, _| (seen + 0.2, 0.3, if seen > 0.7 { Outcome::Failed } else { Outcome::Running }) };
    let mut learner = taught(&failed, &settings(), 150);
    let (first, last) = five_steps(learner.as_mut());
    assert_near(first, 0.122_9, 0.02);
    assert_near(last, 0.03, 0.02);

    // The same, succeeding with a reward of 1: the last row is worth 1, the first 0.3 · (1 − 0.9⁴) + 0.9⁴ = 0.759.
    let succeeded = Probe {
        begin: |_| 0.0,
        step: |seen, _| if seen > 0.7 { (1.0, 1.0, Outcome::Succeeded) } else { (seen + 0.2, 0.3, Outcome::Running) },
    };
    let mut learner = taught(&succeeded, &settings(), 150);
    let (first, last) = five_steps(learner.as_mut());
    assert_near(first, 0.759, 0.03);
    assert_near(last, 1.0, 0.03);
}

#[test]
fn hovering_short_of_success_does_not_pay_more_than_succeeding() {
    // Acting high succeeds at once; acting low goes on for 0.9 a step until the clock ends it.
    let probe = Probe {
        begin: |_| 0.0,
        step: |_, action| if action > 0.3 { (0.0, 1.0, Outcome::Succeeded) } else { (0.0, 0.9, Outcome::Running) },
    };
    let learner = taught(&probe, &settings(), 100);
    assert!(action(learner.as_ref(), &[0.0])[0] > 0.3, "{:?}", action(learner.as_ref(), &[0.0]));
}
