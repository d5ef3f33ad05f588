//! A task in Rust: [`Judge`] says what a step was worth, [`AddTask`] gives it to the arenas of an app.
//!
//! A scene's own task is a judge too: its words are [`Vocabulary`]. Whoever judges, the same loop counts the time, pays and ends episodes.

use super::condition::Condition;
use super::payment::Payment;
use crate::arena::Arena;
use crate::scene::plan::{Plan, Situation};
use bevy::app::App;
use std::sync::Arc;

/// Judges a step that was just simulated. See `examples/task_in_rust.rs`.
pub trait Judge: Send + Sync {
    /// After so many seconds an episode times out.
    fn time_limit(&self) -> f32;

    /// Weight of each reward term; none for a task that pays success alone.
    fn weights(&self) -> Vec<f32>;

    /// How many numbers are remembered from step to step. They are 0 when an episode starts, and part of every snapshot: a judge keeps
    /// nothing elsewhere.
    fn memory(&self) -> usize {
        0
    }

    /// Whether success ends the episode.
    fn ends_on_success(&self) -> bool {
        true
    }

    /// Judges one step, and writes the value in [0, 1] of each reward term into `terms`. Called once per step, in any thread: the same
    /// arguments give the same answer.
    fn judge(&self, situation: &Situation<'_>, memory: &mut [f32], terms: &mut [f32]) -> Judgement;
}

/// What a [`Judge`] says of a step, beside its reward terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the task is done.
    pub success: bool,
    /// Whether the task cannot be done any more: it ends the episode, and outweighs success.
    pub failure: bool,
}

/// `app.add_task(judge)`: a task that a scene's vocabulary cannot say.
pub trait AddTask {
    /// Puts the task in the place of that of every arena's scene.
    ///
    /// For training and evaluation, which build apps of their own, give it to the plan: [`Plan::with_task`].
    ///
    /// # Panics
    /// Where there are no arenas: [`ArenaPlugin`](crate::arena::ArenaPlugin) is added before.
    fn add_task(&mut self, judge: impl Judge + 'static) -> &mut Self;
}

impl AddTask for App {
    fn add_task(&mut self, judge: impl Judge + 'static) -> &mut Self {
        let judge: Arc<dyn Judge> = Arc::new(judge);
        let mut changed: Vec<(Arc<Plan>, Arc<Plan>)> = Vec::new();
        let world = self.world_mut();
        for mut arena in world.query::<&mut Arena>().iter_mut(world) {
            let known = changed.iter().find(|(before, _)| Arc::ptr_eq(before, &arena.plan));
            arena.plan = match known {
                Some((_, after)) => after.clone(),
                None => {
                    let after = Arc::new(arena.plan.anew().with_task(judge.clone()));
                    changed.push((arena.plan.clone(), after.clone()));
                    after
                }
            };
        }
        assert!(!changed.is_empty(), "there is no arena to give the task to: add `ArenaPlugin` before `add_task`");
        self
    }
}

impl<J: Judge + ?Sized> Judge for Arc<J> {
    fn time_limit(&self) -> f32 {
        (**self).time_limit()
    }

    fn weights(&self) -> Vec<f32> {
        (**self).weights()
    }

    fn memory(&self) -> usize {
        (**self).memory()
    }

    fn ends_on_success(&self) -> bool {
        (**self).ends_on_success()
    }

    fn judge(&self, situation: &Situation<'_>, memory: &mut [f32], terms: &mut [f32]) -> Judgement {
        (**self).judge(situation, memory, terms)
    }
}

/// The task that a scene's file says.
pub(super) struct Vocabulary {
    pub success: Condition,
    pub failure: Option<Condition>,
    pub reward: Vec<(f32, Payment)>,
    pub memory: usize,
    pub time_limit: f32,
    pub ends_on_success: bool,
}

impl Judge for Vocabulary {
    fn time_limit(&self) -> f32 {
        self.time_limit
    }

    fn weights(&self) -> Vec<f32> {
        self.reward.iter().map(|(weight, _)| *weight).collect()
    }

    fn memory(&self) -> usize {
        self.memory
    }

    fn ends_on_success(&self) -> bool {
        self.ends_on_success
    }

    fn judge(&self, situation: &Situation<'_>, memory: &mut [f32], terms: &mut [f32]) -> Judgement {
        let success = self.success.holds(situation, memory);
        let failure = self.failure.as_ref().is_some_and(|failure| failure.holds(situation, memory));
        for ((_, term), value) in self.reward.iter().zip(terms) {
            *value = term.value(situation, memory);
        }
        Judgement { success, failure }
    }
}
