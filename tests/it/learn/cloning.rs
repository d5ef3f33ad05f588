//! Cloning: its losses against their definition, the whole against demonstrations with one right answer.

use super::{action, assert_near, contract, normals};
use apprentice::learn::actor::direct::{Direct, Family};
use apprentice::learn::actor::mixture;
use apprentice::learn::actor::mixture::{LEAST_STD, Mixture};
use apprentice::learn::algorithm::cloning::loss::{Loss, by_hand, by_tensors};
use apprentice::learn::algorithm::cloning::{Act, Cloning, Denoising, FewSteps, Guidance, Kind, Schedule};
use apprentice::learn::backend::{Device, Place};
use apprentice::learn::batch::Batch;
use apprentice::learn::chunk::{Chunk, Execution};
use apprentice::learn::experience::demonstrations::{Demonstrations, Episodes};
use apprentice::learn::metrics::Metrics;
use apprentice::learn::network::activation::Activation;
use apprentice::learn::network::attention::Attention;
use apprentice::learn::network::mlp::Mlp;
use apprentice::learn::policy::Policy;
use apprentice::learn::{Experience, Learner, LearnerSettings, LearnerState, Needs, Rows};
use apprentice::stream::{Purpose, Stream};

const FAMILIES: [Family; 4] = [Family::Deterministic, Family::Gaussian, Family::Mixture(1), Family::Mixture(3)];

fn actor(family: Family) -> Direct {
    let (outputs, log_std) = match family {
        Family::Mixture(components) => (mixture::outputs(components, 2), vec![]),
        Family::Gaussian => (2, vec![-0.4, 0.3]),
        _ => (2, vec![]),
    };
    Direct { network: Mlp::new(&[3, outputs], Activation::Relu, 1.0, &mut Stream::new(1, Purpose::Weights, 0, 0)), log_std, family }
}

fn numbers(loss: &Loss) -> Vec<f32> {
    [&[loss.value][..], &loss.by_outputs, &loss.by_log_std].concat()
}

#[test]
fn slopes_derived_by_hand_are_those_that_automatic_differentiation_finds() {
    for family in FAMILIES {
        let actor = actor(family);
        let (outputs, targets) = (normals(1, 150, actor.network.outputs()), normals(2, 150, 2));
        let by_hand = numbers(&by_hand(&actor, outputs.values(), targets.values()));
        let by_tensors = numbers(&by_tensors(&actor, &Place::cpu(), outputs.values().to_vec(), targets.values().to_vec()));
        assert_eq!(by_hand.len(), by_tensors.len());
        // (The weight of a mixture's only part is 1, whatever its logit.)
        assert!(by_hand.iter().filter(|slope| **slope != 0.0).count() * 10 > by_hand.len() * 7, "{family:?}");
        by_hand.into_iter().zip(by_tensors).for_each(|(a, b)| assert_near(a, b, 2e-5 * (1.0 + b.abs())));
    }
}

#[test]
fn a_mixture_s_density_equals_one_worked_out_by_hand() {
    // Two components of one channel with equal weights, means 0 and 1; ln(1 + eˣ) = 0.95 makes σ = 1.
    let raw = libm::logf(libm::expf(1.0 - LEAST_STD) - 1.0);
    let outputs = [0.3, 0.3, 0.0, 1.0, raw, raw];
    let mut slopes = [0.0; 6];
    // At 0: ½ (φ(0) + φ(1)) = ½ (0.398942 + 0.241971).
    let found = Mixture::new(&outputs, 2).log_prob(&[0.0], 1.0, &mut slopes);
    assert_near(found, libm::logf(0.320_456_5), 1e-5);
    // Responsibilities 0.622459 and 0.377541: by the logits less ½, by the means times z: 0 and −1.
    for (found, expected) in slopes[..4].iter().zip([0.122_459, -0.122_459, 0.0, -0.377_541]) {
        assert_near(*found, expected, 1e-5);
    }
    // By what σ is made of: r (z² − 1) / σ · (1 − e^−0.95): −0.622459 · 0.613259, and nothing where z² is 1.
    assert_near(slopes[4], -0.622_459 * 0.613_259, 1e-5);
    assert_near(slopes[5], 0.0, 1e-5);
    // Far away it stays a number.
    let far = Mixture::new(&outputs, 2).log_prob(&[1e4], 1.0, &mut slopes);
    assert!(far < -1e7 && slopes.iter().all(|slope| slope.is_finite()), "{far} {slopes:?}");
}

