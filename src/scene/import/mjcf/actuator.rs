//! Actuators: each a channel of the action. Its control is spread over [-1, 1].

use super::Model;
use super::defaults::Settings;
use crate::scene::import::draft::scale;
use crate::scene::import::robot::{Actuator, JointKind};
use crate::scene::import::xml::{Attribute, Element, Found};

/// A force of gain · control + bias: constant, by the length, by the speed (what MuJoCo calls an affine actuator).
struct Law {
    gain: f64,
    bias: [f64; 3],
}

impl Model {
    pub(super) fn actuator(&mut self, element: &Element) -> Found<()> {
        let defaults = self.defaults.clone();
        let settings = defaults.settings(element, None)?;
        self.driven(element, &settings)
    }

    fn driven(&mut self, element: &Element, settings: &Settings<'_>) -> Found<()> {
        let kind = element.tag.as_str();
        let Some(joint) = settings.get("joint").or_else(|| settings.get("jointinparent")) else {
            self.draft.drop(kind, element.name(), "it acts on something else than a joint");
            return Ok(());
        };
        let Some((index, driven)) = self.draft.joint(&joint.value) else {
            let unnumbered = self.draft.links.iter().flat_map(|link| &link.joints).any(|other| other.name == joint.value);
            if unnumbered || self.is_free(&joint.value) {
                self.draft.drop(kind, element.name(), "it acts on a free or ball joint");
                return Ok(());
            }
            return Err(joint.problem(format!("there is no joint called `{}`", joint.value)).into());
        };
        let (slides, range, name) = (driven.kind == JointKind::Slide, driven.range, driven.name.clone());
        let reference = self.draft.references.get(&name).copied().unwrap_or(0.0);
        let number = |name: &str, default: f64| settings.number(name).map(|number| number.unwrap_or(default));
        let Some(law) = self.law(element, settings)? else {
            self.draft.drop(kind, element.name(), "a kind of actuator that is not read");
            return Ok(());
        };
        let gear = settings.get("gear").map_or(Ok(1.0), |given| given.numbers(1, 6).map(|numbers| numbers[0]))?;
        // What the joint feels: gear · force, where the actuator's length is gear · position (measured from the file's own zero).
        let stiffness = -law.bias[1] * gear * gear;
        let damping = -law.bias[2] * gear * gear;
        if stiffness < 0.0 || damping < 0.0 {
            return Err(element.problem("it drives its joint away from where it is: `biasprm` has the wrong sign").into());
        }
        let (holds, drives) = (stiffness > 0.0, law.bias[2] != 0.0 && law.gain == -law.bias[2]);
        let given = settings.get("ctrlrange").map(|given| given.numbers(2, 2)).transpose()?;
        let limited = match settings.get("ctrllimited").map(Attribute::switch).transpose()?.flatten() {
            Some(limited) => limited,
            None => given.is_some() && self.compiler.auto_limits,
        };
        let inherits = settings.number("inheritrange")?.is_some_and(|share| share > 0.0);
        let (low, high) = match (given.filter(|_| limited && !inherits), range) {
            (Some(given), _) if given[0] >= given[1] => {
                return Err(element.problem(format!("its control ends at {} and begins at {}", given[1], given[0])).into());
            }
            (Some(given), _) => (given[0], given[1]),
            (None, Some((low, high))) if holds => {
                let (low, high) = ((f64::from(low) + reference) * gear, (f64::from(high) + reference) * gear);
                (low.min(high), low.max(high))
            }
            (None, _) => {
                self.draft.drop(kind, element.name(), "its control has no range: it is taken as -1 to 1");
                (-1.0, 1.0)
            }
        };
        let (middle, reach) = ((low + high) / 2.0, (high - low) / 2.0);
        let spread = |factor: f64| ((middle * factor) as f32, (reach * factor) as f32);
        let (turns, unit) = if slides { (false, "N") } else { (true, "N m") };
        let mut actuator = Actuator {
            name: self.draft.channel(element.text("name").unwrap_or(&name)),
            unit: String::new(),
            joint: index,
            push: ((law.bias[0] * gear) as f32, 0.0),
            goal: (0.0, 0.0),
            rate: (0.0, 0.0),
            stiffness: stiffness as f32,
            damping: damping as f32,
            most: None,
        };
        if holds {
            // Where the spring is at rest: gain · control = stiffness · length.
            let factor = law.gain / (-law.bias[1] * gear);
            actuator.goal = ((middle * factor - reference) as f32, (reach * factor) as f32);
            actuator.unit = scale(middle * factor - reference, reach * factor, if turns { "rad" } else { "m" });
        } else if drives {
            actuator.rate = spread(1.0 / gear);
            actuator.unit = scale(middle / gear, reach / gear, if turns { "rad/s" } else { "m/s" });
        } else {
            let (push, full) = spread(law.gain * gear);
            actuator.push = (actuator.push.0 + push, full);
            actuator.unit = scale(f64::from(actuator.push.0), f64::from(full), unit);
        }
        if let Some(force) = settings.get("forcerange").filter(|_| settings.text("forcelimited") != Some("false")) {
            let most = self.symmetric(force, kind, &actuator.name)? * gear.abs();
            if most > 0.0 {
                actuator.most = Some(most as f32);
            }
        }
        if kind == "position" && number("dampratio", 0.0)? != 0.0 {
            self.draft.drop(kind, actuator.name.clone(), "its `dampratio`: it is damped by `kv` and its joint alone");
        }
        if number("timeconst", 0.0)? != 0.0 || settings.text("dyntype").is_some_and(|kind| kind != "none") {
            self.draft.drop(kind, actuator.name.clone(), "how its activation lags: it acts at once");
        }
        self.draft.actuators.push(actuator);
        Ok(())
    }

