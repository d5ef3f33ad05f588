//! The arm does what its header says: its kinematics, how it holds still, what its gripper holds and what slips. With `--nocapture` the numbers
//! of `docs/results/scenes.md` are printed.

use crate::stage::{Stage, plan_from, plan_of};
use apprentice::arena::ArenaQueryItem;
use apprentice::body::arm::{angles, bent, fingertip, rates};
use apprentice::curriculum::Level;
use apprentice::pilot::Pilot;
use apprentice::scene::plan::Plan;
use apprentice::stream::{Purpose, Stream};
use apprentice::task::centre;
use bevy::math::Vec3;
use std::f32::consts::PI;
use std::sync::Arc;

/// An arm with a weight at its fingertip.
fn arm(control: &str, payload: f32, sensors: &str) -> Arc<Plan> {
    plan_from(&format!(
        r#"Scene(about: "An arm.", timing: (control_hz: 20, physics_hz: 240), surroundings: [Floor(friction: 0.8)],
            body: Arm(control: {control}, payload: {payload}), sensors: {sensors},
            props: {{"target": Point(at: At(x: 0.36, y: 0.1, z: 0.30))}})"#
    ))
}

fn tip(item: &ArenaQueryItem<'_, '_>) -> Vec3 {
    let situation = item.situation();
    centre(&situation, situation.plan.thing("body.tip"))
}

#[test]
fn the_angles_of_a_place_bring_the_fingertip_there() {
    let mut draw = Stream::new(1, Purpose::Noise, 0, 0);
    for _ in 0..1000 {
        let (out, up, lean) = (draw.between(0.25, 0.5), draw.between(0.05, 0.35), draw.between(2.4, PI));
        let [shoulder, elbow, wrist] = bent(out, up, lean);
        let (at, leans) = fingertip([0.5, shoulder, elbow, wrist, 0.0]);
        assert!(
            (at.truncate().length() - out).abs() < 1e-4 && (at.z - up).abs() < 1e-4 && (leans - lean).abs() < 1e-4,
            "{out} {up} {lean}: {at}"
        );
    }
    // Straight up: 0.20 + 0.30 + 0.28 + 0.16 m.
    assert!((fingertip([0.0; 5]).0 - Vec3::new(0.0, 0.0, 0.94)).length() < 1e-6);
}

#[test]
fn the_rates_of_the_joints_move_the_fingertip_as_asked() {
    let mut draw = Stream::new(2, Purpose::Noise, 0, 0);
    let mut worst = 0.0_f32;
    for _ in 0..1000 {
        let [shoulder, elbow, wrist] = bent(draw.between(0.28, 0.42), draw.between(0.08, 0.3), PI);
        let now = [draw.between(-1.0, 1.0), shoulder, elbow, wrist, 0.0];
        let wanted = Vec3::new(draw.between(-0.2, 0.2), draw.between(-0.2, 0.2), draw.between(-0.2, 0.2));
        let rates = rates(now, wanted, 0.0, 0.0);
        let dt = 1e-3;
        let (before, after) = (fingertip(now), fingertip(std::array::from_fn(|joint| now[joint] + dt * rates[joint])));
        worst = worst.max(((after.0 - before.0) / dt - wanted).length() / wanted.length()).max(((after.1 - before.1) / dt).abs());
    }
    // What the damping costs in the middle of the workspace.
    assert!(worst < 0.25, "{worst}");
    // Stretched out, the rates stay bounded.
    let stretched = rates([0.0, PI / 2.0, 0.05, 0.0, 0.0], Vec3::new(0.5, 0.0, 0.0), 0.0, 0.0);
    assert!(stretched.iter().all(|rate| rate.abs() < 8.0), "{stretched:?}");
}

#[test]
fn an_arm_that_is_told_nothing_holds_still_whatever_hangs_at_it() {
    for (payload, most) in [(0.0, 0.006), (1.5, 0.02)] {
        let plan = arm("Joints", payload, "[Joints]");
        let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
        let start = Vec3::new(0.36, 0.0, 0.25);
        stage.steps(100);
        let sag = stage.arena(0, |item| tip(&item)).distance(start);
        eprintln!("with {payload} kg the fingertip is {:.1} mm from where it began, after 5 s", 1e3 * sag);
        assert!(sag < most, "with {payload} kg: {sag} m");
    }
}

