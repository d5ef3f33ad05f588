//! Success, failure, reward and time limit.

use super::Checker;
use super::names::{CENTRE, ENCLOSURE, GRASPABLE, HEAPED, JOINT, LEAVABLE, MOVABLE, SOLID, SURFACE, Thing, ZONE};
use super::numbers::{COORDINATE, DURATION, LENGTH, PART, SHARE, TILT, TOLERANCE, WEIGHT};
use crate::ron::Spot;
use crate::scene::schema::{Body, Expert, Predicate, Task, Term};

impl Checker<'_> {
    pub(super) fn task(&mut self, task: &Task, spot: Spot<'_>) {
        self.time_limit(task.time_limit, spot.step("time_limit"));
        self.predicate(&task.success, spot.step("success"));
        if let Some(failure) = &task.failure {
            self.predicate(failure, spot.step("failure"));
        }
        let reward = spot.step("reward");
        if task.reward.is_empty() {
            self.wrong(reward, |spot| {
                spot.problem("the task has no reward").expecting("`reward: [(weight, term), ..]` with at least one term")
            });
        }
        for (index, (weight, term)) in task.reward.iter().enumerate() {
            if self.is_full() {
                return;
            }
            self.fixed("the weight", *weight, WEIGHT, reward.step(index).step(0));
            self.term(term, reward.step(index).step(1));
        }
        if let Some(expert) = &task.expert {
            self.expert(expert, spot.step("expert"));
        }
        let sensors = self.document.root().step("sensors");
        if self.scene.sensors.is_empty() {
            self.wrong(sensors, |spot| spot.problem("there is a task, and no sensor to do it with").expecting("`sensors: [..]`"));
        }
    }

    /// Whether the expert knows this body and these things.
    fn expert(&mut self, expert: &Expert, spot: Spot<'_>) {
        let (name, fits) = match (expert, &self.scene.body) {
            (Expert::SwingUp, body) => ("CartPole", matches!(body, Body::CartPole { .. })),
            (Expert::Shove(..) | Expert::Sweep(..) | Expert::Search(..) | Expert::Skirt(..), body) => {
                ("Rover", matches!(body, Body::Rover { .. }))
            }
            (Expert::Reach(..) | Expert::Lift(..) | Expert::Pile(..), body) => ("Arm", matches!(body, Body::Arm { .. })),
            (Expert::Walk, body) => ("Walker", matches!(body, Body::Walker { .. })),
        };
        if !fits && !self.body_spot().is_doubtful() {
            self.wrong(spot, |spot| {
                spot.problem("this expert does not know the body").expecting(format!("`body: {name}(..)`, or another expert"))
            });
        }
        match expert {
            Expert::SwingUp => {}
            Expert::Walk => self.commanded(spot),
            Expert::Shove(thing, zone) => {
                self.refers("what is shoved", thing, &GRASPABLE, spot.step(0));
                self.refers("where it is shoved", zone, &ZONE, spot.step(1));
            }
            Expert::Sweep(group, zone) => {
                self.refers("what is swept", group, &HEAPED, spot.step(0));
                self.refers("what it is swept out of", zone, &ZONE, spot.step(1));
            }
            Expert::Search(thing) => {
                self.refers("what is looked for", thing, &CENTRE, spot.step(0));
                self.needs_maze(spot);
            }
            Expert::Skirt(thing, obstacle) => {
                self.refers("where it goes", thing, &CENTRE, spot.step(0));
                self.refers("what it goes around", obstacle, &SOLID, spot.step(1));
                self.two(thing, obstacle, spot.step(1));
            }
            Expert::Reach(point) => {
                self.refers("what is reached", point, &CENTRE, spot.step(0));
            }
            Expert::Lift(thing, onto) => {
                self.refers("what is lifted", thing, &GRASPABLE, spot.step(0));
                self.refers("where it is brought", onto, &CENTRE, spot.step(1));
            }
            Expert::Pile(things) => {
                for (index, thing) in things.iter().enumerate() {
                    self.refers("what is piled", thing, &GRASPABLE, spot.step(0).step(index));
                }
            }
        }
    }

    /// Says so where nothing commands.
    pub(super) fn commanded(&mut self, spot: Spot<'_>) {
        if self.scene.command.is_none() && !self.document.root().step("command").is_doubtful() {
            self.wrong(spot, |spot| {
                spot.problem("there is no command to follow").expecting("`command: (speed: .., heading: ..)` in the scene")
            });
        }
    }

    fn time_limit(&mut self, limit: f32, spot: Spot<'_>) {
        self.fixed("`time_limit`", limit, DURATION, spot);
        let rate = self.scene.timing.control_hz;
        if self.document.root().step("timing").is_doubtful() || !(1..=1000).contains(&rate) || !(limit > 0.0 && limit <= 3600.0) {
            return;
        }
        let steps = f64::from(limit) * f64::from(rate);
        // A limit like 0.1 has no exact binary form: a thousandth of a step is what rounding may cost.
        if (steps - steps.round()).abs() > 1e-3 || steps.round() < 1.0 {
            self.wrong(spot, |spot| {
                let near = steps.round().max(1.0) / f64::from(rate);
                let message = format!("`time_limit` is {limit} s, which is {steps:.3} control steps at `control_hz` {rate}");
                spot.problem(message).expecting(format!("a whole number of steps, like {near} s"))
            });
        }
    }

    fn predicate(&mut self, predicate: &Predicate, spot: Spot<'_>) {
        if self.is_full() {
            return;
        }
        let first = spot.step(0);
        let second = spot.step(1);
        match predicate {
            Predicate::Inside(thing, zone) => {
                self.refers("what is inside", thing, &SOLID, first);
                self.refers("what it is inside of", zone, &ENCLOSURE, second);
            }
            Predicate::Outside(thing, zone) => {
                self.refers("what is outside", thing, &SOLID, first);
                self.refers("what it is outside of", zone, &LEAVABLE, second);
            }
            Predicate::On(upper, lower) => {
                self.refers("the upper one", upper, &SOLID, first);
                self.refers("the lower one", lower, &SURFACE, second);
                self.two(upper, lower, second);
            }
            Predicate::Touching(one, other) => {
                self.refers("what touches", one, &SOLID, first);
                self.refers("what is touched", other, &SURFACE, second);
                self.two(one, other, second);
            }
            Predicate::Near(one, other, distance) => {
                self.refers("what is near", one, &CENTRE, first);
                self.refers("what it is near to", other, &CENTRE, second);
                self.two(one, other, second);
                self.number("the distance", distance, LENGTH, spot.step(2));
            }
            Predicate::AtRest(thing) => {
                self.refers("what rests", thing, &MOVABLE, first);
            }
            Predicate::Follows(tolerance) => {
                self.commanded(spot);
                self.number("the tolerance", tolerance, TOLERANCE, first);
            }
            Predicate::Upright(thing, angle) => {
                self.refers("what stands upright", thing, &MOVABLE, first);
                self.number("the angle", angle, TILT, second);
            }
            Predicate::Above(thing, height) => {
                self.refers("what is above", thing, &MOVABLE, first);
                self.number("the height", height, COORDINATE, second);
            }
            Predicate::Open(joint, share) => {
                self.refers("what is open", joint, &JOINT, first);
                self.number("the share", share, PART, second);
            }
            Predicate::Held(thing) => {
                self.refers("what is held", thing, &GRASPABLE, first);
            }
            Predicate::All(parts) => self.several("All", parts, first),
            Predicate::Any(parts) => self.several("Any", parts, first),
            Predicate::Then(parts) => self.several("Then", parts, first),
            Predicate::Not(part) => self.predicate(part, first),
            Predicate::For(seconds, part) => {
                self.fixed("the time", *seconds, DURATION, first);
                let limit = self.scene.task.as_ref().map_or(f32::INFINITY, |task| task.time_limit);
                let doubtful = self.document.at(&["task".into(), "time_limit".into()]).is_doubtful();
                if *seconds > limit && limit > 0.0 && !doubtful {
                    self.wrong(first, |spot| {
                        spot.problem(format!("it would have to hold for {seconds} s, and the time limit is {limit} s"))
                            .expecting(format!("at most {limit} s"))
                    });
                }
                self.predicate(part, second);
            }
            Predicate::Share(share, part) => {
                self.fixed("the share", *share, SHARE, first);
                if !self.mentions_group(part) {
                    self.wrong(second, |spot| {
                        spot.problem("a share is of a group, and here is none")
                            .expecting("a predicate that names a `Heap`, `Row`, `Stack` or `Scatter`")
                    });
                }
                self.predicate(part, second);
            }
        }
    }

    fn several(&mut self, name: &str, parts: &[Predicate], spot: Spot<'_>) {
        if parts.is_empty() {
            self.wrong(spot, |spot| spot.problem(format!("`{name}` of nothing")).expecting("at least one predicate"));
        }
        for (index, part) in parts.iter().enumerate() {
            self.predicate(part, spot.step(index));
        }
    }

    /// Two that must not be the same.
    fn two(&mut self, one: &str, other: &str, spot: Spot<'_>) {
        if one == other {
            self.wrong(spot, |spot| spot.problem(format!("`{one}` is compared with itself")).expecting("two different things"));
        }
    }

    fn mentions_group(&self, predicate: &Predicate) -> bool {
        let group = |name: &String| matches!(self.thing(name), Some(Thing::Group | Thing::Unclear) | None);
        match predicate {
            Predicate::Inside(a, b)
            | Predicate::Outside(a, b)
            | Predicate::On(a, b)
            | Predicate::Touching(a, b)
            | Predicate::Near(a, b, _) => group(a) || group(b),
            Predicate::AtRest(a) | Predicate::Upright(a, _) | Predicate::Above(a, _) | Predicate::Held(a) => group(a),
            Predicate::Follows(_) | Predicate::Open(..) => false,
            Predicate::All(parts) | Predicate::Any(parts) | Predicate::Then(parts) => parts.iter().any(|part| self.mentions_group(part)),
            Predicate::Not(part) | Predicate::For(_, part) | Predicate::Share(_, part) => self.mentions_group(part),
        }
    }

    fn term(&mut self, term: &Term, spot: Spot<'_>) {
        if self.is_full() {
            return;
        }
        let (first, second, third) = (spot.step(0), spot.step(1), spot.step(2));
        match term {
            Term::Near(one, other, margin) => {
                self.refers("what is near", one, &CENTRE, first);
                self.refers("what it is near to", other, &CENTRE, second);
                self.two(one, other, second);
                self.fixed("the margin", *margin, LENGTH, third);
            }
            Term::Way(one, other) => {
                self.refers("what is on its way", one, &CENTRE, first);
                self.refers("where it goes", other, &CENTRE, second);
                self.two(one, other, second);
                self.needs_maze(spot);
            }
            Term::Behind(one, other, from) => {
                self.refers("what is behind", one, &CENTRE, first);
                self.refers("what it is behind of", other, &CENTRE, second);
                self.refers("what it is seen from", from, &CENTRE, third);
                self.two(one, other, second);
                self.two(other, from, third);
            }
            Term::Upright(thing) => {
                self.refers("what stands upright", thing, &MOVABLE, first);
            }
            Term::Slow(thing, margin) => {
                self.refers("what is slow", thing, &MOVABLE, first);
                self.fixed("the margin", *margin, TOLERANCE, second);
            }
            Term::Still(joint, margin) => {
                self.refers("what is still", joint, &JOINT, first);
                self.fixed("the margin", *margin, TOLERANCE, second);
            }
            Term::Outside(thing, zone) => {
                self.refers("what is outside", thing, &SOLID, first);
                self.refers("what it is outside of", zone, &LEAVABLE, second);
            }
            Term::Inside(thing, zone) => {
                self.refers("what is inside", thing, &SOLID, first);
                self.refers("what it is inside of", zone, &ENCLOSURE, second);
            }
            Term::Away(thing, zone) => {
                self.refers("what is on its way", thing, &SOLID, first);
                self.refers("what it goes away from", zone, &ZONE, second);
            }
            Term::Above(thing, height) => {
                self.refers("what is above", thing, &MOVABLE, first);
                self.fixed("the height", *height, LENGTH, second);
            }
            Term::Follows(margin) => {
                self.commanded(spot);
                self.fixed("the margin", *margin, TOLERANCE, first);
            }
            Term::Gentle => {}
            Term::While(predicate) => self.predicate(predicate, first),
            Term::Product(terms) => {
                if terms.is_empty() {
                    self.wrong(first, |spot| spot.problem("`Product` of nothing").expecting("at least one term"));
                }
                for (index, term) in terms.iter().enumerate() {
                    self.term(term, first.step(index));
                }
            }
        }
    }
}
