//! What a run, or several of one recipe with different seeds, came to: `summary.json` for programs, `summary.md` for a pull request.

use super::machine::Machine;
use super::statistics::{self, Estimate};
use crate::signal::Outcome;
use crate::stream::{Purpose, Stream};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};

/// How one episode of an evaluation went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeResult {
    /// The level's hash.
    pub level: u64,
    /// Mean dense reward over the time limit, in [0, 1].
    pub score: f64,
    /// Whether success held in the last row.
    pub success: bool,
    /// Whether success held in any row.
    pub success_once: bool,
    /// Control steps.
    pub length: u32,
    /// What ended it.
    pub outcome: Outcome,
}

/// One policy judged on held-out levels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The scene's name. Runs are resampled within their scene.
    pub scene: String,
    /// The seed of the run that the policy comes from.
    pub seed: u64,
    /// Control steps that the policy had learnt from.
    pub steps: u64,
    /// Who flew the other agents, where games were played: every level from every agent's seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// One per level, in the levels' order, and of games one after the other for each seat.
    pub episodes: Vec<EpisodeResult>,
}

impl Evaluation {
    /// The episodes that count. One that diverged is no fault of the pilot's: it is left out of every figure, and reported.
    pub fn counted(&self) -> impl Iterator<Item = &EpisodeResult> {
        self.episodes.iter().filter(|episode| episode.outcome != Outcome::Diverged)
    }

    fn each(&self, number: impl Fn(&EpisodeResult) -> f64) -> Vec<f64> {
        self.counted().map(number).collect()
    }
}

/// Figures over one or several evaluations, each with its 95 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// Evaluated runs.
    pub runs: usize,
    /// Episodes that count.
    pub episodes: usize,
    /// Episodes that diverged and are left out of all figures.
    pub diverged: usize,
    /// Share of episodes with success in their last row; Wilson.
    pub success: Estimate,
    /// Share of episodes with success in any row; Wilson.
    pub success_once: Estimate,
    /// Interquartile mean of the runs' scores, in [0, 1]; stratified bootstrap over runs (over episodes, where each scene has a single run).
    pub score: Estimate,
    /// Control steps per episode: mean over runs; interval as the score's.
    pub length: Estimate,
    /// How games went, where games were played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub games: Option<Games>,
}

/// How games against another pilot went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Games {
    /// Games that the task decided: by success, or by failure.
    pub decided: usize,
    /// Share of the decided games that were won; Wilson.
    pub won: Estimate,
}

impl Scores {
    /// Aggregates. `seed` chooses the resamples; the same evaluations and seed give the same bits.
    pub fn of(evaluations: &[Evaluation], seed: u64) -> Self {
        let counted = || evaluations.iter().flat_map(Evaluation::counted);
        let episodes = counted().count();
        let share = |holds: fn(&EpisodeResult) -> bool| statistics::wilson(counted().filter(|episode| holds(episode)).count(), episodes);
        // A stream per figure: adding one never changes another.
        let bootstrap = |figure, number: fn(&EpisodeResult) -> f64, statistic: fn(&[f64]) -> f64| {
            let mut stream = Stream::new(seed, Purpose::Bootstrap, figure, 0);
            statistics::stratified_bootstrap(&strata(evaluations, number), statistic, &mut stream)
        };
        let ended = |outcome| counted().filter(|episode| episode.outcome == outcome).count();
        let games = || {
            let (won, lost) = (ended(Outcome::Succeeded), ended(Outcome::Failed));
            Games { decided: won + lost, won: statistics::wilson(won, won + lost) }
        };
        // With a single run per scene the values are its episodes; its score is their mean, whatever the number of runs.
        let score_of = if single_runs(evaluations) { statistics::mean } else { statistics::interquartile_mean };
        Self {
            runs: evaluations.len(),
            episodes,
            diverged: evaluations.iter().map(|evaluation| evaluation.episodes.len()).sum::<usize>() - episodes,
            success: share(|episode| episode.success),
            success_once: share(|episode| episode.success_once),
            score: bootstrap(0, |episode| episode.score, score_of),
            length: bootstrap(1, |episode| f64::from(episode.length), statistics::mean),
            games: evaluations.iter().any(|evaluation| evaluation.against.is_some()).then(games),
        }
    }

