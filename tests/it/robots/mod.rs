//! Robots from files: what is read, what is refused, how they move; and models of other people (`.ci/robots` fetches them).

mod read;
mod real;
mod refused;
mod world;

use crate::stage::Stage;
use apprentice::pilot::Pilot;
use apprentice::ron::Problems;
use apprentice::scene::import::{self, Robot};
use apprentice::scene::load;
use apprentice::scene::plan::Plan;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A folder with a robot's files.
struct Folder(TempDir);

impl Folder {
    /// With these files: names and texts.
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = Self(TempDir::new().unwrap());
        for (name, text) in files {
            let path = folder.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A scene on a floor: `body` as it stands in the scene, and further fields.
    fn scene(&self, body: &str, more: &str) -> Result<Arc<Plan>, Problems> {
        let text = format!(
            r#"Scene(about: "A robot.", timing: (control_hz: 20, physics_hz: 480), surroundings: [Floor(friction: 0.8)], body: {body},
                sensors: [Motion, Joints], {more})"#
        );
        let scene = load::from_text_in(&text, "scene.ron", self.0.path())?;
        let hash = load::hash(&scene);
        Ok(Arc::new(Plan::new(scene, "robot", hash)))
    }
}

/// Reads a robot's only file; URDF where it begins as such.
fn read(text: &str) -> Result<Robot, Problems> {
    let folder = Folder::of(&[("robot.xml", text)]);
    read_at(&folder.path("robot.xml"))
}

fn read_at(path: &Path) -> Result<Robot, Problems> {
    let urdf = fs::read_to_string(path).unwrap().contains("<robot");
    if urdf { import::urdf(path, None) } else { import::mjcf(path, None) }
}

/// The robot of a file that is right.
fn robot(text: &str) -> Robot {
    read(text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// One arena in which `action` is taken all the time, for `steps` steps.
fn after(plan: &Arc<Plan>, action: &[f32], steps: usize) -> Stage {
    let mut stage = Stage::new(plan, vec![plan.canonical()], 1, 1, Pilot::replay(vec![action.to_vec(); steps]));
    stage.steps(steps);
    stage
}

/// Where each joint is, rad or m.
fn positions(stage: &mut Stage) -> Vec<f32> {
    stage.arena(0, |item| item.arena.plan.parts.joints.iter().map(|joint| joint.position(item.physics.view())).collect())
}

/// The lowest point of the links that collide with the world, m.
fn lowest(stage: &mut Stage) -> f32 {
    use apprentice::body::WORLD_GROUP;
    use apprentice::physics::rapier::prelude::Vector;
    stage.arena(0, |item| {
        let world = item.physics.view();
        let links = item.arena.plan.parts.links.iter().filter(|link| !world.bodies[**link].is_fixed());
        let colliders = links.flat_map(|link| world.bodies[*link].colliders()).map(|collider| &world.colliders[*collider]);
        let solid = colliders.filter(|collider| collider.collision_groups().filter.contains(WORLD_GROUP));
        let low = solid.filter_map(|collider| Some(collider.shape().as_support_map()?.support_point(collider.position(), -Vector::Z).z));
        low.fold(f32::INFINITY, f32::min)
    })
}
