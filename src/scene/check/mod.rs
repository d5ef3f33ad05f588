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

use self::names::Thing;
use super::named::Named;
use super::number::Span;
use super::schema::{Body, Scene};
use crate::ron::{Document, Problem, Problems, Spot};
use std::collections::BTreeMap;

/// So many problems are told at most.
const MOST: usize = 100;
/// A scene has so many props (or sensors, ..) at most.
const MOST_PARTS: usize = 1000;
/// A team has so many agents at most.
const MOST_AGENTS: usize = 8;
/// Bytes of a scene's description at most.
const LONGEST_ABOUT: usize = 1000;

/// Everything that is wrong with `scene`, which was read from `document`; sorted by place.
pub fn check(scene: &Scene, document: &Document) -> Problems {
    let Body::Team(team) = &scene.body else { return check_agent(scene, document, None) };
    let mut problems = check_team(team, scene, document);
    if problems.0.is_empty() {
        // Each agent sees the same scene with other eyes: what is wrong for all of them is told once.
        for (index, (_, view)) in scene.agents().iter().enumerate() {
            let found = check_agent(view, document, Some(Team { bodies: team, index })).0;
            let new: Vec<_> = found.into_iter().filter(|problem| !problems.0.contains(problem)).collect();
            problems.0.extend(new);
        }
    }
    problems.sort();
    problems
}

/// What is wrong with a team as a whole.
fn check_team(team: &Named<Body>, scene: &Scene, document: &Document) -> Problems {
    let spot = document.root().step("body").step(0);
    let mut checker = Checker { scene, document, team: None, things: BTreeMap::new(), problems: Problems::default() };
    if !(2..=MOST_AGENTS).contains(&team.0.len()) {
        checker.wrong(spot, |spot| {
            spot.problem(format!("a team of {}", team.0.len())).expecting(format!("2 to {MOST_AGENTS} bodies, each with a name"))
        });
    }
    for (name, body) in &team.0 {
        checker.name(name, spot.key(name), "body");
        let spot = spot.step(name.as_str());
        match body {
            Body::Team(_) => checker.wrong(spot, |spot| spot.problem("a team within a team").expecting("a body")),
            Body::Mjcf(_) | Body::Urdf(_) => {
                checker.wrong(spot, |spot| spot.problem("a robot from a file cannot be one of a team yet").expecting("another body"));
            }
            Body::Arm { .. } | Body::CartPole { .. } => {
                checker.wrong(spot, |spot| {
                    spot.problem("this body stands at the origin, and can be there but once")
                        .expecting("a body that has a place, like `Rover(at: ..)`")
                });
            }
            Body::Rover { .. } | Body::Walker { .. } => {}
        }
    }
    checker.problems
}

/// Everything that is wrong with a scene as one agent sees it.
fn check_agent(scene: &Scene, document: &Document, team: Option<Team<'_>>) -> Problems {
    let root = document.root();
    let props = root.step("props");
    let things = scene.props.0.iter().take(MOST_PARTS).map(|(name, prop)| {
        let doubtful = props.step(name.as_str()).is_doubtful();
        (name.as_str(), if doubtful { Thing::Unclear } else { Thing::of(prop) })
    });
    let mut checker = Checker { scene, document, team, things: things.collect(), problems: Problems::default() };
    let parts = [
        ("props", scene.props.0.len()),
        ("varies", scene.varies.0.len()),
        ("sensors", scene.sensors.len()),
        ("surroundings", scene.surroundings.len()),
        ("disturbances", scene.disturbances.len()),
    ];
    for (name, count) in parts.into_iter().filter(|(_, count)| *count > MOST_PARTS) {
        checker
            .wrong(root.step(name), |spot| spot.problem(format!("there are {count} `{name}`")).expecting(format!("at most {MOST_PARTS}")));
    }
    if !checker.problems.0.is_empty() {
        // All of them are looked for among all of them: it would take too long.
        return checker.problems;
    }
    checker.about(root.step("about"));
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

/// A team, and which of its agents sees.
#[derive(Clone, Copy)]
struct Team<'a> {
    bodies: &'a Named<Body>,
    index: usize,
}

impl<'a> Team<'a> {
    /// The next agent: `other` to the one that sees.
    fn other(self) -> &'a (String, Body) {
        &self.bodies.0[(self.index + 1) % self.bodies.0.len()]
    }
}

/// Goes through a scene and gathers what is wrong.
struct Checker<'a> {
    scene: &'a Scene,
    document: &'a Document,
    /// The team whose member's eyes these are.
    team: Option<Team<'a>>,
    /// What each prop is.
    things: BTreeMap<&'a str, Thing>,
    problems: Problems,
}

impl<'a> Checker<'a> {
    /// Where the body stands in the file.
    fn body_spot(&self) -> Spot<'a> {
        let spot = self.document.root().step("body");
        match self.team {
            Some(team) => spot.step(0).step(team.bodies.0[team.index].0.as_str()),
            None => spot,
        }
    }

    fn about(&mut self, spot: Spot<'_>) {
        let about = &self.scene.about;
        if about.trim().is_empty() {
            self.wrong(spot, |spot| spot.problem("`about` says nothing").expecting("a sentence for people"));
        } else if about.len() > LONGEST_ABOUT {
            self.wrong(spot, |spot| {
                spot.problem(format!("`about` has {} bytes", about.len())).expecting(format!("at most {LONGEST_ABOUT}"))
            });
        }
    }

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
