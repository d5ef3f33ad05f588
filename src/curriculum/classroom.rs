//! [`Classroom`]: the teachers of an app's scenes.

use super::{Lesson, Teach, Teacher};
use crate::scene::plan::Plan;
use crate::stream::{Purpose, Stream};
use bevy::prelude::Resource;
use std::sync::Arc;

/// Who teaches, and with which seed.
#[derive(Resource)]
pub struct Classroom {
    /// Chooses the lessons: a teacher for each scene.
    pub teachers: Vec<Box<dyn Teach>>,
    /// The run's seed.
    pub seed: u64,
}

impl Classroom {
    /// A teacher of this kind for each scene.
    pub fn new(teacher: &Teacher, plans: &[Arc<Plan>], seed: u64) -> Self {
        Self { teachers: plans.iter().map(|plan| teacher.build(plan.quantities.count())).collect(), seed }
    }

    /// The teacher of an arena's scene.
    pub(crate) fn teacher(&mut self, arena: usize) -> &mut dyn Teach {
        let scene = arena % self.teachers.len();
        self.teachers[scene].as_mut()
    }

    /// The lesson of an arena's episode `number`.
    pub(crate) fn propose(&mut self, arena: usize, number: u64) -> Lesson {
        let mut rng = Stream::new(self.seed, Purpose::Teacher, arena as u64, number);
        self.teacher(arena).propose(&mut rng)
    }
}
