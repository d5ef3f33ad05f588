//! What of a file arrives in a robot, against numbers worked out by hand.

use super::{Folder, read_at, robot};
use apprentice::scene::import::{Form, JointKind, Link, Root, mjcf, report, urdf};
use std::f32::consts::PI;

/// Whether numbers agree to 1 in 10,000, or 1e-6.
#[track_caller]
fn near(found: &[f32], expected: &[f32]) {
    let agree = |(found, expected): (&f32, &f32)| (found - expected).abs() <= 1e-6 + 1e-4 * expected.abs();
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(agree), "{found:?} and not {expected:?}");
}

/// A link with `geoms` in it, that can be driven.
fn link(geoms: &str) -> Link {
    let text = format!(
        r#"<mujoco><worldbody><body name="a"><joint name="j"/>{geoms}</body></worldbody><actuator><motor joint="j"/></actuator></mujoco>"#
    );
    robot(&text).links.remove(0)
}

#[test]
fn solids_weigh_what_they_should() {
    // 1,000 kg/m³ unless said. A ball of 0.1 m: 4/3 π r³ = 4.18879 l; 2/5 m r².
    let ball = link(r#"<geom size="0.1"/>"#);
    near(&[ball.mass], &[4.18879]);
    near(&ball.inertia, &[0.0167552, 0.0167552, 0.0167552, 0.0, 0.0, 0.0]);
    // A box of 0.2, 0.4, 0.6 m and 3 kg: m/12 (b² + c²).
    let block = link(r#"<geom type="box" size="0.1 0.2 0.3" mass="3"/>"#);
    near(&block.inertia, &[0.13, 0.1, 0.05, 0.0, 0.0, 0.0]);
    // A cylinder, radius 0.1 m, height 0.4 m, 2 kg: m r²/2 along, m (3 r² + h²)/12 across.
    let cylinder = link(r#"<geom type="cylinder" size="0.1 0.2" mass="2"/>"#);
    near(&cylinder.inertia, &[0.0316667, 0.0316667, 0.01, 0.0, 0.0, 0.0]);
    // A capsule of the same size between two points, off the origin and lying along x; figures from MuJoCo 4.0's `body_inertia`.
    let capsule = link(r#"<geom type="capsule" fromto="0 0 1 0.4 0 1" size="0.1"/>"#);
    near(&capsule.centre, &[0.2, 0.0, 1.0]);
    near(&[capsule.mass], &[16.7552]);
    // Middle 12.5664 kg, ends 4.18879 kg: along 0.0628319 + 0.0167552; across 0.198968 + 0.0167552 + 0.167552 + 0.0628319.
    near(&capsule.inertia, &[0.0795870, 0.446106, 0.446106, 0.0, 0.0, 0.0]);
    // An ellipsoid: 4/3 π abc; m/5 (b² + c²).
    let ellipsoid = link(r#"<geom type="ellipsoid" size="0.1 0.2 0.3" density="500"/>"#);
    near(&[ellipsoid.mass], &[12.5664]);
    near(&ellipsoid.inertia[..3], &[0.326726, 0.251327, 0.125664]);
    assert!(matches!(&ellipsoid.shapes[0].form, Form::Hull(points) if points.len() > 30));
    // Two balls of 1 kg, 2 m apart: their centre lies between them, and 2 · 1 kg · (1 m)² comes to the inertia across.
    let two = link(r#"<geom size="0.1" mass="1" pos="0 -1 0"/><geom size="0.1" mass="1" pos="0 1 0"/>"#);
    near(&two.centre, &[0.0, 0.0, 0.0]);
    near(&two.inertia, &[2.008, 0.008, 2.008, 0.0, 0.0, 0.0]);
}

#[test]
fn a_mesh_weighs_what_it_encloses_and_collides_as_its_hull() {
    // A wedge: half of a box of 1, 2 and 3 m, cut from edge to edge. 3 m³, its centre at a third.
    let wedge = "v 0 0 0\nv 1 0 0\nv 0 2 0\nv 0 0 3\nv 1 0 3\nv 0 2 3\nf 1 3 2\nf 4/1 5/2 6/3\nf 1 2 5 4\nf 2 3 6 5\nf -6 -3 -1 -4\n";
    let text = r#"<mujoco><compiler meshdir="meshes"/><asset><mesh name="wedge" file="wedge.obj" scale="1 0.5 1"/></asset><worldbody><body name="a"><joint name="j"/>
        <geom type="mesh" mesh="wedge" density="2"/></body></worldbody><actuator><motor joint="j"/></actuator></mujoco>"#;
    let folder = Folder::of(&[("robot.xml", text), ("meshes/wedge.obj", wedge)]);
    let link = read_at(&folder.path("robot.xml")).unwrap().links.remove(0);
    // Scaled: 1, 1 and 3 m, 1.5 m³. About the centre of a right triangle with sides 1: m/18 for each axis in its plane.
    near(&[link.mass], &[3.0]);
    near(&link.centre, &[1.0 / 3.0, 1.0 / 3.0, 1.5]);
    near(&link.inertia, &[3.0 / 18.0 + 27.0 / 12.0, 3.0 / 18.0 + 27.0 / 12.0, 6.0 / 18.0, 3.0 / 36.0, 0.0, 0.0]);
    assert!(matches!(&link.shapes[0].form, Form::Hull(points) if points.len() == 6));
    // The same from a binary STL (of a URDF): its hull alone counts.
    let mut stl = vec![0; 80];
    let corners = [[0.0_f32, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    stl.extend(4_u32.to_le_bytes());
    for face in [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]] {
        stl.extend([0; 12]);
        face.iter().flat_map(|corner| corners[*corner]).for_each(|number| stl.extend(number.to_le_bytes()));
        stl.extend([0; 2]);
    }
    let text = r#"<robot name="r"><link name="base"><collision><geometry><mesh filename="package://thing/meshes/a.stl" scale="2 2 2"/></geometry></collision>
        <collision><geometry><mesh filename="nowhere.stl"/></geometry></collision><collision><geometry><mesh filename="a.dae"/></geometry></collision></link>
        <link name="tip"/><joint name="j" type="prismatic"><parent link="base"/><child link="tip"/><limit lower="0" upper="1" effort="5" velocity="1"/></joint></robot>"#;
    let folder = Folder::of(&[("thing/urdf/robot.xml", text)]);
    std::fs::create_dir_all(folder.path("thing/meshes")).unwrap();
    std::fs::write(folder.path("thing/meshes/a.stl"), stl).unwrap();
    let robot = read_at(&folder.path("thing/urdf/robot.xml")).unwrap();
    let Form::Hull(points) = &robot.links[0].shapes[0].form else { panic!("{:?}", robot.links[0].shapes) };
    assert!(points.contains(&(2.0, 0.0, 0.0)) && robot.links[0].shapes.len() == 1);
    let told = report(&robot.dropped).join("\n");
    assert!(told.contains("1 x mesh (nowhere.stl): there is no such file"), "{told}");
    assert!(told.contains("1 x mesh (a.dae): meshes are read from STL and OBJ files, not from `.dae`"), "{told}");
}

#[test]
fn defaults_classes_frames_angles_and_includes_are_understood() {
    let main = r#"<mujoco model="odd"><compiler angle="degree" eulerseq="XYZ"/>
        <default><joint damping="1" armature="0.5"/><geom friction="0.3"/>
            <default class="strong"><joint damping="2"/><geom type="box" size="1 1 1" mass="1"/><default class="slide"><joint type="slide" axis="0 0 2"/></default></default>
        </default>
        <include file="parts/worlds.xml"/>
        <actuator><motor name="pull" joint="up" gear="10" ctrlrange="-2 4"/></actuator></mujoco>"#;
    let included = r#"<mujocoinclude><worldbody><frame pos="1 0 0" euler="0 0 90"><body name="root" childclass="strong" pos="1 0 0">
        <freejoint/><geom/>
        <body name="arm" pos="0 0 1" euler="90 0 90">
            <joint name="first" range="-90 45" ref="10" springref="20" stiffness="3" pos="0 0 0.5" axis="0 3 4"/><joint name="up" class="slide"/>
            <geom name="bar" class="main" size="0.1"/>
            <body name="welded" pos="0 0 2"><geom pos="0 1 0"/><site name="tip" pos="0 0 1"/></body>
        </body></body></frame></worldbody></mujocoinclude>"#;
    let folder = Folder::of(&[("robot.xml", main), ("parts/worlds.xml", included)]);
    let robot = mjcf(&folder.path("robot.xml"), None).unwrap();
    assert_eq!(robot.links.iter().map(|link| link.name.as_str()).collect::<Vec<_>>(), ["root", "arm"]);
    let [root, arm] = &robot.links[..] else { panic!() };
    // The frame stands at x = 1 and is turned by 90° about z: its x is y.
    near(&root.at, &[1.0, 1.0, 0.0]);
    assert!(root.free && arm.parent == Some(0));
    // Large letters: x first, then z of what stands still: z of the body, which looked up, lies along -y and is turned to x.
    let half = 0.5;
    near(&arm.turn.map(f32::abs), &[half; 4]);
    let [first, up] = &arm.joints[..] else { panic!() };
    assert_eq!((first.kind, up.kind), (JointKind::Hinge, JointKind::Slide));
    near(&first.axis, &[0.0, 0.6, 0.8]);
    near(&up.axis, &[0.0, 0.0, 1.0]);
    // Measured from the pose in which it is drawn, which the file calls 10°.
    let degree = PI / 180.0;
    let (low, high) = first.range.unwrap();
    near(&[low, high, first.rest], &[-100.0 * degree, 35.0 * degree, 10.0 * degree]);
    near(&[first.damping, first.armature, first.stiffness, up.damping], &[2.0, 0.5, 3.0, 2.0]);
    // The ball of the arm and the welded box: 4.18879 kg and 1 kg, 2 m up and 1 m aside.
    near(&[arm.mass], &[5.18879]);
    near(&arm.centre, &[0.0, 0.192723, 0.385447]);
    let points: Vec<_> = robot.points.iter().map(|point| (point.name.as_str(), point.link, point.at)).collect();
    assert_eq!(points, [("welded", 1, (0.0, 0.0, 2.0)), ("tip", 1, (0.0, 0.0, 3.0))]);
    assert_eq!(root.shapes[0].friction, 0.3);
    let pull = &robot.actuators[0];
    // From -2 to 4, with a gear of 10: 10 N in the middle, 30 N to either side.
    assert_eq!((pull.name.as_str(), pull.unit.as_str(), pull.push, pull.joint), ("pull", "-20 to 40 N", (10.0, 30.0), 1));
}

#[test]
fn actuators_of_every_kind_have_their_law_and_say_their_full_scale() {
    let robot = robot(
        r#"<mujoco><compiler angle="radian"/><worldbody><body name="a"><joint name="h" range="-0.5 2"/><joint name="s" type="slide"/>
        <joint name="b" type="ball"/><geom size="0.1"/></body></worldbody><actuator>
        <position joint="h" kp="50" ctrlrange="-1 1" kv="3" gear="2" forcerange="-7 7"/><velocity joint="s" kv="4" ctrlrange="-3 3"/>
        <general name="g" joint="h" gainprm="20" biastype="affine" biasprm="1 -20 -5" ctrlrange="0 1"/>
        <motor joint="h"/><motor joint="b"/><muscle joint="h" ctrlrange="0 1"/><motor tendon="t" name="m"/></actuator></mujoco>"#,
    );
    let told: Vec<_> = robot.actuators.iter().map(|a| (a.name.as_str(), a.unit.as_str())).collect();
    assert_eq!(told, [("h", "0.5 rad"), ("s", "3 m/s"), ("g", "0 to 1 rad"), ("h_2", "1 N m")]);
    let [position, velocity, general, motor] = &robot.actuators[..] else { panic!() };
    // Gear 2: the actuator's length is twice the angle, and the joint feels twice its force.
    assert_eq!((position.stiffness, position.damping, position.goal, position.most), (200.0, 12.0, (0.0, 0.5), Some(14.0)));
    assert_eq!((velocity.damping, velocity.rate, velocity.joint), (4.0, (0.0, 3.0), 1));
    assert_eq!((general.stiffness, general.damping, general.push, general.goal), (20.0, 5.0, (1.0, 0.0), (0.5, 0.5)));
    assert_eq!(motor.push, (0.0, 1.0));
    let lines = report(&robot.dropped);
    for expected in [
        "1 x motor: it acts on a free or ball joint",
        "1 x motor (m): it acts on something else than a joint",
        "1 x muscle: a kind of actuator that is not read",
        "1 x motor: its control has no range: it is taken as -1 to 1",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected:?} is not in {lines:#?}");
    }
}

#[test]
fn a_urdf_is_read_with_its_fixed_joints_merged() {
    let robot = robot(
        r#"<robot name="cart"><link name="world"/><link name="base"><inertial><origin xyz="0 0 1"/><mass value="2"/><inertia ixx="1" iyy="2" izz="3" ixy="0" ixz="0" iyz="0"/></inertial>
            <collision><origin xyz="0 0 0.5" rpy="0 1.5707963 0"/><geometry><cylinder radius="0.1" length="1"/></geometry></collision></link>
        <link name="sensor"><inertial><mass value="2"/><inertia ixx="0" iyy="0" izz="0"/></inertial></link><link name="wheel"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1"/></inertial></link>
        <link name="finger"/><link name="thumb"/>
        <joint name="bolt" type="fixed"><parent link="base"/><child link="sensor"/><origin xyz="1 0 1"/><axis xyz="0 0 0"/></joint>
        <joint name="axle" type="continuous"><parent link="sensor"/><child link="wheel"/><origin xyz="0 0 2" rpy="0 0 1.5707963"/><axis xyz="0 2 0"/><limit effort="3" velocity="5"/></joint>
        <joint name="slide" type="prismatic"><parent link="world"/><child link="base"/><axis xyz="1 0 0"/><limit lower="0.5" upper="1.5" effort="20" velocity="2"/><dynamics damping="4" friction="1"/></joint>
        <joint name="grip" type="revolute"><parent link="wheel"/><child link="finger"/><limit lower="-1" upper="1" effort="2" velocity="1"/></joint>
        <joint name="follow" type="revolute"><parent link="wheel"/><child link="thumb"/><limit lower="-1" upper="1" effort="2" velocity="1"/><mimic joint="grip" multiplier="-1" offset="0.2"/></joint>
        <transmission name="t"/></robot>"#,
    );
    let names: Vec<_> = robot.links.iter().map(|link| (link.name.as_str(), link.parent)).collect();
    assert_eq!(names, [("world", None), ("base", Some(0)), ("wheel", Some(1)), ("finger", Some(2)), ("thumb", Some(2))]);
    assert!(!robot.links[0].free, "a root called `world` stands still");
    let base = &robot.links[1];
    // 2 kg at (0, 0, 1) and 2 kg at (1, 0, 1): 2 · 2 kg · (0.5 m)² comes to what is across x.
    near(&[base.mass], &[4.0]);
    near(&base.centre, &[0.5, 0.0, 1.0]);
    near(&base.inertia, &[1.0, 3.0, 4.0, 0.0, 0.0, 0.0]);
    assert_eq!(robot.points[0].name, "sensor");
    near(&robot.links[2].at, &[1.0, 0.0, 3.0]);
    let slide = &base.joints[0];
    assert_eq!((slide.range, slide.start, slide.damping), (Some((0.5, 1.5)), 0.5, 4.0));
    let driven: Vec<_> = robot.actuators.iter().map(|a| (a.name.as_str(), a.unit.as_str(), a.most)).collect();
    assert_eq!(driven, [("slide", "0.5 to 1.5 m", Some(20.0)), ("axle", "5 rad/s", Some(3.0)), ("grip", "1 rad", Some(2.0))]);
    let coupling = robot.couplings[0];
    let joints: Vec<&str> = robot.joints().map(|(_, joint)| joint.name.as_str()).collect();
    assert_eq!((joints[coupling.joint], joints[coupling.leader], coupling.ratio, coupling.offset), ("follow", "grip", -1.0, 0.2));
    let told = report(&robot.dropped).join("\n");
    for expected in ["2 x link (thumb, finger): it has no mass", "1 x dynamics (slide): dry friction", "1 x transmission (t)"] {
        assert!(told.contains(expected), "{expected:?} is not in\n{told}");
    }
}

#[test]
fn the_root_may_stand_otherwise_than_the_file_says() {
    let text = r#"<robot name="arm"><link name="foot"/><link name="hand"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1"/></inertial></link>
        <joint name="j" type="revolute"><parent link="foot"/><child link="hand"/><limit lower="-1" upper="1" effort="2" velocity="1"/></joint></robot>"#;
    let folder = Folder::of(&[("arm.urdf", text)]);
    let free = |base| urdf(&folder.path("arm.urdf"), base).unwrap().links[0].free;
    assert_eq!([free(None), free(Some(Root::Fixed)), free(Some(Root::Free))], [true, false, true]);
    // A joint that floats says the same as no joint, and the scene's word counts more.
    let hand = r#"<link name="hand"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1"/></inertial></link>"#;
    let text = text.replace("<link name=\"foot\"/>", &format!("<link name=\"world\"/>{}", hand.replace("hand", "foot"))).replace(
        "</robot>",
        "<joint name=\"f\" type=\"floating\"><parent link=\"world\"/><child link=\"foot\"/><origin xyz=\"0 0 2\"/></joint></robot>",
    );
    let folder = Folder::of(&[("arm.urdf", text.as_str())]);
    let root = |root| urdf(&folder.path("arm.urdf"), root).unwrap().links.remove(0);
    assert_eq!([None, Some(Root::Fixed), Some(Root::Free)].map(|stands| root(stands).free), [true, false, true]);
    let fixed = root(Some(Root::Fixed));
    assert_eq!((fixed.name.as_str(), fixed.at), ("foot", [0.0, 0.0, 2.0]));
    // A root that slides along the world stands on its joint: there is nothing to choose.
    let text = r#"<mujoco><worldbody>
        <body name="cart"><joint name="x" type="slide"/><geom size="0.1"/></body></worldbody><actuator><motor joint="x"/></actuator></mujoco>"#;
    let folder = Folder::of(&[("cart.xml", text)]);
    assert!(mjcf(&folder.path("cart.xml"), None).is_ok());
    for root in [Root::Fixed, Root::Free] {
        let told = mjcf(&folder.path("cart.xml"), Some(root)).unwrap_err().to_string();
        assert!(told.contains("cart.xml:2:9: joints of its own hold this body on the world: `root` of the scene"), "{told}");
    }
}

#[test]
fn forces_that_are_limited_otherwise_are_read_or_told() {
    let text = |floor: &str| {
        format!(
            r#"<mujoco><worldbody>{floor}<body name="a"><joint name="h" actuatorfrcrange="-3 3"/><joint name="s" actuatorfrcrange="-1 4"/><joint name="t"/>
            <joint name="u" actuatorfrcrange="-2 2" actuatorfrclimited="false"/><geom name="foot" size="0.1" condim="1"/></body></worldbody><actuator>
            <motor joint="h" gear="5" ctrlrange="-1 1"/><motor joint="s" forcerange="-2 2" ctrlrange="-1 1"/><motor name="s2" joint="s" ctrlrange="-1 1"/>
            <position joint="t" dampratio="1" ctrlrange="-1 1" forcerange="-1 6" gear="2"/><motor joint="u" ctrlrange="-1 1"/></actuator></mujoco>"#
        )
    };
    let slippery = robot(&text(""));
    let most: Vec<_> = slippery.actuators.iter().map(|actuator| actuator.most).collect();
    // What a joint allows is meant behind the gear, what an actuator gives before it.
    assert_eq!(most, [Some(3.0), Some(2.0), Some(4.0), Some(12.0), None]);
    let lines = report(&slippery.dropped);
    for expected in [
        "1 x joint (s): `actuatorfrcrange` has two ends: the larger one holds to both sides",
        "1 x joint (s): `actuatorfrcrange` holds for each of its actuators and not for their sum",
        "1 x position (t): `forcerange` has two ends: the larger one holds to both sides",
        "1 x position (t): its `dampratio`: it is damped by `kv` and its joint alone",
        "1 x geom (foot): `condim` is 1: it has friction all the same",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected:?} is not in {lines:#?}");
    }
    // With the friction of the floor beneath it there is friction in MuJoCo, too.
    for (floor, told) in [(r#"<geom type="plane" size="1 1 1"/>"#, false), (r#"<geom type="plane" size="1 1 1" condim="1"/>"#, true)] {
        let lines = report(&robot(&text(floor)).dropped);
        assert_eq!(lines.iter().any(|line| line.contains("`condim`")), told, "{lines:#?}");
    }
}

#[test]
fn a_point_with_the_name_of_a_joint_is_told() {
    let robot = robot(
        r#"<mujoco><worldbody><body name="a"><joint name="j"/><geom size="0.1"/><site name="j"/><site name="tip"/></body></worldbody>
        <actuator><motor joint="j"/></actuator></mujoco>"#,
    );
    assert_eq!(robot.points.iter().map(|point| point.name.as_str()).collect::<Vec<_>>(), ["tip"]);
    assert!(report(&robot.dropped).contains(&"1 x point (j): a joint has its name".into()), "{:?}", robot.dropped);
}

#[test]
fn a_robot_starts_in_its_key_called_home_and_within_its_ranges() {
    let text = |key: &str| {
        format!(
            r#"<mujoco><compiler angle="radian"/><worldbody><body name="a"><freejoint/><geom size="0.1"/><body name="b"><joint name="h" range="0.5 2" ref="0.1"/><geom size="0.1"/></body></body></worldbody>
            <actuator><motor joint="h"/></actuator><keyframe>{key}</keyframe></mujoco>"#
        )
    };
    // In the file's words 0.1, which is out of its range: it starts at 0.5, 0.4 from where it is drawn.
    let plain = robot(&text(""));
    near(&[plain.links[1].joints[0].start], &[0.4]);
    let home = robot(&text(r#"<key name="home" qpos="1 2 3 0 0 0 2 1.1"/>"#));
    near(&[home.links[1].joints[0].start], &[1.0]);
    near(&home.links[0].at, &[1.0, 2.0, 3.0]);
    near(&home.links[0].turn, &[0.0, 0.0, 1.0, 0.0]);
    // It is that of a robot that flies: said again by the scene, it counts; of one that stands fixed, it is told.
    let folder = Folder::of(&[("robot.xml", text(r#"<key name="home" qpos="1 2 3 0 0 0 2 1.1"/>"#).as_str())]);
    let stands = |root| mjcf(&folder.path("robot.xml"), Some(root)).unwrap();
    assert_eq!(stands(Root::Free), home);
    near(&[stands(Root::Fixed).links[1].joints[0].start], &[0.4]);
    let told = report(&stands(Root::Fixed).dropped);
    assert!(told.contains(&"1 x key (home): the root stands otherwise than the file says".into()), "{told:?}");
}
