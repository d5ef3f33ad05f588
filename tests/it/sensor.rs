//! What sensors write, where the right answer is known.

use crate::stage::{Stage, plan_from};
use apprentice::curriculum::Level;
use apprentice::pilot::Pilot;
use apprentice::scene::plan::Plan;
use std::sync::Arc;

/// A rover at (0.5, 0) in a room of 4 m by 4 m that looks along `heading`; a cube of 0.5 m at (`x`, `y`).
fn scene(heading: f32, [x, y]: [f32; 2], sensors: &str) -> Arc<Plan> {
    plan_from(&format!(
        r#"Scene(
            about: "A rover that looks around.",
            timing: (control_hz: 10, physics_hz: 60),
            surroundings: [Floor(friction: 0.8), Walls(size: (4.0, 4.0), height: 0.5)],
            body: Rover(at: (0.5, 0.0, 0.0), heading: {heading}, control: Heading),
            props: {{
                "cube": Box(size: (0.5, 0.5, 0.5), mass: 5.0, at: At(x: {x}, y: {y})),
                "disc": Zone(radius: 0.2, at: At(x: -0.5, y: 1.0)),
            }},
            sensors: {sensors},
        )"#
    ))
}

/// What is observed in the first step, before any tick.
fn first(plan: &Arc<Plan>) -> Vec<f32> {
    let mut stage = Stage::new(plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    stage.step();
    stage.rows(0)[0].observation.clone()
}

fn close(got: &[f32], expected: &[f32], tolerance: f32) {
    let same = got.len() == expected.len() && got.iter().zip(expected).all(|(one, other)| (one - other).abs() <= tolerance);
    assert!(same, "{got:?} is not {expected:?}");
}

const QUARTER: f32 = std::f32::consts::FRAC_PI_2;
/// Out of the way of rays along the axes from (0.5, 0).
const CORNER: [f32; 2] = [-1.5, -1.5];

#[test]
fn rays_tell_the_distance_of_walls_from_the_first_step_on() {
    // From (0.5, 0) the walls are 1.5 m ahead, 2 m to the left, 2.5 m behind and 2 m to the right; the reach is 5 m.
    let rays = "[Rays(count: 4, reach: 5.0)]";
    close(&first(&scene(0.0, CORNER, rays)), &[0.3, 0.4, 0.5, 0.4], 1e-4);
    // Looking along y, the wall at x = 2 is on the right.
    close(&first(&scene(QUARTER, CORNER, rays)), &[0.4, 0.5, 0.4, 0.3], 1e-4);
    // 45 degrees anticlockwise: the wall ahead comes first, at 1.5 * sqrt(2) = 2.1213 m.
    close(&first(&scene(QUARTER / 2.0, CORNER, "[Rays(count: 1, reach: 5.0)]")), &[0.42426], 1e-4);
    // Nothing is within a metre; the rover does not see itself.
    close(&first(&scene(0.0, CORNER, "[Rays(count: 16, reach: 1.0)]")), &[1.0; 16], 0.0);
}

#[test]
fn rays_see_things_and_pass_over_what_is_lower() {
    // The cube's near face is at y = 1 - 0.25, straight to the left: 0.75 m.
    close(&first(&scene(0.0, [0.5, 1.0], "[Rays(count: 4, reach: 5.0)]")), &[0.3, 0.15, 0.5, 0.4], 1e-4);
    // Rays 0.52 m above the chassis's origin (0.08 m) pass over the cube and the walls.
    close(&first(&scene(0.0, [0.5, 1.0], "[Rays(count: 4, reach: 5.0, height: 0.52)]")), &[1.0; 4], 0.0);
}

#[test]
fn offsets_are_in_the_frame_of_the_body() {
    let offsets = r#"[Offset(to: "cube"), Offset(to: "disc"), Offset(to: "origin")]"#;
    // From (0.5, 0, 0.08) to (1.5, 0.5, 0.25): (1, 0.5, 0.17). The disc: (-1, 1). The origin: (-0.5, 0).
    close(&first(&scene(0.0, [1.5, 0.5], offsets)), &[1.0, 0.5, 0.17, -1.0, 1.0, -0.5, 0.0], 1e-5);
    // Turned by 90 degrees anticlockwise, ahead is y and left is -x.
    close(&first(&scene(QUARTER, [1.5, 0.5], offsets)), &[0.5, -1.0, 0.17, 1.0, 1.0, 0.0, 0.5], 1e-5);
}

#[test]
fn velocities_are_in_the_frame_of_the_body() {
    // Half a metre ahead of the rover, which turns and drives: what the body senses of itself is what it sees of itself.
    let plan = scene(QUARTER, CORNER, r#"[Motion, Velocity(of: "body")]"#);
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::replay(vec![vec![0.6, 0.4]; 20]));
    stage.steps(20);
    for row in stage.rows(0) {
        close(&row.observation[3..], &row.observation[..2], 1e-5);
    }
    assert!(stage.rows(0)[19].observation[0] > 0.3, "it drives");
    // The cube that it shoves along moves ahead as fast as the rover does, whichever way that is.
    let plan = scene(QUARTER, [0.5, 0.7], r#"[Motion, Velocity(of: "cube")]"#);
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::replay(vec![vec![0.5, 0.0]; 18]));
    stage.steps(18);
    let row = &stage.rows(0)[17].observation;
    assert!(row[0] > 0.2 && (row[3] - row[0]).abs() < 0.05 && row[4].abs() < 0.05, "{row:?}");
    close(&stage.rows(0)[0].observation[3..], &[0.0, 0.0], 1e-3);
}

#[test]
fn the_grid_draws_how_much_of_each_cell_is_covered() {
    let grid = r#"[Grid(cells: (4, 4), cell: 0.5, of: "cube")]"#;
    let cell = |column: usize, row: usize| 4 * column + row;
    let drawn = |heading: f32, at: [f32; 2], covered: &[(usize, f32)]| {
        let mut expected = [0.0; 16];
        covered.iter().for_each(|(cell, share)| expected[*cell] = *share);
        close(&first(&scene(heading, at, grid)), &expected, 1e-4);
    };
    // 0.75 m ahead and 0.25 m to the left is the middle of the last column and the third row: filled by a cube of a cell's size.
    drawn(0.0, [1.25, 0.25], &[(cell(3, 2), 1.0)]);
    // 0.1 m nearer: a fifth lies in the column before.
    drawn(0.0, [1.15, 0.25], &[(cell(3, 2), 0.8), (cell(2, 2), 0.2)]);
    // On the corner of four cells, 0.5 m ahead: a quarter in each.
    drawn(0.0, [1.0, 0.0], &[(cell(3, 2), 0.25), (cell(3, 1), 0.25), (cell(2, 2), 0.25), (cell(2, 1), 0.25)]);
    // Turned by 90 degrees, what was ahead and left, at (0.75, 0.25), lies at (0.25, -0.75): the second-last column, the first row.
    drawn(QUARTER, [1.25, 0.25], &[(cell(2, 0), 1.0)]);
    // Half beyond the map's edge, and out of it.
    drawn(0.0, [1.5, 0.25], &[(cell(3, 2), 0.5)]);
    drawn(0.0, [-1.5, -1.5], &[]);
}

#[test]
fn noise_has_the_deviation_that_the_scene_says() {
    let plan = scene(0.0, CORNER, r#"[Offset(to: "origin"), Offset(to: "origin", noise: 0.2)]"#);
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    stage.steps(2_000);
    let noise: Vec<f32> =
        stage.rows(0).iter().flat_map(|row| [row.observation[2] - row.observation[0], row.observation[3] - row.observation[1]]).collect();
    let count = noise.len() as f32;
    let mean = noise.iter().sum::<f32>() / count;
    let deviation = (noise.iter().map(|value| value * value).sum::<f32>() / count).sqrt();
    // 4,000 draws: the mean's standard error is 0.2 / sqrt(4,000) = 0.0032, the deviation's 0.2 / sqrt(8,000) = 0.0022.
    assert!(mean.abs() < 0.01 && (deviation - 0.2).abs() < 0.007, "{mean} {deviation}");
}

#[test]
fn noise_is_that_of_the_level_and_is_drawn_once_for_each_step() {
    let plan = scene(0.0, CORNER, r#"[Offset(to: "origin", noise: 0.2)]"#);
    let play = |seed: u64, looks: usize| {
        let level = Level { seed, ..plan.canonical() };
        let mut stage = Stage::new(&plan, vec![level], 1, 1, Pilot::Idle);
        for _ in 0..5 {
            (0..looks).for_each(|_| stage.arena(0, |mut item| item.observe()));
            stage.step();
        }
        stage.rows(0).to_vec()
    };
    assert_eq!(play(1, 0), play(1, 3));
    assert_ne!(play(1, 0)[0].observation, play(2, 0)[0].observation);
}

#[test]
fn a_delayed_sensor_tells_what_was_true_so_many_steps_ago() {
    // 0.3 s at 10 Hz are three steps. What is observed in step t is the action of step t - 1; delayed, that of step t - 4.
    let plan = scene(0.0, CORNER, "[LastAction, LastAction(delay: 0.3)]");
    let actions: Vec<Vec<f32>> = (1..=8).map(|step| vec![step as f32 / 10.0, -0.1]).collect();
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::replay(actions));
    stage.steps(8);
    let told: Vec<[f32; 2]> = stage.rows(0).iter().map(|row| [row.observation[0], row.observation[2]]).collect();
    let now = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
    let then = [0.0, 0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.4];
    assert_eq!(told, std::array::from_fn::<_, 8, _>(|step| [now[step], then[step]]));
}

#[test]
fn joints_tell_position_and_speed_and_never_jump() {
    for joints in ["Impulse", "Multibody"] {
        for angle in [0.0f32, 0.5, -2.0, 3.1] {
            let plan = plan_from(&format!(
                r#"Scene(about: "A pole.", timing: (control_hz: 10, physics_hz: 60), body: CartPole(angle: {angle:?}, joints: {joints}), sensors: [Joints])"#
            ));
            // [slider position, slider speed, hinge sine, hinge cosine, hinge speed]
            close(&first(&plan), &[0.0, 0.0, libm::sinf(angle), libm::cosf(angle), 0.0], 1e-5);
        }
    }
}
