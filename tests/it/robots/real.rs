//! Models of other people, as they are: `.ci/robots` fetches them and names their folder in `ROBOTS`. Without it these tests say that they
//! did nothing.

use super::{after, lowest, positions};
use crate::stage::Stage;
use apprentice::pilot::Pilot;
use apprentice::scene::import::Robot;
use apprentice::scene::load;
use apprentice::scene::plan::Plan;
use apprentice::scene::schema::Body;
use bevy::math::{Mat3, Quat, Vec3};
use std::path::PathBuf;
use std::sync::Arc;

/// The folder of the packages. None, loudly: nobody fetched them.
fn packages(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ROBOTS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: {test}: `.ci/robots` fetches the models and runs this test");
    }
    folder
}

fn plan(file: &std::path::Path, gravity: f32, body: &str, change: impl FnOnce(&mut Robot)) -> Arc<Plan> {
    let kind = if file.extension().is_some_and(|extension| extension == "urdf") { "Urdf" } else { "Mjcf" };
    let floor = if gravity > 0.0 { "Floor(friction: 0.8)" } else { "" };
    let text = format!(
        r#"Scene(about: "A robot.", timing: (control_hz: 20, physics_hz: 480), gravity: {gravity:?}, surroundings: [{floor}],
            body: {kind}(file: {file:?}{body}), sensors: [Motion, Joints])"#
    );
    let mut scene = load::from_text(&text, "scene.ron").unwrap_or_else(|problems| panic!("{problems}"));
    if let Body::Mjcf(import) | Body::Urdf(import) = &mut scene.body {
        change(import.robot.as_mut().unwrap());
    }
    Arc::new(Plan::new(scene, "robot", 0))
}

fn robot(plan: &Plan) -> &Robot {
    let (Body::Mjcf(import) | Body::Urdf(import)) = &plan.scene.body else { panic!("it has a robot from a file") };
    import.robot.as_ref().unwrap()
}

/// Mass, centre of mass and inertia about it of the whole robot in the pose in which its file draws it.
fn whole(robot: &Robot) -> (f32, Vec3, [f32; 6]) {
    let mut poses: Vec<(Vec3, Quat)> = Vec::new();
    for link in &robot.links {
        let (at, turn) = link.parent.map_or((Vec3::ZERO, Quat::IDENTITY), |parent| poses[parent]);
        poses.push((at + turn * Vec3::from(link.at), turn * Quat::from_array(link.turn)));
    }
    let parts = || robot.links.iter().zip(&poses);
    let mass = robot.mass();
    let place = |link: &apprentice::scene::import::Link, (at, turn): (Vec3, Quat)| at + turn * Vec3::from(link.centre);
    let centre = parts().map(|(link, pose)| place(link, *pose) * link.mass).sum::<Vec3>() / mass;
    let mut inertia = Mat3::ZERO;
    for (link, pose) in parts() {
        let [xx, yy, zz, xy, xz, yz] = link.inertia;
        let own = Mat3::from_cols(Vec3::new(xx, xy, xz), Vec3::new(xy, yy, yz), Vec3::new(xz, yz, zz));
        let (turn, away) = (Mat3::from_quat(pose.1), place(link, *pose) - centre);
        let outer = Mat3::from_cols(away * away.x, away * away.y, away * away.z);
        inertia += turn * own * turn.transpose() + (Mat3::from_diagonal(Vec3::splat(away.length_squared())) - outer) * link.mass;
    }
    let Mat3 { x_axis: x, y_axis: y, z_axis: z } = inertia;
    (mass, centre, [x.x, y.y, z.z, x.y, x.z, y.z])
}

