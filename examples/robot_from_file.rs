//! A robot of one's own, from a file in MuJoCo's format (ROS's would be `Urdf(..)`): what was read, what was left out, and two seconds of
//! it.
//!
//! ```text
//! cargo run --release --example robot_from_file                    a hopper that stands in this file
//! cargo run --release --example robot_from_file -- ant.xml         your own
//! ```
#![expect(clippy::print_stdout, reason = "an example speaks to people")]

use apprentice::arena::{ArenaPlugin, ArenaQuery};
use apprentice::control::{ControlPlugin, headless_app, start};
use apprentice::physics::Threads;
use apprentice::pilot::{Pilot, PilotPlugin};
use apprentice::scene::import::report;
use apprentice::scene::load;
use apprentice::scene::plan::Plan;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

const HOPPER: &str = r#"<mujoco model="hopper">
    <default><joint damping="1" armature="0.1"/><motor ctrlrange="-1 1"/></default>
    <worldbody>
        <light pos="0 0 3"/>
        <body name="torso" pos="0 0 1">
            <freejoint/>
            <geom type="capsule" fromto="0 0 0.1 0 0 0.4" size="0.08"/>
            <body name="thigh">
                <joint name="hip" axis="0 -1 0" range="-60 60"/>
                <geom type="capsule" fromto="0 0 0 0 0 -0.4" size="0.05"/>
                <body name="shin" pos="0 0 -0.4">
                    <joint name="knee" axis="0 -1 0" range="-120 0"/>
                    <geom type="capsule" fromto="0 0 0 0 0 -0.4" size="0.04"/>
                    <body name="foot" pos="0 0 -0.45"><geom type="box" size="0.15 0.1 0.03"/></body>
                </body>
            </body>
        </body>
    </worldbody>
    <actuator><motor joint="hip" gear="80"/><motor joint="knee" gear="80"/></actuator>
</mujoco>"#;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let own = std::env::args().nth(1);
    let file = own.map_or_else(|| Ok(folder.path().join("hopper.xml")), std::path::absolute)?;
    if file.starts_with(folder.path()) {
        std::fs::write(&file, HOPPER)?;
    }
    let kind = if file.extension().is_some_and(|extension| extension == "urdf") { "Urdf" } else { "Mjcf" };
    let scene = format!(
        r#"Scene(
            about: "A robot on a floor.",
            timing: (control_hz: 20, physics_hz: 480),
            surroundings: [Floor],
            body: {kind}({file:?}),
            sensors: [Motion, Joints],
        )"#
    );
    let scene = load::from_text_in(&scene, "scene.ron", Path::new(""))?;
    report(scene.dropped()).iter().for_each(|line| eprintln!("left out: {line}"));
    let plan = Arc::new(Plan::new(scene, "robot", 0));
    for channel in &plan.action.0 {
        println!("channel {}: {} at full action", channel.name, channel.unit);
    }
    let mut app = headless_app(Threads::default());
    app.add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan.clone()], count: 1, seed: 1, pilot: Pilot::random() },
        PilotPlugin,
    ));
    start(&mut app);
    for step in 0..=40 {
        app.update();
        if step % 10 == 0 {
            let world = app.world_mut();
            let mut arenas = world.query::<ArenaQuery>();
            for item in arenas.iter(world) {
                let at = item.situation().world.bodies[plan.parts.root()].translation();
                println!("after {:.1} s its first link is {:.2} m high", f64::from(step) / 20.0, at.z);
            }
        }
    }
    Ok(())
}
