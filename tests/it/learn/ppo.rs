use super::{assert_near, careless_rollout, contract, decide, learner, normals};
use apprentice::learn::actor::direct::Family;
use apprentice::learn::algorithm::ppo::{Ppo, Schedule};
use apprentice::learn::backend::{Device, Place, number};
use apprentice::learn::critic::value;
use apprentice::learn::experience::rollout::Rollout;
use apprentice::learn::metrics::Metrics;
use apprentice::learn::{Experience, Learner, LearnerSettings, LearnerState, Needs};
use apprentice::signal::Outcome;
use ron::extensions::Extensions;

const ARENAS: usize = 64;

fn settings() -> Ppo {
    Ppo { horizon: 16, minibatch: 512, epochs: 3, rate: 1e-3, ..Ppo::default() }
}

fn update(learner: &mut dyn Learner, seed: u64) -> Metrics {
    let rollout = careless_rollout(learner, 16, ARENAS, 5, seed);
    learner.update(Experience { rollout: Some(&rollout), demonstrations: None, progress: 0.25 })
}

#[test]
fn a_resumed_learner_goes_on_with_the_bits_of_one_that_never_stopped() {
    let variants = [
        settings(),
        Ppo { actor: Family::Squashed, observed_std: true, entropy: 0.01, schedule: Schedule::AdaptiveKl(0.01), ..settings() },
        Ppo { normalise_observations: false, schedule: Schedule::Linear, final_entropy: Some(0.1), ..settings() },
    ];
    for settings in variants {
        let mut whole = learner(&settings, contract(5, 2), 1);
        (1..3).for_each(|seed| drop(update(whole.as_mut(), seed)));
        let saved = postcard::to_stdvec(&whole.state()).unwrap();
        let mut resumed = learner(&settings, contract(5, 2), 99);
        resumed.restore(postcard::from_bytes(&saved).unwrap()).unwrap();
        for seed in 3..5 {
            assert_eq!(update(whole.as_mut(), seed), update(resumed.as_mut(), seed));
        }
        assert_eq!(whole.state(), resumed.state());
        assert_eq!(whole.policy(), resumed.policy());
    }
}

#[test]
fn thread_counts_change_no_bit_of_what_is_learnt() {
    let learnt = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let mut learner = learner(&settings(), contract(5, 2), 1);
            (1..3).for_each(|seed| drop(update(learner.as_mut(), seed)));
            learner.state()
        })
    };
    assert_eq!(learnt(1), learnt(2));
}

#[test]
fn seeds_and_only_seeds_make_the_difference() {
    let learnt = |seed| {
        let mut learner = learner(&settings(), contract(5, 2), seed);
        update(learner.as_mut(), 1);
        learner.state()
    };
    assert_eq!(learnt(1), learnt(1));
    assert_ne!(learnt(1), learnt(2));
}

#[test]
fn what_happened_in_a_diverged_row_leaves_no_trace() {
    let learnt = |reward: f32, seen: f32| {
        let mut learner = learner(&Ppo { minibatch: 16, horizon: 4, ..settings() }, contract(5, 2), 1);
        let mut rollout = Rollout::new(4, 8);
        for step in 0..4 {
            let observations = normals(step, 8, 5);
            rollout.decide(&observations, &[false; 8], &decide(learner.as_mut(), &observations, &[false; 8]));
            let mut rewards = [0.1 * step as f32; 8];
            let mut outcomes = [Outcome::Running; 8];
            if step == 2 {
                (rewards[3], outcomes[3]) = (reward, Outcome::Diverged);
            }
            rollout.reward(&rewards, &outcomes);
            if step == 2 {
                rollout.finish_episode(3, &[seen; 5]);
            }
        }
        rollout.set_fresh(&normals(9, 8, 5));
        let metrics = learner.update(Experience { rollout: Some(&rollout), demonstrations: None, progress: 0.0 });
        assert!(metrics.iter().all(|(_, value)| value.is_finite()), "{metrics:?}");
        learner.state()
    };
    assert_eq!(learnt(0.0, 0.0), learnt(f32::NAN, f32::INFINITY));
}

