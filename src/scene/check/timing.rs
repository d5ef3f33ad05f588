//! Rates that divide; spans that hold something; numbers that vary and are used.

use super::Checker;
use crate::ron::{Note, Spot, nearest};
use crate::scene::number::Span;
use std::collections::BTreeSet;

impl Checker<'_> {
    pub(super) fn timing(&mut self, root: Spot<'_>) {
        let (control, physics) = (self.scene.timing.control_hz, self.scene.timing.physics_hz);
        let spot = root.step("timing");
        let mut sensible = true;
        for (name, rate, most) in [("control_hz", control, 1_000), ("physics_hz", physics, 10_000)] {
            if !(1..=most).contains(&rate) {
                sensible = false;
                self.wrong(spot.step(name), |spot| {
                    spot.problem(format!("`{name}` is {rate}")).expecting(format!("1 to {most} per second"))
                });
            }
        }
        if sensible && !spot.is_doubtful() && !physics.is_multiple_of(control) {
            let near = (physics / control).max(1) * control;
            self.wrong(spot.step("control_hz"), |at| {
                let message = format!("`control_hz` ({control}) does not divide `physics_hz` ({physics})");
                let mut problem = at.problem(message).expecting(format!("a `physics_hz` like {near} or {}", near + control));
                let (line, column) = spot.step("physics_hz").place();
                problem.note = Some(Note { line, column, message: "`physics_hz` is here".into() });
                problem
            });
        }
    }

    /// The spans by themselves, and whether each is used.
    pub(super) fn varies(&mut self, spot: Spot<'_>) {
        let scene = self.scene;
        let uses = self.document.uses("Vary");
        let declared: Vec<&str> = scene.varies.names().collect();
        let mut used: BTreeSet<&str> = uses.iter().map(|(name, _)| *name).collect();
        // One that was meant by a mistyped name is used.
        let known: BTreeSet<&str> = declared.iter().copied().collect();
        let mistyped = used.iter().filter(|name| !known.contains(*name)).take(100);
        used.extend(mistyped.filter_map(|name| nearest(name, declared.iter().copied())).collect::<Vec<_>>());
        // What could not be read may have used any of them.
        let unread = self.document.root().is_doubtful();
        for (name, span) in &scene.varies.0 {
            if self.is_full() {
                return;
            }
            self.name(name, spot.key(name), "number");
            self.span_itself(span, spot.step(name.as_str()));
            if !unread && !used.contains(name.as_str()) {
                self.wrong(spot.key(name), |spot| {
                    spot.problem(format!("the number `{name}` is declared and never used"))
                        .expecting(format!("`Vary(\"{name}\")` somewhere"))
                });
            }
        }
        // Where the declarations could not be read, nobody knows what is missing from them.
        if spot.is_partial() {
            return;
        }
        for (name, spot) in uses {
            if self.is_full() {
                return;
            }
            if !known.contains(name) {
                self.wrong(spot, |spot| {
                    let mut problem = spot.unknown("varied number", name, &declared);
                    if declared.is_empty() {
                        problem.expected = format!("`varies: {{\"{name}\": (low, high)}}` to declare it");
                    }
                    problem
                });
            }
        }
    }

    fn span_itself(&mut self, span: &Span, spot: Spot<'_>) {
        let mut refuse = |message: String, expected: &str| self.wrong(spot, |spot| spot.problem(message).expecting(expected));
        match span {
            Span::Even(low, high) if low > high => refuse(format!("the span from {low} to {high} is empty"), "the lower end first"),
            Span::Log(low, high) if *low <= 0.0 || *high <= 0.0 => {
                refuse(format!("`Log({low}, {high})` has no logarithm at its ends"), "both ends above 0");
            }
            Span::Log(low, high) if low > high => refuse(format!("the span from {low} to {high} is empty"), "the lower end first"),
            Span::Whole(low, high) if low > high => refuse(format!("the span from {low} to {high} is empty"), "the lower end first"),
            Span::Whole(low, high) if *low < -1_000_000 || *high > 1_000_000 => {
                refuse(format!("the span from {low} to {high} is absurdly large"), "ends of at most a million in size");
            }
            Span::Choice(values) if values.is_empty() => refuse("there is nothing to choose from".into(), "at least one number"),
            _ => {}
        }
    }
}
