//! Stages: learners that follow each other in one recipe, with the policy carried from each to the next.
//!
//! A clone becomes the start of a fine-tuning, the frozen base of a residual or the anchor of practice
//! ([`crate::learn::algorithm::ppo::Before`]); what was learnt last becomes the demonstrator of a student ([`Rollouts`]). A recipe with one
//! `learner` has one stage.

use crate::imitation::reading::Selection;
use crate::learn::{LearnerSettings, Use};
use crate::ron::{Document, Spot};
use crate::training::paths;
use crate::training::recipe::{Budget, Evaluating, Policies, Reading, Recipe};
use crate::training::rollouts::Rollouts;
use crate::training::trainer::Progress;
use serde::{Deserialize, Serialize};

/// A stage as a recipe says it. What it does not say, the recipe says for all stages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "Stage")]
pub struct StageRecipe {
    /// What learns.
    pub learner: LearnerSettings,
    /// How much may be spent in this stage.
    pub budget: Budget,
    /// What the learner is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward: Option<Reading>,
    /// Arenas that are practised in at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arenas: Option<usize>,
    /// Data sets to learn from, relative to the recipe's file: one, or a list.
    #[serde(default, with = "paths", skip_serializing_if = "Vec::is_empty")]
    pub demonstrations: Vec<String>,
    /// Which of their episodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Selection>,
    /// In place of data sets: the policy that was learnt before demonstrates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollouts: Option<Rollouts>,
    /// How often, and on how many held-out levels, the policy is judged; it always is at the stage's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate: Option<Evaluating>,
}

/// A stage with all that holds for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// From 0.
    pub index: usize,
    /// Of how many.
    pub count: usize,
    /// What learns.
    pub learner: LearnerSettings,
    /// How much may be spent.
    pub budget: Budget,
    /// What the learner is paid.
    pub reward: Reading,
    /// Arenas that are practised in at once.
    pub arenas: usize,
    /// Data sets to learn from; none where the learner learns from none.
    pub demonstrations: Vec<String>,
    /// Which of their episodes, and which share of rollouts judges.
    pub selection: Selection,
    /// What is demonstrated by the policy that was learnt before.
    pub rollouts: Option<Rollouts>,
    /// How often the policy is judged.
    pub evaluate: Evaluating,
    /// Of all random streams: the recipe's own in the first stage, another one in each other.
    pub seed: u64,
}

impl Recipe {
    /// Its stages: one where it has a `learner` of its own. (None of one that has neither, which is refused.)
    pub fn stages(&self) -> Vec<Stage> {
        let stage = |index: usize, learner: &LearnerSettings, budget: Budget| Stage {
            index,
            count: self.stages.len().max(1),
            learner: learner.clone(),
            budget,
            reward: self.reward,
            arenas: self.arenas,
            demonstrations: self.demonstrations.clone(),
            selection: self.selection.clone(),
            rollouts: None,
            evaluate: self.evaluate,
            seed: self.seed ^ (index as u64) << 48,
        };
        if let (Some(learner), Some(budget)) = (&self.learner, self.budget) {
            return vec![stage(0, learner, budget)];
        }
        let staged = |(index, said): (usize, &StageRecipe)| {
            let Stage { reward, arenas, demonstrations, selection, evaluate, .. } = stage(index, &said.learner, said.budget);
            // (The recipe's are for those stages that learn from demonstrations.)
            let recipes = if said.learner.demonstrations() != Use::None && said.rollouts.is_none() { demonstrations } else { Vec::new() };
            Stage {
                reward: said.reward.unwrap_or(reward),
                arenas: said.arenas.unwrap_or(arenas),
                demonstrations: if said.demonstrations.is_empty() { recipes } else { said.demonstrations.clone() },
                selection: said.selection.clone().unwrap_or(selection),
                rollouts: said.rollouts,
                evaluate: said.evaluate.unwrap_or(evaluate),
                ..stage(index, &said.learner, said.budget)
            }
        };
        self.stages.iter().enumerate().map(staged).collect()
    }
}

/// Where the recipe says its stages.
pub(super) fn stage_spots<'a>(recipe: &Recipe, document: &'a Document) -> Vec<Spot<'a>> {
    let stages = document.root().step("stages");
    if recipe.stages.is_empty() { vec![document.root()] } else { (0..recipe.stages.len()).map(|index| stages.step(index)).collect() }
}

impl Stage {
    /// How much of its budget is spent where a run has come so far, and had come to `begun` when the stage began: 1 or more where all of it is.
    pub fn spent(&self, progress: &Progress, begun: &Progress) -> f64 {
        match self.budget {
            Budget::Steps(steps) => (progress.steps - begun.steps) as f64 / steps as f64,
            Budget::Updates(updates) => (progress.updates - begun.updates) as f64 / updates as f64,
        }
    }

    /// What is wrong with it, each with the field that it is about.
    pub fn problems(&self, recipe: &Recipe) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let mut wrong = |field, message: String| problems.push((field, message));
        let (learner, studies) = (self.learner.name(), self.learner.studies());
        let before = recipe.start.is_some() || self.index > 0;
        let (wanted, imitates) = (self.learner.demonstrations(), !self.demonstrations.is_empty() || self.rollouts.is_some());
        if wanted == Use::Needed && !imitates {
            wrong("learner", format!("`{learner}` learns from demonstrations, and the recipe names none: `demonstrations: \"..\"`"));
        } else if wanted == Use::None && !self.demonstrations.is_empty() {
            wrong("demonstrations", format!("`{learner}` does not learn from demonstrations"));
        } else if (studies || imitates) && recipe.policies == Policies::PerAgent {
            wrong("policies", format!("`PerAgent` goes with practice alone: from demonstrations `{learner}` learns one policy"));
        }
        if studies && matches!(self.budget, Budget::Steps(_)) {
            wrong("budget", format!("`{learner}` takes no steps in a world: `Updates(..)` can be bought"));
        }
        if studies && recipe.past_opponents > 0.0 {
            wrong("past_opponents", format!("`{learner}` plays against nobody while it learns"));
        }
        if let Budget::Steps(0) | Budget::Updates(0) = self.budget {
            wrong("budget", "a budget of 0 buys nothing".into());
        }
        if let Some(field) = self.learner.builds_upon().filter(|_| !before) {
            let message =
                format!("`{field}` builds upon a policy that was learnt before, and there is none: an earlier stage, or `start: \"..\"`");
            wrong("learner", message);
        }
        if let Some(rollouts) = &self.rollouts {
            if !before {
                wrong("rollouts", "no policy was learnt before, to demonstrate: an earlier stage, or `start: \"..\"`".into());
            } else if wanted == Use::None {
                wrong("rollouts", format!("`{learner}` does not learn from demonstrations"));
            } else if !self.demonstrations.is_empty() {
                wrong("rollouts", "there are `demonstrations` too; one of the two is learnt from".into());
            }
            problems.extend(rollouts.problems().into_iter().map(|message| ("rollouts", message)));
        }
        problems
    }
}
