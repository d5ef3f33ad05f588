//! Operators: every trait does what it says, and nothing else; and what holds for the expert holds for them.

use crate::imitation::{assert_sound, demonstrations, saved};
use crate::stage::{Episode, Stage, plan_from, plan_of, play};
use apprentice::arena::Snapshot;
use apprentice::curriculum::held_out;
use apprentice::imitation::route::route;
use apprentice::pilot::Pilot;
use apprentice::pilot::expert::{ExpertMemory, Preference, Side};
use apprentice::pilot::operator::{PRESETS, Traits};
use apprentice::scene::plan::Plan;
use apprentice::signal::Outcome;
use std::sync::Arc;
use tempfile::TempDir;

/// A scene whose expert does nothing for ever, since all is done: what is seen is the operator's own.
const STILL: &str = r#"Scene(
    about: "Leave the cube where it is.",
    timing: (control_hz: 20, physics_hz: 120),
    surroundings: [Floor],
    body: Rover(control: Heading),
    props: { "cube": Box(size: (0.2, 0.2, 0.2), mass: 1.0, at: At(x: 8.0, y: 0.0)), "disc": Zone(radius: 0.5, at: At(x: 8.0, y: 0.0)) },
    sensors: [Motion, Offset(to: "cube")],
    task: Task(
        success: Inside("cube", "disc"),
        reward: [(1.0, Near("body", "cube", 1.0))],
        time_limit: 300.0,
        ends_on_success: false,
        expert: Shove("cube", "disc"),
    ),
)"#;

fn operator(name: &str) -> Pilot {
    Pilot::operator(Traits::named(name).unwrap().unwrap_or_else(|problems| panic!("{problems}")))
}

/// The actions of some arenas for some steps, arena by arena.
fn actions(plan: &Arc<Plan>, arenas: usize, steps: usize, pilot: Pilot) -> Vec<Vec<Vec<f32>>> {
    let mut stage = Stage::drawn(plan, arenas, 2, pilot);
    stage.steps(steps);
    (0..arenas).map(|arena| stage.rows(arena).iter().map(|row| row.action.clone()).collect()).collect()
}

#[test]
fn traits_that_say_nothing_change_no_bit_of_the_expert() {
    for scene in ["balance", "clear", "lift", "maze", "pillar", "push", "reach", "stack", "walk"] {
        let plan = plan_of(scene);
        let levels = held_out(plan.quantities.count(), 2);
        let [expert, operator] = [Pilot::expert(), Pilot::operator(Traits::default())].map(|pilot| {
            let mut stage = Stage::new(&plan, levels.clone(), 2, 2, pilot);
            stage.steps(150);
            (0..2).flat_map(|arena| stage.rows(arena).to_vec()).collect::<Vec<_>>()
        });
        assert!(expert == operator, "{scene}: an operator without traits is not the expert");
    }
}

#[test]
fn noise_has_its_deviation_and_forgets_at_its_rate() {
    let rows = actions(&plan_from(STILL), 8, 2000, operator("expert(noise: 0.2, noise_time: 0.5)"));
    for channel in 0..2 {
        let series: Vec<Vec<f64>> = rows.iter().map(|rows| rows.iter().map(|row| f64::from(row[channel])).collect()).collect();
        let product = |lag: usize| {
            let pairs = || series.iter().flat_map(|series| series.iter().zip(&series[lag..]));
            pairs().map(|(early, late)| early * late).sum::<f64>() / pairs().count() as f64
        };
        let deviation = product(0).sqrt();
        assert!((deviation - 0.2).abs() < 0.015, "{deviation}");
        // 20 steps a second: 1 step is 0.05 s and exp(-0.1) = 0.905, 10 steps are 0.5 s and exp(-1) = 0.368.
        for (lag, expected) in [(1, 0.905), (10, 0.368)] {
            let correlation = product(lag) / product(0);
            assert!((correlation - expected).abs() < 0.1, "{lag} steps apart: {correlation}");
        }
    }
    let forgetful = actions(&plan_from(STILL), 1, 2000, operator("expert(noise: 0.2, noise_time: 0)")).remove(0);
    let product = |lag: usize| forgetful.iter().zip(&forgetful[lag..]).map(|(early, late)| early[0] * late[0]).sum::<f32>();
    assert!((product(1) / product(0)).abs() < 0.1, "noise without memory is white");
}