    /// Share of episodes that diverged.
    pub fn diverged_share(&self) -> f64 {
        self.diverged as f64 / (self.episodes + self.diverged).max(1) as f64
    }
}

/// How probably the first method's run scores higher than the second's, with interval: over runs of the same scene, or over episodes where each
/// has a single run per scene. Only scenes that both were judged on count.
pub fn probability_of_improvement(first: &[Evaluation], second: &[Evaluation], seed: u64) -> Estimate {
    let single = single_runs(first) && single_runs(second);
    let values = |evaluations: &[Evaluation], scene: &str| -> Vec<f64> {
        let here = evaluations.iter().filter(|evaluation| evaluation.scene == scene);
        let scores = here.map(|evaluation| evaluation.each(|episode| episode.score)).filter(|scores| !scores.is_empty());
        if single { scores.flatten().collect() } else { scores.map(|scores| statistics::mean(&scores)).collect() }
    };
    let strata: Vec<_> = scenes(first).into_iter().map(|scene| (values(first, scene), values(second, scene))).collect();
    statistics::probability_of_improvement(&strata, &mut Stream::new(seed, Purpose::Bootstrap, 2, 0))
}

/// One stratum per scene. In it one value per run, its mean over levels, as in `rliable`; where every scene has a single run, which says
/// nothing about seeds, the run's episodes stand in.
fn strata(evaluations: &[Evaluation], number: fn(&EpisodeResult) -> f64) -> Vec<Vec<f64>> {
    let single = single_runs(evaluations);
    let of_scene = |scene: &str| -> Vec<f64> {
        let here = evaluations.iter().filter(|evaluation| evaluation.scene == scene).map(|evaluation| evaluation.each(number));
        let here = here.filter(|values| !values.is_empty());
        if single { here.flatten().collect() } else { here.map(|values| statistics::mean(&values)).collect() }
    };
    scenes(evaluations).into_iter().map(of_scene).collect()
}

/// The scenes, in order of first appearance.
pub fn scenes(evaluations: &[Evaluation]) -> Vec<&str> {
    let mut scenes: Vec<&str> = Vec::new();
    for evaluation in evaluations {
        if !scenes.contains(&evaluation.scene.as_str()) {
            scenes.push(&evaluation.scene);
        }
    }
    scenes
}

fn single_runs(evaluations: &[Evaluation]) -> bool {
    scenes(evaluations).len() == evaluations.len()
}

/// What a stage of a recipe took and gave. A recipe with one learner has one stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The learner's name, such as `Ppo`.
    pub learner: String,
    /// The budget as people say it, such as `3 000 000 steps`.
    pub budget: String,
    /// Updates done, summed over seeds.
    pub updates: u64,
    /// Control steps taken, summed over seeds and arenas.
    pub steps: u64,
    /// Time on the clock, summed over seeds, in s.
    pub wall_seconds: f64,
    /// Time of all cores together, summed over seeds, in s; absent where the system does not tell.
    pub cpu_seconds: Option<f64>,
    /// The scores at the stage's end, where it was evaluated.
    pub scores: Option<Scores>,
}

/// `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The recipe's name, such as `push-ppo`.
    pub recipe: String,
    /// The scene's name.
    pub scene: String,
    /// Version of `apprentice`.
    pub version: String,
    /// The seeds of the runs summed up.
    pub seeds: Vec<u64>,
    /// Arenas of each run.
    pub arenas: usize,
    /// Held-out levels of each evaluation.
    pub levels: usize,
    /// Control steps per simulated second.
    pub control_hz: f64,
    /// The last checkpoints' scores.
    pub scores: Scores,
    /// In order.
    pub stages: Vec<Stage>,
    /// Where it was made.
    pub machine: Machine,
}

impl Summary {
    /// Time on the clock over all stages and seeds, in s.
    pub fn wall_seconds(&self) -> f64 {
        self.stages.iter().map(|stage| stage.wall_seconds).sum()
    }

    /// Time of all cores together over all stages and seeds, in s.
    pub fn cpu_seconds(&self) -> Option<f64> {
        self.stages.iter().map(|stage| stage.cpu_seconds).sum()
    }

