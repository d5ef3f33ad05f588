//! Predicates, reward terms and scores, in situations made by hand.

use crate::stage::{Stage, plan_from};
use apprentice::physics::Physics;
use apprentice::physics::rapier::prelude::{RigidBodyHandle, Rotation, Vector};
use apprentice::pilot::Pilot;
use apprentice::scene::plan::Plan;
use apprentice::signal::Outcome;
use apprentice::task::Verdict;
use std::sync::Arc;

/// A rover at (-2, 0), a cube of 0.2 m at the origin, a row of four boxes along y at x = 3, a disc of 0.5 m around (1, 0).
fn scene(success: &str, rest: &str, reward: &str) -> Arc<Plan> {
    plan_from(&format!(
        r#"Scene(
            about: "Things put by hand.",
            timing: (control_hz: 10, physics_hz: 120),
            surroundings: [Floor(friction: 0.8), Walls(size: (10.0, 6.0), height: 0.5)],
            body: Rover(at: (-2.0, 0.0, 0.0), control: Heading),
            command: (speed: 0.5),
            props: {{
                "cube": Box(size: (0.2, 0.2, 0.2), mass: 1.0, at: At(x: 0.0, y: 0.0)),
                "lid": Box(size: (0.2, 0.2, 0.1), mass: 0.5, at: On(prop: "cube")),
                "row": Row(of: Box(size: (0.2, 0.2, 0.2), mass: 1.0), count: Vary("count"), gap: 0.2, heading: 1.5707964, at: At(x: 3.0, y: 0.0)),
                "disc": Zone(radius: 0.5, at: At(x: 1.0, y: 0.0)),
            }},
            sensors: [Motion],
            varies: {{ "count": Whole(4, 5) }},
            task: Task(success: {success}, {rest} reward: {reward}, time_limit: 10.0),
        )"#
    ))
}

const NEVER: &str = r#"Above("cube", 20.0)"#;

/// Puts things where a test wants them.
struct Hand<'a> {
    plan: &'a Plan,
    physics: Physics<'a>,
}

impl Hand<'_> {
    fn body(&self, name: &str, member: usize) -> RigidBodyHandle {
        self.plan.things[self.plan.thing(name).0].members[member]
    }

    fn put(&mut self, name: &str, member: usize, at: [f32; 3]) {
        let handle = self.body(name, member);
        self.physics.bodies[handle].set_translation(Vector::from(at), true);
    }

    fn turn(&mut self, name: &str, rotation: Rotation) {
        let handle = self.body(name, 0);
        self.physics.bodies[handle].set_rotation(rotation, true);
    }

    fn speed(&mut self, name: &str, member: usize, linear: [f32; 3], angular: [f32; 3]) {
        let handle = self.body(name, member);
        self.physics.bodies[handle].set_linvel(Vector::from(linear), true);
        self.physics.bodies[handle].set_angvel(Vector::from(angular), true);
    }
}

/// An episode of which every step is arranged by hand.
struct Judge {
    stage: Stage,
    memory: Vec<f32>,
    step: usize,
}

impl Judge {
    fn new(plan: &Arc<Plan>) -> Self {
        let memory = plan.task.as_ref().expect("a task").memory();
        // The row's count is 4: the lower half of the unit interval.
        let level = apprentice::curriculum::Level { cube: vec![0.2], grid: None, seed: 1 };
        Self { stage: Stage::new(plan, vec![level], 1, 1, Pilot::Idle), memory, step: 0 }
    }

    /// What the task says after `arrange`. Nothing is simulated.
    fn after(&mut self, arrange: impl Fn(&mut Hand)) -> Verdict {
        self.step += 1;
        let Self { stage, memory, step } = self;
        stage.arena(0, |mut item| {
            let plan = item.arena.plan.clone();
            arrange(&mut Hand { plan: &plan, physics: item.physics.physics() });
            {
                let task = plan.task.as_ref().expect("a task");
                let mut sums = vec![0.0; task.terms()];
                task.judge(&item.situation(), memory, &mut sums, *step)
            }
        })
    }

    fn holds(&mut self, arrange: impl Fn(&mut Hand)) -> bool {
        self.after(arrange).success
    }
}

/// Whether a predicate holds in the first step after `arrange`.
fn holds(predicate: &str, arrange: impl Fn(&mut Hand)) -> bool {
    Judge::new(&scene(predicate, "", "[(1.0, Gentle)]")).holds(arrange)
}

/// What is paid in the first step after `arrange`.
fn paid(reward: &str, arrange: impl Fn(&mut Hand)) -> f32 {
    Judge::new(&scene(NEVER, "", reward)).after(arrange).reward.dense
}

