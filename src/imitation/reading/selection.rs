//! Which of the recorded episodes are learnt from: filters, a seeded choice, and a split by episode.

use super::ReadingError;
use crate::imitation::data_set::sidecar::Line;
use crate::imitation::quality::Verdict;
use crate::signal::Outcome;
use crate::stream::{Purpose, Stream};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which episodes of data sets are learnt from, and how many of them only judge what was learnt. What is not said does not matter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Whether success held in the last row.
    pub success: Option<bool>,
    /// How the episode ended: one of these.
    pub outcome: Vec<Outcome>,
    /// What a person marked it as: success or failure.
    pub marked: Option<bool>,
    /// Whose hands they were: one of these.
    pub operator: Vec<String>,
    /// Who decided, such as `hand` or `expert`: one of these.
    pub pilot: Vec<String>,
    /// What was said of its quality: one of these.
    pub verdict: Vec<Verdict>,
    /// At least so long, s.
    pub least_length: Option<f32>,
    /// At most so long, s.
    pub most_length: Option<f32>,
    /// At most so much jerk, 1/s³.
    pub most_jerk: Option<f32>,
    /// At most this share of rows without action, in [0, 1].
    pub most_idle: Option<f32>,
    /// At most this share of rows with an action at its limit, in [0, 1].
    pub most_clipped: Option<f32>,
    /// Only so many of those that are left, drawn at random: the 10 first are among the 50 first.
    pub first: Option<usize>,
    /// Share of the episodes that nothing is learnt from, in [0, 0.9]; of two episodes or more at least one, unless it is 0.
    pub validation: f32,
    /// Only of this share of the episodes that are learnt from, drawn at random, the actions are read, in [0, 1]; of the others only what
    /// was seen is known, as if nobody had recorded what was done. (Those that judge keep their actions.)
    pub labelled: f32,
    /// Of all draws. (The run's seed does not touch them: runs of other seeds learn from the same episodes.)
    pub seed: u64,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            success: None,
            outcome: Vec::new(),
            marked: None,
            operator: Vec::new(),
            pilot: Vec::new(),
            verdict: Vec::new(),
            least_length: None,
            most_length: None,
            most_jerk: None,
            most_idle: None,
            most_clipped: None,
            first: None,
            validation: 0.1,
            labelled: 1.0,
            seed: 0,
        }
    }
}

/// What is known of an episode before its rows are read.
#[derive(Clone, Debug)]
pub struct About {
    /// The data set.
    pub path: PathBuf,
    /// Which of the sets that are read together, from 0.
    pub set: usize,
    /// Which episode of it, from 0.
    pub episode: usize,
    /// Whether success held in its last row, where the set says so.
    pub success: Option<bool>,
    /// What our sidecar says: who, how it ended, how well it was done. None where another tool recorded it.
    pub line: Option<Line>,
    /// Whether its actions are to be read.
    pub labelled: bool,
}

/// Whether a filter lets an episode through; none: it is not known.
type Holds<'a> = Box<dyn Fn(&About) -> Option<bool> + 'a>;

