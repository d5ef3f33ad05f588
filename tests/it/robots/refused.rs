//! Files that are wrong are refused with their place, never with a panic.

use super::{Folder, read, read_at};

/// A model with `inside` in its only body.
fn model(inside: &str) -> String {
    format!(
        "<mujoco>\n<worldbody><body name=\"a\"><joint name=\"j\"/>\n{inside}</body></worldbody><actuator><motor joint=\"j\"/></actuator></mujoco>"
    )
}

/// A robot of two links with `inside` among its elements.
fn arm(inside: &str) -> String {
    format!("<robot name=\"r\"><link name=\"a\"/><link name=\"b\"/>\n{inside}</robot>")
}

/// `text` so many times, with a number in the place of `$`.
fn many(text: &str, count: usize) -> String {
    (0..count).map(|number| text.replace('$', &number.to_string())).collect()
}

/// What ends a model in which three joints follow each other.
const RING: &str =
    r#"<equality><joint joint1="j" joint2="k"/><joint joint1="k" joint2="l"/><joint joint1="l" joint2="j"/></equality></mujoco>"#;
const FOLLOWS: &str = r#"<joint joint1="j" joint2="k"/>"#;
const APART: &str = r#"<exclude body1="a" body2="b"/>"#;
/// What ends a robot whose root bears a third link.
const BESIDE: &str = r#"<link name="c"/><joint name="k" type="fixed"><parent link="a"/><child link="c"/></joint></robot>"#;