#[test]
fn gymnasiums_models_weigh_what_mujoco_says() {
    let Some(packages) = packages("gymnasiums_models_weigh_what_mujoco_says") else { return };
    // MuJoCo 4.0.0 on gymnasium 1.2.0's files: `body_mass`, and from `xipos`, `ximat` and `body_inertia` at `qpos0` centre (m) and inertia
    // (kg m²) of it all.
    let figures: [(&str, f32, [f32; 3], [f32; 6]); 12] = [
        ("ant", 0.910880, [0.0, 0.0, 0.75], [0.12969, 0.12969, 0.24942, 0.0, 0.0, 0.0]),
        ("half_cheetah", 14.0, [0.037768, 0.0, 0.551028], [0.57226, 3.32486, 2.76695, 0.0, -0.34522, 0.0]),
        ("hopper", 15.820013, [0.021840, 0.0, 0.596351], [3.50058, 3.60977, 0.13001, 0.0, 0.17150, 0.0]),
        ("humanoid", 42.11603, [0.014957, 0.0, 0.945683], [8.46235, 8.12504, 0.90856, 0.0, -0.44692, 0.0]),
        ("humanoidstandup", 42.11603, [0.424373, 0.0, 0.104577], [0.68552, 6.05338, 6.61373, 0.0, -0.05963, 0.0]),
        ("inverted_double_pendulum", 18.869453, [0.0, 0.0, 0.267018], [2.79161, 2.87015, 0.13506, 0.0, 0.0, 0.0]),
        ("inverted_pendulum", 15.490567, [0.000162, 0.0, 0.097193], [0.54226, 0.62080, 0.13262, 0.0, -0.00081, 0.0]),
        ("point", 56.35988, [0.042583, 0.0, 0.5], [5.26265, 6.92045, 6.92045, 0.0, 0.0, 0.0]),
        ("pusher_v5", 13.673004, [0.128820, -0.598404, -0.044961], [0.43273, 1.00907, 0.68189, 0.00281, -0.07919, -0.00534]),
        ("reacher", 0.078452, [0.105873, -0.003892, 0.010000], [0.00003, 0.00030, 0.00033, 0.0, 0.0, 0.0]),
        ("swimmer", 106.81415, [0.0, 0.0, 0.0], [0.52150, 82.96213, 82.96213, 0.0, 0.0, 0.0]),
        ("walker2d_v5", 23.677137, [0.026749, 0.0, 0.585261], [4.29649, 4.38013, 0.11309, 0.0, 0.30734, 0.0]),
    ];
    for (name, mass, centre, inertia) in figures {
        let file = packages.join(format!("gymnasium/envs/mujoco/assets/{name}.xml"));
        let (found, middle, moments) = whole(robot(&plan(&file, 9.81, "", |_| {})));
        assert!((found - mass).abs() < 1e-5 * mass, "{name}: {found} kg and not {mass} kg");
        assert!(middle.distance(Vec3::from(centre)) < 1e-5, "{name}: {middle} and not {centre:?}");
        let largest = inertia[0].max(inertia[1]).max(inertia[2]);
        let far = moments.iter().zip(inertia).any(|(found, expected): (&f32, f32)| (found - expected).abs() > 2e-5 * largest + 6e-6);
        assert!(!far, "{name}: {moments:?} and not {inertia:?}");
    }
}

