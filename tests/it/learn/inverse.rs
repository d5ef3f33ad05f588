//! What lies between two observations: windows and labels by hand, the learners that use them on worlds with one right answer.

use super::{action, assert_near, contract, normals};
use apprentice::learn::algorithm::bco::Bco;
use apprentice::learn::algorithm::cloning::Cloning;
use apprentice::learn::algorithm::vpt::Vpt;
use apprentice::learn::backend::Device;
use apprentice::learn::batch::Batch;
use apprentice::learn::experience::demonstrations::{Demonstrations, Episodes, Watched};
use apprentice::learn::experience::rollout::Rollout;
use apprentice::learn::inverse::{Inverse, InverseModel};
use apprentice::learn::metrics::Metrics;
use apprentice::learn::{Experience, Learner, LearnerSettings, LearnerState, Needs, Rows};
use apprentice::signal::{Channels, Outcome};
use apprentice::stream::{Purpose, Stream};

/// A world of two numbers: an action moves the first by a tenth of it, the second drifts by itself.
fn after(seen: &[f32], done: f32) -> [f32; 2] {
    [seen[0] + 0.1 * done, 0.9 * seen[1]]
}

/// What the demonstrator of this world does.
fn does(seen: &[f32]) -> f32 {
    (0.5 * seen[1] - 0.3 * seen[0]).clamp(-1.0, 1.0)
}

/// What was seen and done in episodes of twelve rows.
fn flown(count: usize, seed: u64, does: impl Fn(&[f32], &mut Stream) -> f32) -> Vec<(Batch, Batch)> {
    let mut stream = Stream::new(seed, Purpose::Layout, 0, 0);
    let episode = |_| {
        let mut seen = [stream.normal(), stream.normal()];
        let (mut observations, mut actions) = (Batch::zeros(0, 2), Batch::zeros(0, 1));
        for _ in 0..12 {
            let done = does(&seen, &mut stream);
            observations.push(&seen);
            actions.push(&[done]);
            seen = after(&seen, done);
        }
        (observations, actions)
    };
    (0..count).map(episode).collect()
}

fn labelled(flown: &[(Batch, Batch)]) -> Episodes {
    let mut episodes = Episodes::new(2, 1);
    flown.iter().for_each(|(seen, done)| episodes.push(seen, done));
    episodes
}

fn watched(flown: &[(Batch, Batch)]) -> Watched {
    let mut episodes = Watched::new(2);
    flown.iter().for_each(|(seen, _)| episodes.push(seen));
    episodes
}

fn none() -> Demonstrations {
    Demonstrations { training: Episodes::new(2, 1), validation: Episodes::new(2, 1), watched: Watched::new(2) }
}

fn small() -> Cloning {
    Cloning { hidden: vec![32], steps: 50, minibatch: 64, rate: 1e-2, ..Cloning::default() }
}

fn inverse() -> Inverse {
    Inverse { hidden: vec![32], steps: 1000, minibatch: 64, rate: 1e-2, ..Inverse::default() }
}

fn built(settings: LearnerSettings) -> Box<dyn Learner> {
    settings.build(contract(2, 1), 1, Device::Cpu, None).expect("the settings can work")
}

/// How far from what the demonstrator does, over many observations: the root of the mean squared distance.
fn error(learner: &dyn Learner) -> f32 {
    let seen = normals(77, 200, 2);
    let squares = (0..200).map(|row| (action(learner, seen.row(row))[0] - does(seen.row(row))).powi(2));
    (squares.sum::<f32>() / 200.0).sqrt()
}

