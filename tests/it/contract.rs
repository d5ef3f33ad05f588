//! What every scene promises, checked for every scene in `scenes/`. A new scene is tested by being there.

use crate::stage::{Episode, Stage, plan_in, play, scene_folders};
use apprentice::curriculum::held_out;
use apprentice::pilot::Pilot;
use apprentice::pilot::cast::Cast;
use apprentice::scene::plan::Plan;
use apprentice::scene::scores::{self, LEVELS, Reached, Scores};
use apprentice::scene::{load, schema::Scene};
use apprentice::stream::{Purpose, Stream};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Held-out levels that these tests play. (All [`LEVELS`] of them are played by the ignored test at the end.)
const PLAYED: usize = 20;

/// A scene, and how the expert and random did on some held-out levels.
struct Played {
    plan: Arc<Plan>,
    scores: Scores,
    expert: Vec<Episode>,
    random: Vec<Episode>,
}

impl Played {
    fn episodes(&self) -> impl Iterator<Item = &Episode> {
        self.expert.iter().chain(&self.random)
    }
}

/// Every scene, played once for all tests.
fn played() -> &'static [Played] {
    static PLAYED_SCENES: OnceLock<Vec<Played>> = OnceLock::new();
    PLAYED_SCENES.get_or_init(|| {
        let folders = scene_folders();
        assert!(folders.len() >= 3, "balance, push and clear are there");
        folders
            .iter()
            .map(|folder| {
                let plan = plan_in(folder);
                let levels = held_out(plan.quantities.count(), PLAYED);
                let expert = play(&plan, &levels, &Pilot::expert());
                let random = play(&plan, &levels, &Pilot::random());
                Played { scores: published(folder), plan, expert, random }
            })
            .collect()
    })
}

fn published(folder: &Path) -> Scores {
    let scores = scores::load(folder).unwrap_or_else(|problems| panic!("{problems}"));
    scores.unwrap_or_else(|| panic!("{} has no {}: measure it with `{MEASURE}`", folder.display(), scores::FILE))
}

/// What is to be run to measure all scores.
const MEASURE: &str = "MEASURE=1 cargo test --release --test it -- --ignored published --nocapture";

fn reached(episodes: &[Episode]) -> Reached {
    let count = episodes.len() as f32;
    let successes = episodes.iter().filter(|episode| episode.report.success).count();
    Reached { success: successes as f32 / count, score: episodes.iter().map(|episode| episode.report.score).sum::<f32>() / count }
}

#[test]
fn every_scene_loads_checks_clean_and_reads_back_what_it_writes() {
    for folder in scene_folders() {
        let loaded = load::load(&folder).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(loaded.scene.task.as_ref().is_some_and(|task| task.expert.is_some()), "{}: a task with an expert", folder.display());
        let written = load::canonical(&loaded.scene);
        let read: Scene = load::from_text(&written, "canonical").unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(read, loaded.scene);
        assert_eq!(load::hash(&read), loaded.hash);
    }
}

#[test]
fn rows_are_as_wide_as_the_channels_say_and_every_number_is_finite() {
    for Played { plan, expert, random, .. } in played() {
        let (observed, acted) = (plan.observed(), plan.acted());
        for channels in [&observed, &acted] {
            let names: BTreeSet<&str> = channels.0.iter().map(|channel| channel.name.as_str()).collect();
            assert_eq!(names.len(), channels.width(), "{}: no two channels have the same name", plan.name);
            assert!(channels.width() > 0 && channels.0.iter().all(|channel| channel.low < channel.high));
        }
        for row in expert.iter().chain(random).flat_map(|episode| &episode.rows) {
            assert_eq!((row.observation.len(), row.action.len()), (observed.width(), acted.width()), "{}", plan.name);
            assert!(row.observation.iter().all(|value| value.is_finite()), "{}: {:?}", plan.name, row.observation);
            assert!(row.action.iter().all(|value| (-1.0..=1.0).contains(value)), "{}: {:?}", plan.name, row.action);
        }
    }
}

