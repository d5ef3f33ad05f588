//! Scripted experts: they see the whole world and know how a task is done.

mod driving;
mod gripping;
mod lift;
mod reach;
mod search;
mod shove;
mod skirt;
mod sweep;
mod swing_up;
mod walk;

use crate::scene::plan::Situation;
use crate::scene::schema::Expert;
use bevy::math::Vec2;
use serde::{Deserialize, Serialize};

/// What an expert remembers within an episode.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExpertMemory {
    /// What it is about to do.
    phase: Phase,
    /// Which member of a group it works on.
    target: Option<usize>,
    /// Where it is heading, m. (Of a walker: what its gait falls short of, m/s.)
    goal: Vec2,
    /// Steps since the last change of phase.
    steps: u32,
}

/// What somebody prefers where the task leaves it open. An expert by itself prefers nothing, and does what looks best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Preference {
    /// On which side to go around what is in the way.
    pub side: Option<Side>,
    /// What to take first: so far down, as a share, in the list of all that is worth while, the best first.
    pub rank: Option<f32>,
}

/// A side, as one sees it who looks ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// What is in the way then lies to the right.
    Left,
    /// What is in the way then lies to the left.
    Right,
}

/// What an expert is about to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// To get to where its work begins.
    #[default]
    Approach,
    /// To do its work. (An arm: to go down to what it takes.)
    Work,
    /// To close the fingers.
    Grasp,
    /// To take up what is held.
    Raise,
    /// To bring it above its place.
    Carry,
    /// To put it down.
    Lower,
    /// To open the fingers.
    Release,
    /// To get clear.
    Retreat,
}

impl ExpertMemory {
    /// Decides one action.
    pub fn decide(&mut self, expert: &Expert, preference: Preference, situation: &Situation<'_>, action: &mut [f32]) {
        self.steps += 1;
        match expert {
            Expert::SwingUp => swing_up::decide(situation, action),
            Expert::Walk => walk::decide(self, situation, action),
            Expert::Shove(thing, onto) => shove::decide(self, situation, situation.plan.thing(thing), situation.plan.thing(onto), action),
            Expert::Search(thing) => search::decide(situation, situation.plan.thing(thing), action),
            Expert::Reach(point) => reach::decide(situation, situation.plan.thing(point), action),
            Expert::Lift(thing, onto) => lift::decide(self, situation, situation.plan.thing(thing), situation.plan.thing(onto), action),
            Expert::Pile(things) => {
                let things: Vec<_> = things.iter().map(|thing| situation.plan.thing(thing)).collect();
                lift::pile(self, situation, &things, action);
            }
            Expert::Sweep(things, zone) => {
                sweep::decide(self, preference, situation, situation.plan.thing(things), situation.plan.thing(zone), action);
            }
            Expert::Skirt(thing, obstacle) => {
                skirt::decide(self, preference, situation, situation.plan.thing(thing), situation.plan.thing(obstacle), action);
            }
        }
    }

    fn enter(&mut self, phase: Phase) {
        if self.phase != phase {
            self.phase = phase;
            self.steps = 0;
        }
    }
}