#[test]
fn whatever_is_wrong_is_told_with_file_line_and_column() {
    let joint =
        |kind: &str, more: &str| arm(&format!("<joint name=\"j\" type=\"{kind}\"><parent link=\"a\"/><child link=\"b\"/>{more}</joint>"));
    let cases = [
        ("".into(), "1:1: this is no XML"),
        ("<mujoco><worldbody></mujoco>".into(), "1:20: this is no XML"),
        ("<mujoko/>".into(), "1:1: found `mujoko` and expected `mujoco`"),
        ("<mujoco/>".into(), "1:1: there is no body in the `worldbody`"),
        (model("<geom/>"), "3:1: this `geom` has no `size`"),
        (model("<geom size=\"-1\"/>"), "3:7: `size` has -1 and must be above 0"),
        (model("<geom size=\"0.1 x\"/>"), "3:7: `size` has `x` where a number should stand"),
        (model("<geom size=\"nan\"/>"), "3:7: `size` has the number nan, which is not finite or above 1000000 in size"),
        (model("<geom size=\"1e300\"/>"), "`size` has the number 1e300"),
        (model("<geom size=\"0.1\" mass=\"-3\"/>"), "3:1: a mass or density is below 0"),
        (model("<inertial mass=\"inf\" pos=\"0 0 0\"/>"), "3:11: `mass` has the number inf"),
        (model("<geom type=\"capsule\" fromto=\"0 0 0 0 0 0\" size=\"0.1\"/>"), "3:22: the two ends of `fromto` are the same"),
        (model("<geom type=\"sausage\" size=\"0.1\"/>"), "3:1: a geom cannot be `sausage`; expected `sphere`"),
        (model("<geom type=\"mesh\" mesh=\"m\"/>"), "3:19: there is no mesh called `m`"),
        (model("<geom size=\"0.1\" class=\"soft\"/>"), "3:18: there is no class called `soft`"),
        (model("<geom size=\"0.1\" quat=\"0 0 0 0\"/>"), "3:18: `quat` has no direction"),
        (model("<geom size=\"0.1\"/><body><freejoint/></body>"), "3:25: only a body of the world can be free"),
        (model("<geom size=\"0.1\"/><body name=\"a\"/>"), "3:25: there are two bodies called `a`"),
        (model("<geom size=\"0.1\"/><body><joint name=\"j\"/><geom size=\"0.1\"/></body>"), "0:0: the name `j` is given twice"),
        (model("<geom size=\"0.1\"/><joint axis=\"0 0 0\"/>"), "3:26: `axis` has no direction"),
        (model("<geom size=\"0.1\"/><joint range=\"2 1\"/>"), "3:26: the range ends at 1 and begins at 2"),
        (model("<geom size=\"0.1\"/><joint type=\"screw\"/>"), "3:19: a joint cannot be `screw`"),
        (model("<geom size=\"0.1\"/><joint damping=\"-1\"/>"), "3:26: `damping` is -1"),
        ("<mujoco><worldbody><body><geom size=\"0.1\"/></body></worldbody></mujoco>".into(), "0:0: nothing in it is driven"),
        (
            model("<geom size=\"0.1\"/>").replace("<motor", "<muscle name=\"m\""),
            "0:0: nothing in it is driven: no joint has an actuator (left out: 1 x muscle (m): a kind of actuator that is not read)",
        ),
        (model("<geom size=\"0.1\"/><joint name=\"k\"/><joint name=\"l\"/>").replace("</mujoco>", RING), "joints follow each other in a ring"),
        (joint("floating", "").replace("</robot>", BESIDE), "2:17: beside what floats, more hangs on the root"),
        (model(&many("<joint name=\"$\"/>", 256)), "0:0: there are 257 degrees of freedom, and there may be 256"),
        (model(&many("<joint name=\"$\" type=\"ball\"/>", 86)), "0:0: there are 259 degrees of freedom"),
        (model(&many("<site name=\"$\"/>", 1001)), "0:0: there are 1001 points, and there may be 1000"),
        (model("").replace("</actuator>", &(many("<motor joint=\"j\"/>", 256) + "</actuator>")), "0:0: there are 257 actuators"),
        (
            model("<joint name=\"k\"/>").replace("</mujoco>", &format!("<equality>{}</equality></mujoco>", many(FOLLOWS, 257))),
            "0:0: there are 257 couplings of joints, and there may be 256",
        ),
        (
            model("<body name=\"b\"><joint/></body>").replace("</mujoco>", &format!("<contact>{}</contact></mujoco>", many(APART, 1001))),
            "0:0: there are 1001 pairs of links that pass through each other, and there may be 1000",
        ),
        (model("<geom size=\"0.1\"/>").replace("joint=\"j\"", "joint=\"k\""), "there is no joint called `k`"),
        (model("<geom size=\"0.1\"/>").replace("<motor", "<general biastype=\"affine\" biasprm=\"0 5\""), "it drives its joint away"),
        ("<mujoco><include file=\"robot.xml\"/></mujoco>".into(), "1:18: more than 10 files include each other"),
        ("<mujoco><include file=\"gone.xml\"/></mujoco>".into(), "1:18: there is no file `"),
        ("<mujoco><compiler coordinate=\"global\"/></mujoco>".into(), "1:19: global coordinates are no longer"),
        ("<mujoco><asset><mesh file=\"gone.stl\"/></asset><worldbody><body><joint name=\"j\"/><geom type=\"mesh\" mesh=\"gone\"/></body></worldbody><actuator><motor joint=\"j\"/></actuator></mujoco>".into(), "1:16: there is no file `"),
        ("<robot name=\"r\"/>".into(), "1:1: there is no link"),
        (arm(""), "`a` and `b` hang on nothing: there must be one root"),
        (joint("revolute", "<limit lower=\"1\" upper=\"0\"/>"), "the joint `j` ends at 0 and begins at 1"),
        (joint("ball", ""), "2:17: a joint cannot be `ball`; expected `revolute`"),
        (joint("revolute", "<axis xyz=\"0 0 0\"/>"), "`xyz` has no direction"),
        (joint("fixed", ""), "0:0: nothing in it is driven"),
        (joint("continuous", "<limit effort=\"1\" velocity=\"1\"/>").replace("child link=\"b\"", "child link=\"c\""), "there is no link called `c`"),
        (arm("<joint name=\"j\" type=\"fixed\"><parent link=\"a\"/></joint>"), "2:1: the joint `j` has no `child`"),
        (arm("<joint name=\"j\" type=\"fixed\"><parent link=\"a\"/><child link=\"b\"/></joint><joint name=\"k\" type=\"fixed\"><parent link=\"b\"/><child link=\"a\"/></joint>"), "the joints form a ring"),
        (arm("<link name=\"c\"/><joint name=\"j\" type=\"fixed\"><parent link=\"b\"/><child link=\"c\"/></joint><joint name=\"k\" type=\"fixed\"><parent link=\"c\"/><child link=\"b\"/></joint>"), "the link `b` hangs on itself"),
        (arm("<joint name=\"j\" type=\"fixed\"><parent link=\"a\"/><child link=\"b\"/></joint><joint name=\"k\" type=\"fixed\"><parent link=\"a\"/><child link=\"b\"/></joint>"), "the link `b` hangs on two joints, `j` and `k`"),
        (arm("<link name=\"a\"/>"), "2:7: there are two links called `a`"),
        (arm("<link name=\"c\"><inertial><mass value=\"-1\"/></inertial></link>").replace("<link name=\"a\"/><link name=\"b\"/>", ""), "the mass of `c` is -1"),
    ];
    for (text, expected) in cases {
        let problems = read(&text).err().unwrap_or_else(|| panic!("read without a word, but expected {expected:?}:\n{text}"));
        let problem = &problems.0[0];
        let told = format!("{}:{}: {}", problem.line, problem.column, problem.sentence());
        assert!(told.contains(expected), "expected {expected:?}, told {told:?} of\n{text}");
        assert!(problem.file.ends_with("robot.xml"), "{}", problem.file);
        assert!(problem.line == 0 || problem.to_string().contains('^'), "{problem}");
    }
}

