//! What names refer to, and whether that is the right kind of thing.

use super::Checker;
use crate::body;
use crate::ron::Spot;
use crate::scene::schema::{Prop, Surrounding};
use std::borrow::Cow;

/// Names that are taken.
const RESERVED: [&str; 5] = ["body", "other", "floor", "walls", "origin"];

/// What a name may refer to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    Body,
    /// Another agent of the team, or a link of it.
    Rival,
    Link,
    Joint,
    /// A rover's wheels are links and joints of one name.
    LinkAndJoint,
    Floor,
    Walls,
    Origin,
    /// A prop that moves.
    Loose,
    /// A prop that does not.
    Block,
    Zone,
    /// A point, of the body or in space.
    Point,
    Group,
    /// It is there, but what it is could not be read.
    Unclear,
}

impl Thing {
    pub(super) fn of(prop: &Prop) -> Self {
        match prop {
            Prop::Box { .. } | Prop::Ball { .. } | Prop::Cylinder { .. } => Loose,
            Prop::Block { .. } => Block,
            Prop::Zone { .. } => Zone,
            Prop::Point { .. } => Point,
            Prop::Heap { .. } | Prop::Row { .. } | Prop::Stack { .. } | Prop::Scatter { .. } => Group,
        }
    }

    /// Said behind the name of one that does not fit.
    fn words(self) -> &'static str {
        match self {
            // Their names say it.
            Self::Body | Self::Rival | Self::Floor | Self::Walls | Self::Origin | Self::Unclear => "",
            Self::Link | Self::LinkAndJoint => ", which is a link",
            Self::Joint => ", which is a joint",
            Self::Loose => ", which is a loose prop",
            Self::Block => ", which is a `Block`",
            Self::Zone => ", which is a `Zone`",
            Self::Point => ", which is a point",
            Self::Group => ", which is a group",
        }
    }
}

/// Kinds of things that fit somewhere, and how that is said.
pub(super) struct Wanted {
    things: &'static [Thing],
    words: &'static str,
}

use Thing::{Block, Body, Floor, Group, Joint, Link, LinkAndJoint, Loose, Origin, Point, Rival, Walls, Zone};

/// Has a shape and may move.
pub(super) const MOVABLE: Wanted =
    Wanted { things: &[Body, Rival, Link, LinkAndJoint, Loose, Group], words: "the body, a link of it, a loose prop or a group" };
/// Has a shape.
pub(super) const SOLID: Wanted =
    Wanted { things: &[Body, Rival, Link, LinkAndJoint, Loose, Block, Group], words: "the body, a link of it, or a prop that is no zone" };
/// May be touched.
pub(super) const SURFACE: Wanted = Wanted {
    things: &[Body, Rival, Link, LinkAndJoint, Loose, Block, Group, Floor, Walls],
    words: "the body, a link of it, a prop that is no zone, `floor` or `walls`",
};
/// Has a centre.
pub(super) const CENTRE: Wanted =
    Wanted { things: &[Body, Rival, Link, LinkAndJoint, Loose, Block, Group, Zone, Point], words: "the body, a part of it or a prop" };
pub(super) const ZONE: Wanted = Wanted { things: &[Zone], words: "a `Zone`" };
pub(super) const ENCLOSURE: Wanted = Wanted { things: &[Zone, Walls], words: "a `Zone` or `walls`" };
pub(super) const LEAVABLE: Wanted = Wanted { things: &[Zone, Walls, Floor], words: "a `Zone`, `walls` or `floor`" };
pub(super) const JOINT: Wanted = Wanted { things: &[Joint, LinkAndJoint], words: "a joint of the body" };
pub(super) const GRASPABLE: Wanted = Wanted { things: &[Loose, Group], words: "a loose prop" };
pub(super) const HEAPED: Wanted = Wanted { things: &[Group], words: "a group" };
pub(super) const SEEN: Wanted = Wanted { things: &[Rival, Loose, Block, Zone, Point, Group, Origin], words: "a prop or `origin`" };
/// Sees.
pub(super) const SEEING: Wanted = Wanted { things: &[Body, Link, LinkAndJoint, Point], words: "the body, a link or a point of it" };
/// A part of the body that can be touched.
pub(super) const LINK: Wanted = Wanted { things: &[Link, LinkAndJoint], words: "a link of the body" };
pub(super) const MAPPED: Wanted = Wanted { things: &[Loose, Block, Zone, Group], words: "a prop" };
pub(super) const PUSHED: Wanted =
    Wanted { things: &[Body, Link, LinkAndJoint, Loose], words: "the body, a link of it or a single loose prop" };