#[test]
fn a_window_holds_an_observation_and_how_far_its_neighbours_are_from_it_within_one_episode() {
    let observations = Batch::new(2, vec![9.0, 9.0, 0.0, 1.0, 1.0, 3.0, 4.0, 2.0, 9.0, 9.0]);
    let settings = Inverse { before: 1, after: 2, ..Inverse::default() };
    let windows = settings.windows(&observations, 1..4);
    // Rows 1 and 2: the last one is none, since nothing was seen behind it. Before row 1 stands row 1, behind row 3 row 3.
    let first = [0.0, 1.0, 0.0, 0.0, 1.0, 2.0, 4.0, 1.0];
    let second = [1.0, 3.0, -1.0, -2.0, 3.0, -1.0, 3.0, -1.0];
    assert_eq!(windows, Batch::new(8, [first, second].concat()));
    assert_eq!(settings.windows(&observations, 1..2).rows(), 0);
    assert_eq!(settings.windows(&observations, 1..1).rows(), 0);
}

#[test]
fn a_model_says_what_was_done_in_episodes_of_another_who_was_only_watched() {
    // It learns from random actions, and is asked about a demonstrator.
    let mut model = InverseModel::new(inverse(), &contract(2, 1), 1);
    let lessons = inverse().lessons(&labelled(&flown(60, 1, |_, stream| stream.between(-1.0, 1.0))));
    let seen = flown(5, 2, |seen, _| does(seen));
    let metrics = model.learn(lessons, inverse().lessons(&labelled(&seen)));
    assert!(metrics.get("inverse.error").unwrap() < 0.05, "{metrics:?}");
    let mut told = Episodes::new(2, 1);
    model.label(&watched(&seen), &mut told);
    assert_eq!((told.count(), told.rows()), (5, 5 * 11));
    for (episode, (rows, _)) in told.each().enumerate() {
        for (index, row) in rows.enumerate() {
            assert_near(told.actions().row(row)[0], seen[episode].1.row(index)[0], 0.15);
            assert_eq!(told.observations().row(row), seen[episode].0.row(index));
        }
    }
}

#[test]
fn a_few_labelled_episodes_and_many_watched_ones_teach_nearly_what_all_labelled_would() {
    // (Who always did the same in the same place would leave the model two explanations of two episodes.)
    let seen = flown(60, 3, |seen, stream| does(seen) + 0.3 * stream.normal());
    let taught = |settings: LearnerSettings, demonstrations: &Demonstrations| {
        let mut learner = built(settings);
        assert_eq!(learner.needs(), Needs::Nothing);
        for update in 0..30 {
            learner.update(Experience { rollout: None, demonstrations: Some(demonstrations), progress: update as f32 / 30.0 });
        }
        error(learner.as_ref())
    };
    let vpt = LearnerSettings::Vpt(Vpt { inverse: inverse(), clone: small() });
    let few = Demonstrations { training: labelled(&seen[..2]), watched: watched(&seen[2..]), ..none() };
    let all = Demonstrations { training: labelled(&seen), ..none() };
    let (alone, helped, best) =
        (taught(LearnerSettings::Cloning(small()), &few), taught(vpt, &few), taught(LearnerSettings::Cloning(small()), &all));
    assert!(
        helped < best + 0.3 * (alone - best) && alone > 2.0 * best,
        "{alone} from two, {helped} with the watched ones, {best} from all"
    );
}

/// A rollout of a learner in the world of this file, in which episodes are ended by a clock.
fn rollout(learner: &mut dyn Learner, horizon: usize, stream: &mut Stream) -> Rollout {
    const ARENAS: usize = 8;
    let mut rollout = Rollout::new(horizon, ARENAS);
    let mut seen: Vec<[f32; 2]> = (0..ARENAS).map(|_| [stream.normal(), stream.normal()]).collect();
    for step in 0..horizon {
        let observations = Batch::new(2, seen.concat());
        let begins = vec![step % 12 == 0; ARENAS];
        let decision =
            learner.act(Rows { observations: &observations, begins: &begins, seeds: &[0; ARENAS], memory: &mut Batch::default() });
        rollout.decide(&observations, &begins, &decision);
        let over = step % 12 == 11;
        rollout.reward(&[0.0; ARENAS], &[if over { Outcome::TimedOut } else { Outcome::Running }; ARENAS]);
        for (arena, seen) in seen.iter_mut().enumerate() {
            *seen = after(seen, decision.actions.row(arena)[0]);
            if over {
                rollout.finish_episode(arena, seen);
                *seen = [stream.normal(), stream.normal()];
            }
        }
    }
    rollout.set_fresh(&Batch::new(2, seen.concat()));
    rollout
}

