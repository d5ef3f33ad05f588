//! Teachers that learn nothing: any level alike, or always the same one.

use super::{EpisodeReport, Lesson, Level, Teach, TeacherState, TeacherStateError};
use crate::stream::Stream;

/// Draws every level with equal chance (domain randomisation: Tobin et al. 2017).
pub struct Uniform {
    /// How many numbers the scene varies.
    pub varies: usize,
}

impl Teach for Uniform {
    fn propose(&mut self, rng: &mut Stream) -> Lesson {
        Level::draw(self.varies, rng).into()
    }

    fn grade(&mut self, _report: &EpisodeReport) {}

    fn state(&self) -> TeacherState {
        TeacherState::default()
    }

    fn restore(&mut self, state: TeacherState) -> Result<(), TeacherStateError> {
        if state == self.state() { Ok(()) } else { Err(TeacherStateError) }
    }
}

/// Proposes one level for ever.
pub struct Fixed {
    /// Which one.
    pub level: Level,
}

impl Teach for Fixed {
    fn propose(&mut self, _rng: &mut Stream) -> Lesson {
        self.level.clone().into()
    }

    fn grade(&mut self, _report: &EpisodeReport) {}

    fn state(&self) -> TeacherState {
        TeacherState::default()
    }

    fn restore(&mut self, state: TeacherState) -> Result<(), TeacherStateError> {
        if state == self.state() { Ok(()) } else { Err(TeacherStateError) }
    }
}