fn near(one: f32, other: f32) -> bool {
    (one - other).abs() < 1e-4
}

#[test]
fn inside_and_outside_are_told_by_the_centre() {
    let at = |x: f32, y: f32| move |hand: &mut Hand| hand.put("cube", 0, [x, y, 0.1]);
    assert!(!holds(r#"Inside("cube", "disc")"#, at(0.0, 0.0)));
    assert!(holds(r#"Inside("cube", "disc")"#, at(0.51, 0.0)));
    assert!(!holds(r#"Inside("cube", "disc")"#, at(0.49, 0.0)));
    // (0.3, 0.39) from the disc's centre: 0.492 m. (0.3, 0.41): 0.508 m.
    assert!(holds(r#"Inside("cube", "disc")"#, at(1.3, 0.39)) && !holds(r#"Outside("cube", "disc")"#, at(1.3, 0.39)));
    assert!(holds(r#"Outside("cube", "disc")"#, at(1.3, 0.41)) && !holds(r#"Inside("cube", "disc")"#, at(1.3, 0.41)));
    // Of the walls: 5 m and 3 m from the middle.
    assert!(!holds(r#"Outside("cube", "walls")"#, at(4.9, 2.9)) && holds(r#"Outside("cube", "walls")"#, at(4.9, 3.1)));
    // Of the floor: below it.
    let height = |z: f32| move |hand: &mut Hand| hand.put("cube", 0, [0.0, 0.0, z]);
    assert!(!holds(r#"Outside("cube", "floor")"#, height(0.0)) && holds(r#"Outside("cube", "floor")"#, height(-0.06)));
}

#[test]
fn near_above_upright_and_rest_hold_up_to_their_limits() {
    let at = |x: f32, z: f32| move |hand: &mut Hand| hand.put("cube", 0, [x, 0.0, z]);
    // From the rover's centre of mass the cube is some 2 m away; from the row's mean (3, 0, 0.1) it is 3 m.
    assert!(holds(r#"Near("cube", "row", 3.01)"#, at(0.0, 0.1)) && !holds(r#"Near("cube", "row", 2.99)"#, at(0.0, 0.1)));
    assert!(holds(r#"Above("cube", 0.5)"#, at(0.0, 0.51)) && !holds(r#"Above("cube", 0.5)"#, at(0.0, 0.49)));
    let tilted = |angle: f32| move |hand: &mut Hand| hand.turn("cube", Rotation::from_rotation_x(angle));
    assert!(holds(r#"Upright("cube", 0.3)"#, tilted(0.29)) && !holds(r#"Upright("cube", 0.3)"#, tilted(-0.31)));
    let moving = |v: f32, w: f32| move |hand: &mut Hand| hand.speed("cube", 0, [0.0, v, 0.0], [0.0, 0.0, w]);
    assert!(holds(r#"AtRest("cube")"#, moving(0.04, 0.2)));
    assert!(!holds(r#"AtRest("cube")"#, moving(0.06, 0.2)) && !holds(r#"AtRest("cube")"#, moving(0.04, 0.4)));
    let driving = |v: [f32; 3]| move |hand: &mut Hand| hand.speed("body", 0, v, [0.0; 3]);
    // 0.5 m/s along x, whichever way the body looks.
    let turned =
        |v: [f32; 3]| move |hand: &mut Hand| (hand.turn("body", Rotation::from_rotation_z(1.0)), hand.speed("body", 0, v, [0.0; 3])).1;
    assert!(holds("Follows(0.05)", driving([0.53, 0.03, 3.0])) && !holds("Follows(0.05)", driving([0.5, 0.06, 0.0])));
    assert!(holds("Follows(0.05)", turned([0.53, 0.03, 3.0])) && !holds("Follows(0.05)", turned([0.5, 0.06, 0.0])));
}

#[test]
fn a_predicate_over_a_group_means_all_of_it_and_a_share_a_part() {
    let moved = |count: usize| move |hand: &mut Hand| (0..count).for_each(|member| hand.put("row", member, [1.0, 0.0, 0.1]));
    assert!(!holds(r#"Inside("row", "disc")"#, moved(3)) && holds(r#"Inside("row", "disc")"#, moved(4)));
    assert!(!holds(r#"Share(0.75, Inside("row", "disc"))"#, moved(2)) && holds(r#"Share(0.75, Inside("row", "disc"))"#, moved(3)));
    assert!(
        holds(r#"Share(0.25, Not(Inside("row", "disc")))"#, moved(3)) && !holds(r#"Share(0.25, Not(Inside("row", "disc")))"#, moved(4))
    );
    // `Not` over a group: not all of it.
    assert!(holds(r#"Not(Inside("row", "disc"))"#, moved(0)));
    // The fifth box is absent in this level: it counts for nothing, wherever it is.
    assert!(holds(r#"Inside("row", "disc")"#, |hand: &mut Hand| {
        moved(4)(hand);
        hand.put("row", 4, [-4.0, 0.0, 0.1]);
    }));
}

#[test]
fn not_holds_wherever_its_part_does_not_hold() {
    // Three of four boxes lie inside: "all are inside" is false, so that its opposite is true.
    let moved = |hand: &mut Hand| (0..3).for_each(|member| hand.put("row", member, [1.0, 0.0, 0.1]));
    assert!(!holds(r#"Inside("row", "disc")"#, moved));
    assert!(holds(r#"Not(Inside("row", "disc"))"#, moved));
    assert!(holds(r#"All([Not(Inside("row", "disc")), Not(Outside("row", "disc"))])"#, moved));
}

#[test]
fn a_share_counts_the_members_for_which_the_whole_predicate_holds() {
    // Boxes 0 and 1 lie inside but move; 2 and 3 rest outside: none is inside and at rest, all are one or the other.
    let arrange = |hand: &mut Hand| {
        for member in 0..2 {
            hand.put("row", member, [1.0, 0.0, 0.1]);
            hand.speed("row", member, [1.0, 0.0, 0.0], [0.0; 3]);
        }
    };
    assert!(!holds(r#"Share(0.25, All([Inside("row", "disc"), AtRest("row")]))"#, arrange));
    assert!(holds(r#"Share(1.0, Any([Inside("row", "disc"), AtRest("row")]))"#, arrange));
    assert!(holds(r#"Share(0.5, All([Inside("row", "disc"), Not(AtRest("row"))]))"#, arrange));
}

#[test]
fn a_share_remembers_for_each_member() {
    // Each box lies inside for two steps, one after the other; the disc never holds two at once.
    let mut judge = Judge::new(&scene(r#"Share(0.5, For(0.2, Inside("row", "disc")))"#, "ends_on_success: false,", "[(1.0, Gentle)]"));
    let mut alone = |inside: &[usize]| {
        judge.holds(|hand| (0..4).for_each(|member| hand.put("row", member, [if inside.contains(&member) { 1.0 } else { 3.0 }, 0.0, 0.1])))
    };
    assert!(!alone(&[0, 1]));
    assert!(!alone(&[0, 2])); // box 0 for the second step, a quarter of them
    assert!(alone(&[0, 2])); // boxes 0 and 2: half
    assert!(!alone(&[2, 3]));
    assert!(!alone(&[0, 1]));
}

#[test]
fn all_any_and_not_combine() {
    let there = |hand: &mut Hand| hand.put("cube", 0, [1.0, 0.0, 0.1]);
    let (yes, no) = (r#"Inside("cube", "disc")"#, r#"Above("cube", 1.0)"#);
    for (predicate, expected) in [
        (format!("All([{yes}, {yes}])"), true),
        (format!("All([{yes}, {no}])"), false),
        (format!("Any([{no}, {yes}])"), true),
        (format!("Any([{no}, {no}])"), false),
        (format!("Not({no})"), true),
        (format!("Not({yes})"), false),
        (format!("All([Any([{no}, {yes}]), Not({no})])"), true),
    ] {
        assert_eq!(holds(&predicate, there), expected, "{predicate}");
    }
}

#[test]
fn for_counts_from_the_last_break_on() {
    // 0.3 s at 10 Hz: three steps in a row.
    let mut judge = Judge::new(&scene(r#"For(0.3, Inside("cube", "disc"))"#, "ends_on_success: false,", "[(1.0, Gentle)]"));
    let told: Vec<bool> =
        "11011110".chars().map(|c| judge.holds(|hand| hand.put("cube", 0, [if c == '1' { 1.0 } else { 0.0 }, 0.0, 0.1]))).collect();
    assert_eq!(told, [false, false, false, false, false, true, true, false]);
}

#[test]
fn what_remembers_is_asked_in_every_step_whatever_its_neighbours_say() {
    // Two steps inside, of which the first was too low; and two steps outside, of which the first was high.
    let step = |judge: &mut Judge, x: f32, z: f32| judge.holds(|hand| hand.put("cube", 0, [x, 0.0, z]));
    let judge = |predicate: &str| Judge::new(&scene(predicate, "ends_on_success: false,", "[(1.0, Gentle)]"));
    let mut all = judge(r#"All([Above("cube", 1.0), For(0.2, Inside("cube", "disc"))])"#);
    assert_eq!([step(&mut all, 1.0, 0.1), step(&mut all, 1.0, 2.0)], [false, true]);
    let mut any = judge(r#"Any([Above("cube", 1.0), For(0.2, Outside("cube", "disc"))])"#);
    assert_eq!([step(&mut any, 0.0, 2.0), step(&mut any, 0.0, 0.1)], [true, true]);
}

#[test]
fn then_wants_its_parts_in_their_order_and_holds_from_then_on() {
    let predicate = r#"Then([Above("cube", 1.0), Inside("cube", "disc"), Above("cube", 1.0)])"#;
    let mut judge = Judge::new(&scene(predicate, "ends_on_success: false,", "[(1.0, Gentle)]"));
    // (x, z): in the disc too early; up; still up; in the disc; nowhere; up; nowhere.
    let way = [(1.0, 0.1), (0.0, 2.0), (0.0, 2.0), (1.0, 0.1), (0.0, 0.1), (0.0, 2.0), (0.0, 0.1)];
    let told: Vec<bool> = way.iter().map(|(x, z)| judge.holds(|hand| hand.put("cube", 0, [*x, 0.0, *z]))).collect();
    assert_eq!(told, [false, false, false, false, false, true, true]);
}

#[test]
fn touching_is_told_by_contacts() {
    for (predicate, expected) in [
        (r#"On("lid", "cube")"#, true),
        (r#"On("cube", "lid")"#, false),
        (r#"Touching("lid", "cube")"#, true),
        (r#"Touching("cube", "floor")"#, true),
        (r#"Touching("lid", "floor")"#, false),
        (r#"Touching("row", "floor")"#, true),
        (r#"Touching("cube", "body")"#, false),
        (r#"Held("cube")"#, false),
    ] {
        let mut judge = Judge::new(&scene(predicate, "ends_on_success: false,", "[(1.0, Gentle)]"));
        judge.stage.steps(10);
        assert_eq!(judge.holds(|_| ()), expected, "{predicate}");
    }
}

#[test]
fn reward_terms_pay_what_a_hand_works_out() {
    let cube = |x: f32, y: f32| move |hand: &mut Hand| hand.put("cube", 0, [x, y, 0.1]);
    // 0.8 m from the disc on the floor: 1 / (1 + (0.8 / 0.4)²) = 0.2. Heights do not count towards a zone.
    assert!(near(paid(r#"[(1.0, Near("cube", "disc", 0.4))]"#, cube(0.2, 0.0)), 0.2));
    // 3 m from the row's mean, margin 3: one half.
    assert!(near(paid(r#"[(1.0, Near("cube", "row", 3.0))]"#, cube(0.0, 0.0)), 0.5));
    // The rover sees the cube at (0, 0) and the disc at (1, 0) in one line up to its own few millimetres of offset: (1 + 1) / 2.
    assert!(paid(r#"[(1.0, Behind("body", "cube", "disc"))]"#, cube(0.0, 0.0)) > 0.999);
    // The way on to the disc from (1, 1) is at a right angle to a way along x: (1 + 0) / 2. The rover stands at (-2, 1).
    let aside = |hand: &mut Hand| {
        hand.put("cube", 0, [1.0, 1.0, 0.1]);
        hand.put("body", 0, [-2.0, 1.0, 0.08]);
    };
    assert!((paid(r#"[(1.0, Behind("body", "cube", "disc"))]"#, aside) - 0.5).abs() < 0.01);
    // 60 degrees: (1 + 0.5) / 2.
    let tilted = |hand: &mut Hand| hand.turn("cube", Rotation::from_rotation_y(std::f32::consts::FRAC_PI_3));
    assert!(near(paid(r#"[(1.0, Upright("cube"))]"#, tilted), 0.75));
    // 0.6 m/s at a margin of 0.2: 1 / (1 + 9).
    let fast = |hand: &mut Hand| hand.speed("cube", 0, [0.0, 0.6, 0.0], [0.0; 3]);
    assert!(near(paid(r#"[(1.0, Slow("cube", 0.2))]"#, fast), 0.1));
    // A wheel that turns with 2 rad/s at a margin of 2: one half.
    let rolling = |hand: &mut Hand| hand.speed("body.wheel_1", 0, [0.0; 3], [0.0, 2.0, 0.0]);
    assert!(near(paid(r#"[(1.0, Still("body.wheel_1", 2.0))]"#, rolling), 0.5));
    // One box of four inside; it lies 0.2 m from the centre, which is 0.4 of the way: (3 + 0.4) / 4.
    let one = |hand: &mut Hand| hand.put("row", 2, [1.0, 0.2, 0.1]);
    assert!(near(paid(r#"[(1.0, Outside("row", "disc"))]"#, one), 0.75));
    assert!(near(paid(r#"[(1.0, Inside("row", "disc"))]"#, one), 0.25));
    assert!(near(paid(r#"[(1.0, Away("row", "disc"))]"#, one), 0.85));
    // 0.3 m of 1.2 m, and never more than 1.
    let height = |z: f32| move |hand: &mut Hand| hand.put("cube", 0, [0.0, 0.0, z]);
    assert!(near(paid(r#"[(1.0, Above("cube", 1.2))]"#, height(0.3)), 0.25));
    assert!(near(paid(r#"[(1.0, Above("cube", 1.2))]"#, height(7.0)), 1.0));
    // 0.3 m/s and 0.4 m/s beside the command are 0.5 m/s; margin 0.5: one half.
    let off = |hand: &mut Hand| hand.speed("body", 0, [0.8, -0.4, 0.0], [0.0; 3]);
    assert!(near(paid("[(1.0, Follows(0.5))]", off), 0.5));
    assert!(near(paid(r#"[(1.0, While(Inside("cube", "disc")))]"#, cube(1.0, 0.0)), 1.0));
    assert!(near(
        paid(r#"[(1.0, Product([Above("cube", 1.2), Inside("cube", "disc")]))]"#, |hand: &mut Hand| hand.put("cube", 0, [1.0, 0.0, 0.3])),
        0.25
    ));
    // Weights 3 and 1: (3 * 0.25 + 1 * 1) / 4.
    assert!(near(paid(r#"[(3.0, Above("cube", 1.2)), (1.0, Gentle)]"#, height(0.3)), 0.4375));
}

#[test]
fn effort_is_the_mean_square_of_the_action() {
    let plan = scene(NEVER, "", "[(1.0, Gentle)]");
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::replay(vec![vec![0.6, -0.8]]));
    stage.step();
    // 1 - (0.36 + 0.64) / 2
    assert!(near(stage.rows(0)[0].reward.dense, 0.5));
}

#[test]
fn each_ending_comes_when_it_should_and_failure_goes_before_success() {
    let inside = |hand: &mut Hand| hand.put("cube", 0, [1.0, 0.0, 0.1]);
    let ends = |rest: &str, step: usize| {
        let mut judge = Judge::new(&scene(r#"Inside("cube", "disc")"#, rest, "[(1.0, Gentle)]"));
        judge.step = step - 1;
        let verdict = judge.after(inside);
        (verdict.outcome, verdict.success, verdict.reward.dense, verdict.reward.sparse)
    };
    assert_eq!(ends("", 1), (Outcome::Succeeded, true, 1.0, 1.0));
    assert_eq!(ends("ends_on_success: false,", 99), (Outcome::Running, true, 1.0, 1.0));
    assert_eq!(ends("ends_on_success: false,", 100), (Outcome::TimedOut, true, 1.0, 1.0));
    // Both hold: it failed, and what is paid is what the terms say (no action: 1).
    assert_eq!(ends(r#"failure: Above("cube", 0.05),"#, 1), (Outcome::Failed, false, 1.0, 0.0));
    let mut judge = Judge::new(&scene(NEVER, "", "[(1.0, Gentle)]"));
    judge.step = 99;
    assert_eq!(judge.after(|_| ()).outcome, Outcome::TimedOut);
}

#[test]
fn a_score_is_the_mean_reward_over_the_time_limit() {
    let plan = scene(NEVER, "", "[(1.0, Gentle)]");
    let task = plan.task.as_ref().expect("a task");
    assert_eq!(task.steps, 100);
    // 40 steps that paid 12 in all, then success: the 60 saved steps count 1 each.
    assert!(near(task.score(12.0, 40, Outcome::Succeeded), 0.72));
    // The same, then failure: the lost steps count 0.
    assert!(near(task.score(12.0, 40, Outcome::Failed), 0.12));
    assert!(near(task.score(55.0, 100, Outcome::TimedOut), 0.55));
    assert!(near(task.score(100.0, 100, Outcome::TimedOut), 1.0));
    assert!(near(task.score(4.0, 10, Outcome::Diverged), 0.04));
    // Success in the very last step saves nothing.
    assert!(near(task.score(31.0, 100, Outcome::Succeeded), 0.31));
}
