//! The walker does what its header says: it stands, weighs what it should, its legs reach where they are told, and it goes where hands tell it.
//! With `--nocapture` the numbers of `docs/results/scenes.md` are printed.

use crate::stage::{Stage, plan_from};
use apprentice::arena::ArenaQueryItem;
use apprentice::body::walker::gait::bent;
use apprentice::body::walker::{OUT, SHIN, THIGH, corner, side, stands};
use apprentice::body::{heading, turned};
use apprentice::pilot::Pilot;
use apprentice::pilot::hand::{Hands, Input};
use apprentice::scene::plan::Plan;
use apprentice::stream::{Purpose, Stream};
use apprentice::task::centre;
use bevy::math::{Quat, Vec2, Vec3};
use std::sync::Arc;

/// A walker, with more to say of it, on a floor.
fn walker(body: &str, floor: &str, rest: &str) -> Arc<Plan> {
    plan_from(&format!(
        r#"Scene(about: "A dog.", timing: (control_hz: 25, physics_hz: 200), surroundings: [Floor({floor})], body: Walker({body}), {rest})"#
    ))
}

/// Where a thing is.
fn at(item: &ArenaQueryItem<'_, '_>, name: &str) -> Vec3 {
    let situation = item.situation();
    centre(&situation, situation.plan.thing(name))
}

#[test]
fn the_angles_of_a_place_bring_the_foot_there() {
    let mut draw = Stream::new(1, Purpose::Noise, 0, 0);
    for _ in 0..1000 {
        let side = if draw.unit() < 0.5 { 1.0 } else { -1.0 };
        let foot = Vec3::new(draw.between(-0.15, 0.15), side * OUT + draw.between(-0.1, 0.1), draw.between(-0.33, -0.2));
        let [abduction, hip, knee] = bent(foot, side);
        let (out, leg) = (Quat::from_rotation_x(abduction), Quat::from_rotation_y(hip));
        let shin = Quat::from_rotation_y(hip + knee);
        let reached = out * (Vec3::Y * OUT * side - leg * Vec3::Z * THIGH - shin * Vec3::Z * SHIN);
        assert!(reached.distance(foot) < 1e-4 && knee < 0.0, "{foot}: {reached}");
    }
}

