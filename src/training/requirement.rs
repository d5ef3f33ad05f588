//! `--require 'success>=0.9'`: what continuous integration gates on.

use super::statistics::Estimate;
use super::summary::Scores;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A figure that can be required. `length` is in control steps, all others lie in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of episodes with success in their last row.
    Success,
    /// Share of episodes with success in any row.
    SuccessOnce,
    /// Interquartile mean of the runs' scores.
    Score,
    /// Mean episode length in control steps.
    Length,
    /// Share of episodes that diverged.
    Diverged,
    /// Share of the decided games that were won.
    Won,
}

impl Metric {
    const ALL: [Self; 6] = [Self::Success, Self::SuccessOnce, Self::Score, Self::Length, Self::Diverged, Self::Won];

    /// As written on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::SuccessOnce => "success_once",
            Self::Score => "score",
            Self::Length => "length",
            Self::Diverged => "diverged",
            Self::Won => "won",
        }
    }
}

/// How the figure is to stand to the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
    /// `<`
    Below,
}

impl Relation {
    /// The longer ones first: `>=` begins with `>`.
    const ALL: [(&'static str, Self); 4] = [(">=", Self::AtLeast), ("<=", Self::AtMost), (">", Self::Above), ("<", Self::Below)];

    fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, relation)| *relation == self).map_or("", |(sign, _)| sign)
    }

    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::AtLeast => value >= bound,
            Self::Above => value > bound,
            Self::AtMost => value <= bound,
            Self::Below => value < bound,
        }
    }
}

/// A figure, how it is to stand, and to what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requirement {
    /// The figure.
    pub metric: Metric,
    /// How it is to stand to the bound.
    pub relation: Relation,
    /// The bound, in the metric's unit.
    pub bound: f64,
}

/// Why a requirement could not be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RequirementError {
    /// There is none of the four relations in it.
    #[error("`{0}` has no `>=`, `>`, `<=` or `<`: write a requirement as `success>=0.9`")]
    Relation(String),
    /// It names no metric.
    #[error("there is no metric `{found}`: did you mean `{nearest}`? There are success, success_once, score, length, diverged and won")]
    Metric {
        /// What was written.
        found: String,
        /// The metric with the most similar name.
        nearest: &'static str,
    },
    /// What follows the relation is no finite number.
    #[error("`{0}` is no number: write a requirement as `success>=0.9` or `success>=90%`")]
    Bound(String),
    /// No evaluation could ever tell.
    #[error("`{metric}` lies between 0 and 1, and is required to be {bound}: write 90 % as `0.9` or `90%`")]
    Range {
        /// The metric.
        metric: &'static str,
        /// What was written.
        bound: f64,
    },
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = text.find(['<', '>']).and_then(|at| {
            let (sign, relation) = Relation::ALL.into_iter().find(|(sign, _)| text[at..].starts_with(sign))?;
            Some((text[..at].trim(), relation, text[at + sign.len()..].trim()))
        });
        let (name, relation, number) = found.ok_or_else(|| RequirementError::Relation(text.trim().into()))?;
        let metric = Metric::ALL.into_iter().find(|metric| metric.name() == name).ok_or_else(|| {
            let similar = |metric: &&Metric| (strsim::jaro_winkler(metric.name(), name) * 1e6) as i64;
            let nearest = Metric::ALL.iter().max_by_key(similar).map_or("success", |metric| metric.name());
            RequirementError::Metric { found: name.into(), nearest }
        })?;
        let (digits, scale) = number.strip_suffix('%').map_or((number, 1.0), |digits| (digits.trim_end(), 100.0));
        let bound = digits.parse::<f64>().ok().filter(|bound| bound.is_finite());
        let bound = bound.ok_or_else(|| RequirementError::Bound(number.into()))? / scale;
        if metric != Metric::Length && !(0.0..=1.0).contains(&bound) {
            return Err(RequirementError::Range { metric: metric.name(), bound });
        }
        Ok(Self { metric, relation, bound })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}{}", self.metric.name(), self.relation.sign(), self.bound)
    }
}

/// A requirement that an evaluation does not meet. Its text is a sentence for the user.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Missed {
    /// The figure stands otherwise.
    #[error("missed {requirement}: {name} is {value:.4} (95 % interval {low:.4} to {high:.4}) over {episodes} episodes of {runs} {}",
        if *runs == 1 { "run" } else { "runs" },
        name = requirement.metric.name(), value = found.value, low = found.low, high = found.high)]
    Value {
        /// What was required.
        requirement: Requirement,
        /// What was found.
        found: Estimate,
        /// Episodes judged.
        episodes: usize,
        /// Runs judged.
        runs: usize,
    },
    /// There is no figure.
    #[error("missed {requirement}: no episode counts{}", match (requirement.metric, diverged) {
        (Metric::Won, _) => ": no game was decided (and none is played without `--against`)".to_owned(),
        (_, diverged) => format!(" ({diverged} diverged)"),
    })]
    Nothing {
        /// What was required.
        requirement: Requirement,
        /// Episodes that diverged.
        diverged: usize,
    },
}

impl Requirement {
    /// Whether the point estimate over everything given stands as required. The interval is for the message alone: a gate that asked for the
    /// interval's end would ask for more episodes, not for a better policy.
    ///
    /// # Errors
    /// Where it does not, or where there is nothing to judge.
    pub fn check(&self, scores: &Scores) -> Result<(), Missed> {
        let (episodes, runs) = (scores.episodes, scores.runs);
        let all = episodes + scores.diverged;
        let (found, judged) = match self.metric {
            Metric::Success => (scores.success, episodes),
            Metric::SuccessOnce => (scores.success_once, episodes),
            Metric::Score => (scores.score, episodes),
            Metric::Length => (scores.length, episodes),
            Metric::Diverged => (super::statistics::wilson(scores.diverged, all), all),
            Metric::Won => scores.games.map_or_else(Default::default, |games| (games.won, games.decided)),
        };
        if judged == 0 {
            return Err(Missed::Nothing { requirement: *self, diverged: scores.diverged });
        }
        if self.relation.holds(found.value, self.bound) {
            return Ok(());
        }
        Err(Missed::Value { requirement: *self, found, episodes: judged, runs })
    }
}