#[test]
fn wobble_is_a_share_of_what_is_done() {
    let still = actions(&plan_from(STILL), 1, 200, operator("expert(wobble: 0.5)")).remove(0);
    assert!(still.iter().flatten().all(|channel| *channel == 0.0), "where nothing is done nothing wobbles");
    let plan = plan_of("lift");
    let [sure, unsure] = [Pilot::expert(), operator("expert(wobble: 0.5)")].map(|pilot| actions(&plan, 1, 1, pilot)[0][0].clone());
    assert!((0..3).any(|channel| sure[channel] != unsure[channel]), "{sure:?} {unsure:?}");
    assert_eq!(sure[5], unsure[5], "the grip is no speed");
}

#[test]
fn what_is_done_was_decided_exactly_so_many_steps_ago() {
    let plan = plan_of("reach");
    let expert = plan.task.as_ref().unwrap().expert.clone().unwrap();
    // 20 steps a second: 0.15 s are 3 steps. (0.16 s are, too.)
    for (delay, steps) in [(0.0, 0), (0.05, 1), (0.15, 3), (0.16, 3)] {
        let mut stage = Stage::drawn(&plan, 1, 1, operator(&format!("expert(delay: {delay}, speed: 0.5)")));
        let mut decided = Vec::new();
        for step in 0..25 {
            decided.push(stage.arena(0, |item| {
                let mut action = vec![0.0; 6];
                ExpertMemory::default().decide(&expert, Preference::default(), &item.situation(), &mut action);
                // Half as fast, but for the grip.
                action[..5].iter_mut().for_each(|channel| *channel *= 0.5);
                action
            }));
            stage.step();
            let done = &stage.rows(0)[step].action;
            let expected = if step < steps { vec![0.0; 6] } else { decided[step - steps].clone() };
            assert_eq!(*done, expected, "{delay} s: step {step}");
        }
        assert!(decided[0] != decided[10], "the decisions differ, which makes the test above mean something");
    }
}

#[test]
fn jitter_holds_what_was_done_and_never_goes_back() {
    let plan = plan_of("reach");
    // So slow that the point is not reached meanwhile: until then every decision is another one.
    let [steady, mut uneven] = ["expert(speed: 0.2, delay: 0.2)", "expert(speed: 0.2, delay: 0.2, jitter: 0.05)"]
        .map(|name| actions(&plan, 1, 60, operator(name)).remove(0).split_off(8));
    assert!(steady.windows(2).all(|pair| pair[0] != pair[1]), "without jitter every step brings something new");
    let steps = uneven.len();
    uneven.dedup();
    assert!((5..40).contains(&(steps - uneven.len())), "some come late: {} of {steps}", steps - uneven.len());
    assert!((1..uneven.len()).all(|row| !uneven[..row].contains(&uneven[row])), "nothing comes back");
}

/// The share of steps in a lapse that begins `often` a second and takes `long` seconds on average: in a step it begins with the chance b, and goes on
/// with the chance c; where one ends the next may begin at once. What comes in is what goes out: (1 - s) b = s (1 - c) (1 - b).
fn share(often: f64, long: f64, dt: f64) -> f64 {
    let (begins, goes_on) = (1.0 - (-often * dt).exp(), (-dt / long).exp());
    begins / (begins + (1.0 - goes_on) * (1.0 - begins))
}

