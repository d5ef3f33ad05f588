//! [`Demonstration`]: one recorded episode, as plain data.

use crate::arena::Snapshot;
use crate::curriculum::Lesson;
use crate::imitation::data_set::features::{ACTION, TEAM_REWARD, TEAM_SUCCESS};
use crate::imitation::quality::Quality;
use crate::learn::batch::Batch;
use crate::pilot::cast::Cast;
use crate::scene::plan::Plan;
use crate::signal::{Outcome, parts};
use crate::task::TaskPlan;
use serde::{Deserialize, Serialize};

/// The rows of an episode, column by column; `T` rows. Of a team, all agents' observations and actions stand side by side, in the scene's
/// order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// `[T, O]`: what was observed, in the order of the scene's channels.
    pub observations: Batch,
    /// `[T, A]`: what was applied, each in [-1, 1].
    pub actions: Batch,
    /// `[T]`: dense reward, in [0, 1]. Of a team: the first agent's.
    pub rewards: Vec<f32>,
    /// `[T]`: whether success held after the step. Of a team: for the first agent.
    pub success: Vec<bool>,
    /// `[T, agents]`: dense reward of each agent of a team; of no width where there is none.
    pub team_rewards: Batch,
    /// `[T, agents]`: 1 where success held for an agent of a team after the step, else 0; of no width where there is none.
    pub team_success: Batch,
    /// `[T]`: simulator tick of the observation.
    pub ticks: Vec<u64>,
    /// `[T]`: hash of the action and of the state after the row's last tick. See [`crate::arena::step_hash`].
    pub hashes: Vec<u64>,
    /// `[T]`: whether a person had taken over.
    pub interventions: Vec<bool>,
    /// `[T]`: milliseconds from the oldest new input to the decision that took it, while time went on; 0 where there was none.
    pub latencies: Vec<f32>,
    /// `[T]`: what an oracle would have done, where it was asked.
    pub labels: Vec<Option<Vec<f32>>>,
}

impl Rows {
    /// No rows, of these widths.
    pub fn new(observation: usize, action: usize) -> Self {
        Self { observations: Batch::zeros(0, observation), actions: Batch::zeros(0, action), ..Self::default() }
    }

    /// No rows of a scene, of all of its agents.
    pub fn of(plan: &Plan) -> Self {
        let team = if plan.team.is_empty() { 0 } else { 1 + plan.team.len() };
        Self {
            team_rewards: Batch::zeros(0, team),
            team_success: Batch::zeros(0, team),
            ..Self::new(plan.seen().sum(), plan.decided().sum())
        }
    }

    /// Why they cannot be of this scene, in a sentence: its agents act otherwise.
    pub fn unfit(&self, plan: &Plan) -> Option<String> {
        let own = Self::of(plan);
        let columns = [
            (ACTION, &self.actions, &own.actions),
            (TEAM_REWARD, &self.team_rewards, &own.team_rewards),
            (TEAM_SUCCESS, &self.team_success, &own.team_success),
        ];
        let (name, found, wanted) = columns.into_iter().find(|(_, found, wanted)| found.width() != wanted.width())?;
        Some(format!("the column `{name}` has {} elements, where the scene gives {}", found.width(), wanted.width()))
    }

    /// `T`.
    pub fn len(&self) -> usize {
        self.rewards.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rewards.is_empty()
    }

    /// The dense reward of one agent in each row.
    pub fn rewards_of(&self, agent: usize) -> Vec<f32> {
        if self.team_rewards.width() == 0 { self.rewards.clone() } else { element(&self.team_rewards, agent) }
    }

    /// Whether success held for one agent in each row.
    pub fn success_of(&self, agent: usize) -> Vec<bool> {
        if self.team_success.width() == 0 {
            return self.success.clone();
        }
        element(&self.team_success, agent).into_iter().map(|value| value > 0.5).collect()
    }

    /// Who flies all this once more: each agent does its part of every row.
    pub fn cast(&self, plan: &Plan) -> Cast {
        Cast::replay(&self.replayed(), plan)
    }

    /// The actions, row by row, as a replay pilot takes them.
    pub fn replayed(&self) -> Vec<Vec<f32>> {
        (0..self.len()).map(|row| self.actions.row(row).to_vec()).collect()
    }
}

/// This element of every row.
fn element(batch: &Batch, index: usize) -> Vec<f32> {
    batch.values().chunks(batch.width().max(1)).filter_map(|row| row.get(index)).copied().collect()
}

