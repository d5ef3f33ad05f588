//! What stands beside the bodies: contacts, equalities, keys, and what is left out.

use super::Model;
use crate::scene::import::robot::{Coupling, JointKind, RobotJoint};
use crate::scene::import::solid::Pose;
use crate::scene::import::xml::{Element, Found};
use bevy::math::{DQuat, DVec3};

impl Model {
    /// What stands beside the bodies.
    pub(super) fn section(&mut self, section: &Element) -> Found<()> {
        match section.tag.as_str() {
            "actuator" => section.children.iter().try_for_each(|actuator| self.actuator(actuator)),
            "contact" => section.children.iter().try_for_each(|contact| self.contact(contact)),
            "equality" => section.children.iter().try_for_each(|equality| self.equality(equality)),
            "keyframe" => self.keyframe(section),
            "tendon" => {
                section.children.iter().for_each(|tendon| self.draft.drop("tendon", tendon.name(), "tendons pull nothing"));
                Ok(())
            }
            "sensor" => {
                section.children.iter().for_each(|sensor| self.draft.drop("sensor", sensor.name(), "sensors are the scene's own"));
                Ok(())
            }
            "option" => {
                for name in ["density", "viscosity", "wind"] {
                    if section.get(name).is_some_and(|value| value.value.split_whitespace().any(|word| word.parse() != Ok(0.0))) {
                        self.draft.drop("option", name, "the scene is filled with no fluid");
                    }
                }
                for name in ["timestep", "gravity"].into_iter().filter(|name| section.get(name).is_some()) {
                    self.draft.drop("option", name, "the scene says it");
                }
                Ok(())
            }
            "deformable" | "extension" => {
                section.children.iter().for_each(|child| self.draft.drop(&child.tag, child.name(), "not read"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn is_free(&self, joint: &str) -> bool {
        self.free.iter().any(|name| name == joint)
    }

    /// The link that a body is a part of. None: the world.
    fn link_of(&self, element: &Element, name: &str) -> Found<Option<usize>> {
        let body = element.need(name)?;
        if body.value == "world" {
            return Ok(None);
        }
        let link = self.bodies.get(&body.value).ok_or_else(|| body.problem(format!("there is no body called `{}`", body.value)))?;
        Ok(Some(*link))
    }

    fn contact(&mut self, contact: &Element) -> Found<()> {
        if contact.tag != "exclude" {
            self.draft.drop(&contact.tag, contact.name(), "contacts of a pair of their own");
            return Ok(());
        }
        if let (Some(one), Some(other)) = (self.link_of(contact, "body1")?, self.link_of(contact, "body2")?)
            && one != other
        {
            self.draft.apart.push((one, other));
        }
        Ok(())
    }

    fn equality(&mut self, equality: &Element) -> Found<()> {
        let leader = equality.text("joint2").and_then(|name| self.draft.joint(name)).map(|(index, _)| index);
        let follower = equality.text("joint1").and_then(|name| self.draft.joint(name)).map(|(index, _)| index);
        let (Some(joint), Some(leader), "joint") = (follower, leader, equality.tag.as_str()) else {
            self.draft.drop("equality", equality.name(), format!("a constraint `{}`", equality.tag));
            return Ok(());
        };
        if equality.text("active") == Some("false") {
            return Ok(());
        }
        let numbers = equality.get("polycoef").map_or(Ok(vec![0.0, 1.0]), |given| given.numbers(1, 5))?;
        if numbers.iter().skip(2).any(|number| *number != 0.0) {
            self.draft.drop("equality", equality.name(), "what is not linear in a coupling of joints");
        }
        let (offset, ratio) = (numbers[0] as f32, numbers.get(1).copied().unwrap_or(1.0) as f32);
        self.draft.couplings.push(Coupling { joint, leader, ratio, offset });
        Ok(())
    }

    /// A robot starts in its key `home`, where it has one.
    fn keyframe(&mut self, section: &Element) -> Found<()> {
        let Some(home) = section.all("key").find(|key| key.text("name") == Some("home")) else { return Ok(()) };
        let Some(given) = home.get("qpos") else { return Ok(()) };
        let count = self.draft.links.iter().map(|link| {
            let of = |joint: &RobotJoint| if joint.kind == JointKind::Ball { 4 } else { 1 };
            if link.free { 7 } else { link.joints.iter().map(of).sum() }
        });
        let count: usize = count.sum();
        if self.otherwise {
            self.draft.drop("key", "home", "the root stands otherwise than the file says");
            return Ok(());
        }
        let numbers = given.numbers(count, count)?;
        let mut numbers = numbers.into_iter();
        let mut take = |count: usize| -> Vec<f64> { numbers.by_ref().take(count).collect() };
        let references = std::mem::take(&mut self.draft.references);
        for link in &mut self.draft.links {
            if link.free {
                let pose = take(7);
                let turn = DQuat::from_xyzw(pose[4], pose[5], pose[6], pose[3]);
                if turn.length() > 1e-9 {
                    link.pose = Pose { at: DVec3::from_slice(&pose), turn: turn * (1.0 / turn.length()) };
                }
            }
            for joint in &mut link.joints {
                if joint.kind == JointKind::Ball {
                    take(4);
                    continue;
                }
                let reference = references.get(&joint.name).copied().unwrap_or(0.0);
                let (low, high) = joint.range.unwrap_or((f32::MIN, f32::MAX));
                joint.start = ((take(1)[0] - reference) as f32).clamp(low, high);
            }
        }
        self.draft.references = references;
        Ok(())
    }
}