/// Episodes of ten rows of random observations, and what `does` makes of them.
fn episodes(count: usize, seed: u64, width: usize, does: impl Fn(&[f32], usize) -> f32) -> Episodes {
    let mut episodes = Episodes::new(width, 1);
    for episode in 0..count {
        let observations = normals(seed + episode as u64, 10, width);
        let actions = Batch::new(1, (0..10).map(|row| does(observations.row(row), episode)).collect());
        episodes.push(&observations, &actions);
    }
    episodes
}

fn learner(settings: &Cloning, width: usize, seed: u64) -> Box<dyn Learner> {
    LearnerSettings::Cloning(settings.clone()).build(contract(width, 1), seed, Device::Cpu, None).expect("the settings can work")
}

fn update(learner: &mut dyn Learner, demonstrations: &Demonstrations, progress: f32) -> Metrics {
    learner.update(Experience { rollout: None, demonstrations: Some(demonstrations), progress })
}

fn taught(settings: &Cloning, width: usize, demonstrations: &Demonstrations, updates: usize) -> (Box<dyn Learner>, Metrics) {
    let mut learner = learner(settings, width, 1);
    let mut metrics = Metrics::default();
    for done in 0..updates {
        metrics = update(learner.as_mut(), demonstrations, done as f32 / updates as f32);
    }
    (learner, metrics)
}

fn small() -> Cloning {
    Cloning { hidden: vec![32], steps: 20, minibatch: 64, rate: 1e-2, ..Cloning::default() }
}

/// Every kind of actor.
fn kinds() -> Vec<Kind> {
    let guidance = Some(Guidance { goal: vec!["seen.1".into()], weight: 1.0, drop: 0.2 });
    vec![
        Kind::Deterministic,
        Kind::Gaussian,
        Kind::Mixture(1),
        Kind::Mixture(3),
        Kind::Diffusion(Denoising::default()),
        Kind::Diffusion(Denoising { guidance, ..Denoising::default() }),
        Kind::Consistency(FewSteps { steps: 1 }),
        Kind::Consistency(FewSteps { steps: 2 }),
        Kind::Transformer(Act { latent: 2, kl: 1.0, stack: Attention { width: 16, heads: 2, layers: 1 } }),
    ]
}

/// Whether it makes actions out of noise.
fn denoises(kind: &Kind) -> bool {
    matches!(kind, Kind::Diffusion(_) | Kind::Consistency(_))
}

#[test]
fn a_linear_demonstrator_is_recovered_by_every_actor() {
    let does = |seen: &[f32], _| (0.2 * seen[0] - 0.1 * seen[1]).clamp(-1.0, 1.0);
    let demonstrations =
        Demonstrations { training: episodes(60, 1, 2, does), validation: episodes(10, 900, 2, does), ..Demonstrations::default() };
    for actor in kinds() {
        // (What takes noise away has no linear answer to give.)
        let bent = denoises(&actor) || matches!(actor, Kind::Transformer(_));
        let (hidden, updates, near) = if bent { (vec![64, 64], 200, 0.15) } else { (vec![], 60, 0.02) };
        let rate = if bent { 3e-3 } else { 1e-2 };
        let (learner, metrics) = taught(&Cloning { actor: actor.clone(), hidden, rate, ..small() }, 2, &demonstrations, updates);
        assert_eq!(learner.needs(), Needs::Nothing);
        for seen in [[1.0, 0.5], [-1.0, 1.0], [0.0, 0.0]] {
            let found = action(learner.as_ref(), &seen)[0];
            assert!((found - does(&seen, 0)).abs() < near, "{actor:?} does {found} where {seen:?} is seen");
        }
        assert!(metrics.get("validation.error").unwrap() < f64::from(near), "{actor:?}: {metrics:?}");
    }
}