#[test]
fn states_of_other_learners_are_refused_and_change_nothing() {
    let mut mine = learner(&settings(), contract(5, 2), 1);
    let before = mine.state();
    let other = |settings: Ppo, channels: usize| learner(&settings, contract(channels, 2), 1).state();
    let states = [
        other(Ppo { hidden: vec![64, 32], ..settings() }, 5),
        other(settings(), 6),
        other(Ppo { actor: Family::Squashed, ..settings() }, 5),
        other(Ppo { observed_std: true, ..settings() }, 5),
        other(Ppo { normalise_observations: false, ..settings() }, 5),
        LearnerState { algorithm: "Sac".into(), ..before.clone() },
        LearnerState { bytes: before.bytes[..100].to_vec(), ..before.clone() },
    ];
    for state in states {
        let refusal = mine.restore(state).expect_err("it is another's").to_string();
        assert!(refusal.contains("does not fit") && refusal.contains("recipe"), "{refusal}");
        assert!(mine.state() == before);
    }
}

#[test]
fn the_clipped_value_loss_equals_one_worked_out_by_hand() {
    let place = Place::cpu();
    let column = |values: &[f32]| place.constant(values.to_vec(), 1);
    let (values, old, returns) = ([0.9, 0.2, 0.5], [0.5, 0.5, 0.5], [1.0, 0.0, 1.0]);
    // Squares: 0.01, 0.04, 0.25; held within ±0.1 of 0.5: (0.6 − 1)² = 0.16, 0.4² = 0.16, 0.25. The larger of each: 0.57 / 3.
    assert_near(number(value::loss(column(&values), column(&old), column(&returns), Some(0.1))), 0.19, 1e-6);
    assert_near(number(value::loss(column(&values), column(&old), column(&returns), None)), 0.1, 1e-6);
}

#[test]
fn metrics_say_what_happened() {
    let mut learner = learner(&settings(), contract(5, 2), 1);
    assert_eq!(learner.needs(), Needs::Rows(16));
    let metrics = update(learner.as_mut(), 1);
    let get = |name: &str| metrics.get(name).unwrap_or_else(|| panic!("no `{name}` in {metrics:?}"));
    assert_near(get("std") as f32, 0.6, 1e-4);
    assert_near(get("rate") as f32, 1e-3, 1e-9);
    // 16 · 64 rows, less a few that diverged, in pieces of about 512, three times over.
    assert_eq!(get("minibatches"), 6.0);
    // ½ ln 2πe + ln 0.6 per channel at first.
    assert_near(get("entropy") as f32, 2.0 * (1.418_938_5 - 0.510_825_6), 0.05);
    assert!(get("gradient_norm") > 0.0 && get("value_loss") > 0.0 && get("approximate_kl") >= 0.0);
    assert!((0.0..=1.0).contains(&get("clip_fraction")) && get("explained_variance") <= 1.0 && get("policy_loss").is_finite());
    let text = serde_json::to_string(&metrics).unwrap();
    assert!(text.starts_with("{\"policy_loss\":"), "{text}");
    let read: Metrics = serde_json::from_str(&text).unwrap();
    assert!(read.iter().map(|(name, value)| (name, value as f32)).eq(metrics.iter().map(|(name, value)| (name, value as f32))), "{text}");
}

#[test]
fn rates_follow_their_schedules() {
    let rate = |schedule, progress| {
        let mut learner = learner(&Ppo { schedule, ..settings() }, contract(5, 2), 1);
        let rollout = careless_rollout(learner.as_mut(), 16, ARENAS, 5, 1);
        learner.update(Experience { rollout: Some(&rollout), demonstrations: None, progress }).get("rate").unwrap() as f32
    };
    assert_near(rate(Schedule::Constant, 0.75), 1e-3, 1e-9);
    assert_near(rate(Schedule::Linear, 0.75), 2.5e-4, 1e-9);
    // Far below its target the divergence lets the rate grow, far above it makes it shrink.
    assert!(rate(Schedule::AdaptiveKl(10.0), 0.0) > 1e-3);
    assert!(rate(Schedule::AdaptiveKl(1e-7), 0.0) < 1e-3);
}

#[test]
fn an_update_ends_early_when_the_policy_has_gone_far_enough() {
    let minibatches = |stop_kl| {
        let mut learner = learner(&Ppo { stop_kl, rate: 1e-2, epochs: 20, ..settings() }, contract(5, 2), 1);
        update(learner.as_mut(), 1).get("minibatches").unwrap()
    };
    assert_eq!(minibatches(None), 40.0);
    let stopped = minibatches(Some(0.01));
    assert!((1.0..40.0).contains(&stopped), "{stopped}");
}

