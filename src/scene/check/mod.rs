//! What is wrong with a scene that could be read: names that refer to nothing, numbers that make no sense, placements that overlap.
//!
//! Each part of the scene is walked together with its place in the file ([`Spot`]). Where a stand-in took the place of something unreadable
//! nothing is said: it has been said already.

mod names;
mod numbers;
mod placement;
mod task;
mod timing;
mod world;

use super::number::Span;
use super::schema::Scene;
use crate::ron::{Document, Problem, Problems, Spot};

/// So many problems are told at most.
const MOST: usize = 100;

/// Everything that is wrong with `scene`, which was read from `document`; sorted by place.
pub fn check(scene: &Scene, document: &Document) -> Problems {
    let mut checker = Checker { scene, document, problems: Problems::default() };
    let root = document.root();
    checker.timing(root);
    checker.world(root);
    checker.varies(root.step("varies"));
    checker.props(root.step("props"));
    checker.sensors(root.step("sensors"));
    checker.disturbances(root.step("disturbances"));
    if let Some(task) = &scene.task {
        checker.task(task, root.step("task"));
    }
    checker.problems.sort();
    checker.problems
}

/// Goes through a scene and gathers what is wrong.
struct Checker<'a> {
    scene: &'a Scene,
    document: &'a Document,
    problems: Problems,
}

impl<'a> Checker<'a> {
    /// Notes a problem, unless it is about a stand-in. `problem` is only made when it will be told: a file of a megabyte may have very many.
    fn wrong(&mut self, spot: Spot<'_>, problem: impl FnOnce(Spot<'_>) -> Problem) {
        if self.problems.0.len() < MOST && !spot.is_doubtful() {
            self.problems.0.push(problem(spot));
        }
    }

    /// Whether so much is wrong that more need not be looked for.
    fn is_full(&self) -> bool {
        self.problems.0.len() >= MOST
    }

    /// The span of a varied number, if it is declared and could be read.
    fn span(&self, name: &str) -> Option<(&'a Span, Spot<'a>)> {
        let spot = self.document.at(&["varies".into(), name.into()]);
        let span = self.scene.varies.get(name)?;
        (!spot.is_doubtful()).then_some((span, spot))
    }
}
