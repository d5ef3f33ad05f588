//! Numbers out of their sensible range; of varied ones the whole span counts.

use super::Checker;
use crate::ron::{Note, Spot};
use crate::scene::number::{Number, Span};

/// What a number may be.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub least: f32,
    pub most: f32,
    /// Whether `least` itself is too small.
    pub above: bool,
    /// Whether `most` itself is too large.
    pub below: bool,
    pub unit: &'static str,
}

const fn from(least: f32, most: f32, unit: &'static str) -> Range {
    Range { least, most, above: false, below: false, unit }
}

const fn above(least: f32, most: f32, unit: &'static str) -> Range {
    Range { least, most, above: true, below: false, unit }
}

pub(super) const LENGTH: Range = above(0.0, 1000.0, " m");
pub(super) const DISTANCE: Range = from(0.0, 10_000.0, " m");
pub(super) const COORDINATE: Range = from(-10_000.0, 10_000.0, " m");
pub(super) const MASS: Range = above(0.0, 1e6, " kg");
pub(super) const LOAD: Range = from(0.0, 1e6, " kg");
pub(super) const FRICTION: Range = from(0.0, 10.0, "");
pub(super) const DAMPING: Range = from(0.0, 1e6, " N s/m");
pub(super) const ANGLE: Range = from(-1000.0, 1000.0, " rad");
pub(super) const TILT: Range = above(0.0, std::f32::consts::PI, " rad");
pub(super) const SLOPE: Range = from(-0.8, 0.8, " rad");
pub(super) const GRAVITY: Range = from(0.0, 1000.0, " m/s²");
pub(super) const SPREAD: Range = Range { least: 0.0, most: 1.0, above: false, below: true, unit: "" };
pub(super) const SHARE: Range = above(0.0, 1.0, "");
pub(super) const PART: Range = from(0.0, 1.0, "");
pub(super) const NOISE: Range = from(0.0, 1000.0, "");
pub(super) const DELAY: Range = from(0.0, 60.0, " s");
pub(super) const DURATION: Range = above(0.0, 3600.0, " s");
pub(super) const FORCE: Range = from(0.0, 1e6, " N");
pub(super) const SPEED: Range = from(-1000.0, 1000.0, " m/s");
pub(super) const TOLERANCE: Range = above(0.0, 1000.0, "");
pub(super) const WEIGHT: Range = above(0.0, 1e6, "");
pub(super) const CELLS: Range = from(-1000.0, 1000.0, " cells");
pub(super) const COUNT: Range = from(1.0, 1000.0, "");

impl Range {
    fn holds(&self, value: f32) -> bool {
        let least = if self.above { value > self.least } else { value >= self.least };
        least && if self.below { value < self.most } else { value <= self.most }
    }

    fn words(&self) -> String {
        let Self { least, most, above, below, unit } = *self;
        match (above, below) {
            (true, _) => format!("above {least} and at most {most}{unit}"),
            (false, true) => format!("{least} or more and below {most}{unit}"),
            (false, false) => format!("{least} to {most}{unit}"),
        }
    }
}

impl Checker<'_> {
    /// A number that cannot vary.
    pub(super) fn fixed(&mut self, what: &str, value: f32, range: Range, spot: Spot<'_>) {
        if !range.holds(value) {
            self.wrong(spot, |spot| spot.problem(format!("{what} is {value}")).expecting(range.words()));
        }
    }

    /// A number that may vary.
    pub(super) fn number(&mut self, what: &str, number: &Number, range: Range, spot: Spot<'_>) {
        match number {
            Number::Fixed(value) => self.fixed(what, *value, range, spot),
            Number::Vary(name) => {
                let Some((span, declared)) = self.span(name) else { return };
                // A span that is empty or absurd is a problem of its own.
                if span.least() > span.most() || matches!(span, Span::Whole(low, high) if *low < -1_000_000 || *high > 1_000_000) {
                    return;
                }
                let Some(value) = [span.least(), span.most()].into_iter().find(|value| !range.holds(*value)) else { return };
                self.wrong(spot, |spot| {
                    let mut problem = spot.problem(format!("{what} may become {value}")).expecting(range.words());
                    let (line, column) = declared.place();
                    problem.note = Some(Note { line, column, message: format!("`{name}` varies here") });
                    problem
                });
            }
        }
    }

    /// How many there are: a whole number over the whole span.
    pub(super) fn count(&mut self, number: &Number, spot: Spot<'_>) {
        let whole = match number {
            Number::Fixed(value) => value.fract() == 0.0,
            Number::Vary(name) => match self.span(name) {
                Some((Span::Even(..) | Span::Log(..), _)) => false,
                Some((Span::Choice(values), _)) => values.iter().all(|value| value.fract() == 0.0),
                Some((Span::Whole(..), _)) | None => true,
            },
        };
        if !whole {
            self.wrong(spot, |spot| match number {
                Number::Fixed(value) => spot.problem(format!("`count` is {value}")).expecting("a whole number"),
                Number::Vary(name) => {
                    spot.problem(format!("`count` may become a fraction by `{name}`")).expecting(format!("`\"{name}\": Whole(low, high)`"))
                }
            });
            return;
        }
        self.number("`count`", number, COUNT, spot);
    }

    /// The least value, where there is one.
    pub(super) fn least(&self, number: &Number) -> Option<f32> {
        match number {
            Number::Fixed(value) => Some(*value),
            Number::Vary(name) => self.span(name).map(|(span, _)| span.least()).filter(|value| value.is_finite()),
        }
    }

    /// The largest value, where there is one.
    pub(super) fn most(&self, number: &Number) -> Option<f32> {
        match number {
            Number::Fixed(value) => Some(*value),
            Number::Vary(name) => self.span(name).map(|(span, _)| span.most()).filter(|value| value.is_finite()),
        }
    }
}

/// The value of a number that does not vary.
pub(super) fn constant(number: &Number) -> Option<f32> {
    match number {
        Number::Fixed(value) => Some(*value),
        Number::Vary(_) => None,
    }
}