#[test]
fn an_entropy_bonus_widens_what_is_drawn() {
    for actor in [Family::Gaussian, Family::Squashed] {
        let std = |entropy| {
            let mut learner = learner(&Ppo { entropy, actor, rate: 1e-2, initial_std: 0.4, ..settings() }, contract(5, 2), 1);
            (1..6).map(|seed| update(learner.as_mut(), seed).get("std").unwrap()).last().unwrap()
        };
        assert!(std(1.0) > std(0.0) + 0.03, "{actor:?}: {} and {}", std(1.0), std(0.0));
    }
}

#[test]
fn settings_are_read_from_ron_with_defaults_for_the_rest() {
    let lenient = Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES;
    let read = |text: &str| ron::Options::default().with_default_extension(lenient).from_str::<LearnerSettings>(text);
    assert_eq!(read("Ppo(rate: 3e-4, horizon: 32)").unwrap(), LearnerSettings::Ppo(Ppo { rate: 3e-4, horizon: 32, ..Ppo::default() }));
    let full = Ppo {
        schedule: Schedule::AdaptiveKl(0.01),
        value_clip: None,
        stop_kl: Some(0.02),
        actor: Family::Squashed,
        hidden: vec![32],
        ..Ppo::default()
    };
    assert_eq!(
        read("Ppo(schedule: AdaptiveKl(0.01), value_clip: None, stop_kl: 0.02, actor: Squashed, hidden: [32])").unwrap(),
        LearnerSettings::Ppo(full.clone())
    );
    assert_eq!(
        ron::from_str::<LearnerSettings>(&ron::to_string(&LearnerSettings::Ppo(full.clone())).unwrap()).unwrap(),
        LearnerSettings::Ppo(full)
    );
    assert!(read("Ppo(learning_rate: 3e-4)").unwrap_err().to_string().contains("learning_rate"));
    assert!(read("Dqn()").unwrap_err().to_string().contains("Dqn"));
}

#[test]
fn impossible_settings_are_refused_in_sentences() {
    assert_eq!(Ppo::default().problems(256), Vec::<String>::new());
    let cases: [(Ppo, &str); 12] = [
        (Ppo { minibatch: 8193, ..Ppo::default() }, "256 arenas leave 8192 rows in a `horizon` of 32"),
        (Ppo { discount: 1.0, ..Ppo::default() }, "`discount` is 1 and must lie between 0 and 1"),
        (Ppo { lambda: 1.5, ..Ppo::default() }, "`lambda` is 1.5"),
        (Ppo { rate: 0.0, ..Ppo::default() }, "`rate` is 0"),
        (Ppo { rate: f32::NAN, ..Ppo::default() }, "`rate` is NaN"),
        (Ppo { clip: 0.0, ..Ppo::default() }, "`clip`"),
        (Ppo { value_clip: Some(-1.0), ..Ppo::default() }, "`value_clip`"),
        (Ppo { entropy: -0.1, ..Ppo::default() }, "`entropy`"),
        (Ppo { epochs: 0, ..Ppo::default() }, "`epochs` is 0"),
        (Ppo { hidden: vec![64, 0], ..Ppo::default() }, "`hidden` has a layer of 0"),
        (Ppo { initial_std: 0.0, ..Ppo::default() }, "`initial_std`"),
        (Ppo { schedule: Schedule::AdaptiveKl(0.0), ..Ppo::default() }, "AdaptiveKl"),
    ];
    for (settings, expected) in cases {
        let problems = settings.problems(256);
        assert!(problems.len() == 1 && problems[0].contains(expected), "{problems:?} does not say {expected}");
    }
    let refused = LearnerSettings::Ppo(Ppo { discount: 1.0, ..Ppo::default() }).build(contract(1, 1), 1, Device::Cpu, None);
    assert!(refused.err().unwrap().to_string().contains("`discount`"));
}

#[test]
fn a_gpu_is_refused_by_a_build_without_one() {
    let settings = LearnerSettings::Ppo(Ppo::default());
    assert!(settings.build(contract(1, 1), 1, Device::Auto, None).is_ok());
    assert!(settings.build(contract(1, 1), 1, Device::Gpu, None).err().unwrap().to_string().contains("--device cpu"));
}