fn bco() -> Bco {
    Bco { inverse: inverse(), clone: small(), horizon: 100, updates: 30, ..Bco::default() }
}

#[test]
fn who_was_only_watched_is_cloned_with_what_practice_teaches() {
    let demonstrations = Demonstrations { watched: watched(&flown(60, 3, |seen, _| does(seen))), ..none() };
    let mut learner = built(LearnerSettings::Bco(bco()));
    assert_eq!(learner.needs(), Needs::Rows(100));
    let (before, mut stream) = (error(learner.as_ref()), Stream::new(1, Purpose::Layout, 1, 0));
    let practice = rollout(learner.as_mut(), 100, &mut stream);
    let metrics = learner.update(Experience { rollout: Some(&practice), demonstrations: Some(&demonstrations), progress: 0.0 });
    assert_eq!(metrics.get("practised"), Some(800.0));
    assert!(error(learner.as_ref()) < 0.1 && before > 0.3, "{before}, then {}", error(learner.as_ref()));
}

#[test]
fn recorded_actions_are_nothing_to_who_only_watches() {
    let seen = flown(20, 3, |seen, _| does(seen));
    let upside_down: Vec<_> =
        seen.iter().map(|(seen, done)| (seen.clone(), Batch::new(1, done.values().iter().map(|a| -a).collect()))).collect();
    let learnt = |training: Episodes| {
        let mut learner = built(LearnerSettings::Bco(bco()));
        let practice = rollout(learner.as_mut(), 100, &mut Stream::new(1, Purpose::Layout, 1, 0));
        let demonstrations = Demonstrations { training, ..none() };
        learner.update(Experience { rollout: Some(&practice), demonstrations: Some(&demonstrations), progress: 0.0 });
        learner.state()
    };
    assert!(learnt(labelled(&seen)) == learnt(labelled(&upside_down)));
}

/// The state that a learner reaches in four updates, saved and restored after the second one where `stopped`.
fn reached(settings: &LearnerSettings, demonstrations: &Demonstrations, stopped: bool) -> (LearnerState, Vec<Metrics>) {
    let mut learner = built(settings.clone());
    let mut stream = Stream::new(5, Purpose::Layout, 1, 0);
    let mut said = Vec::new();
    for update in 0..4 {
        let practice = match learner.needs() {
            Needs::Rows(horizon) => Some(rollout(learner.as_mut(), horizon, &mut stream)),
            Needs::Nothing => None,
        };
        let experience = Experience { rollout: practice.as_ref(), demonstrations: Some(demonstrations), progress: 0.25 * update as f32 };
        said.push(learner.update(experience));
        if stopped && update == 1 {
            let saved = postcard::to_stdvec(&learner.state()).unwrap();
            learner = settings.build(contract(2, 1), 1, Device::Cpu, None).unwrap();
            learner.restore(postcard::from_bytes(&saved).unwrap()).unwrap();
        }
    }
    (learner.state(), said)
}

#[test]
fn resumed_learners_go_on_with_the_bits_of_those_that_never_stopped() {
    let seen = flown(10, 3, |seen, _| does(seen));
    let demonstrations = Demonstrations { training: labelled(&seen[..2]), validation: labelled(&seen[2..3]), watched: watched(&seen[3..]) };
    let (inverse, clone) = (Inverse { steps: 100, ..inverse() }, Cloning { steps: 7, minibatch: 48, history: 2, ..small() });
    let vpt = LearnerSettings::Vpt(Vpt { inverse: inverse.clone(), clone: clone.clone() });
    // The oldest practice is forgotten on the way; the first two rollouts are random.
    let bco = LearnerSettings::Bco(Bco { inverse, clone, horizon: 20, random: 2, updates: 3, kept: 400, ..Bco::default() });
    for settings in [vpt, bco] {
        assert!(reached(&settings, &demonstrations, false) == reached(&settings, &demonstrations, true), "{settings:?}");
    }
}

