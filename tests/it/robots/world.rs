//! How robots from files stand, move and collide.

use super::{Folder, after, lowest, positions};
use crate::stage::Stage;
use apprentice::pilot::Pilot;
use apprentice::scene::load;
use apprentice::scene::plan::Plan;
use apprentice::scene::schema::Body;
use std::sync::Arc;

/// A box with a lid on a hinge, drawn 3 m above nothing.
const BOX: &str = r#"<mujoco model="box"><worldbody><body name="hull" pos="1 2 3"><freejoint/><geom type="box" size="0.2 0.1 0.3" mass="2"/><site name="top" pos="0 0 0.3"/>
    <body name="lid" pos="0 0 0.35"><joint name="lift" axis="0 1 0" range="-30 30" damping="0.2"/><geom name="lid" type="box" size="0.2 0.1 0.05" mass="0.2"/></body></body></worldbody>
    <actuator><position joint="lift" kp="20" ctrlrange="-0.4 0.4"/></actuator></mujoco>"#;

fn plan(files: &[(&str, &str)], body: &str, more: &str) -> Arc<Plan> {
    Folder::of(files).scene(body, more).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn a_robot_stands_where_the_scene_says_on_its_lowest_point() {
    let plan = plan(&[("box.xml", BOX)], "Mjcf(file: \"box.xml\", at: (0.5, -1.0, 0.1), heading: 1.5707963)", "");
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    assert!((lowest(&mut stage) - 0.1).abs() < 1e-5, "{}", lowest(&mut stage));
    // Drawn at (1, 2): turned by 90° that is (-2, 1), and then moved.
    let hull = |stage: &mut Stage| stage.arena(0, |item| *item.physics.view().bodies[item.arena.plan.parts.root()].position());
    let pose = hull(&mut stage);
    assert!((pose.translation.x + 1.5).abs() < 1e-5 && pose.translation.y.abs() < 1e-5, "{pose:?}");
    stage.steps(40);
    assert!((-1e-3..1e-3).contains(&lowest(&mut stage)), "it fell 0.1 m and stands: {}", lowest(&mut stage));
    assert!((hull(&mut stage).translation.z - 0.3).abs() < 2e-3);
}

#[test]
fn joints_obey_their_motors_with_both_kinds_of_joints() {
    // A bar of 1 kg and 1 m on a hinge, its centre on the axis: m l²/12 = 1/12 kg m² about it (and a bit for its thickness: 0.0834 kg m²).
    let bar = |actuator: &str| {
        format!(
            r#"<mujoco><compiler angle="radian"/><option gravity="0 0 0"/><worldbody><body name="bar" pos="0 0 2"><joint name="j" axis="0 1 0"/><geom type="box" size="0.5 0.01 0.01" mass="1"/></body></worldbody>
            <actuator>{actuator}</actuator></mujoco>"#
        )
    };
    for joints in ["Multibody", "Impulse"] {
        let turned = |actuator: &str, action: f32, steps: usize| {
            let text = bar(actuator);
            let plan = plan(&[("bar.xml", text.as_str())], &format!("Mjcf(file: \"bar.xml\", joints: {joints})"), "");
            let mut stage = after(&plan, &[action], steps);
            let speed = stage.arena(0, |item| item.arena.plan.parts.joints[0].velocity(item.physics.view()));
            (positions(&mut stage)[0], speed)
        };
        // A torque of 0.05 N m for 1 s: 0.6 rad/s² gives 0.2999 rad and 0.5998 rad/s.
        let (angle, speed) = turned(r#"<motor joint="j" gear="0.1" ctrlrange="-1 1"/>"#, 0.5, 20);
        assert!((angle - 0.2999).abs() < 2e-3 && (speed - 0.5998).abs() < 1e-3, "{joints}: {angle} rad, {speed} rad/s");
        // A position: 0.8 rad, reached with a damper near the critical one.
        let (angle, speed) = turned(r#"<position joint="j" kp="5" kv="1.2" ctrlrange="-1 1"/>"#, 0.8, 60);
        assert!((angle - 0.8).abs() < 2e-3 && speed.abs() < 1e-2, "{joints}: {angle} rad, {speed} rad/s");
        // A speed: 2 rad/s, with a time constant of 0.0834 s.
        let (_, speed) = turned(r#"<velocity joint="j" kv="1" ctrlrange="-4 4"/>"#, 0.5, 20);
        assert!((speed - 2.0).abs() < 1e-3, "{joints}: {speed} rad/s");
        // The same position with 0.01 N m at most: 0.12 rad/s² for 1 s, 0.06 rad.
        let (angle, _) = turned(r#"<position joint="j" kp="5" ctrlrange="-1 1" forcerange="-0.01 0.01"/>"#, 1.0, 20);
        assert!((0.05..0.0615).contains(&angle), "{joints}: {angle} rad");
    }
}

#[test]
fn in_reduced_coordinates_springs_dampers_and_rotors_are_those_of_the_file() {
    // 1 kg at 1 m, about 1 kg m², and a rotor of 3 kg m²: a spring of 4 N m/rad about 0.5 rad swings with 1 rad/s. At π seconds it is on
    // the other side.
    let text = r#"<mujoco><compiler angle="radian"/><worldbody><body name="a" pos="0 0 2"><joint name="j" axis="0 0 1" armature="3" stiffness="4" springref="0.5"/>
        <geom size="0.01" pos="1 0 0" mass="1"/></body></worldbody><actuator><motor joint="j" gear="1" ctrlrange="-1 1"/></actuator></mujoco>"#;
    let plan_ = plan(&[("a.xml", text)], "Mjcf(\"a.xml\")", "");
    let mut stage = after(&plan_, &[0.0], 63);
    // 3.15 s: 0.5 (1 - cos 3.15) = 1.0.
    assert!((positions(&mut stage)[0] - 1.0).abs() < 0.01, "{:?}", positions(&mut stage));
    // A damper alone: 2 N m against 4 N m s/rad is 0.5 rad/s.
    let damped = text.replace("stiffness=\"4\" springref=\"0.5\"", "damping=\"4\"").replace("gear=\"1\"", "gear=\"2\"");
    let plan_ = plan(&[("a.xml", damped.as_str())], "Mjcf(\"a.xml\")", "");
    let mut stage = after(&plan_, &[1.0], 400);
    let speed = stage.arena(0, |item| item.arena.plan.parts.joints[0].velocity(item.physics.view()));
    assert!((speed - 0.5).abs() < 1e-3, "{speed}");
}

#[test]
fn masses_centres_and_inertias_reach_the_physics_as_they_stand_in_the_file() {
    let text = r#"<mujoco><worldbody><body name="a"><freejoint/><inertial pos="0.1 0.2 0.3" mass="3" fullinertia="0.5 0.4 0.6 0.05 -0.1 0.02"/>
        <geom size="0.1"/><body name="b"><joint name="j"/><inertial pos="0 0 0" mass="0.5" diaginertia="1e-4 1.00001e-4 2e-4" euler="30 40 50"/></body></body></worldbody>
        <actuator><motor joint="j"/></actuator></mujoco>"#;
    let plan = plan(&[("a.xml", text)], "Mjcf(\"a.xml\")", "");
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    let Body::Mjcf(import) = &plan.scene.body else { panic!() };
    for (index, link) in import.robot.as_ref().unwrap().links.iter().enumerate() {
        let found = stage.arena(0, |item| item.physics.view().bodies[item.arena.plan.parts.links[index]].mass_properties().local_mprops);
        let inertia = found.reconstruct_inertia_matrix();
        let [xx, yy, zz, xy, xz, yz] = link.inertia;
        let expected = [xx, xy, xz, xy, yy, yz, xz, yz, zz];
        let far = inertia.to_cols_array().iter().zip(expected).any(|(found, expected)| (found - expected).abs() > 2e-6 * (xx + yy + zz));
        assert!(!far, "{}: {inertia:?} and not {expected:?}", link.name);
        assert!((found.mass() - link.mass).abs() < 1e-6 && found.local_com.distance(link.centre.into()) < 1e-6, "{}", link.name);
    }
}

#[test]
fn several_joints_between_two_links_move_it_one_after_the_other() {
    // A slide along x, then a turn about z, then one about the y that was turned: as the file has it.
    let text = r#"<mujoco><compiler angle="radian"/><worldbody><body name="a" pos="0 0 1"><joint name="x" type="slide" axis="1 0 0"/><joint name="yaw" axis="0 0 1"/><joint name="pitch" axis="0 1 0"/>
        <geom type="box" size="0.1 0.1 0.1" mass="1"/></body></worldbody><actuator><position joint="x" kp="100" kv="20" ctrlrange="-1 1"/><position joint="yaw" kp="20" kv="2" ctrlrange="-2 2"/>
        <position joint="pitch" kp="20" kv="2" ctrlrange="-1 1"/></actuator></mujoco>"#;
    for (joints, most) in [("Multibody", 2e-3), ("Impulse", 2e-2)] {
        let plan = plan(&[("a.xml", text)], &format!("Mjcf(file: \"a.xml\", joints: {joints})"), "");
        let mut stage = after(&plan, &[0.5, std::f32::consts::FRAC_PI_4, 0.5], 100);
        let found = positions(&mut stage);
        let away =
            found.iter().zip([0.5, std::f32::consts::FRAC_PI_2, 0.5]).map(|(found, wanted)| (found - wanted).abs()).fold(0.0, f32::max);
        assert!(away < most, "{joints}: {found:?}");
        // It looks along y, and then down by half a radian.
        let ahead = stage.arena(0, |item| {
            let body = &item.physics.view().bodies[item.arena.plan.parts.root()];
            (body.rotation() * bevy::math::Vec3::X, body.translation())
        });
        let expected = bevy::math::Vec3::new(0.0, libm::cosf(0.5), -libm::sinf(0.5));
        assert!(ahead.0.distance(expected) < 2.0 * most && (ahead.1.x - 0.5).abs() < most, "{joints}: {ahead:?}");
    }
}

#[test]
fn links_collide_as_the_file_lets_them_but_never_with_their_parents() {
    // Two bars swing towards each other, above a wall that stands in the file's world.
    let text = |masks: &str, exclude: &str| {
        format!(
            r#"<mujoco><compiler angle="radian"/><default><geom {masks}/></default><worldbody><geom name="wall" type="box" size="0.1 1 0.5" pos="-1 0 1.5"/>
            <body name="root" pos="0 0 1.5"><geom type="box" size="0.3 0.05 0.05" mass="1"/>
            <body name="left" pos="-0.3 0 0"><joint name="left" axis="0 0 1"/><joint name="twist" axis="0 1 0" range="0 0.001"/><geom type="box" size="0.02 0.3 0.02" pos="0 0.3 0" mass="0.2"/></body>
            <body name="right" pos="0.3 0 0"><joint name="right" axis="0 0 1"/><geom type="box" size="0.02 0.3 0.02" pos="0 0.3 0" mass="0.2"/></body></body></worldbody>
            <contact>{exclude}</contact><actuator><motor joint="left" gear="0.03" ctrlrange="-1 1"/><motor joint="right" gear="0.03" ctrlrange="-1 1"/></actuator></mujoco>"#
        )
    };
    let turned = |masks: &str, exclude: &str, action: [f32; 2]| {
        let text = text(masks, exclude);
        let plan = plan(&[("a.xml", text.as_str())], "Mjcf(\"a.xml\")", "");
        let mut stage = after(&plan, &action, 40);
        let found = positions(&mut stage);
        (found[0], found[2])
    };
    // Towards each other: they meet where each leans by some 0.5 rad (0.3 m aside at 0.6 m). Against their parent they would never have
    // left it.
    let (left, right) = turned("", "", [-1.0, 1.0]);
    assert!((-0.75..-0.3).contains(&left) && (0.3..0.75).contains(&right), "{left} {right}");
    for (masks, exclude) in [("", r#"<exclude body1="left" body2="right"/>"#), (r#"contype="1" conaffinity="0""#, "")] {
        let (left, right) = turned(masks, exclude, [-1.0, 1.0]);
        assert!(left.abs() > 1.0 || right.abs() > 1.0, "{masks}{exclude}: {left} {right}");
    }
    // The other way the left one is stopped by the wall at x = -0.9, 0.6 m aside.
    let (left, right) = turned("", "", [1.0, -1.0]);
    assert!((1.2..1.75).contains(&left) && right.abs() > 1.2, "{left} {right}");
}

#[test]
fn a_joint_follows_another_one() {
    let text = r#"<robot name="hand"><link name="world"/><link name="finger"><inertial><mass value="0.1"/><inertia ixx="0.001" iyy="0.001" izz="0.001"/></inertial></link>
        <link name="thumb"><inertial><mass value="0.1"/><inertia ixx="0.001" iyy="0.001" izz="0.001"/></inertial></link>
        <joint name="grip" type="revolute"><parent link="world"/><child link="finger"/><axis xyz="0 0 1"/><limit lower="-1" upper="1" effort="2" velocity="5"/></joint>
        <joint name="follow" type="revolute"><parent link="world"/><child link="thumb"/><axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="2" velocity="5"/><mimic joint="grip" multiplier="-2" offset="0.2"/></joint></robot>"#;
    let plan = plan(&[("hand.urdf", text)], "Urdf(\"hand.urdf\")", "");
    let mut stage = after(&plan, &[0.0], 1);
    assert!((positions(&mut stage)[1] - 0.2).abs() < 1e-2, "{:?}", positions(&mut stage));
    let mut stage = after(&plan, &[0.6], 60);
    let found = positions(&mut stage);
    assert!((found[0] - 0.6).abs() < 1e-2 && (found[1] + 1.0).abs() < 2e-2, "{found:?}");
}

#[test]
fn joints_that_follow_followers_start_where_these_do_whatever_the_files_order() {
    let text = r#"<mujoco><compiler angle="radian"/><worldbody><body name="r"><body name="a"><joint name="a" range="0.4 1"/><geom size="0.1"/></body>
        <body name="b"><joint name="b"/><geom size="0.1"/></body><body name="c"><joint name="c"/><geom size="0.1"/></body></body></worldbody>
        <equality><joint joint1="c" joint2="b" polycoef="0.1 1"/><joint joint1="b" joint2="a" polycoef="0 2"/></equality>
        <actuator><motor joint="a"/></actuator></mujoco>"#;
    let plan = plan(&[("a.xml", text)], "Mjcf(\"a.xml\")", "");
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    let found = positions(&mut stage);
    assert!(found.iter().zip([0.4, 0.8, 0.9]).all(|(found, wanted)| (found - wanted).abs() < 1e-5), "{found:?}");
}

#[test]
fn names_of_the_file_serve_sensors_predicates_and_disturbances() {
    let more = r#"props: {"goal": Point(at: At(x: 0.0, y: 0.0, z: 0.61))}, disturbances: [Push(on: "body.lid", force: 0.0, every: 1.0)],
        task: Task(success: All([Near("body.top", "goal", 0.02), Upright("body.hull", 0.1), Touching("body.hull", "floor")]), reward: [(1.0, Near("body.lid", "goal", 0.5))], time_limit: 1.0, ends_on_success: false)"#;
    let text = BOX.replace("pos=\"1 2 3\"", "pos=\"0 0 3\"");
    let plan = plan(&[("box.xml", text.as_str())], "Mjcf(\"box.xml\")", more);
    let names: Vec<&str> = plan.observation.0.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(names[names.len() - 3..], ["joint.lift.sin", "joint.lift.cos", "joint.lift.speed"]);
    assert_eq!((plan.action.0[0].name.as_str(), plan.action.0[0].unit.as_str()), ("lift", "0.4 rad"));
    assert!(plan.bindings.drives.iter().all(|drive| drive.moves.contains_key("lift")) && !plan.bindings.drives.is_empty());
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    stage.steps(19);
    assert!(stage.rows(0).last().unwrap().success, "{:?}", stage.rows(0).last());
}

#[test]
fn a_scene_holds_its_robot_and_is_another_one_when_the_file_changes() {
    let folder = Folder::of(&[("box.xml", BOX)]);
    let load = |text: &str| {
        std::fs::write(folder.path("scene.ron"), text).unwrap();
        load::load(&folder.path("scene.ron")).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let text = r#"Scene(about: "A box.", timing: (control_hz: 20, physics_hz: 480), surroundings: [Floor], body: Mjcf("box.xml"), sensors: [Motion])"#;
    let first = load(text);
    // Comments do not count, and neither does how the scene is spelt; what the robot is does, down to a gram.
    std::fs::write(folder.path("box.xml"), BOX.replace("<worldbody>", "<worldbody><!-- a box -->")).unwrap();
    assert_eq!(load(&text.replace("Mjcf(\"box.xml\")", "Mjcf(file: \"box.xml\", joints: Multibody)")).hash, first.hash);
    std::fs::write(folder.path("box.xml"), BOX.replace("mass=\"0.2\"", "mass=\"0.201\"")).unwrap();
    assert_ne!(load(text).hash, first.hash);
    // Written out, it needs no file any more: this is what stands in a data set.
    std::fs::remove_file(folder.path("box.xml")).unwrap();
    for written in [load::canonical(&first.scene), apprentice::imitation::data_set::sidecar::scene_text(&first.scene)] {
        let again = load(&written);
        assert_eq!(again.hash, first.hash);
        let robot = |scene: &apprentice::scene::schema::Scene| match &scene.body {
            Body::Mjcf(import) => import.robot.clone().unwrap(),
            _ => panic!("it is an MJCF"),
        };
        let kept = apprentice::scene::import::Robot { dropped: Vec::new(), ..*robot(&first.scene) };
        assert_eq!(*robot(&again.scene), kept);
    }
}

#[test]
fn a_robot_moves_bit_for_bit_alike_whatever_the_threads_and_after_a_restore() {
    for joints in ["Multibody", "Impulse"] {
        let plan = plan(&[("box.xml", BOX)], &format!("Mjcf(file: \"box.xml\", joints: {joints})"), "");
        let hashes = |threads: usize| {
            let mut stage = Stage::drawn(&plan, 3, threads, Pilot::random());
            stage.steps(30);
            (0..3).map(|arena| stage.rows(arena).iter().map(|row| row.hash).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        let one = hashes(1);
        assert_eq!(one, hashes(2), "{joints}");
        assert_ne!(one[0], one[1]);
        let mut stage = Stage::drawn(&plan, 1, 1, Pilot::random());
        stage.steps(10);
        let snapshot = stage.arena(0, |mut item| item.capture());
        stage.steps(10);
        let future: Vec<u64> = stage.rows(0)[10..].iter().map(|row| row.hash).collect();
        stage.arena(0, |mut item| item.restore(&snapshot));
        stage.steps(10);
        assert_eq!(stage.rows(0)[20..].iter().map(|row| row.hash).collect::<Vec<_>>(), future, "{joints}");
    }
}

#[test]
fn runs_and_data_sets_of_a_robot_need_its_file_no_more() {
    let workshop = crate::workshop::Workshop::new();
    let scene = r#"Scene(about: "A box.", timing: (control_hz: 20, physics_hz: 240), surroundings: [Floor], body: Mjcf("box.xml"), sensors: [Motion, Joints],
        task: Task(success: Upright("body.lid", 0.1), reward: [(1.0, Upright("body.lid"))], time_limit: 1.0, ends_on_success: false))"#;
    workshop.write("box/scene.ron", scene);
    workshop.write("box/box.xml", BOX);
    workshop.write("box/ppo.ron", crate::workshop::RECIPE);
    workshop.apprentice("train box --quiet --out run --set budget=Updates(2)").ends(0, &[]);
    workshop.apprentice("record box data --pilot random --episodes 1 --quiet").ends(0, &[]);
    std::fs::remove_file(workshop.path("box/box.xml")).unwrap();
    workshop.apprentice("evaluate run --levels 2 --quiet").ends(0, &[]);
    workshop.apprentice("train box/ppo.ron --quiet --out run --resume").ends(2, &["box/box.xml`"]);
    workshop.apprentice("replay data --verify --quiet").ends(0, &[]);
}

#[test]
fn check_tells_what_was_left_out() {
    let workshop = crate::workshop::Workshop::new();
    let scene = r#"Scene(about: "A box.", timing: (control_hz: 20, physics_hz: 480), surroundings: [Floor], body: Mjcf("box.xml"), sensors: [Motion])"#;
    workshop.write("box/scene.ron", scene);
    let cameras = "<camera name=\"eye\"/><camera name=\"ear\"/><light/>";
    workshop.write(
        "box/box.xml",
        &BOX.replace("<worldbody>", &format!("<worldbody>{cameras}<geom name=\"floor\" type=\"plane\" size=\"1 1 1\"/>")),
    );
    let words = [
        "box/scene.ron: right\n",
        "not taken over from its robot's file, or otherwise than it says:\n  2 x camera (eye, ear): cameras and lights are the scene's own\n  1 x light: ",
        "  1 x floor (floor): the scene's own surroundings stand in its place\n",
    ];
    workshop.apprentice("check box").ends(0, &words);
    let objects = workshop.apprentice("check box --json").ends(0, &[]).objects();
    assert!(objects.iter().any(|object| object["dropped"] == "camera" && object["name"] == "ear"), "{objects:?}");
}