#[test]
fn pauses_detours_and_slips_take_their_share_of_the_time() {
    let counted = |plan: &Arc<Plan>, arenas: usize, steps: usize, name: &str, is_lapse: fn(&[f32]) -> bool| {
        let rows = actions(plan, arenas, steps, operator(name)).concat();
        rows.iter().filter(|row| is_lapse(row)).count() as f64 / rows.len() as f64
    };
    // The cart's expert always does something.
    let paused = counted(&plan_of("balance"), 64, 350, "expert(pauses: 0.5, pause: 0.5)", |row| row[0] == 0.0);
    let none = counted(&plan_of("balance"), 64, 350, "expert", |row| row[0] == 0.0);
    assert!((paused - none - share(0.5, 0.5, 1.0 / 30.0)).abs() < 0.03, "{paused}, without pauses {none}");
    let still = plan_from(STILL);
    for (name, expected) in
        [("expert(detours: 0.3, detour: 0.8)", share(0.3, 0.8, 0.05)), ("expert(slips: 1.0, slip: 0.2)", share(1.0, 0.2, 0.05))]
    {
        let strayed = counted(&still, 16, 2000, name, |row| row.iter().any(|channel| *channel != 0.0));
        assert!((strayed - expected).abs() < 0.03, "{name}: {strayed}, and {expected} was to be expected");
    }
    // A detour is steady, and one is not like the other.
    let rows = actions(&still, 1, 2000, operator("expert(detours: 0.3, detour: 0.8)")).remove(0);
    let mut directions: Vec<_> = rows.into_iter().filter(|row| row[0] != 0.0).collect();
    let steps = directions.len();
    directions.dedup();
    assert!(directions.len() > 5 && steps > 8 * directions.len(), "{} detours in {steps} steps", directions.len());
}

#[test]
fn tremor_has_its_amplitude_and_frequency() {
    let rows = actions(&plan_from(STILL), 1, 400, operator("expert(tremor: 0.1, tremor_hz: 3)")).remove(0);
    let series: Vec<f32> = rows.iter().map(|row| row[1]).collect();
    let most = series.iter().copied().fold(0.0, f32::max);
    assert!((0.095..=0.1).contains(&most), "{most}");
    // 20 s of 3 Hz are 60 periods, each with one rise through 0.
    let rises = series.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    assert!((59..=61).contains(&rises), "{rises}");
}

#[test]
fn an_operator_does_the_same_among_other_arenas_and_on_other_threads() {
    let plan = plan_of("push");
    let run = |arenas: usize, threads: usize| {
        let mut stage = Stage::drawn(&plan, arenas, threads, operator("worse"));
        stage.steps(120);
        (0..2).map(|arena| stage.rows(arena).to_vec()).collect::<Vec<_>>()
    };
    let alone = run(2, 1);
    assert!(alone == run(7, 1) && alone == run(7, 2));
    assert!(alone[0] != alone[1], "each arena has a stream of its own");
}

#[test]
fn an_operator_goes_on_bit_for_bit_from_a_snapshot_in_the_middle_of_an_episode() {
    for (scene, name) in [("lift", "human"), ("push", "worse"), ("pillar", "expert(left: 0.5, noise: 0.2)")] {
        let plan = plan_of(scene);
        let mut stage = Stage::drawn(&plan, 2, 2, operator(name));
        stage.steps(25);
        let bytes = stage.arena(1, |mut item| item.capture().to_bytes().unwrap());
        stage.steps(20);
        let first = stage.rows(1)[25..45].to_vec();
        let snapshot = Snapshot::from_bytes(&bytes).unwrap();
        stage.arena(1, |mut item| item.restore(&snapshot));
        stage.steps(20);
        assert!(stage.rows(1)[45..65] == first, "{scene}: {name} went on otherwise");
    }
}

#[test]
fn what_operators_demonstrate_replays_and_says_who_it_was() {
    let folder = TempDir::new().unwrap();
    for name in ["worse", "human"] {
        let plan = plan_of("push");
        let played = demonstrations(&plan, 4, operator(name), 3);
        let set = saved(&folder.path().join(name), &plan, &played);
        assert_sound(&set, 4);
    }
}

#[test]
fn better_operators_are_better_and_faster_than_okay_ones_and_those_than_worse_ones() {
    let plan = plan_of("push");
    let levels = held_out(plan.quantities.count(), 24);
    let [better, okay, worse] = ["better", "okay", "worse"].map(|name| {
        let episodes = play(&plan, &levels, &operator(name));
        let steps: usize = episodes.iter().map(|episode| episode.report.length).sum();
        (episodes.iter().filter(|episode| episode.report.success).count(), steps)
    });
    assert!(better.0 >= okay.0 && okay.0 > worse.0, "{better:?} {okay:?} {worse:?}");
    assert!(better.1 < okay.1 && okay.1 < worse.1, "{better:?} {okay:?} {worse:?}");
}