#[test]
fn gymnasiums_models_move_as_in_mujoco_where_nothing_touches_them() {
    let Some(packages) = packages("gymnasiums_models_move_as_in_mujoco_where_nothing_touches_them") else { return };
    // MuJoCo 4.0.0, no gravity, contacts or fluid, every control 0.3 of the way from the middle of its range to its end, steps of 0.5 ms:
    // the joints after 0.2 s, from where they are drawn. (Only such models whose joints do not reach their ends: those are softer there.)
    let figures: [(&str, &[f32]); 6] = [
        ("half_cheetah", &[0.0347, -0.0107, -0.0614, 0.1639, 0.1595, 0.1548, 0.2625, 0.1972, 0.2028]),
        ("inverted_double_pendulum", &[0.2467, -0.4700, 0.5199]),
        ("inverted_pendulum", &[0.1452, -0.3070]),
        ("pusher_v5", &[0.0118, 0.0180, 0.2103, 0.0003, 0.2270, 0.0005, 0.2365, 0.0, 0.0, 0.0, 0.0]),
        ("reacher", &[1.1248, 1.1257, 0.0, 0.0]),
        ("swimmer", &[0.0038, 0.1039, -0.1255, 0.1237, 0.1309]),
    ];
    for (name, expected) in figures {
        let file = packages.join(format!("gymnasium/envs/mujoco/assets/{name}.xml"));
        let apart = |robot: &mut Robot| robot.links.iter_mut().for_each(|link| link.shapes.clear());
        let plan = plan(&file, 0.0, "", apart);
        let found = positions(&mut after(&plan, &vec![0.3; plan.action.width()], 4));
        let worst = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
        eprintln!("{name}: {worst:.4} rad or m away");
        assert!(found.len() == expected.len() && worst < 3e-3, "{name}: {found:?} and not {expected:?}");
    }
}

#[test]
fn other_peoples_models_are_driven_at_random_for_ten_seconds_and_stay_on_the_floor() {
    let Some(packages) = packages("other_peoples_models_are_driven_at_random_for_ten_seconds_and_stay_on_the_floor") else { return };
    let gymnasium =
        ["ant", "half_cheetah", "hopper", "humanoid", "humanoidstandup", "inverted_double_pendulum", "inverted_pendulum", "point"];
    let further = ["pusher", "pusher_v5", "reacher", "swimmer", "walker2d", "walker2d_v5"];
    let mut files: Vec<String> =
        gymnasium.into_iter().chain(further).map(|name| format!("gymnasium/envs/mujoco/assets/{name}.xml")).collect();
    let arms = ["panda/panda_v2.urdf", "xarm7/xarm7.urdf", "so100/so100.urdf", "fetch/fetch.urdf", "trifinger/trifingerpro.urdf"];
    let rest = ["allegro/allegro_hand_left.urdf", "g1_humanoid/g1.urdf"];
    files.extend(arms.into_iter().chain(rest).map(|name| format!("mani_skill/assets/robots/{name}")));
    for name in files {
        // The arms are bolted down, as they are in use; the humanoid and the hand are not.
        let bolted = name.starts_with("mani_skill") && !name.contains("g1") && !name.contains("allegro");
        let plan = plan(&packages.join(&name), 9.81, if bolted { ", root: Fixed" } else { "" }, |_| {});
        let mut stage = Stage::drawn(&plan, 1, 1, Pilot::random());
        let start = lowest(&mut stage);
        let mut low = start;
        for _ in 0..200 {
            stage.step();
            low = low.min(lowest(&mut stage));
        }
        stage.each(|mut item| *item.pilot = Pilot::Idle);
        stage.steps(60);
        let rest = lowest(&mut stage);
        let outcome = stage.rows(0).last().map(|row| row.outcome);
        let (links, joints) = (robot(&plan).links.len(), robot(&plan).joints().count());
        eprintln!("{name}: {links} links, {joints} joints; at the start {start:.4} m, lowest {low:.4} m, at rest {rest:.4} m");
        assert_eq!(outcome, Some(apprentice::signal::Outcome::Running), "{name}");
        // At the start it stands; while it beats about with all its strength, a foot at 20 m/s is 4 cm deep before a tick has found it.
        assert!(!robot(&plan).links[0].free || start.abs() < 1e-4, "{name}: it starts at {start} m");
        assert!(low > -0.05, "{name}: {low} m");
        // Left alone, it lies on the floor. (Of a mesh's hull, Rapier finds four corners of one face, which need not be the lowest ones.)
        let most = if name.starts_with("gymnasium") { 0.002 } else { 0.02 };
        assert!(rest > -most, "{name}: {rest} m");
    }
}
