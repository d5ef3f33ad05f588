//! Placements keep their promises over many random levels.

use crate::stage::{Stage, plan_from};
use apprentice::curriculum::{Level, held_out};
use apprentice::physics::rapier::parry::query;
use apprentice::physics::rapier::prelude::{Collider, ColliderHandle};
use apprentice::pilot::Pilot;
use apprentice::scene::plan::{Plan, Setting, Situation};
use bevy::math::{Vec2, Vec3};
use std::sync::Arc;

/// How many levels each promise is checked on.
const LEVELS: usize = 200;

fn scene(props: &str, varies: &str) -> Arc<Plan> {
    plan_from(&format!(
        r#"Scene(
            about: "Things in a room of 8 m by 6 m.",
            timing: (control_hz: 10, physics_hz: 60),
            surroundings: [Floor(friction: 0.8), Walls(size: (8.0, 6.0), height: 0.5)],
            body: Rover(at: (0.5, -0.5, 0.0), heading: Vary("heading")),
            props: {{ {props} }},
            sensors: [Motion],
            varies: {{ "heading": (-3.0, 3.0), {varies} }},
        )"#
    ))
}

/// Where the rover starts.
const START: Vec2 = Vec2::new(0.5, -0.5);

/// Checks the start of [`LEVELS`] levels.
fn everywhere(plan: &Arc<Plan>, mut check: impl FnMut(&Start<'_>)) {
    let mut stage = Stage::new(plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    for level in held_out(plan.quantities.count(), LEVELS) {
        stage.arena(0, |mut item| {
            item.start(level.clone().into(), 0, 0);
            let setting = item.arena.episode.setting.clone();
            let start = Start { situation: item.situation(), setting: &setting };
            start.keeps_apart();
            check(&start);
        });
    }
}

/// A level, before its first tick.
struct Start<'a> {
    situation: Situation<'a>,
    setting: &'a Setting,
}

impl Start<'_> {
    /// The value of a varied number.
    fn value(&self, name: &str) -> f32 {
        self.setting.values[self.situation.plan.scene.varies.index(name).expect("it is varied")]
    }

    /// Where the present members of a thing are.
    fn at(&self, name: &str) -> Vec<Vec3> {
        let plan = self.situation.plan;
        let members = plan.things[plan.thing(name).0].members.iter().map(|member| &self.situation.world.bodies[*member]);
        members.filter(|body| body.is_enabled()).map(|body| body.translation()).collect()
    }

    /// Nothing reaches more than 2 mm into anything else (but the body's own parts). A stack and what lies on it touch.
    fn keeps_apart(&self) {
        let world = self.situation.world;
        let links = &self.situation.plan.parts.links;
        let present = |collider: &Collider| collider.parent().is_some_and(|parent| world.bodies[parent].is_enabled());
        let colliders: Vec<(ColliderHandle, &Collider)> = world.colliders.iter().filter(|(_, collider)| present(collider)).collect();
        for (index, (_, one)) in colliders.iter().enumerate() {
            for (_, other) in &colliders[index + 1..] {
                let own = |collider: &Collider| collider.parent().is_some_and(|parent| links.contains(&parent));
                let fixed = |collider: &Collider| collider.parent().is_some_and(|parent| world.bodies[parent].is_fixed());
                if one.parent() == other.parent() || (own(one) && own(other)) || (fixed(one) && fixed(other)) {
                    continue;
                }
                let contact =
                    query::contact(one.position(), one.shape(), other.position(), other.shape(), 0.0).expect("shapes that are known");
                let depth = contact.map_or(0.0, |contact| -contact.dist);
                assert!(depth < 2e-3, "{:?} and {:?} overlap by {depth} m", one.position().translation, other.position().translation);
            }
        }
    }
}

fn near(one: f32, other: f32) -> bool {
    (one - other).abs() < 1e-4
}