#[test]
fn a_walker_that_is_told_nothing_stands_on_four_feet_whatever_it_carries() {
    for (payload, most) in [(0.0, 0.01), (3.0, 0.015)] {
        let plan = walker(&format!("payload: {payload}"), "", r#"sensors: [HeightMap(points: (1, 1), spacing: 1.0)]"#);
        let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
        stage.step();
        let weight = stage.arena(0, |item| {
            let world = item.physics.view();
            item.arena.plan.parts.links.iter().map(|link| world.bodies[*link].mass()).sum::<f32>()
        });
        assert!((weight - 12.6 - payload).abs() < 1e-3, "{weight} kg");
        stage.steps(250);
        let (trunk, feet) = stage.arena(0, |item| {
            let feet = ["front_left", "front_right", "rear_left", "rear_right"].map(|leg| at(&item, &format!("body.{leg}_foot")));
            (at(&item, "body"), feet)
        });
        let sag = stands() + 0.02 - stage.rows(0).last().unwrap().observation[0];
        eprintln!("{payload} kg on its back: sags {:.1} mm, drifts {:.1} mm in 10 s", 1e3 * sag, 1e3 * trunk.truncate().length());
        assert!(sag.abs() < most && trunk.truncate().length() < 0.02, "{sag} m, {trunk}");
        for (leg, foot) in feet.into_iter().enumerate() {
            let under = corner(leg) + Vec3::Y * OUT * side(leg).y;
            assert!((foot.z - 0.02).abs() < 0.003 && foot.truncate().distance(under.truncate()) < 0.03, "leg {leg}: {foot}");
        }
    }
}

#[test]
fn hands_tell_it_where_to_go_and_it_goes_there() {
    let plan = walker("", "friction: 0.8", "sensors: [Joints]");
    assert_eq!(plan.steering.0.iter().map(|channel| channel.name.as_str()).collect::<Vec<_>>(), ["forward", "left", "turn"]);
    for (inputs, forward, left, turn) in [
        (&[(Input::LeftStickY, 0.7)][..], 1.0, 0.0, 0.0),
        (&[(Input::LeftStickX, -0.7)], 0.0, 1.0, 0.0),
        (&[(Input::RightStickX, 0.7)], 0.0, 0.0, -1.0),
        (&[], 0.0, 0.0, 0.0),
    ] {
        let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Hand);
        for (input, value) in inputs {
            stage.app.world_mut().resource_mut::<Hands>().feed(input.clone(), *value);
        }
        stage.steps(50);
        let (mut way, mut turns) = (Vec2::ZERO, 0.0);
        for _ in 0..100 {
            stage.step();
            let (velocity, spin, up) = stage.arena(0, |item| {
                let trunk = &item.physics.view().bodies[item.arena.plan.parts.root()];
                (turned(trunk.linvel().truncate(), -heading(trunk.rotation())), trunk.angvel().z, (trunk.rotation() * Vec3::Z).z)
            });
            (way, turns) = (way + velocity / 100.0, turns + spin / 100.0);
            assert!(up > 0.9, "it stays upright");
        }
        eprintln!("{inputs:?}: {way} m/s, {turns:.2} rad/s");
        // As told, or at least half as fast; and hardly anywhere else.
        let wanted = stage.app.world().resource::<Hands>().wanted().to_vec();
        for (got, wanted, told, scale) in [(way.x, wanted[0], forward, 1.0), (way.y, wanted[1], left, 1.0), (turns, wanted[2], turn, 1.5)] {
            assert!((wanted != 0.0) == (told != 0.0), "{wanted} for {told}");
            let wanted = scale * wanted;
            assert!(got * told >= 0.5 * wanted.abs() && (got - wanted).abs() < 0.15 + 0.5 * wanted.abs(), "{inputs:?}: {way} {turns}");
        }
    }
}

#[test]
fn on_a_slope_what_is_straight_down_leans_for_every_sense() {
    let plan = walker(
        "heading: 0.6",
        "slope: 0.2",
        "command: (speed: 1.0, heading: 0.6), sensors: [Motion, HeightMap(points: (3, 3), spacing: 0.2), Command]",
    );
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    stage.steps(50);
    let row = stage.rows(0).last().unwrap().observation.clone();
    let find = |name: &str| row[plan.observation.0.iter().position(|channel| channel.name == name).unwrap()];
    // The floor rises along x: what is up leans that way, whichever way the trunk is turned.
    let (sine, cosine) = libm::sincosf(0.6);
    let turned = stage.arena(0, |item| *item.physics.view().bodies[item.arena.plan.parts.root()].rotation());
    let up = turned.inverse() * Vec3::new(libm::sinf(0.2), 0.0, libm::cosf(0.2));
    assert!((Vec3::from(["x", "y", "z"].map(|axis| find(&format!("motion.upright.{axis}")))) - up).length() < 0.01, "{up}");
    // Level points 0.2 m apart are nearer to the floor uphill, by tan(0.2) of the way along x.
    let rise = (find("height.0.1") - find("height.2.1")) / 0.4;
    assert!((rise - libm::tanf(0.2) * cosine).abs() < 0.02, "{rise}");
    let rise = (find("height.1.0") - find("height.1.2")) / 0.4;
    assert!((rise + libm::tanf(0.2) * sine).abs() < 0.02, "{rise}");
    // It is told to go where it looks.
    assert!((find("command.forward") - 1.0).abs() < 0.02 && find("command.left").abs() < 0.1);
    // Friction 0.8 and its own 1.0 hold it there.
    assert!(stage.arena(0, |item| at(&item, "body")).truncate().length() < 0.05);
    // On ice it slides down.
    let plan = walker("", "slope: 0.3, friction: 0.0", "sensors: [Motion]");
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    stage.steps(25);
    assert!(stage.arena(0, |item| at(&item, "body")).x < -0.2);
}