#[test]
fn observations_keep_to_the_ranges_that_their_channels_tell() {
    for played in played() {
        let channels = played.plan.observed().0;
        for row in played.episodes().flat_map(|episode| &episode.rows) {
            for (value, channel) in row.observation.iter().zip(&channels) {
                let slack = 1e-4;
                assert!(
                    (channel.low - slack..=channel.high + slack).contains(value),
                    "{}: {} is {value}, not in [{}, {}]",
                    played.plan.name,
                    channel.name,
                    channel.low,
                    channel.high
                );
            }
        }
    }
}

#[test]
fn no_channel_of_the_observation_is_constant() {
    for played in played() {
        // What is seen of others moves where they do.
        let everybody = Cast { pilots: vec![Pilot::random(); 1 + played.plan.team.len()], ..Cast::default() };
        let levels = held_out(played.plan.quantities.count(), if played.plan.team.is_empty() { 0 } else { PLAYED });
        let games = play(&played.plan, &levels, &everybody);
        for (index, channel) in played.plan.observation.0.iter().enumerate() {
            let values = || played.episodes().chain(&games).flat_map(|episode| &episode.rows).map(|row| row.observation[index]);
            let count = values().count() as f32;
            let mean = values().sum::<f32>() / count;
            let deviation = (values().map(|value| (value - mean) * (value - mean)).sum::<f32>() / count).sqrt();
            // Not exactly constant is not enough: a normaliser makes unit noise of what only trembles.
            let share = deviation / (channel.high - channel.low);
            assert!(share >= 0.001, "{}: {} hardly leaves {mean}: its deviation is {deviation}", played.plan.name, channel.name);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_hashes_and_another_level_another_start() {
    for folder in scene_folders() {
        let plan = plan_in(&folder);
        let levels = held_out(plan.quantities.count(), 6);
        let run = |steps: usize| {
            let mut stage = Stage::new(&plan, levels.clone(), 6, 2, Pilot::random());
            stage.steps(steps);
            (0..6).map(|arena| stage.rows(arena).to_vec()).collect::<Vec<_>>()
        };
        let (first, second) = (run(40), run(40));
        assert!(first == second, "{}: the same seed gave other rows", plan.name);
        let starts: BTreeSet<Vec<u32>> = run(1).iter().map(|rows| rows[0].observation.iter().map(|v| v.to_bits()).collect()).collect();
        assert_eq!(starts.len(), 6, "{}: different levels look different at the start", plan.name);
    }
}

#[test]
fn rewards_lie_in_the_unit_interval_and_are_1_exactly_while_success_holds() {
    for played in played() {
        let mut held = false;
        for row in played.episodes().flat_map(|episode| &episode.rows) {
            let paid = row.reward;
            assert!((0.0..=1.0).contains(&paid.dense), "{}: {}", played.plan.name, paid.dense);
            assert_eq!(paid.sparse, if row.success { 1.0 } else { 0.0 });
            assert!(!row.success || paid.dense == 1.0, "{}: success paid {}", played.plan.name, paid.dense);
            held |= row.success;
        }
        assert!(held, "{}: success never held, which makes the test above idle", played.plan.name);
        for episode in played.episodes() {
            let score = episode.report.score;
            assert!((0.0..=1.0).contains(&score) && episode.rows.len() == episode.report.length);
            assert!(episode.report.success_once || !episode.report.success);
        }
    }
}

#[test]
fn expert_and_random_reach_their_published_scores() {
    for Played { plan, scores, expert, random } in played() {
        for (who, published, got) in [("the expert", scores.expert, reached(expert)), ("random", scores.random, reached(random))] {
            // The mean of PLAYED levels of the LEVELS lies within three standard errors of that of all. A share p has the variance
            // p (1 - p), and a score in [0, 1] no larger one; 0.05 is for shares of 0 or 1.
            let slack = |p: f32| 3.0 * (p * (1.0 - p) / PLAYED as f32).sqrt() + 0.05;
            assert!(
                (got.success - published.success).abs() <= slack(published.success)
                    && (got.score - published.score).abs() <= slack(published.score),
                "{}: {who} reached {got:?}, published are {published:?}. If the scene, the body or the physics were changed on purpose, \
                 measure anew with `{MEASURE}`",
                plan.name
            );
        }
    }
}

#[test]
fn success_is_reached_by_the_expert_and_by_nothing_that_does_not_know_the_task() {
    for Played { plan, scores, expert, random } in played() {
        let least = match plan.name.as_str() {
            // Heaps, and a gait that was written down: published as they are.
            "clear" | "walk" => 0.8,
            _ => 0.95,
        };
        assert!(scores.expert.success >= least, "{}: the expert's published success is {}", plan.name, scores.expert.success);
        assert!(reached(expert).success >= least - 0.1, "{}: the expert succeeds in {}", plan.name, reached(expert).success);
        assert!(reached(random).success <= 0.1, "{}: random succeeds in {}", plan.name, reached(random).success);
        let levels = held_out(plan.quantities.count(), 8);
        let idle = play(plan, &levels, &Pilot::Idle);
        assert_eq!(reached(&idle).success, 0.0, "{}: doing nothing succeeds", plan.name);
        let shuffled: Vec<Episode> = expert[..8]
            .iter()
            .zip(&levels)
            .flat_map(|(episode, level)| {
                // For the whole time: rates add up to the same way in any order, and whoever stops there would have known the sum.
                let steps = plan.task.as_ref().unwrap().steps;
                let mut actions: Vec<_> = episode.actions().into_iter().cycle().take(steps).collect();
                Stream::new(1, Purpose::Pilot, 0, 0).shuffle(&mut actions);
                play(plan, std::slice::from_ref(level), &Pilot::replay(actions))
            })
            .collect();
        assert!(reached(&shuffled).success <= 0.125, "{}: the expert's actions in random order succeed", plan.name);
    }
}

#[test]
fn an_episode_replays_bit_for_bit_among_other_arenas() {
    for Played { plan, expert, random, .. } in played() {
        for episode in [&expert[3], &random[5]] {
            // The replay runs as arena 1 of 3; the others see other levels.
            let mut levels = held_out(plan.quantities.count(), 3);
            levels[1] = episode.report.lesson.level.clone();
            let again = play(plan, &levels, &Pilot::replay(episode.actions()));
            for (step, (one, other)) in episode.rows.iter().zip(&again[1].rows).enumerate() {
                assert_eq!(one, other, "{}: step {step} of the replay differs", plan.name);
            }
            assert_eq!(episode.rows.len(), again[1].rows.len());
            assert_eq!(episode.last, again[1].last);
        }
    }
}

#[test]
#[ignore = "minutes: plays every held-out level of every scene, and compares exactly. With MEASURE=1 it writes the files anew"]
fn published_scores_are_those_of_all_held_out_levels() {
    for folder in scene_folders() {
        let plan = plan_in(&folder);
        let levels = held_out(plan.quantities.count(), LEVELS);
        let [random, expert] = [Pilot::random(), Pilot::expert()].map(|pilot| reached(&play(&plan, &levels, &pilot)));
        eprintln!("{}: random {random:?}, expert {expert:?}", plan.name);
        let round = |got: Reached| Reached { success: (got.success * 1e3).round() / 1e3, score: (got.score * 1e3).round() / 1e3 };
        let old = scores::load(&folder).unwrap_or_else(|problems| panic!("{problems}"));
        let new = Scores { random: round(random), expert: round(expert), learner: old.and_then(|scores| scores.learner) };
        if std::env::var_os("MEASURE").is_some() {
            let line = |got: Reached| format!("(success: {:.3}, score: {:.3})", got.success, got.score);
            let learner = new.learner.map_or("None".into(), line);
            let text = format!(
                "// On {LEVELS} held-out levels. Measured with `{MEASURE}`; the learner with `apprentice evaluate`.\nScores(\n    random: {},\n    expert: {},\n    learner: {learner},\n)\n",
                line(new.random),
                line(new.expert)
            );
            std::fs::write(folder.join(scores::FILE), text).expect("the scores can be written");
        }
        assert_eq!(Some(new), scores::load(&folder).unwrap_or_else(|problems| panic!("{problems}")), "{}", plan.name);
    }
}