#[test]
fn a_ring_is_as_far_from_its_middle_as_it_says() {
    let plan = scene(
        r#"
        "cube": Box(size: (0.3, 0.3, 0.3), mass: 1.0, at: Ring(radius: Vary("distance"))),
        "ball": Ball(radius: 0.1, mass: 1.0, at: Ring(radius: 1.0, around: "cube")),
        "post": Cylinder(radius: 0.1, height: 0.4, mass: 1.0, at: Ring(radius: 1.2, bearing: Vary("bearing"))),
        "#,
        r#" "distance": (0.7, 1.5), "bearing": (-0.6, 0.6) "#,
    );
    let mut bearings = Vec::new();
    // A post that has its bearing said cannot give way: the ones before it can, but do not know of it.
    let plan = {
        let mut scene = plan.scene.clone();
        scene.props.0.rotate_right(1);
        Arc::new(Plan::new(scene, "ring", 0))
    };
    everywhere(&plan, |start| {
        let [cube, ball, post] = ["cube", "ball", "post"].map(|name| start.at(name)[0]);
        assert!(near(cube.truncate().distance(START), start.value("distance")), "{cube}");
        assert!(near(ball.truncate().distance(cube.truncate()), 1.0));
        assert!(near(cube.z, 0.15) && near(ball.z, 0.1) && near(post.z, 0.2));
        // The bearing is from where the body looks.
        let way = post.truncate() - START;
        let turned = Vec2::from_angle(start.value("heading") + start.value("bearing")) * 1.2;
        assert!(way.distance(turned) < 1e-4, "{way} is not {turned}");
        bearings.push(libm::atan2f(cube.y - START.y, cube.x - START.x));
    });
    // Every eighth of the circle gets some of the cubes.
    for eighth in -4..4 {
        let low = eighth as f32 * std::f32::consts::FRAC_PI_4;
        assert!(bearings.iter().any(|bearing| (low..low + std::f32::consts::FRAC_PI_4).contains(bearing)), "none at {low} rad");
    }
}

#[test]
fn anywhere_is_within_the_walls_and_far_enough_away() {
    let plan = scene(
        r#"
        "cube": Box(size: (0.4, 0.4, 0.4), mass: 1.0, at: Anywhere(min_distance: Vary("distance"))),
        "block": Block(size: (1.0, 0.2, 0.5), at: Anywhere()),
        "ball": Ball(radius: 0.2, mass: 1.0, at: Anywhere(min_distance: 1.5, from: "cube")),
        "disc": Zone(radius: 0.5, at: Anywhere(min_distance: 1.0)),
        "#,
        r#" "distance": (0.6, 2.0) "#,
    );
    let mut quarters = [0; 4];
    everywhere(&plan, |start| {
        let [cube, ball] = ["cube", "ball"].map(|name| start.at(name)[0].truncate());
        assert!(cube.distance(START) >= start.value("distance") && ball.distance(cube) >= 1.5);
        let disc = start.setting.zones[0];
        assert!(disc.centre.distance(START) >= 1.0 && near(disc.radius, 0.5));
        for (at, radius) in [(cube, 0.2), (ball, 0.2), (disc.centre, 0.5)] {
            assert!(at.x.abs() <= 4.0 - radius && at.y.abs() <= 3.0 - radius, "{at} reaches into a wall");
        }
        quarters[usize::from(disc.centre.x > 0.0) + 2 * usize::from(disc.centre.y > 0.0)] += 1;
    });
    // 50 each if the rover were not in the way of one.
    assert!(quarters.iter().all(|count| *count >= 20), "{quarters:?}");
}

#[test]
fn what_lies_on_a_thing_stands_on_its_upper_side_and_grid_cells_are_where_they_are() {
    let plan = scene(
        r#"
        "block": Block(size: (0.5, 0.5, Vary("height")), at: Grid(column: Vary("column"), row: 1.0, cell: 0.8)),
        "cube": Box(size: (0.2, 0.2, 0.2), mass: 1.0, at: On(prop: "block", x: 0.1, y: -0.1)),
        "#,
        r#" "height": (0.1, 1.0), "column": Whole(-4, 4) "#,
    );
    everywhere(&plan, |start| {
        let (block, cube) = (start.at("block")[0], start.at("cube")[0]);
        let (height, column) = (start.value("height"), start.value("column"));
        assert!(block.distance(Vec3::new(column * 0.8, 0.8, height / 2.0)) < 1e-4, "{block}");
        assert!(cube.distance(Vec3::new(column * 0.8 + 0.1, 0.7, height + 0.1)) < 1e-4, "{cube}");
    });
}

#[test]
fn a_heap_has_as_many_things_as_the_level_says_within_its_disc() {
    let plan = scene(
        r#""heap": Heap(
            of: Box(size: (0.15, 0.15, 0.15), mass: 0.3, spread: Vary("spread")),
            count: Vary("count"), radius: Vary("radius"), at: Ring(radius: 1.6),
        )"#,
        r#" "count": Whole(1, 30), "radius": (0.3, 0.8), "spread": (0.0, 0.3) "#,
    );
    let mut highest: f32 = 0.0;
    everywhere(&plan, |start| {
        let boxes = start.at("heap");
        assert_eq!(boxes.len(), start.value("count") as usize);
        for one in &boxes {
            let away = boxes.iter().map(|other| one.truncate().distance(other.truncate())).fold(0.0, f32::max);
            assert!(away <= 2.0 * start.value("radius") + 1e-4, "{away} m apart in a heap of radius {}", start.value("radius"));
            highest = highest.max(one.z);
        }
    });
    assert!(highest > 0.3, "no heap had a second layer");
}