impl Checker<'_> {
    /// What `name` refers to.
    pub(super) fn thing(&self, name: &str) -> Option<Thing> {
        let bodies = [("body", Some(&self.scene.body)), ("other", self.team.map(|team| &team.other().1))];
        let part_of = bodies.into_iter().find_map(|(called, body)| Some((name.strip_prefix(called)?.strip_prefix('.')?, body?)));
        if let Some((part, body)) = part_of {
            let body::Names { links, joints, points } = body::names(body);
            return match (links.contains(&part), joints.contains(&part)) {
                (false, false) if points.iter().any(|point| point.0 == part) => Some(Point),
                (true, true) => Some(LinkAndJoint),
                (true, false) => Some(Link),
                (false, true) => Some(Joint),
                (false, false) if self.body_spot().is_doubtful() || body::is_unread(body) => Some(Thing::Unclear),
                (false, false) => None,
            };
        }
        match name {
            "body" => return Some(Body),
            "origin" => return Some(Origin),
            "other" if self.team.is_some() => return Some(Rival),
            "floor" => return self.stands(Floor).then_some(Floor),
            "walls" => return self.stands(Walls).then_some(Walls),
            _ => {}
        }
        // Where the props could not be read as a whole, any name may be one of them.
        let unclear = || self.document.root().step("props").is_partial().then_some(Thing::Unclear);
        self.things.get(self.seen(name).as_ref()).copied().or_else(unclear)
    }

    /// What a prop is called that an agent of a team calls its own, or the other one's: `own_ring` is the red one's `red_ring`.
    fn seen<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let Some(team) = self.team else { return name.into() };
        let whose = [("own_", &team.bodies.0[team.index].0), ("other_", &team.other().0)];
        let seen = whose.into_iter().find_map(|(prefix, agent)| Some(format!("{agent}_{}", name.strip_prefix(prefix)?)));
        seen.map_or(name.into(), Cow::Owned)
    }

    fn stands(&self, thing: Thing) -> bool {
        self.document.root().step("surroundings").is_doubtful()
            || self.scene.surroundings.iter().any(|surrounding| match surrounding {
                Surrounding::Floor { .. } => thing == Floor,
                Surrounding::Walls { .. } | Surrounding::Maze { .. } => thing == Walls,
            })
    }

    /// Checks that there is a maze, for what makes sense only in one.
    pub(super) fn needs_maze(&mut self, spot: Spot<'_>) {
        let around = self.document.root().step("surroundings");
        if around.is_doubtful() || around.is_partial() || self.scene.maze().is_some() {
            return;
        }
        self.wrong(spot, |spot| spot.problem("there is no maze here").expecting("`Maze(..)` among the surroundings"));
    }

    /// Every name there is.
    fn all_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.scene.props.names().map(str::to_owned).collect();
        names.push("body".into());
        let body::Names { links, joints, points } = body::names(&self.scene.body);
        let mut parts = links.clone();
        parts.extend(joints.iter().filter(|joint| !links.contains(joint)));
        parts.extend(points.iter().map(|point| point.0));
        names.extend(parts.iter().map(|part| format!("body.{part}")));
        names.extend(
            [Floor, Walls]
                .into_iter()
                .filter(|thing| self.stands(*thing))
                .map(|thing| if thing == Floor { "floor" } else { "walls" }.into()),
        );
        names.push("origin".into());
        if let Some(team) = self.team {
            names.push("other".into());
            for (called, agent) in [("own", &team.bodies.0[team.index].0), ("other", &team.other().0)] {
                let props = self.scene.props.names().filter_map(|prop| prop.strip_prefix(agent.as_str())?.strip_prefix('_'));
                names.extend(props.map(|prop| format!("{called}_{prop}")));
            }
        }
        names
    }

    /// Checks that a name refers to something, and that this is of the right kind. Gives what it is.
    pub(super) fn refers(&mut self, what: &str, name: &str, wanted: &Wanted, spot: Spot<'_>) -> Option<Thing> {
        let thing = self.thing(name);
        match thing {
            Some(thing) if thing == Thing::Unclear || wanted.things.contains(&thing) => {}
            Some(thing) => {
                let fitting = self.fitting(wanted);
                self.wrong(spot, |spot| {
                    let mut problem = spot.problem(format!("{what} cannot be `{name}`{}", thing.words())).expecting(wanted.words);
                    problem.expected += &examples(&fitting);
                    problem
                });
            }
            None if matches!(name, "floor" | "walls") && wanted.things.contains(if name == "floor" { &Floor } else { &Walls }) => {
                let surrounding = if name == "floor" { "Floor" } else { "Walls(size: .., height: ..)" };
                self.wrong(spot, |spot| {
                    spot.problem(format!("there is no `{name}` here")).expecting(format!("`{surrounding}` among the surroundings"))
                });
            }
            None => {
                let fitting = self.fitting(wanted);
                self.wrong(spot, |spot| {
                    let fitting: Vec<&str> = fitting.iter().map(String::as_str).collect();
                    let mut problem = spot.unknown("name", name, &fitting);
                    if fitting.is_empty() {
                        problem.expected = wanted.words.into();
                    }
                    problem
                });
            }
        }
        thing
    }

    /// Names of things of the right kind.
    fn fitting(&self, wanted: &Wanted) -> Vec<String> {
        if self.is_full() {
            return Vec::new();
        }
        let names = self.all_names();
        names.into_iter().take(1000).filter(|name| self.thing(name).is_some_and(|thing| wanted.things.contains(&thing))).collect()
    }

    /// A name that is given here.
    pub(super) fn name(&mut self, name: &str, spot: Spot<'_>, what: &str) {
        if name.trim().is_empty() {
            self.wrong(spot, |spot| spot.problem(format!("this {what} has an empty name")).expecting("a name"));
        } else if RESERVED.contains(&name) {
            self.wrong(spot, |spot| {
                spot.problem(format!("a {what} cannot be called `{name}`: that name is taken")).expecting("another name")
            });
        } else if name.contains('.') {
            self.wrong(spot, |spot| {
                spot.problem(format!("the name `{name}` has a point in it"))
                    .expecting("a name without one: `body.pole` is a part of the body")
            });
        } else if name.trim() != name || name.chars().any(char::is_control) {
            self.wrong(spot, |spot| {
                spot.problem("this name begins or ends with a space, or has a line break in it")
                    .expecting(format!("`{}`", name.trim().escape_debug()))
            });
        } else if name.len() > 100 {
            self.wrong(spot, |spot| spot.problem(format!("this name has {} bytes", name.len())).expecting("at most 100"));
        }
    }
}

/// Some names in brackets.
fn examples(names: &[String]) -> String {
    let names: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}