    /// The larger end of a range of forces, which holds to both sides.
    pub(super) fn symmetric(&mut self, range: &Attribute, element: &str, name: &str) -> Found<f64> {
        let ends = range.numbers(2, 2)?;
        let most = ends[0].abs().max(ends[1].abs());
        if ends[0] != -ends[1] {
            self.draft.drop(element, name, format!("`{}` has two ends: the larger one holds to both sides", range.name));
        }
        Ok(most)
    }

    /// Holds actuators to what their joints allow.
    pub(super) fn cap(&mut self) {
        for (name, most) in std::mem::take(&mut self.caps) {
            let Some((joint, _)) = self.draft.joint(&name) else { continue };
            let mut driving: Vec<_> = self.draft.actuators.iter_mut().filter(|actuator| actuator.joint == joint).collect();
            driving.iter_mut().for_each(|actuator| actuator.most = Some(actuator.most.map_or(most as f32, |own| own.min(most as f32))));
            if driving.len() > 1 {
                self.draft.drop("joint", name, "`actuatorfrcrange` holds for each of its actuators and not for their sum");
            }
        }
    }

    /// How an actuator's force follows from its control. None: not by this law.
    fn law(&self, element: &Element, settings: &Settings<'_>) -> Found<Option<Law>> {
        let number = |name: &str, default: f64| settings.number(name).map(|number| number.unwrap_or(default));
        Ok(Some(match element.tag.as_str() {
            "motor" => Law { gain: 1.0, bias: [0.0; 3] },
            "position" => {
                let (kp, kv) = (number("kp", 1.0)?, number("kv", 0.0)?);
                Law { gain: kp, bias: [0.0, -kp, -kv] }
            }
            "velocity" => {
                let kv = number("kv", 1.0)?;
                Law { gain: kv, bias: [0.0, 0.0, -kv] }
            }
            "general" => {
                if settings.text("gaintype").is_some_and(|kind| kind != "fixed") {
                    return Ok(None);
                }
                let gain = settings.get("gainprm").map_or(Ok(1.0), |given| given.numbers(1, 10).map(|numbers| numbers[0]))?;
                let mut bias = [0.0; 3];
                match settings.text("biastype").unwrap_or("none") {
                    "none" => {}
                    "affine" => {
                        let given = settings.get("biasprm").map_or(Ok(Vec::new()), |given| given.numbers(1, 10))?;
                        bias.iter_mut().zip(given).for_each(|(bias, given)| *bias = given);
                    }
                    _ => return Ok(None),
                }
                Law { gain, bias }
            }
            _ => return Ok(None),
        }))
    }
}
