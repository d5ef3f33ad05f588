//! Defaults: what an element does not say itself, its class says, or the class around that.

use crate::scene::import::xml::{Attribute, Element, Found};
use bevy::math::DVec3;

/// The elements of actuators: they share their defaults.
const ACTUATORS: [&str; 10] =
    ["general", "motor", "position", "velocity", "intvelocity", "damper", "cylinder", "muscle", "adhesion", "dcmotor"];

/// A class.
struct Class {
    name: String,
    /// The class around it.
    outer: Option<usize>,
    /// What it says of each kind of element.
    says: Vec<Element>,
}

/// All classes; the first one is the outermost.
pub struct Defaults(Vec<Class>);

/// The attributes of an element: its own, then those of its class, and so on outwards.
pub struct Settings<'a>(Vec<&'a Element>);

impl Defaults {
    pub fn read(root: &Element) -> Found<Self> {
        let mut defaults = Self(vec![Class { name: "main".into(), outer: None, says: Vec::new() }]);
        for element in root.all("default") {
            defaults.gather(element, 0)?;
        }
        Ok(defaults)
    }

    fn gather(&mut self, element: &Element, class: usize) -> Found<()> {
        for child in &element.children {
            if child.tag != "default" {
                self.0[class].says.push(child.clone());
                continue;
            }
            let name = child.need("class")?;
            if self.0.iter().any(|class| class.name == name.value) {
                return Err(name.problem(format!("there are two classes called `{}`", name.value)).into());
            }
            self.0.push(Class { name: name.value.clone(), outer: Some(class), says: Vec::new() });
            self.gather(child, self.0.len() - 1)?;
        }
        Ok(())
    }

    /// What is said of an element, in a body whose class for its children is `around`.
    pub fn settings<'a>(&'a self, element: &'a Element, around: Option<&str>) -> Found<Settings<'a>> {
        let own = element.get("class");
        let wanted = own.map(|class| class.value.as_str()).or(around).unwrap_or("main");
        let found = self.0.iter().position(|class| class.name == wanted);
        // The outermost class may have a name of its own.
        let outermost = || (own.is_none() && around.is_none()).then_some(0);
        let Some(mut class) = found.or_else(outermost) else {
            let message = format!("there is no class called `{wanted}`");
            return Err(own.map_or_else(|| element.problem(message.clone()), |own| own.problem(message.clone())).into());
        };
        let actuator = ACTUATORS.contains(&element.tag.as_str());
        let kin = |tag: &str| tag == element.tag || (actuator && ACTUATORS.contains(&tag));
        let mut chain = vec![element];
        loop {
            chain.extend(self.0[class].says.iter().rev().filter(|said| kin(&said.tag)));
            match self.0[class].outer {
                Some(outer) => class = outer,
                None => return Ok(Settings(chain)),
            }
        }
    }
}

impl<'a> Settings<'a> {
    /// Of an element that no class speaks of.
    pub fn of(element: &'a Element) -> Self {
        Self(vec![element])
    }

    /// The attribute of this name.
    pub fn get(&self, name: &str) -> Option<&'a Attribute> {
        self.0.iter().find_map(|element| element.get(name))
    }

    /// Its text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name).map(|attribute| attribute.value.as_str())
    }

    /// Its number.
    pub fn number(&self, name: &str) -> Found<Option<f64>> {
        self.get(name).map(Attribute::number).transpose()
    }

    /// Its vector.
    pub fn vector(&self, name: &str) -> Found<Option<DVec3>> {
        self.get(name).map(Attribute::vector).transpose()
    }
}