impl Selection {
    /// Everything wrong with it, a sentence each, which begins with the field's name in backticks.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(0.0..=0.9).contains(&self.validation) {
            problems.push(format!("`validation` is a share of {} and must lie in [0, 0.9]", self.validation));
        }
        if !(0.0..=1.0).contains(&self.labelled) {
            problems.push(format!("`labelled` is a share of {} and must lie in [0, 1]", self.labelled));
        }
        if self.first == Some(0) {
            problems.push("`first` is 0, and from nothing nothing is learnt".into());
        }
        for (name, share) in [("most_idle", self.most_idle), ("most_clipped", self.most_clipped)] {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                problems.push(format!("`{name}` is a share of {share} and must lie in [0, 1]"));
            }
        }
        problems
    }

    /// The episodes that are learnt from, and those that only judge; each in the order in which they were given.
    ///
    /// # Errors
    /// Where a filter asks for what is not known, or nothing is left.
    pub fn apply(&self, episodes: Vec<About>) -> Result<[Vec<About>; 2], ReadingError> {
        let total = episodes.len();
        let mut left = episodes;
        let mut dropped = Vec::new();
        for (said, what, holds) in self.filters() {
            let before = left.len();
            let mut kept = Vec::new();
            for about in left {
                match holds(&about) {
                    None => return Err(ReadingError::Unsaid { path: about.path, what }),
                    Some(true) => kept.push(about),
                    Some(false) => {}
                }
            }
            left = kept;
            if left.len() < before {
                dropped.push(format!("{} fall to `{said}`", before - left.len()));
            }
        }
        if left.is_empty() {
            return Err(ReadingError::NothingLeft { episodes: total, dropped });
        }
        let mut order: Vec<usize> = (0..left.len()).collect();
        Stream::new(self.seed, Purpose::Demonstrations, 0, 0).shuffle(&mut order);
        order.truncate(self.first.unwrap_or(usize::MAX));
        let wanted = (self.validation * order.len() as f32).round() as usize;
        let judging = wanted.max(usize::from(self.validation > 0.0)).min(order.len() - 1);
        // The last ones of those that were drawn.
        let split = order.len() - judging;
        // At least one, where any are asked for.
        let labelled = ((self.labelled * split as f32).round() as usize).max(usize::from(self.labelled > 0.0));
        order[labelled.min(split)..split].iter().for_each(|index| left[*index].labelled = false);
        let part = |part: &[usize]| {
            let mut part = part.to_vec();
            part.sort_unstable();
            part.into_iter().map(|index| left[index].clone()).collect()
        };
        Ok([part(&order[..split]), part(&order[split..])])
    }

    /// The filters that are asked for: the field, what it must know of an episode, and itself.
    fn filters<'a>(&'a self) -> Vec<(&'static str, &'static str, Holds<'a>)> {
        let mut filters: Vec<(_, _, Holds<'a>)> = Vec::new();
        if let Some(wanted) = self.success {
            filters.push(("success", "what succeeded", Box::new(move |about| Some(about.success? == wanted))));
        }
        let mut of_line = |asked: bool, field, what, holds: Box<dyn Fn(&Line) -> bool + 'a>| {
            if asked {
                filters.push((field, what, Box::new(move |about| about.line.as_ref().map(&holds))));
            }
        };
        let Self { outcome, operator, pilot, verdict, .. } = self;
        of_line(!outcome.is_empty(), "outcome", "how episodes ended", Box::new(|line| outcome.contains(&line.outcome)));
        of_line(self.marked.is_some(), "marked", "what a person marked", Box::new(|line| line.marked == self.marked));
        of_line(!operator.is_empty(), "operator", "whose hands they were", Box::new(|line| operator.contains(&line.operator)));
        of_line(!pilot.is_empty(), "pilot", "who decided", Box::new(|line| pilot.contains(&line.pilot)));
        let quality = "how well it was done";
        of_line(!verdict.is_empty(), "verdict", quality, Box::new(|line| verdict.contains(&line.quality.verdict)));
        let mut at_most = |field, most: Option<f32>, of: fn(&Line) -> f32| {
            of_line(most.is_some(), field, quality, Box::new(move |line| most.is_none_or(|most| of(line) <= most)));
        };
        at_most("most_length", self.most_length, |line| line.quality.length);
        at_most("most_jerk", self.most_jerk, |line| line.quality.jerk);
        at_most("most_idle", self.most_idle, |line| line.quality.idle);
        at_most("most_clipped", self.most_clipped, |line| line.quality.clipped);
        let least = self.least_length;
        of_line(least.is_some(), "least_length", quality, Box::new(move |line| least.is_none_or(|least| line.quality.length >= least)));
        filters
    }
}