#[test]
fn the_joints_follow_their_rates_and_stop_at_their_ends() {
    let plan = arm("Joints", 0.0, "[Joints]");
    let mut row = vec![0.0; 6];
    row[0] = 0.5;
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::replay(vec![row.clone(); 40]));
    stage.steps(60);
    let turned = |stage: &mut Stage| stage.arena(0, |item| angles(&item.arena.plan.parts, item.physics.view()));
    // 2 s at half of 1.5 rad/s.
    assert!((turned(&mut stage)[0] - 1.5).abs() < 0.02, "{:?}", turned(&mut stage));
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::replay(vec![row.iter().map(|rate| 2.0 * rate).collect(); 100]));
    stage.steps(110);
    assert!((turned(&mut stage)[0] - 2.9).abs() < 0.02, "{:?}", turned(&mut stage));
}

#[test]
fn what_the_fingertip_sees_and_feels_is_what_is_there() {
    let sensors = r#"[Pose(of: "target", from: "body.tip"), Gripper, Touch(of: ["body.finger_left"])]"#;
    let plan = arm("Tip", 0.0, sensors);
    let names: Vec<&str> = plan.observation.0.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(names[..3], ["pose.target.from.tip.ahead", "pose.target.from.tip.left", "pose.target.from.tip.up"]);
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    stage.step();
    let row = stage.rows(0)[0].observation.clone();
    // The fingers point down: what is 5 cm higher lies behind the fingertip, which looks along them.
    let expected = [0.0, 0.1, -0.05, 0.09, 0.0, 0.0];
    assert!(row.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 2e-3), "{row:?}");
}

/// Lets the expert of `lift` take the block up, then does nothing for `seconds`. How far the block then slipped in the hand, m.
fn slipped(plan: &Arc<Plan>, level: &Level, seconds: f32) -> f32 {
    let mut stage = Stage::new(plan, vec![level.clone()], 1, 1, Pilot::expert());
    let held = |item: &ArenaQueryItem<'_, '_>| {
        let situation = item.situation();
        centre(&situation, situation.plan.thing("block"))
    };
    for _ in 0..160 {
        stage.step();
        if stage.arena(0, |item| held(&item)).z > 0.12 {
            break;
        }
    }
    let in_hand = |stage: &mut Stage| stage.arena(0, |item| held(&item) - tip(&item));
    stage.arena(0, |mut item| *item.pilot = Pilot::Idle);
    let before = in_hand(&mut stage);
    stage.steps((20.0 * seconds) as usize);
    in_hand(&mut stage).distance(before)
}

#[test]
fn a_grasp_holds_at_every_corner_of_the_level_and_a_slick_block_slips() {
    let plan = plan_of("lift");
    let varies = |name: &str| plan.scene.varies.index(name).unwrap();
    let [size, mass, friction] = ["block_size", "block_mass", "block_friction"].map(varies);
    let mut worst = 0.0_f32;
    for corner in 0..8 {
        let mut level = plan.canonical();
        for (bit, index) in [size, mass, friction].into_iter().enumerate() {
            level.cube[index] = if corner >> bit & 1 == 0 { 0.0 } else { 1.0 };
        }
        let slip = slipped(&plan, &level, 10.0);
        eprintln!("size, mass, friction {:?}: slipped {:.1} mm in 10 s", plan.quantities.values(&level.cube)[..3].to_vec(), 1e3 * slip);
        worst = worst.max(slip);
    }
    assert!(worst < 0.01, "a block slipped by {worst} m");

    let mut slick = plan.scene.clone();
    let block = slick.props.0.iter_mut().find(|(name, _)| name == "block").unwrap();
    let apprentice::scene::schema::Prop::Box { friction, .. } = &mut block.1 else { panic!("the block is a box") };
    *friction = apprentice::scene::number::Number::Fixed(0.02);
    let slick = Arc::new(Plan::new(slick, "slick", 0));
    let mut level = slick.canonical();
    level.cube[mass] = 1.0;
    let mut stage = Stage::new(&slick, vec![level], 1, 1, Pilot::expert());
    let mut highest = 0.0_f32;
    for _ in 0..200 {
        stage.step();
        highest = highest.max(stage.arena(0, |item| centre(&item.situation(), slick.thing("block")).z));
    }
    assert!(highest < 0.1, "a block without friction was lifted to {highest} m");
}
