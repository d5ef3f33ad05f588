//! Practice that builds upon a policy that was learnt before: going on from it, refining it, being held to it.

use super::{assert_near, careless_rollout, contract, decide, normals};
use apprentice::learn::actor::direct::Family;
use apprentice::learn::actor::gaussian;
use apprentice::learn::algorithm::cloning::{Cloning, Kind};
use apprentice::learn::algorithm::ppo::{Anchor, Before, Ppo};
use apprentice::learn::backend::{Device, Place, number};
use apprentice::learn::batch::Batch;
use apprentice::learn::chunk::{Chunk, Execution};
use apprentice::learn::experience::demonstrations::{Demonstrations, Episodes};
use apprentice::learn::policy::Policy;
use apprentice::learn::{Experience, Learner, LearnerSettings, Rows};

const WIDTH: usize = 4;

/// A clone of somebody whose two actions are what is seen first, turned round, and half of what is seen second.
fn clone(settings: Cloning) -> Policy {
    let mut episodes = Episodes::new(WIDTH, 2);
    for seed in 0..8 {
        let observations = normals(seed, 40, WIDTH);
        let actions = (0..40).flat_map(|row| [-observations.row(row)[0], 0.5 * observations.row(row)[1]].map(|done| done.clamp(-1.0, 1.0)));
        episodes.push(&observations, &Batch::new(2, actions.collect()));
    }
    let settings = Cloning { hidden: vec![16], steps: 60, minibatch: 64, ..settings };
    let mut learner = LearnerSettings::Cloning(settings).build(contract(WIDTH, 2), 1, Device::Cpu, None).unwrap();
    let demonstrations = Demonstrations { training: episodes, validation: Episodes::new(WIDTH, 2), ..Demonstrations::default() };
    learner.update(Experience { rollout: None, demonstrations: Some(&demonstrations), progress: 0.0 });
    learner.policy()
}

fn plain() -> Policy {
    clone(Cloning { ignore: vec!["seen.3".into()], ..Cloning::default() })
}

fn settings(before: Before) -> Ppo {
    Ppo { horizon: 16, minibatch: 128, epochs: 2, rate: 1e-3, hidden: vec![16], initial_std: 0.3, before, ..Ppo::default() }
}

fn learner(settings: &Ppo, before: &Policy, seed: u64) -> Box<dyn Learner> {
    LearnerSettings::Ppo(settings.clone()).build(contract(WIDTH, 2), seed, Device::Cpu, Some(before)).unwrap()
}

fn update(learner: &mut dyn Learner, seed: u64) {
    let rollout = careless_rollout(learner, 16, 24, WIDTH, seed);
    learner.update(Experience { rollout: Some(&rollout), demonstrations: None, progress: 0.5 });
}

fn act(policy: &Policy, observations: &Batch) -> Batch {
    let mut memory = Batch::zeros(observations.rows(), policy.memory());
    let (begins, seeds) = (vec![true; observations.rows()], vec![0; observations.rows()]);
    policy.act(Rows { observations, begins: &begins, seeds: &seeds, memory: &mut memory })
}

fn distance(a: &Batch, b: &Batch) -> f32 {
    a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.values().len() as f32
}

#[test]
fn what_builds_upon_a_policy_begins_as_that_policy() {
    let chunk = Chunk { length: 4, execution: Execution::Steps(2) };
    let remembering = clone(Cloning { history: 3, chunk, ..Cloning::default() });
    let seen = normals(77, 50, WIDTH);
    for (before, settings) in
        [(plain(), settings(Before::Continue)), (plain(), settings(Before::Residual(0.3))), (remembering, settings(Before::Residual(0.3)))]
    {
        let mut learner = learner(&settings, &before, 3);
        assert_eq!(learner.memory() > 0, before.history > 1);
        assert_eq!(act(&learner.policy(), &seen), act(&before, &seen));
        // It explores around that, and learns.
        let drawn = decide(learner.as_mut(), &seen, &[true; 50]).actions;
        let expected = if settings.before == Before::Continue { 0.3 } else { 0.3 * 0.3 };
        assert!(distance(&drawn, &act(&before, &seen)) > 0.3 * expected, "{}", distance(&drawn, &act(&before, &seen)));
        assert!(distance(&drawn, &act(&before, &seen)) < 1.5 * expected);
        update(learner.as_mut(), 1);
        assert_ne!(act(&learner.policy(), &seen), act(&before, &seen));
    }
}

#[test]
fn a_learner_that_does_not_build_upon_a_policy_forgets_it() {
    let anew = learner(&settings(Before::Anew), &plain(), 1);
    let alone = LearnerSettings::Ppo(settings(Before::Anew)).build(contract(WIDTH, 2), 1, Device::Cpu, None).unwrap();
    assert_eq!(anew.state(), alone.state());
}

