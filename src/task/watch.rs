//! [`Watch`]: the single predicates of which a task's success and failure consist, asked one by one, for who wants to see why something
//! does not hold. It has a memory of its own, and changes nothing.

use super::condition::Condition;
use crate::scene::plan::{Plan, Situation};
use crate::scene::schema::{Predicate, Task};

/// The predicates of a task, by what they say.
#[derive(Default)]
pub struct Watch {
    parts: Vec<(String, Condition)>,
    memory: Vec<f32>,
}

impl Watch {
    /// Of a scene's task. (A task in Rust says its success as a whole, and there is nothing to be watched.)
    pub fn new(plan: &Plan) -> Self {
        let Some(Task { success, failure, .. }) = &plan.scene.task else { return Self::default() };
        let mut found = Vec::new();
        collect(success, &mut found);
        failure.iter().for_each(|failure| collect(failure, &mut found));
        let (mut parts, mut memory) = (Vec::<(String, Condition)>::new(), 0);
        for predicate in found {
            let name = name(predicate);
            if parts.iter().all(|(known, _)| *known != name) {
                parts.push((name, Condition::new(predicate, plan, &mut memory)));
            }
        }
        Self { parts, memory: vec![0.0; memory] }
    }

    /// What the predicates say, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|(name, _)| name.as_str())
    }

    /// Whether each holds after a step. Called once per step; `begins` where it is the first one of an episode.
    pub fn holds(&mut self, situation: &Situation<'_>, begins: bool) -> Vec<bool> {
        if begins {
            self.memory.fill(0.0);
        }
        self.parts.iter().map(|(_, condition)| condition.holds(situation, &mut self.memory)).collect()
    }
}

/// The parts of a predicate that say something of the world.
fn collect<'a>(predicate: &'a Predicate, found: &mut Vec<&'a Predicate>) {
    match predicate {
        Predicate::All(of) | Predicate::Any(of) | Predicate::Then(of) => of.iter().for_each(|part| collect(part, found)),
        Predicate::Not(of) => collect(of, found),
        Predicate::For(_, of) => {
            collect(of, found);
            found.push(predicate);
        }
        _ => found.push(predicate),
    }
}

/// A predicate as its scene writes it; one that lasts by how long.
fn name(predicate: &Predicate) -> String {
    match predicate {
        Predicate::For(seconds, _) => format!("for {seconds} s"),
        other => ::ron::ser::to_string(other).unwrap_or_default().replace(',', ", ").replace('"', ""),
    }
}