#[test]
fn of_two_ways_a_squared_error_keeps_the_mean_and_everything_else_both() {
    // Whatever is seen, half of the demonstrators go left, the others right.
    let does = |_: &[f32], episode: usize| if episode.is_multiple_of(2) { -0.8 } else { 0.8 };
    let demonstrations =
        Demonstrations { training: episodes(100, 1, 2, does), validation: Episodes::new(2, 1), ..Demonstrations::default() };
    let (mean, _) = taught(&small(), 2, &demonstrations, 40);
    assert_near(action(mean.as_ref(), &[0.0, 0.0])[0], 0.0, 0.2);
    let few = |steps| Kind::Diffusion(Denoising { steps, ..Denoising::default() });
    for actor in [Kind::Mixture(4), few(50), few(3), Kind::Consistency(FewSteps { steps: 1 }), Kind::Consistency(FewSteps { steps: 2 })] {
        let settings = Cloning { actor: actor.clone(), hidden: vec![64, 64], rate: 3e-3, ..small() };
        let (both, metrics) = taught(&settings, 2, &demonstrations, if denoises(&actor) { 150 } else { 40 });
        let policy = both.policy();
        let seen = normals(3, 400, 2);
        let mut memory = Batch::zeros(400, policy.memory());
        let drawn = act(&policy, &seen, &[true; 400], &mut memory);
        // (Few steps from nothing but noise end near a way, not upon it.)
        let (far, most) = if [few(3), Kind::Consistency(FewSteps { steps: 1 }), Kind::Consistency(FewSteps { steps: 2 })].contains(&actor) {
            (0.35, 260)
        } else {
            (0.15, 360)
        };
        let near = |way: f32| drawn.values().iter().filter(|action| (**action - way).abs() < far).count();
        let (left, right) = (near(-0.8), near(0.8));
        assert!(left > 100 && right > 100 && left + right > most, "{actor:?}: {left} left, {right} right");
        assert_eq!(metrics.get("validation.loss"), None, "nothing judges where nothing is held out");
        // The same episode draws the same, a later decision of it and another episode something else.
        assert_eq!(drawn, act(&policy, &seen, &[true; 400], &mut memory));
        assert_ne!(drawn, act(&policy, &seen, &[false; 400], &mut memory));
        // Alone as among others.
        let alone = policy.act(Rows {
            observations: &Batch::new(2, seen.row(7).to_vec()),
            begins: &[true],
            seeds: &[7],
            memory: &mut Batch::zeros(1, policy.memory()),
        });
        assert_eq!(alone.values(), drawn.row(7));
    }
}

#[test]
fn guidance_exaggerates_the_goal_and_forgets_it_at_no_weight() {
    // The goal is the second channel: there and about there.
    let does = |seen: &[f32], episode: usize| 0.3 * seen[1].clamp(-1.0, 1.0) + 0.05 * (episode % 9) as f32 - 0.2;
    let demonstrations =
        Demonstrations { training: episodes(100, 1, 2, does), validation: Episodes::new(2, 1), ..Demonstrations::default() };
    let at = |weight: f32| {
        let guidance = Some(Guidance { goal: vec!["seen.1".into()], weight, drop: 0.3 });
        let actor = Kind::Diffusion(Denoising { guidance, ..Denoising::default() });
        let (learner, _) = taught(&Cloning { actor, hidden: vec![64, 64], rate: 3e-3, ..small() }, 2, &demonstrations, 150);
        let policy = learner.policy();
        let seen = Batch::new(2, [0.0, 1.0].repeat(200));
        let drawn = act(&policy, &seen, &[true; 200], &mut Batch::zeros(200, policy.memory()));
        drawn.values().iter().sum::<f32>() / 200.0
    };
    assert_near(at(0.0), 0.0, 0.2);
    assert_near(at(1.0), 0.3, 0.1);
    assert!(at(2.0) > at(1.0) + 0.05, "{}", at(2.0));
}

#[test]
fn a_history_tells_what_one_observation_does_not() {
    // What is done is what was seen the step before; at the beginning what is seen.
    let mut training = Episodes::new(1, 1);
    for episode in 0..80 {
        let observations = Batch::new(1, normals(episode, 10, 1).values().iter().map(|value| value.clamp(-1.0, 1.0)).collect());
        let actions = (0..10_usize).map(|row| observations.row(row.saturating_sub(1))[0]).collect();
        training.push(&observations, &Batch::new(1, actions));
    }
    let demonstrations = Demonstrations { training, validation: Episodes::new(1, 1), ..Demonstrations::default() };
    for recurrent in [None, Some(16)] {
        let settings = Cloning { history: 3, recurrent, ..small() };
        recalls(&taught(&settings, 1, &demonstrations, if recurrent.is_some() { 150 } else { 60 }).0.policy());
    }
    let (blind, _) = taught(&small(), 1, &demonstrations, 60);
    assert!(blind.policy().memory() == 0 && (action(blind.as_ref(), &[-0.4])[0] - 0.6).abs() > 0.3);
}