#[test]
fn a_residual_never_goes_further_than_its_scale_and_its_policy_stays_frozen() {
    let before = plain();
    let mut learner = learner(&settings(Before::Residual(0.1)), &before, 1);
    (1..4).for_each(|seed| update(learner.as_mut(), seed));
    let seen = normals(5, 200, WIDTH);
    let (alone, refined) = (act(&before, &seen), act(&learner.policy(), &seen));
    let furthest = alone.values().iter().zip(refined.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(furthest > 0.001 && furthest <= 0.1 + 1e-6, "{furthest}");
    let mut bare = learner.policy();
    bare.residuals.clear();
    assert_eq!(bare, before);
}

#[test]
fn residuals_upon_residuals_are_saved_and_loaded_with_every_bit() {
    let mut policy = clone(Cloning { history: 2, ..Cloning::default() });
    for seed in 1..3 {
        let mut learner = learner(&settings(Before::Residual(0.2)), &policy, seed);
        update(learner.as_mut(), seed);
        policy = learner.policy();
    }
    assert_eq!(policy.residuals.len(), 2);
    let folder = tempfile::tempdir().unwrap();
    policy.save(folder.path()).unwrap();
    let loaded = Policy::load(folder.path()).unwrap();
    assert_eq!(loaded, policy);
    let seen = normals(8, 40, WIDTH);
    assert_eq!(act(&loaded, &seen), act(&policy, &seen));
    std::fs::remove_dir_all(folder.path().join("residual-1")).unwrap();
    let refused = Policy::load(folder.path()).expect_err("a part is gone").to_string();
    assert!(refused.contains("residual-1"), "{refused}");
    // Another policy's residual is no part of this one.
    let narrow = LearnerSettings::Ppo(Ppo::default()).build(contract(3, 2), 1, Device::Cpu, None).unwrap().policy();
    narrow.save(&folder.path().join("residual-0")).unwrap();
    std::fs::create_dir_all(folder.path().join("residual-1")).unwrap();
    narrow.save(&folder.path().join("residual-1")).unwrap();
    assert!(Policy::load(folder.path()).expect_err("it is another's").to_string().contains("another policy's"));
}

#[test]
fn a_resumed_learner_that_builds_upon_a_policy_goes_on_with_the_bits_of_one_that_never_stopped() {
    let remembering = clone(Cloning { history: 3, ..Cloning::default() });
    let anchor = Some(Anchor { weight: 0.3, final_weight: Some(0.0), std: None });
    let cases = [
        (plain(), Ppo { warm_up: 2, ..settings(Before::Continue) }),
        (remembering.clone(), settings(Before::Residual(0.2))),
        (clone(Cloning { actor: Kind::Gaussian, ..Cloning::default() }), Ppo { anchor, ..settings(Before::Continue) }),
        (remembering, Ppo { anchor, normalise_observations: false, ..settings(Before::Anew) }),
    ];
    for (before, settings) in cases {
        let mut whole = learner(&settings, &before, 1);
        (1..3).for_each(|seed| update(whole.as_mut(), seed));
        let saved = postcard::to_stdvec(&whole.state()).unwrap();
        let mut resumed = learner(&settings, &before, 99);
        resumed.restore(postcard::from_bytes(&saved).unwrap()).unwrap();
        (3..5).for_each(|seed| {
            update(whole.as_mut(), seed);
            update(resumed.as_mut(), seed);
        });
        assert_eq!(whole.state(), resumed.state());
        assert_eq!(whole.policy(), resumed.policy());
    }
}

#[test]
fn what_goes_on_from_a_policy_is_not_away_from_it_at_first() {
    let before = clone(Cloning { actor: Kind::Gaussian, initial_std: 0.2, ..Cloning::default() });
    let anchor = Some(Anchor { weight: 1.0, final_weight: None, std: None });
    let mut learner = learner(&Ppo { anchor, warm_up: 1, ..settings(Before::Continue) }, &before, 1);
    // Observations far out, where its mean lies beyond [-1, 1].
    let rollout = careless_rollout(learner.as_mut(), 16, 24, WIDTH, 1);
    assert!(rollout.observations().values().iter().any(|seen| seen.abs() > 3.0));
    let metrics = learner.update(Experience { rollout: Some(&rollout), demonstrations: None, progress: 0.0 });
    assert_near(metrics.get("anchor_kl").unwrap() as f32, 0.0, 1e-6);
}

#[test]
fn while_the_values_warm_up_the_policy_stays_as_it_is() {
    let before = plain();
    let mut learner = learner(&Ppo { warm_up: 2, ..settings(Before::Continue) }, &before, 1);
    let seen = normals(6, 30, WIDTH);
    let worth = |learner: &mut dyn Learner| decide(learner, &seen, &[true; 30]).values.unwrap();
    let untaught = worth(learner.as_mut());
    (1..3).for_each(|seed| update(learner.as_mut(), seed));
    assert_ne!(worth(learner.as_mut()), untaught);
    assert_eq!(act(&learner.policy(), &seen), act(&before, &seen));
    update(learner.as_mut(), 3);
    assert_ne!(act(&learner.policy(), &seen), act(&before, &seen));
}

#[test]
fn what_is_gone_on_from_keeps_the_scale_that_it_sees_on() {
    let before = plain();
    let mut learner = learner(&settings(Before::Continue), &before, 1);
    update(learner.as_mut(), 1);
    assert_eq!(learner.policy().normaliser, before.normaliser);
    // What it was told to ignore it does not see afterwards either.
    let mut seen = normals(6, 30, WIDTH);
    let decided = act(&learner.policy(), &seen);
    (0..30).for_each(|row| seen.row_mut(row)[3] += 5.0);
    assert_eq!(act(&learner.policy(), &seen), decided);
}

#[test]
fn the_nearer_the_anchor_holds_the_less_the_policy_strays() {
    let before = plain();
    let seen = normals(6, 100, WIDTH);
    let strayed = |weight: f32| {
        let anchor = Some(Anchor { weight, final_weight: None, std: Some(0.3) });
        let mut learner = learner(&Ppo { anchor, ..settings(Before::Continue) }, &before, 1);
        (1..12).for_each(|seed| update(learner.as_mut(), seed));
        distance(&act(&learner.policy(), &seen), &act(&before, &seen))
    };
    let strayed = [strayed(0.0), strayed(0.3), strayed(30.0)];
    assert!(strayed[0] > 1.2 * strayed[1] && strayed[1] > 2.0 * strayed[2] && strayed[2] > 0.0, "{strayed:?}");
    // A policy that knows nothing is drawn to it.
    let anchor = Some(Anchor { weight: 30.0, final_weight: None, std: Some(0.3) });
    let mut learner = learner(&Ppo { anchor, ..settings(Before::Anew) }, &before, 1);
    let ignorant = distance(&act(&learner.policy(), &seen), &act(&before, &seen));
    (1..40).for_each(|seed| update(learner.as_mut(), seed));
    let drawn = distance(&act(&learner.policy(), &seen), &act(&before, &seen));
    assert!(drawn < 0.5 * ignorant, "{ignorant} to {drawn}");
}

#[test]
fn divergences_of_gaussians_as_tensors_are_those_of_plain_numbers() {
    let place = Place::cpu();
    let (means, others) = (normals(1, 3, 2), normals(2, 3, 2));
    let (std, other) = ([-0.3, 0.2], [0.1, -0.8]);
    let tensor = |values: &[f32]| place.constant(values.to_vec(), 2);
    let found = gaussian::kls((tensor(means.values()), tensor(&std)), (tensor(others.values()), tensor(&other)));
    let expected: f32 = (0..3).map(|row| gaussian::kl((means.row(row), &std), (others.row(row), &other))).sum();
    assert_near(number(found.sum()), expected, 1e-5);
    // ln 2 + (1 + 1) / 8 − ½ for one channel whose mean is one off, from deviation 1 to deviation 2; the other's is equal.
    let by_hand = gaussian::kl((&[1.0, 0.0], &[0.0, 0.0]), (&[0.0, 0.0], &[std::f32::consts::LN_2, 0.0]));
    assert_near(by_hand, std::f32::consts::LN_2 + 0.25 - 0.5, 1e-6);
}

#[test]
fn a_policy_that_cannot_be_built_upon_is_refused_in_a_sentence() {
    let refused = |settings: Ppo, before: Option<&Policy>, width: usize, told: &str| {
        let error = LearnerSettings::Ppo(settings).build(contract(width, 2), 1, Device::Cpu, before).err().unwrap().to_string();
        assert!(error.contains("cannot go on from the policy that was learnt before") && error.contains(told), "{error}");
    };
    let anchored = || Ppo { anchor: Some(Anchor::default()), ..settings(Before::Continue) };
    refused(settings(Before::Residual(0.1)), None, WIDTH, "`before` needs one");
    refused(anchored(), None, WIDTH, "`anchor` needs one");
    refused(settings(Before::Continue), Some(&plain()), 5, "trained on other observations");
    refused(settings(Before::Continue), Some(&clone(Cloning { history: 2, ..Cloning::default() })), WIDTH, "one observation");
    let chunk = Chunk { length: 4, execution: Execution::Steps(2) };
    refused(settings(Before::Continue), Some(&clone(Cloning { chunk, ..Cloning::default() })), WIDTH, "decides one step");
    let mixture = clone(Cloning { actor: Kind::Mixture(2), ..Cloning::default() });
    refused(settings(Before::Continue), Some(&mixture), WIDTH, "a Gaussian actor of a Mixture(2) one");
    let problems = |settings: Ppo| settings.problems(24).join("; ");
    assert!(problems(settings(Before::Residual(0.0))).contains("`before` adds 0 times"));
    assert!(problems(Ppo { actor: Family::Squashed, ..anchored() }).contains("`anchor` goes with a Gaussian"));
    assert!(problems(Ppo { before: Before::Residual(0.1), ..anchored() }).contains("`anchor` does not go with a residual"));
    assert!(
        problems(Ppo { anchor: Some(Anchor { weight: -1.0, ..Anchor::default() }), ..settings(Before::Anew) }).contains("`anchor: weight`")
    );
}