    /// Control steps over all stages and seeds.
    pub fn steps(&self) -> u64 {
        self.stages.iter().map(|stage| stage.steps).sum()
    }

    /// `summary.md`: to be pasted into a pull request.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = self.write_markdown(&mut text);
        text
    }

    fn write_markdown(&self, text: &mut String) -> fmt::Result {
        let scores = &self.scores;
        writeln!(text, "## `{}`: {} success, score {:.3}\n", self.recipe, percent(scores.success.value), scores.score.value)?;
        writeln!(text, "| last checkpoint, {} held-out levels | | 95 % interval |\n|---|--:|:-:|", self.levels)?;
        for (name, share) in [("success at the end", scores.success), ("success once", scores.success_once)] {
            writeln!(text, "| {name} | {} | {} to {} |", percent(share.value), percent(share.low), percent(share.high))?;
        }
        let Estimate { value, low, high } = scores.score;
        writeln!(text, "| score | {value:.3} | {low:.3} to {high:.3} |")?;
        let Estimate { value, low, high } = scores.length;
        let seconds = value / self.control_hz;
        writeln!(text, "| episode length | {value:.0} steps ({seconds:.1} s) | {low:.0} to {high:.0} |")?;
        if scores.diverged > 0 {
            let all = scores.episodes + scores.diverged;
            writeln!(text, "| diverged, left out above | {} of {all} | |", scores.diverged)?;
        }

        writeln!(
            text,
            "\n| scene | {} | arenas | control steps | wall time | CPU time | steps/s | steps per CPU-second |",
            seeds_title(&self.seeds)
        )?;
        writeln!(text, "|---|---|--:|--:|--:|--:|--:|--:|")?;
        let cpu = self.cpu_seconds();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            self.scene,
            self.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
            self.arenas,
            thousands(self.steps()),
            duration(self.wall_seconds()),
            cpu.map_or("unknown".into(), duration),
            rate(self.steps(), Some(self.wall_seconds())),
            rate(self.steps(), cpu),
        )?;

        writeln!(text, "\n| stage | learner | budget | updates | control steps | wall time | success | score |")?;
        writeln!(text, "|--:|---|---|--:|--:|--:|--:|--:|")?;
        for (index, stage) in self.stages.iter().enumerate() {
            let (success, score) = match &stage.scores {
                Some(scores) => (percent(scores.success.value), format!("{:.3}", scores.score.value)),
                None => ("not evaluated".into(), "not evaluated".into()),
            };
            let Stage { learner, budget, updates, steps, wall_seconds, .. } = stage;
            let (updates, steps, wall) = (thousands(*updates), thousands(*steps), duration(*wall_seconds));
            writeln!(text, "| {} | {learner} | {budget} | {updates} | {steps} | {wall} | {success} | {score} |", index + 1)?;
        }

        let seeds = self.seeds.len() > 1;
        let kind = if seeds { "interquartile mean over seeds" } else { "mean over levels" };
        let over =
            if seeds { "over seeds; times and steps are sums over seeds" } else { "over episodes: one seed says nothing about others" };
        writeln!(text, "\nSuccess has Wilson's interval over {} episodes.", thousands(scores.episodes as u64))?;
        writeln!(text, "The score is the {kind}, in [0, 1], with a stratified bootstrap {over}.")?;
        writeln!(text, "Made by apprentice {} on {}.", self.version, self.machine)
    }
}

fn seeds_title(seeds: &[u64]) -> &'static str {
    if seeds.len() == 1 { "seed" } else { "seeds" }
}

/// A share as a percentage. Never rounded up to 100 %: that is for all.
pub fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round() / 10.0;
    let tenths = if tenths >= 100.0 && share < 1.0 { 99.9 } else { tenths };
    format!("{tenths:.1} %")
}

/// A count with a space between groups of three digits.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A duration in its two largest units: `42 s`, `3 min 07 s`, `2 h 05 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 if seconds < 9.95 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

fn rate(steps: u64, seconds: Option<f64>) -> String {
    match seconds {
        Some(seconds) if seconds > 0.0 => thousands((steps as f64 / seconds).round() as u64),
        _ => "unknown".into(),
    }
}