/// The policy does what was seen the step before; at the beginning what is seen.
fn recalls(policy: &Policy) {
    let mut memory = Batch::zeros(1, policy.memory());
    let mut step = |seen: f32, begins: bool| act(policy, &Batch::new(1, vec![seen]), &[begins], &mut memory).values()[0];
    assert_near(step(0.6, true), 0.6, 0.06);
    assert_near(step(-0.4, false), 0.6, 0.06);
    assert_near(step(0.1, false), -0.4, 0.06);
    assert_near(step(-0.7, true), -0.7, 0.06);
    // A policy that takes over in the middle of an episode, with nothing in its memory, starts as at the beginning of one.
    let mut empty = Batch::zeros(1, policy.memory());
    assert_near(act(policy, &Batch::new(1, vec![0.5]), &[false], &mut empty).values()[0], 0.5, 0.06);
}

fn act(policy: &Policy, observations: &Batch, begins: &[bool], memory: &mut Batch) -> Batch {
    let seeds: Vec<u64> = (0..begins.len() as u64).collect();
    policy.act(Rows { observations, begins, seeds: &seeds, memory })
}

#[test]
fn a_window_repeats_the_first_row_of_its_episode_and_never_looks_into_another() {
    let episodes = episodes(2, 1, 2, |_, _| 0.0);
    let window = |row: usize, length: usize| episodes.window(row, length).collect::<Vec<_>>();
    assert_eq!(window(0, 3), [0, 0, 0]);
    assert_eq!(window(1, 3), [0, 0, 1]);
    assert_eq!(window(9, 3), [7, 8, 9]);
    assert_eq!(window(10, 3), [10, 10, 10]);
    assert_eq!(window(11, 3), [10, 10, 11]);
    assert_eq!(window(19, 1), [19]);
    assert_eq!((episodes.rows(), episodes.count()), (20, 2));
}

#[test]
fn an_ignored_channel_moves_nothing() {
    // The second channel foretells what is done better than the first one.
    let does = |seen: &[f32], _: usize| seen[1].clamp(-1.0, 1.0);
    let demonstrations =
        Demonstrations { training: episodes(40, 1, 2, does), validation: Episodes::new(2, 1), ..Demonstrations::default() };
    let (learner, _) = taught(&Cloning { ignore: vec!["seen.1".into()], ..small() }, 2, &demonstrations, 5);
    assert_eq!(action(learner.as_ref(), &[0.3, 5.0]), action(learner.as_ref(), &[0.3, -5.0]));
    let settings = |ignore: &str| LearnerSettings::Cloning(Cloning { ignore: vec![ignore.into()], ..small() });
    assert_eq!(settings("seen.1").unfit(&contract(2, 1)), Vec::<String>::new());
    assert_eq!(settings("sein").unfit(&contract(2, 1)), ["`ignore` names `sein`, and no channel begins with it"]);
    assert_eq!(settings("seen").unfit(&contract(2, 1)), ["`ignore` leaves no channel to look at"]);
    let folder = tempfile::tempdir().unwrap();
    learner.policy().save(folder.path()).unwrap();
    assert_eq!(Policy::load(folder.path()).unwrap(), learner.policy());
}

#[test]
fn a_resumed_learner_goes_on_with_the_bits_of_one_that_never_stopped() {
    let does = |seen: &[f32], _: usize| (0.2 * seen[0]).clamp(-1.0, 1.0);
    let demonstrations =
        Demonstrations { training: episodes(13, 1, 2, does), validation: episodes(2, 50, 2, does), ..Demonstrations::default() };
    let recurrent = |actor: &Kind| matches!(actor, Kind::Gaussian | Kind::Consistency(_)).then_some(16);
    for actor in kinds() {
        // 130 rows and minibatches of 48: an update ends in the middle of an epoch.
        let settings = Cloning {
            recurrent: recurrent(&actor),
            actor,
            history: 2,
            chunk: Chunk { length: 3, execution: Execution::Steps(2) },
            minibatch: 48,
            steps: 7,
            schedule: Schedule::Linear,
            ..small()
        };
        let mut whole = learner(&settings, 2, 1);
        (1..3).for_each(|part| drop(update(whole.as_mut(), &demonstrations, 0.1 * part as f32)));
        let saved = postcard::to_stdvec(&whole.state()).unwrap();
        let mut resumed = learner(&settings, 2, 1);
        resumed.restore(postcard::from_bytes(&saved).unwrap()).unwrap();
        for part in 3..6 {
            let progress = 0.1 * part as f32;
            assert_eq!(update(whole.as_mut(), &demonstrations, progress), update(resumed.as_mut(), &demonstrations, progress));
        }
        assert_eq!(whole.state(), resumed.state());
        let folder = tempfile::tempdir().unwrap();
        whole.policy().save(folder.path()).unwrap();
        assert_eq!(Policy::load(folder.path()).unwrap(), whole.policy());
    }
}

