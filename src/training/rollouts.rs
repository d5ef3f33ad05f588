//! Rollouts: what was learnt before demonstrates, so that one plain network learns to do it (policy distillation, Rusu et al. 2016; of a clone with
//! its residual: Ankile et al. 2024, section 4.3).

use crate::imitation::reading::Account;
use crate::imitation::record::{Order, demonstrate};
use crate::learn::batch::Batch;
use crate::learn::experience::demonstrations::{Demonstrations, Episodes};
use crate::learn::policy::Policy;
use crate::physics::Threads;
use crate::pilot::cast::{Cast, Flyer};
use crate::stream::{Purpose, Stream};
use crate::training::recipe::Prepared;
use crate::training::stages::Stage;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Episodes that are tried for each that is wanted, where only successes count.
const PATIENCE: usize = 20;

/// Which episodes of the policy that was learnt before are learnt from. They begin in levels of their own, none of them held out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rollouts {
    /// How many, 1 to 100,000.
    pub episodes: usize,
    /// Whether only those count that succeed.
    pub success: bool,
}

impl Default for Rollouts {
    fn default() -> Self {
        Self { episodes: 200, success: true }
    }
}

impl Rollouts {
    /// Everything wrong with them, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        let wrong = !(1..=100_000).contains(&self.episodes);
        wrong.then(|| format!("{} rollouts; 1 to 100,000 can be had", self.episodes)).into_iter().collect()
    }

    /// The `policy` flies, deterministically, in the recipe's scenes by turns. None where it seldom succeeds and has to. The last episodes, the
    /// share of the selection's `validation`, only judge.
    pub fn fly(&self, policy: &Policy, prepared: &Prepared, stage: &Stage, threads: Threads) -> Option<(Demonstrations, Account)> {
        let contract = &policy.contract;
        let none = || Episodes::new(contract.observation.width(), contract.action.width());
        let mut demonstrations = Demonstrations { training: none(), validation: none(), ..Demonstrations::default() };
        let judging = (stage.selection.validation * self.episodes as f32).round() as usize;
        let scenes = prepared.plans.len();
        let mut flown = 0;
        for (scene, plan) in prepared.plans.iter().enumerate() {
            let episodes = self.episodes * (scene + 1) / scenes - self.episodes * scene / scenes;
            if episodes == 0 {
                continue;
            }
            let cast = Cast::from(Flyer::Policy(Box::new(policy.clone())));
            let seed = Stream::new(stage.seed, Purpose::Rollouts, scene as u64, 0).bits();
            let order = Order { plan, cast: &cast, episodes, successes_only: self.success, seed, before: 0, threads };
            let (tally, gave_up) = demonstrate(&order, |demonstration, tally| {
                if let Some(demonstration) = demonstration {
                    let rows = &demonstration.rows;
                    // Of a team the first agent's part, which stands first.
                    let first = |batch: &Batch, width: usize| {
                        let mut own = Batch::zeros(0, width);
                        (0..batch.rows()).for_each(|row| own.push(&batch.row(row)[..width]));
                        own
                    };
                    let observations = first(&rows.observations, contract.observation.width());
                    let actions = first(&rows.actions, contract.action.width());
                    let learnt = flown + judging < self.episodes;
                    let into = if learnt { &mut demonstrations.training } else { &mut demonstrations.validation };
                    into.push(&observations, &actions);
                    flown += 1;
                }
                if tally.unsuccessful > PATIENCE * episodes { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            if gave_up.is_some() || tally.kept < episodes {
                return None;
            }
        }
        let account = Account::of(&demonstrations);
        Some((demonstrations, account))
    }
}
