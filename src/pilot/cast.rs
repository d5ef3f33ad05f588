//! Who flies the agents of arenas.

use super::Pilot;
use super::policy::{self, Flying, Opponents};
use crate::arena::Others;
use crate::learn::policy::Policy;
use crate::scene::plan::Plan;
use crate::signal::parts;
use bevy::prelude::*;

/// Somebody who decides.
#[derive(Clone)]
pub enum Flyer {
    /// A frozen policy, deterministically.
    Policy(Box<Policy>),
    /// Any other pilot.
    Pilot(Pilot),
}

/// Who sits where: a pilot for each agent, and the policies that some of them are.
#[derive(Clone, Default)]
pub struct Cast {
    /// Of each agent; one who is not named stands idle.
    pub pilots: Vec<Pilot>,
    /// What [`Pilot::Policy`] chooses from.
    pub policies: Vec<Policy>,
    /// The agent that is looked at, from 0.
    pub seat: usize,
}

impl From<Flyer> for Cast {
    /// The others of a team stand idle.
    fn from(flyer: Flyer) -> Self {
        Self::of([flyer], 0)
    }
}

impl From<Pilot> for Cast {
    /// The others of a team stand idle.
    fn from(pilot: Pilot) -> Self {
        Flyer::Pilot(pilot).into()
    }
}

impl Cast {
    /// One in each seat.
    pub fn of(flyers: impl IntoIterator<Item = Flyer>, seat: usize) -> Self {
        let mut policies = Vec::new();
        let sit = |flyer| match flyer {
            Flyer::Policy(policy) => {
                policies.push(*policy);
                Pilot::policy_of(policies.len() - 1)
            }
            Flyer::Pilot(pilot) => pilot,
        };
        let pilots = flyers.into_iter().map(sit).collect();
        Self { pilots, policies, seat }
    }

    /// One in a `seat`, and another one in every other seat of a scene.
    pub fn game(flyer: &Flyer, others: &Flyer, seat: usize, plan: &Plan) -> Self {
        Self::of((0..=plan.team.len()).map(|agent| if agent == seat { flyer } else { others }).cloned(), seat)
    }

    /// Recorded actions once more: each agent does its part of every row.
    pub fn replay(actions: &[Vec<f32>], plan: &Plan) -> Self {
        let part = |agent| Pilot::replay(actions.iter().filter_map(|row| Some(parts(row, plan.decided()).nth(agent)?.to_vec())).collect());
        Self { pilots: (0..=plan.team.len()).map(part).collect(), ..Self::default() }
    }

    /// Everybody takes their seats in all arenas of an app, which have not started yet.
    pub fn enter(&self, app: &mut App) {
        let mut policies = self.policies.iter().cloned();
        if let Some(policy) = policies.next() {
            app.insert_resource(Flying(policy));
        }
        app.insert_resource(Opponents::from(policies.collect::<Vec<_>>())).add_plugins(policy::plugin);
        let world = app.world_mut();
        for (mut first, mut rest) in world.query::<(&mut Pilot, &mut Others)>().iter_mut(world) {
            self.seat(&mut first, &mut rest);
        }
    }

    /// Everybody takes their seats in one arena.
    pub fn seat(&self, first: &mut Pilot, others: &mut Others) {
        for (agent, seat) in std::iter::once(first).chain(&mut others.0).enumerate() {
            *seat = self.pilots.get(agent).cloned().unwrap_or(Pilot::Idle);
        }
    }
}