#[test]
fn states_of_other_learners_are_refused_and_change_nothing() {
    let mut mine = learner(&small(), 2, 1);
    let before = mine.state();
    let states = [
        learner(&small(), 3, 1).state(),
        learner(&Cloning { history: 2, ..small() }, 2, 1).state(),
        learner(&Cloning { actor: Kind::Mixture(2), ..small() }, 2, 1).state(),
        learner(&Cloning { actor: Kind::Gaussian, ..small() }, 2, 1).state(),
        LearnerState { algorithm: "Ppo".into(), ..before.clone() },
        LearnerState { bytes: before.bytes[..100].to_vec(), ..before.clone() },
    ];
    for state in states {
        let refusal = mine.restore(state).expect_err("it is another's").to_string();
        assert!(refusal.contains("does not fit") && refusal.contains("recipe"), "{refusal}");
        assert!(mine.state() == before);
    }
}

#[test]
fn thread_counts_change_no_bit_and_seeds_do() {
    let does = |seen: &[f32], _: usize| seen[0].clamp(-1.0, 1.0);
    let demonstrations =
        Demonstrations { training: episodes(80, 1, 2, does), validation: Episodes::new(2, 1), ..Demonstrations::default() };
    let learnt = |threads, seed| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let mut learner = learner(&Cloning { minibatch: 600, ..small() }, 2, seed);
            update(learner.as_mut(), &demonstrations, 0.0);
            learner.state()
        })
    };
    assert_eq!(learnt(1, 1), learnt(2, 1));
    assert_ne!(learnt(1, 1), learnt(1, 2));
}

#[test]
fn every_row_is_learnt_from_once_in_each_epoch() {
    // With a rate too small to matter, an epoch's mean loss is that of all rows, whatever their order: minibatches of 50 out of 100.
    let does = |seen: &[f32], _: usize| seen[0].clamp(-1.0, 1.0);
    let training = episodes(10, 1, 2, does);
    let demonstrations = Demonstrations { validation: training.clone(), training, ..Demonstrations::default() };
    let mut learner = learner(&Cloning { minibatch: 50, steps: 2, rate: 1e-12, weight_decay: 0.0, ..small() }, 2, 1);
    for epoch in 0..3 {
        let metrics = update(learner.as_mut(), &demonstrations, 0.0);
        assert_near(metrics.get("loss").unwrap() as f32, metrics.get("validation.loss").unwrap() as f32, 1e-5);
        assert_eq!(metrics.get("epoch"), Some(f64::from(epoch + 1)));
    }
}

#[test]
fn what_cannot_work_is_said() {
    let wrong = Cloning {
        actor: Kind::Mixture(0),
        chunk: Chunk { length: 2, execution: Execution::Steps(3) },
        history: 0,
        hidden: vec![0],
        rate: 1.0,
        steps: 0,
        minibatch: 0,
        weight_decay: 1.0,
        max_gradient_norm: 0.0,
        initial_std: 9.0,
        ..Cloning::default()
    };
    let fields =
        ["rate", "initial_std", "max_gradient_norm", "weight_decay", "actor", "history", "steps", "minibatch", "hidden", "chunk.execution"];
    let problems = wrong.problems();
    assert_eq!(problems.len(), fields.len(), "{problems:?}");
    problems.iter().zip(fields).for_each(|(problem, field)| assert!(problem.starts_with(&format!("`{field}` ")), "{problem}"));
    let problems = |actor| Cloning { actor, ..Cloning::default() }.problems();
    let guidance = Some(Guidance { goal: vec![], weight: -1.0, drop: 1.0 });
    let noisy = Kind::Diffusion(Denoising { levels: 1, steps: 2, guidance });
    let fields = ["levels", "steps", "guidance.goal", "guidance.weight", "guidance.drop"];
    problems(noisy).iter().zip(fields).for_each(|(problem, field)| assert!(problem.starts_with(&format!("`actor.{field}` ")), "{problem}"));
    assert!(problems(Kind::Consistency(FewSteps { steps: 3 }))[0].starts_with("`actor.steps` is 3"));
    assert_eq!(problems(Kind::Consistency(FewSteps { steps: 2 })), Vec::<String>::new());
    let ppo = apprentice::learn::algorithm::ppo::Ppo { actor: Family::Mixture(2), ..Default::default() };
    assert!(ppo.problems(64)[0].starts_with("`actor` is Mixture(2)"));
}
