//! What runs come to.

use apprentice::signal::Outcome;
use apprentice::training::machine::Machine;
use apprentice::training::statistics::{Estimate, wilson};
use apprentice::training::summary::{
    EpisodeResult, Evaluation, Scores, Stage, Summary, duration, percent, probability_of_improvement, thousands,
};

fn episode(level: u64, score: f64, outcome: Outcome) -> EpisodeResult {
    let success = outcome == Outcome::Succeeded;
    EpisodeResult { level, score, success, success_once: success || score > 0.5, length: 100, outcome }
}

/// Two levels, both with the same `score`; the first succeeds.
fn evaluation(seed: u64, score: f64) -> Evaluation {
    let episodes = vec![episode(1, score, Outcome::Succeeded), episode(2, score, Outcome::TimedOut)];
    Evaluation { scene: "push".into(), seed, steps: 1000, against: None, episodes }
}

#[test]
fn figures_are_taken_over_all_runs() {
    let runs: Vec<_> = [0.1, 0.4, 0.5, 0.6, 0.9].iter().zip(1..).map(|(score, seed)| evaluation(seed, *score)).collect();
    let scores = Scores::of(&runs, 1);
    assert_eq!((scores.runs, scores.episodes, scores.diverged), (5, 10, 0));
    assert_eq!(scores.success, wilson(5, 10));
    // Once: the five that succeeded, and the second level of the runs at 0.6 and 0.9.
    assert_eq!(scores.success_once, wilson(7, 10));
    // One of five runs cut from each end: (0.4 + 0.5 + 0.6) / 3.
    assert!((scores.score.value - 0.5).abs() < 1e-12);
    assert!(scores.score.low >= 0.1 && scores.score.low < 0.4 && scores.score.high > 0.6 && scores.score.high <= 0.9, "{:?}", scores.score);
    assert_eq!(scores.length, Estimate { value: 100.0, low: 100.0, high: 100.0 });
    assert_eq!(scores, Scores::of(&runs, 1));
}

#[test]
fn a_diverged_episode_is_counted_and_left_out_of_every_figure() {
    let mut run = evaluation(1, 0.5);
    run.episodes.push(EpisodeResult { score: 0.0, length: 1, ..episode(3, 0.0, Outcome::Diverged) });
    let (with, without) = (Scores::of(&[run], 1), Scores::of(&[evaluation(1, 0.5)], 1));
    assert_eq!(with, Scores { diverged: 1, ..without });
    assert!((with.diverged_share() - 1.0 / 3.0).abs() < 1e-12);
}

#[test]
fn a_single_run_has_an_interval_over_its_episodes() {
    let mut run = evaluation(1, 0.0);
    run.episodes = (0..100).map(|level| episode(level, (level % 2) as f64, Outcome::TimedOut)).collect();
    let Estimate { value, low, high } = Scores::of(&[run], 1).score;
    // As a coin of 100 throws: 0.5 ± 1.96 · 0.05.
    assert_eq!(value, 0.5);
    assert!((low - 0.402).abs() < 0.012 && (high - 0.598).abs() < 0.012, "{low} {high}");
}

#[test]
fn nothing_evaluated_is_nothing_known() {
    let scores = Scores::of(&[], 1);
    assert_eq!((scores.episodes, scores.success), (0, Estimate { value: 0.0, low: 0.0, high: 1.0 }));
    assert_eq!(scores.diverged_share(), 0.0);
}

#[test]
fn improvement_is_judged_within_scenes_that_both_were_judged_on() {
    let on = |scene: &str, seed, score| Evaluation { scene: scene.into(), ..evaluation(seed, score) };
    let better: Vec<_> = (1..4).map(|seed| evaluation(seed, 0.8)).chain([on("clear", 1, 0.1)]).collect();
    let worse: Vec<_> = (1..4).map(|seed| evaluation(seed, 0.3)).chain([on("balance", 1, 1.0)]).collect();
    assert_eq!(probability_of_improvement(&better, &worse, 1).value, 1.0);
    assert_eq!(probability_of_improvement(&worse, &better, 1).value, 0.0);
    assert_eq!(probability_of_improvement(&better[3..], &worse[3..], 1), Estimate { value: 0.5, low: 0.0, high: 1.0 });
}