#[test]
fn operators_are_known_by_name_and_by_what_differs_from_it() {
    for preset in &PRESETS {
        assert_eq!(Traits::named(preset.name).unwrap().unwrap(), (preset.traits)(), "{}", preset.name);
        assert!(preset.about.ends_with('.'));
    }
    let human = Traits::named("human").unwrap().unwrap();
    assert_eq!(Traits::named("human(delay: 0.3, left: 0.25,)").unwrap().unwrap(), Traits { delay: 0.3, left: Some(0.25), ..human.clone() });
    assert_eq!(Traits::named(" human() ").unwrap().unwrap(), human);
    assert!(Traits::named("humn").is_none() && Traits::named("random").is_none() && Traits::named("").is_none());
    for (text, expected) in [
        ("human(dely: 0.3)", "human:1:2: unknown field `dely`"),
        ("human(dely: 0.3)", "did you mean `delay`?"),
        ("human(delay: 0.3", "human:1:12"),
        ("human(delay: 3)", "`delay` is 3; expected 0 to 2 s"),
        ("human(speed: 0)", "`speed` is 0; expected 0.05 to 1"),
        ("human(delay: 0.1, left: 1.5)", "human:1:20: `left` is 1.5"),
        ("human(delay: fast)", "human:1:9"),
        ("human(delay: 0.1, delay: 0.2)", "`delay`"),
    ] {
        let problems = Traits::named(text).unwrap().unwrap_err().to_string();
        assert!(problems.contains(expected), "{text}: {problems}");
    }
}

#[test]
fn the_way_around_the_pillar_is_chosen_by_the_share_and_can_be_read_off_the_rows() {
    let plan = plan_of("pillar");
    let routes = |name: &str| -> Vec<Option<Side>> {
        demonstrations(&plan, 40, operator(name), 5).iter().map(|played| route(&played.rows, &plan)).collect()
    };
    assert_eq!(routes("expert(left: 1)"), vec![Some(Side::Left); 40]);
    assert_eq!(routes("expert(left: 0)"), vec![Some(Side::Right); 40]);
    let left = routes("expert(left: 0.7)").into_iter().filter(|side| *side == Some(Side::Left)).count();
    // 28 of 40 are to be expected; three standard deviations of sqrt(40 · 0.7 · 0.3) = 2.9.
    assert!((20..=36).contains(&left), "{left} of 40");
    let push = plan_of("push");
    assert_eq!(route(&demonstrations(&push, 1, Pilot::expert(), 1)[0].rows, &push), None, "nothing is in the way there");
}

#[test]
fn both_ways_around_the_pillar_are_good_and_their_mean_is_not() {
    let plan = plan_of("pillar");
    let levels = held_out(plan.quantities.count(), 12);
    let succeeded = |episodes: &[Episode]| episodes.iter().filter(|episode| episode.report.success).count();
    let [left, right] = ["expert(left: 1)", "expert(left: 0)"].map(|name| play(&plan, &levels, &operator(name)));
    assert_eq!((succeeded(&left), succeeded(&right)), (12, 12));
    let failed = levels.iter().zip(left.iter().zip(&right)).filter(|(level, (left, right))| {
        let mean = left
            .rows
            .iter()
            .zip(&right.rows)
            .map(|(left, right)| left.action.iter().zip(&right.action).map(|(one, other)| 0.5 * (one + other)).collect());
        let both = play(&plan, std::slice::from_ref(*level), &Pilot::replay(mean.collect()));
        both[0].report.outcome == Outcome::Failed
    });
    assert!(failed.count() >= 10, "the mean of both ways leads into the pillar");
}

#[test]
fn the_heap_is_cleared_in_another_order_by_whom_it_pleases() {
    let plan = plan_of("clear");
    let level = held_out(plan.quantities.count(), 1);
    let distinct = |name: &str| {
        let mut stage = Stage::new(&plan, level.clone(), 6, 2, operator(name));
        stage.steps(60);
        let mut ends: Vec<u64> = (0..6).map(|arena| stage.rows(arena)[59].hash).collect();
        ends.sort_unstable();
        ends.dedup();
        ends.len()
    };
    assert_eq!(distinct("expert"), 1, "the expert begins where most is done");
    assert!(distinct("expert(orders: 1)") >= 3);
}