#[test]
fn states_of_other_learners_are_refused_and_change_nothing() {
    let settings = [LearnerSettings::Vpt(Vpt { inverse: inverse(), clone: small() }), LearnerSettings::Bco(bco())];
    let demonstrations = Demonstrations { training: labelled(&flown(2, 3, |seen, _| does(seen))), ..none() };
    for settings in settings {
        let mut mine = built(settings.clone());
        let before = mine.state();
        let mut wider = settings.build(contract(3, 1), 1, Device::Cpu, None).unwrap();
        let other = reached(
            &LearnerSettings::Vpt(Vpt { inverse: Inverse { steps: 1, before: 0, ..inverse() }, clone: small() }),
            &demonstrations,
            false,
        );
        for state in [wider.state(), other.0, LearnerState { bytes: before.bytes[..before.bytes.len() / 2].to_vec(), ..before.clone() }] {
            let refusal = mine.restore(state).expect_err("it is another's").to_string();
            assert!(refusal.contains("does not fit"), "{refusal}");
            assert!(mine.state() == before);
        }
        assert!(wider.restore(before).is_err());
    }
}

#[test]
fn what_cannot_work_is_said_with_the_part_that_it_is_about() {
    let (wrong, clone) = (Inverse { before: 17, after: 0, steps: 0, rate: 2.0, ..inverse() }, Cloning { minibatch: 0, ..small() });
    let vpt = Vpt { inverse: wrong.clone(), clone: clone.clone() };
    let expected = ["`inverse: rate` ", "`inverse: steps` ", "`inverse: after` ", "`inverse: before` ", "`clone: minibatch` "];
    let problems = vpt.problems();
    assert_eq!(problems.len(), expected.len(), "{problems:?}");
    problems.iter().zip(expected).for_each(|(problem, expected)| assert!(problem.starts_with(expected), "{problem}"));
    let bco = Bco { inverse: wrong, clone, horizon: 0, random: 0, updates: 0, noise: f32::NAN, kept: 0 };
    assert_eq!(bco.problems().len(), expected.len() + 5, "{:?}", bco.problems());
    assert_eq!([Vpt::default().problems(), Bco::default().problems()].concat(), Vec::<String>::new());
    assert!(LearnerSettings::Vpt(vpt).wants_actions() && !LearnerSettings::Bco(bco).wants_actions());
}

#[test]
fn what_was_done_last_is_no_part_of_what_is_watched() {
    let mut channels = Channels::default();
    ["seen.0", "last_action.0"].iter().for_each(|name| channels.push((*name).to_owned(), "", -1.0, 1.0));
    let contract = apprentice::learn::policy::Contract { observation: channels, ..contract(2, 1) };
    let settings = |ignore: &[&str]| {
        let clone = Cloning { ignore: ignore.iter().map(|name| (*name).to_owned()).collect(), ..small() };
        [LearnerSettings::Vpt(Vpt { inverse: inverse(), clone: clone.clone() }), LearnerSettings::Bco(Bco { clone, ..bco() })]
    };
    for settings in settings(&[]) {
        let problems = settings.unfit(&contract);
        assert!(problems.len() == 1 && problems[0].starts_with("`clone: ignore` lets the policy look at `last_action.0`"), "{problems:?}");
    }
    settings(&["last_action"]).iter().for_each(|settings| assert_eq!(settings.unfit(&contract), Vec::<String>::new()));
    // The model is blind for it: the answer stands there, one observation later.
    let mut model = InverseModel::new(inverse(), &contract, 1);
    model.learn(inverse().lessons(&labelled(&flown(4, 1, |_, stream| stream.between(-1.0, 1.0)))), Episodes::new(6, 1));
    let window = |last: f32| Batch::new(6, vec![0.5, last, 0.0, last, 0.1, -last]);
    assert_eq!(model.tell(&window(0.1)), model.tell(&window(0.9)));
}