#[test]
fn a_row_is_straight_and_evenly_spaced_and_a_stack_stands_upright() {
    let plan = scene(
        r#"
        "row": Row(of: Ball(radius: 0.1, mass: 0.2), count: Vary("count"), gap: Vary("gap"), heading: Vary("direction"), at: At(x: -2.0, y: 0.5)),
        "stack": Stack(of: Box(size: (0.3, 0.3, 0.2), mass: 0.5, spread: 0.1), count: Vary("count"), at: At(x: 2.5, y: 1.0)),
        "#,
        r#" "count": Whole(1, 5), "gap": (0.02, 0.2), "direction": (-1.5, 1.5) "#,
    );
    everywhere(&plan, |start| {
        let (row, stack) = (start.at("row"), start.at("stack"));
        let count = start.value("count") as usize;
        assert!(row.len() == count && stack.len() == count);
        // The middle is where it is said to be, and neighbours are a ball and a gap apart, along the heading.
        assert!((row.iter().sum::<Vec3>() / count as f32).distance(Vec3::new(-2.0, 0.5, 0.1)) < 1e-4);
        let pitch = Vec2::from_angle(start.value("direction")) * (0.2 + start.value("gap"));
        for pair in row.windows(2) {
            assert!((pair[1] - pair[0]).truncate().distance(pitch) < 1e-4, "{pair:?}");
        }
        for pair in stack.windows(2) {
            assert!(near(pair[0].x, 2.5) && near(pair[0].y, 1.0));
            // Edges are 0.2 m, give or take a tenth.
            assert!((0.18..=0.22).contains(&(pair[1].z - pair[0].z)), "{pair:?}");
        }
    });
}

#[test]
fn scattered_things_keep_their_distance_and_lie_within_the_walls() {
    let plan = scene(
        r#""litter": Scatter(of: Box(size: (0.2, 0.3, 0.1), mass: 0.3, spread: 0.3), count: Vary("count"), min_distance: 1.0)"#,
        r#" "count": Whole(1, 25) "#,
    );
    everywhere(&plan, |start| {
        let boxes = start.at("litter");
        assert_eq!(boxes.len(), start.value("count") as usize);
        for at in boxes {
            assert!(at.truncate().distance(START) >= 1.0 && at.x.abs() < 4.0 && at.y.abs() < 3.0, "{at}");
        }
    });
}

#[test]
fn what_is_absent_is_seen_by_no_ray_and_touched_by_nothing() {
    // Rays 0.33 m above the floor pass over one box of 0.2 m and meet the second one of a stack, 0.9 m ahead.
    let with = |counts: &str| {
        plan_from(&format!(
            r#"Scene(
                about: "One box in front of the rover, or two.",
                timing: (control_hz: 10, physics_hz: 60),
                surroundings: [Floor()],
                body: Rover(control: Heading),
                props: {{ "stack": Stack(of: Box(size: (0.2, 0.2, 0.2), mass: 0.5), count: Vary("count"), at: At(x: 1.0, y: 0.0)) }},
                sensors: [Rays(count: 1, reach: 5.0, height: 0.25)],
                varies: {{ "count": Choice([{counts}]) }},
            )"#
        ))
    };
    let seen = |plan: &Arc<Plan>, unit: f32| {
        let level = Level { cube: vec![unit], grid: None, seed: 0 };
        let mut stage = Stage::new(plan, vec![level], 1, 1, Pilot::replay(vec![vec![1.0, 0.0]; 30]));
        stage.steps(30);
        let rover = stage.arena(0, |item| item.physics.view().bodies[item.arena.plan.parts.root()].translation());
        (stage.rows(0)[0].observation[0], rover)
    };
    let (one, two, never) = (seen(&with("1.0, 2.0"), 0.2), seen(&with("1.0, 2.0"), 0.8), seen(&with("1.0"), 0.2));
    assert_eq!((one.0, never.0), (1.0, 1.0));
    assert!(near(two.0, 0.9 / 5.0), "{two:?}");
    // The rover pushes one box as if there had never been a second one, which would have slowed it down.
    assert!(one.1.distance(never.1) < 1e-4, "{one:?} {never:?}");
    assert!(two.1.x < one.1.x - 1e-3, "{two:?} {one:?}");
}