#[test]
fn files_that_include_each_other_again_and_again_are_refused_at_once() {
    let includes = |depth: usize| format!("<mujoco>{}</mujoco>", format!("<include file=\"{}.xml\"/>", depth + 1).repeat(10));
    let files: Vec<(String, String)> = (0..8).map(|depth| (format!("{depth}.xml"), includes(depth))).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("8.xml", "<mujoco/>"));
    let told = read_at(&Folder::of(&files).path("0.xml")).unwrap_err().to_string();
    assert!(told.contains("more than 200 files are included"), "{told}");
}

#[test]
fn a_robot_that_could_not_be_read_back_is_refused() {
    // Numbers take more room in the scene than in the file: that alone has less than 1 MiB.
    let shapes = many("<geom size=\"0.1\"/>", 900);
    let text = |letters: usize| model(&shapes).replace("<mujoco>", &format!("<mujoco model=\"{}\">", "x".repeat(letters)));
    let folder = Folder::of(&[("small.xml", text(100_000).as_str()), ("large.xml", text(900_000).as_str())]);
    assert!(folder.scene("Mjcf(\"small.xml\")", "").is_ok());
    let told = folder.scene("Mjcf(\"large.xml\")", "").err().unwrap_or_default().to_string();
    assert!(told.contains("large.xml: written out with its robot, the scene has 1"), "{told}");
    assert!(told.contains("what is recorded may have 1048576 (1 MiB)"), "{told}");
}

#[test]
fn a_scene_tells_what_is_wrong_with_its_robot() {
    let model = model("<geom size=\"0.1\"/><site name=\"tip\"/>");
    let folder = Folder::of(&[("a.xml", model.as_str()), ("b.xml", "<mujoco>\n<compiler angle=\"turn\"/></mujoco>")]);
    let told = |body: &str, more: &str| folder.scene(body, more).err().unwrap_or_default().to_string();
    assert_eq!(told("Mjcf(\"a.xml\")", ""), "");
    assert!(told("Mjcf(\"c.xml\")", "").starts_with("scene.ron:1:"), "{}", told("Mjcf(\"c.xml\")", ""));
    assert!(told("Mjcf(\"c.xml\")", "").contains("c.xml`; expected the robot's file, relative to the scene's"));
    let wrong = told(
        "Mjcf(\"b.xml\")",
        "task: Task(success: Near(\"body.a\", \"body.tip\", 0.1), reward: [(1.0, Upright(\"body\"))], time_limit: 1.0)",
    );
    assert!(wrong.contains("b.xml:2:11: `angle` is neither `degree` nor `radian`"), "{wrong}");
    assert!(!wrong.contains("body.tip"), "of parts that nobody knows nothing is said: {wrong}");
    let unknown = told(
        "Mjcf(\"a.xml\")",
        "task: Task(success: Near(\"body.a\", \"body.tib\", 0.1), reward: [(1.0, Upright(\"body\"))], time_limit: 1.0)",
    );
    assert!(unknown.contains("did you mean `body.tip`?"), "{unknown}");
    for (body, expected) in [
        ("Mjcf", "expected"),
        ("Mjcf(fiel: \"a.xml\")", "unknown field `fiel`"),
        ("Mjcf(file: \"a.xml\", joints: Loose)", "expected one of `Multibody`, `Impulse`"),
        ("Mjcf(file: \"a.xml\", at: (0.0, 0.0, Vary(\"up\")))", "`up`"),
        ("Urdf(\"a.xml\")", "this is MJCF, `body: Mjcf(..)`"),
        ("Mjcf(file: \"a.xml\", robot: (name: \"x\"))", "missing field"),
    ] {
        assert!(told(body, "").contains(expected), "{body}: {}", told(body, ""));
    }
}

