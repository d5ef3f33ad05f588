//! [`Snapshot`]: everything that an arena's future depends on, and its bytes on the disk.

use super::{Episode, Others, Progress};
use crate::curriculum::Lesson;
use crate::physics::WorldState;
use crate::pilot::Pilot;
use crate::scene::disturbance::DisturbanceMemory;
use crate::scene::plan::Setting;
use crate::stream::Stream;
use serde::{Deserialize, Serialize};

/// Everything that an arena's future depends on.
#[derive(Clone, Serialize, Deserialize)]
pub struct Snapshot {
    pub(super) episode: Episode,
    pub(super) pilot: Pilot,
    pub(super) others: Others,
    pub(super) observation: Option<Vec<f32>>,
    pub(super) action: Vec<f32>,
    /// None where no tick was simulated since the reset: the world then follows from the lesson.
    pub(super) world: Option<WorldState>,
}

/// What stands first in a snapshot's file, and alone where there is no team: what was written before there were teams.
type First =
    ((Lesson, Setting, u64, usize), Progress, (Vec<DisturbanceMemory>, Stream), (Pilot, Option<Vec<f32>>, Vec<f32>, Option<WorldState>));

/// What follows it where there is a team: how it goes for the other agents, and who they are flown by.
type Rest = (Vec<Progress>, Others);

impl Snapshot {
    /// What was practised.
    pub fn lesson(&self) -> &Lesson {
        &self.episode.lesson
    }

    /// How many agents it has.
    pub fn agents(&self) -> usize {
        self.episode.agents.len()
    }

    /// The same moment with nobody deciding: what a recording starts from, whoever flew it.
    pub fn without_pilot(mut self) -> Self {
        self.pilot = Pilot::Idle;
        self.others.0.fill(Pilot::Idle);
        self
    }

    /// What stands in its file.
    ///
    /// # Errors
    /// Where there is no agent: no arena gives such a snapshot.
    pub fn to_bytes(&self) -> Result<Vec<u8>, postcard::Error> {
        let Self { episode, pilot, others, observation, action, world } = self;
        let Episode { lesson, setting, number, step, agents, disturbances, noise } = episode;
        let (first, rest) = agents.split_first().ok_or(postcard::Error::SerdeSerCustom)?;
        let bytes =
            postcard::to_allocvec(&((lesson, setting, number, step), first, (disturbances, noise), (pilot, observation, action, world)))?;
        if rest.is_empty() { Ok(bytes) } else { postcard::to_extend(&(rest, others), bytes) }
    }

    /// The snapshot that a file holds.
    ///
    /// # Errors
    /// Where it holds something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, postcard::Error> {
        let (first, rest) = postcard::take_from_bytes::<First>(bytes)?;
        let ((lesson, setting, number, step), first, (disturbances, noise), (pilot, observation, action, world)) = first;
        let (others, seats): Rest = if rest.is_empty() { Rest::default() } else { postcard::from_bytes(rest)? };
        let agents = std::iter::once(first).chain(others).collect();
        let episode = Episode { lesson, setting, number, step, agents, disturbances, noise };
        Ok(Self { episode, pilot, others: seats, observation, action, world })
    }
}