/// Who flew an agent of a team, and how it went for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seat {
    /// The agent's name.
    pub agent: String,
    /// Who decided: `hand`, `expert`, `random`, `idle`, a run.
    pub pilot: String,
    /// How the episode ended for the agent.
    pub outcome: Outcome,
    /// Whether success held for it in the last row.
    pub success: bool,
    /// Whether success held for it in any row.
    pub success_once: bool,
    /// See [`Demonstration::score`].
    pub score: f32,
}

impl Seat {
    /// How rows went for each agent of a scene's team; nothing where there is none. `steps` is what the episode took from its start to the
    /// last row; `seated` says who sat in each seat and how the episode ended there.
    pub fn all(rows: &Rows, plan: &Plan, steps: usize, seated: impl IntoIterator<Item = (String, Outcome)>) -> Vec<Self> {
        if plan.team.is_empty() {
            return Vec::new();
        }
        let seat = |(agent, (plan, (pilot, outcome))): (usize, (&Plan, (String, Outcome)))| {
            let success = rows.success_of(agent);
            Self {
                agent: plan.agent.clone(),
                pilot,
                outcome,
                success: success.last().copied().unwrap_or(false),
                success_once: success.contains(&true),
                score: score(plan.task.as_ref(), &rows.rewards_of(agent), steps, outcome),
            }
        };
        plan.agents().zip(seated).enumerate().map(seat).collect()
    }
}

/// The score of an episode of `steps`, of which these rewards are left; 0 where there is no task.
pub fn score(task: Option<&TaskPlan>, rewards: &[f32], steps: usize, outcome: Outcome) -> f32 {
    task.map_or(0.0, |task| task.score(rewards.iter().sum(), steps, outcome))
}

/// One recorded episode.
#[derive(Clone)]
pub struct Demonstration {
    /// What was practised.
    pub lesson: Lesson,
    /// The arena before the first row, from which a replay starts.
    pub snapshot: Snapshot,
    /// What happened.
    pub rows: Rows,
    /// How it ended. `TimedOut` also where a hand stopped it: the world would have gone on. (Of a team, this, success and score are the first
    /// agent's.)
    pub outcome: Outcome,
    /// Whether a hand stopped it, before the task did.
    pub stopped: bool,
    /// Whether success held at any step.
    pub success_once: bool,
    /// Mean dense reward over the time limit, with what an early end saves or loses: in [0, 1].
    pub score: f32,
    /// Of a team: who flew each of its agents, and how it went for them. Empty where there is none.
    pub team: Vec<Seat>,
    /// What was observed after the last row.
    pub final_observation: Vec<f32>,
    /// Success or failure as a person marked it, which may differ from what the task found.
    pub marked: Option<bool>,
    /// What is to be said of it.
    pub quality: Quality,
    /// Raw inputs of hands, with ticks; for information.
    pub inputs: Vec<u8>,
}

impl Demonstration {
    /// One agent's part of a team's episode, as if all others were the world's; the episode itself where there is no team.
    pub fn seen_by(&self, agent: usize, plan: &Plan) -> Self {
        let (Some(seat), Some(view)) = (self.team.get(agent), plan.agents().nth(agent)) else { return self.clone() };
        let seen = |row: &[f32]| parts(row, plan.seen()).nth(agent).unwrap_or_default().to_vec();
        let done = |row: &[f32]| parts(row, plan.decided()).nth(agent).unwrap_or_default().to_vec();
        let mut rows = Rows {
            rewards: self.rows.rewards_of(agent),
            success: self.rows.success_of(agent),
            ticks: self.rows.ticks.clone(),
            hashes: self.rows.hashes.clone(),
            interventions: self.rows.interventions.clone(),
            latencies: self.rows.latencies.clone(),
            labels: self.rows.labels.iter().map(|label| label.as_deref().map(done)).collect(),
            ..Rows::new(view.observation.width(), view.action.width())
        };
        for row in 0..self.rows.len() {
            rows.observations.push(&seen(self.rows.observations.row(row)));
            rows.actions.push(&done(self.rows.actions.row(row)));
        }
        Self {
            rows,
            outcome: seat.outcome,
            success_once: seat.success_once,
            score: seat.score,
            team: Vec::new(),
            final_observation: seen(&self.final_observation),
            ..self.clone()
        }
    }

    /// Whether success held in the last row.
    pub fn success(&self) -> bool {
        self.rows.success.last().copied().unwrap_or(false)
    }
}