fn summary() -> Summary {
    let scores = Scores::of(&[evaluation(1, 0.75), evaluation(2, 0.75)], 1);
    let stage = Stage {
        learner: "Ppo".into(),
        budget: "3 000 000 steps".into(),
        updates: 732,
        steps: 6_000_000,
        wall_seconds: 500.0,
        cpu_seconds: Some(1000.0),
        scores: Some(scores),
    };
    let cloning =
        Stage { learner: "Cloning".into(), budget: "100 updates".into(), updates: 100, cpu_seconds: Some(0.0), ..Stage::default() };
    Summary {
        recipe: "push-ppo".into(),
        scene: "push".into(),
        version: "0.1.0".into(),
        seeds: vec![1, 2],
        arenas: 256,
        levels: 2,
        control_hz: 20.0,
        scores,
        stages: vec![cloning, stage],
        machine: Machine { device: "cpu".into(), vector: "avx2".into(), processor: String::new(), cores: 2, system: "linux x86_64".into() },
    }
}

#[test]
fn the_summary_survives_its_file() {
    let text = serde_json::to_string_pretty(&summary()).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary());
}

#[test]
fn the_summary_reads_as_a_pull_request_wants_it() {
    let text = summary().markdown();
    // Wilson for 2 of 4: centre 0.5, half 1.95996/1.96036 · √(0.0625 + 0.0600229) = 0.34996. 6,000,000 steps in 500 s and 1,000 CPU-seconds.
    for line in [
        "## `push-ppo`: 50.0 % success, score 0.750",
        "| last checkpoint, 2 held-out levels | | 95 % interval |",
        "| success at the end | 50.0 % | 15.0 % to 85.0 % |",
        "| score | 0.750 | 0.750 to 0.750 |",
        "| episode length | 100 steps (5.0 s) | 100 to 100 |",
        "| push | 1, 2 | 256 | 6\u{202f}000\u{202f}000 | 8 min 20 s | 16 min 40 s | 12\u{202f}000 | 6\u{202f}000 |",
        "| 1 | Cloning | 100 updates | 100 | 0 | 0.0 s | not evaluated | not evaluated |",
        "| 2 | Ppo | 3 000 000 steps | 732 | 6\u{202f}000\u{202f}000 | 8 min 20 s | 50.0 % | 0.750 |",
        "Made by apprentice 0.1.0 on cpu, avx2, 2 cores, linux x86_64.",
    ] {
        assert!(text.lines().any(|found| found == line), "no line {line:?} in\n{text}");
    }
    assert!(!text.contains("diverged"), "{text}");
}

#[test]
fn every_row_of_a_table_has_as_many_cells_as_its_head() {
    let text = summary().markdown();
    let tables = text.split("\n\n").filter(|part| part.starts_with('|'));
    let mut rows = 0;
    for table in tables {
        let cells: Vec<_> = table.trim().lines().map(|row| row.matches('|').count()).collect();
        assert!(cells.iter().all(|count| *count == cells[0]), "{table}");
        rows += cells.len();
    }
    assert_eq!(rows, 6 + 3 + 4);
}

#[test]
fn numbers_are_written_to_be_read() {
    assert_eq!([percent(1.0), percent(0.9996), percent(0.942), percent(0.0)], ["100.0 %", "99.9 %", "94.2 %", "0.0 %"]);
    assert_eq!(
        [thousands(0), thousands(999), thousands(1000), thousands(1_234_567)],
        ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]
    );
    let durations = [0.0, 9.94, 9.96, 59.4, 59.6, 187.0, 3599.6, 7500.0].map(duration);
    assert_eq!(durations, ["0.0 s", "9.9 s", "10 s", "59 s", "1 min 00 s", "3 min 07 s", "1 h 00 min", "2 h 05 min"]);
}