#[test]
fn whatever_a_file_has_been_mangled_to_it_is_read_or_refused_but_never_a_panic() {
    let mjcf = r#"<mujoco><compiler angle="radian"/><default><joint damping="0.1"/></default><worldbody><geom name="wall" type="box" size="0.1 1 0.5" pos="-1 0 0.5"/>
        <body name="a" pos="0 0 1" euler="0 0.3 0"><joint name="x" type="slide" axis="1 0 0" range="-1 1"/><joint name="j" axis="0 1 0" ref="0.2" stiffness="2" armature="0.1"/>
        <geom type="capsule" fromto="0 0 0 0.2 0 0.1" size="0.05" friction="0.5"/><body name="b" pos="0.2 0 0"><joint name="k" type="ball" pos="0 0 0.1"/>
        <inertial pos="0 0 0.1" mass="2" diaginertia="0.1 0.2 0.15" quat="1 0.1 0 0"/><geom type="ellipsoid" size="0.1 0.05 0.2" density="300"/></body></body></worldbody>
        <equality><joint joint1="j" joint2="x" polycoef="0.1 0.5"/></equality><contact><exclude body1="a" body2="b"/></contact>
        <actuator><motor joint="x" gear="30" ctrlrange="-1 1"/><position joint="j" kp="20" kv="1" forcerange="-5 5"/></actuator></mujoco>"#;
    let urdf = r#"<robot name="r"><link name="a"><inertial><origin xyz="0 0 0.1" rpy="0 0 0.2"/><mass value="2"/><inertia ixx="0.1" iyy="0.2" izz="0.15" ixy="0.01"/></inertial>
        <collision><geometry><box size="0.2 0.3 0.1"/></geometry></collision></link><link name="b"><inertial><mass value="0.5"/><inertia ixx="0.01" iyy="0.01" izz="0.01"/></inertial>
        <collision><origin xyz="0 0 0.2"/><geometry><cylinder radius="0.05" length="0.3"/></geometry></collision></link><joint name="j" type="revolute"><parent link="a"/><child link="b"/>
        <origin xyz="0.1 0 0.1" rpy="0.1 0 0"/><axis xyz="0 1 0.5"/><limit lower="-1" upper="0.5" effort="5" velocity="2"/><dynamics damping="0.1"/></joint></robot>"#;
    let (mut read, mut refused) = (0, 0);
    for (text, kind) in [(mjcf, "Mjcf"), (urdf, "Urdf")] {
        // Cut off anywhere; every number in turn made absurd; every word in turn left out.
        let mut mangled: Vec<String> = (0..text.len()).step_by(7).map(|end| text[..end].to_owned()).collect();
        let bytes = text.as_bytes();
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        for start in (0..text.len()).filter(|at| word(bytes[*at]) && !word(bytes[at - 1])) {
            let end = (start..text.len()).find(|at| !word(bytes[*at])).unwrap_or(text.len());
            let instead: &[&str] =
                if text[start..end].parse::<f64>().is_ok() { &["nan", "-3", "0", "1e6", "1e-30", ""] } else { &["", "x"] };
            mangled.extend(instead.iter().map(|new| format!("{}{new}{}", &text[..start], &text[end..])));
        }
        for text in mangled {
            let folder = Folder::of(&[("robot.xml", text.as_str())]);
            match folder.scene(&format!("{kind}(\"robot.xml\")"), "") {
                Err(_) => refused += 1,
                Ok(plan) => {
                    read += 1;
                    let mut stage = crate::stage::Stage::drawn(&plan, 1, 1, apprentice::pilot::Pilot::random());
                    stage.steps(2);
                }
            }
        }
    }
    assert!(read > 300 && refused > 300, "{read} read, {refused} refused");
}
