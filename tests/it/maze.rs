//! Mazes: what a level's cells become, the way through them, who sees them and who finds through.

use crate::stage::{Row, Stage, plan_from, plan_of, play};
use apprentice::curriculum::grid::{BEACON, FREE, START, WALL};
use apprentice::curriculum::level::{Grid, read_levels};
use apprentice::curriculum::{Level, LevelForm, held_out};
use apprentice::physics::rapier::prelude::{QueryFilter, Ray, Vector};
use apprentice::pilot::Pilot;
use apprentice::scene::maze::Maze;
use apprentice::scene::plan::Plan;
use apprentice::signal::Outcome;
use bevy::math::Vec2;
use std::sync::Arc;

/// A rover that looks along x in mazes of at most `columns` by `rows` cells of a metre.
fn scene(columns: usize, rows: usize, sensors: &str) -> Arc<Plan> {
    driven(columns, rows, sensors, r#"Rover(heading: Vary("heading"), control: Heading)"#)
}

fn driven(columns: usize, rows: usize, sensors: &str, body: &str) -> Arc<Plan> {
    plan_from(&format!(
        r#"Scene(
            about: "Through a maze.",
            timing: (control_hz: 10, physics_hz: 120),
            surroundings: [Floor(friction: 0.8), Maze(columns: {columns}, rows: {rows}, cell: 1.0, height: 0.5, walls: Vary("wall_share"))],
            body: {body},
            props: {{ "beacon": Zone(radius: 0.35, at: Beacon), "crate": Box(size: (0.2, 0.2, 0.2), mass: 0.1, at: Anywhere(min_distance: 1.0)) }},
            sensors: {sensors},
            varies: {{ "wall_share": (0.0, 1.0), "heading": (-3.14159265, 3.14159265) }},
            task: Task(
                success: Inside("body", "beacon"),
                failure: Outside("body", "walls"),
                reward: [(1.0, Way("body", "beacon"))],
                time_limit: 60.0,
                expert: Search("beacon"),
            ),
        )"#
    ))
}

/// A maze as it is drawn: `#` is a wall, `S` the start, `B` the beacon; lines are divided by spaces.
fn drawn(text: &str) -> Grid {
    let rows: Vec<&str> = text.split_whitespace().collect();
    let cell = |c: char| match c {
        '#' => WALL,
        'S' => START,
        'B' => BEACON,
        _ => FREE,
    };
    Grid { columns: rows[0].len(), cells: rows.iter().flat_map(|row| row.chars().map(cell)).collect() }
}

/// The level with this maze, in which the rover looks along `heading`.
fn level(text: &str, heading: f32) -> Level {
    Level { cube: vec![0.5, 0.5 + heading / std::f32::consts::TAU], grid: Some(drawn(text)), seed: 7 }
}

/// The maze of a level, as an arena that starts it has it.
fn maze(plan: &Arc<Plan>, level: &Level) -> Maze {
    plan.maze(level).expect("the scene has mazes")
}

const SPIRAL: &str = "S...... ######. .....#. .###.#. .#B..#. .#####. .......";
const COMB: &str = "S#...#B .#.#.#. .#.#.#. .#.#.#. .#.#.#. .#.#.#. ...#...";

#[test]
fn grids_that_are_no_mazes_are_refused_with_what_is_wrong() {
    let told = |grid: &Grid| {
        let mistakes = grid.mistakes(Some((4, 3))).into_iter();
        mistakes.map(|mistake| (mistake.cell, mistake.message)).collect::<Vec<_>>()
    };
    let wrong = |text: &str, expected: &[(Option<usize>, &str)]| {
        let expected: Vec<_> = expected.iter().map(|(cell, message)| (*cell, (*message).to_owned())).collect();
        assert_eq!(told(&drawn(text)), expected, "{text}");
    };
    wrong("S... ##.. B...", &[]);
    wrong("SB", &[]);
    wrong("S#B", &[(Some(2), "the beacon cannot be reached from the start")]);
    // A corner is no door.
    wrong("S# #B", &[(Some(3), "the beacon cannot be reached from the start")]);
    wrong(".B", &[(None, "a maze without a start")]);
    wrong("....", &[(None, "a maze without a start"), (None, "a maze without a beacon")]);
    wrong("SBSB S...", &[(Some(2), "a second start"), (Some(4), "a second start"), (Some(3), "a second beacon")]);
    wrong("S...B", &[(None, "a maze of 5 columns and 1 rows")]);
    assert_eq!(told(&Grid { columns: 2, cells: vec![2, 3, 9] }), [(None, "3 cells are no whole rows of 2".into())]);
    assert_eq!(told(&Grid { columns: 0, cells: vec![2, 3] }), [(None, "2 cells are no whole rows of 0".into())]);
    assert_eq!(told(&Grid { columns: 2, cells: vec![] }), [(None, "0 cells are no whole rows of 2".into())]);
    assert_eq!(
        told(&Grid { columns: 2, cells: vec![2, 3, 9, 4] }),
        [(Some(2), "9 stands for nothing".into()), (Some(3), "4 stands for nothing".into())]
    );
    assert!(told(&Grid { columns: usize::MAX, cells: vec![2, 3] }).len() == 1);
}

#[test]
fn a_grid_in_a_file_is_refused_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("levels.ron");
    let read = |text: &str, form: Option<LevelForm>| {
        std::fs::write(&path, text).unwrap();
        let problems = read_levels(&path, form).err().unwrap_or_default();
        problems.0.iter().map(|problem| format!("{}:{}: {}", problem.line, problem.column, problem.sentence())).collect::<Vec<_>>()
    };
    let (mazes, none) = (Some(LevelForm { varies: 0, grid: Some((3, 2)) }), Some(LevelForm { varies: 0, grid: None }));
    let right = "[(cube: [], seed: 1, grid: (columns: 3, cells: [2, 1, 3,\n 0, 0, 0]))]";
    assert!(read(right, mazes).is_empty() && read(right, None).is_empty());
    assert!(read(&right.replace("(columns", "Some(Grid(columns").replace("]))", "])))"), mazes).is_empty());
    assert_eq!(read(right, none), ["1:28: a level with a grid, where the scene has no maze; expected no `grid`"]);
    let wall = read(&right.replace("0, 0, 0", "0, 1, 0"), mazes);
    let words = "the beacon cannot be reached from the start; expected free cells from the one to the other, side by side";
    assert_eq!(wall, [format!("1:55: {words}")]);
    let unknown = read(&right.replace("0, 0, 0", "0, 7, 0"), None);
    assert_eq!(unknown, ["2:5: 7 stands for nothing; expected 0 (nothing), 1 (a wall), 2 (the start) or 3 (the beacon)"]);
    let large = read(&right.replace("0, 0, 0", "0, 0, 0, 0, 0, 0"), mazes);
    assert_eq!(large, ["1:28: a maze of 3 columns and 3 rows; expected at most 3 columns and 2 rows, as the scene's `Maze` has"]);
    assert_eq!(read(&right.replace("0, 0, 0", "0, 0"), mazes).len(), 1);
    // A level that comes from elsewhere than a file is refused with the first of these sentences.
    let refuses = |form: LevelForm, level: Level| form.refuses(&level);
    let (three, other) = (LevelForm { varies: 2, grid: Some((3, 1)) }, LevelForm { varies: 2, grid: None });
    assert_eq!(refuses(three, level("S.B", 0.0)), None);
    assert_eq!(refuses(three, level("S#B", 0.0)).unwrap(), "the beacon cannot be reached from the start");
    assert_eq!(refuses(other, level("S.B", 0.0)).unwrap(), "a level with a grid, where the scene has no maze");
    assert_eq!(refuses(LevelForm { varies: 1, ..three }, level("S.B", 0.0)).unwrap(), "a level of 2 numbers, where the scene varies 1");
    // What could not be read is told once.
    assert_eq!(read(&right.replace("0, 0, 0", "0, -1, 0"), mazes).len(), 1);
    assert_eq!(read(&right.replace("columns: 3, ", ""), mazes).len(), 1);
}

#[test]
fn a_drawn_maze_is_whole_has_its_share_of_walls_and_keeps_start_and_beacon_apart() {
    let plan = scene(7, 7, "[Motion]");
    let (mut most, mut layouts) = (0, std::collections::BTreeSet::new());
    for level in held_out(2, 300) {
        let maze = maze(&plan, &level);
        assert_eq!(maze.grid.mistakes(Some((7, 7))), [], "{:?}", maze.grid);
        let count = |what: u8| maze.grid.cells.iter().filter(|cell| **cell == what).count();
        let share = plan.quantities.values(&level.cube)[0];
        let wanted = (share * 49.0 + 0.5) as usize;
        // Up to four cells in ten can always be walls; of more only as many as leave the rest in one piece.
        assert!(count(WALL) == wanted || (wanted > 19 && count(WALL) < wanted), "{} walls of {wanted}", count(WALL));
        most = most.max(count(WALL));
        let steps = maze.grid.steps(maze.grid.find(START).unwrap());
        let reached = steps.iter().flatten().count();
        assert_eq!(reached, 49 - count(WALL), "each free cell can be reached");
        let apart = steps[maze.grid.find(BEACON).unwrap()].unwrap();
        assert!(apart >= 3 || steps.iter().flatten().all(|far| *far <= apart), "{apart} steps apart");
        layouts.insert(maze.grid.cells.clone());
    }
    assert!(most >= 22 && layouts.len() == 300, "{most} walls at most, {} layouts", layouts.len());
}

#[test]
fn there_is_a_wall_exactly_where_the_cells_say() {
    let plan = scene(7, 7, "[Motion]");
    let mut stage = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    let by_hand =
        [SPIRAL, COMB, "SB", "S.# #.# B..", "S###### .###### .###### .###### .###### .###### ......B"].map(|text| level(text, 0.0));
    for level in held_out(2, 60).into_iter().chain(by_hand) {
        let maze = maze(&plan, &level);
        let heights = stage.arena(0, |mut item| {
            item.start(level.clone().into(), 0, 0);
            let start = item.situation().world.bodies[plan.parts.root()].translation().truncate();
            assert!(start.distance(maze.start) < 1e-5, "the rover starts in the start cell");
            assert!(item.arena.episode.setting.zones[0].centre.distance(maze.beacon) < 1e-6);
            let world = item.situation().world;
            let not_moving = QueryFilter::only_fixed();
            let query = world.query(not_moving);
            let at = |cell: usize, x: f32, y: f32| {
                let from = maze.middle(cell) + Vec2::new(x, y);
                let ray = Ray::new(Vector::new(from.x, from.y, 2.0), -Vector::Z);
                query.cast_ray(&ray, 5.0, true).map_or(f32::NAN, |(_, far)| 2.0 - far)
            };
            // In the middle, at the sides, and near the corners.
            let points =
                [(0.0, 0.0), (0.49, 0.0), (-0.49, 0.0), (0.0, 0.49), (0.0, -0.49), (0.4, 0.4), (-0.4, 0.4), (0.4, -0.4), (-0.4, -0.4)];
            (0..49).map(|cell| points.map(|(x, y)| at(cell, x, y))).collect::<Vec<_>>()
        });
        for (cell, heights) in heights.iter().enumerate() {
            let expected = if maze.grid.cells[cell] == WALL { 0.5 } else { 0.0 };
            assert!(heights.iter().all(|height| (height - expected).abs() < 1e-4), "cell {cell} of {:?}: {heights:?}", maze.grid);
        }
    }
}

#[test]
fn a_smaller_maze_lies_in_the_middle_with_walls_around_it() {
    let small = maze(&scene(7, 6, "[Motion]"), &level("S.# #.B", 0.0));
    assert_eq!(small.grid, drawn("####### ####### ##S.### ###.B## ####### #######"));
    // The third of six rows has its middle half a cell above the origin; the third of seven columns is one to the left.
    assert_eq!((small.start, small.beacon), (Vec2::new(-1.0, 0.5), Vec2::new(1.0, -0.5)));
}

/// What happens in the first `steps` steps of a level in arena 0 of the stage.
fn rows(stage: &mut Stage, level: &Level, steps: usize) -> Vec<Row> {
    stage.arena(0, |mut item| item.start(level.clone().into(), 3, 0));
    let before = stage.rows(0).len();
    stage.steps(steps);
    stage.rows(0)[before..].to_vec()
}

#[test]
fn a_level_is_the_same_arena_in_a_fresh_world_and_after_any_other_maze() {
    let plan = scene(7, 7, "[Motion, Rays(count: 16, reach: 4.0), Cells(across: 5)]");
    let mut levels = held_out(2, 3);
    levels.extend([SPIRAL, "S.B", COMB, "S.# #.# #.B"].map(|text| level(text, 1.0)));
    let fresh: Vec<Vec<Row>> =
        levels.iter().map(|level| rows(&mut Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::expert()), level, 12)).collect();
    let mut used = Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::expert());
    for round in 0..2 {
        for (level, fresh) in levels.iter().zip(&fresh).rev() {
            assert!(rows(&mut used, level, 12) == *fresh, "round {round}: another arena after another maze: {level:?}");
        }
    }
}

#[test]
fn a_drawn_maze_written_down_in_the_level_is_the_same_arena() {
    let plan = scene(7, 7, "[Motion, Rays(count: 16, reach: 4.0), Cells(across: 5)]");
    for level in held_out(2, 5) {
        let written = Level { grid: Some(maze(&plan, &level).grid), ..level.clone() };
        let [one, other] =
            [&level, &written].map(|level| rows(&mut Stage::new(&plan, vec![plan.canonical()], 1, 1, Pilot::expert()), level, 12));
        assert!(one == other);
        let elsewhere = Level { seed: level.seed + 1, ..level.clone() };
        assert!(maze(&plan, &elsewhere) != maze(&plan, &level), "the seed draws the walls");
    }
}

#[test]
fn an_arena_goes_on_from_a_snapshot_with_the_maze_of_its_level() {
    let plan = scene(7, 7, "[Motion, Rays(count: 16, reach: 4.0), Cells(across: 5)]");
    for level in [held_out(2, 1).remove(0), level(COMB, 0.0)] {
        let mut stage = Stage::new(&plan, vec![level], 1, 1, Pilot::expert());
        stage.steps(9);
        let snapshot = postcard::to_allocvec(&stage.arena(0, |mut item| item.capture())).unwrap();
        stage.steps(9);
        let mut other = Stage::new(&plan, held_out(2, 2), 2, 1, Pilot::expert());
        other.steps(4);
        other.arena(1, |mut item| item.restore(&postcard::from_bytes(&snapshot).unwrap()));
        other.steps(9);
        assert!(stage.rows(0)[9..] == other.rows(1)[4..]);
    }
}

#[test]
fn a_rover_of_either_kind_of_joints_starts_in_the_start_cell_and_stays_there() {
    for joints in ["Impulse", "Multibody"] {
        let body = format!(r#"Rover(at: (0.1, -0.05, 0.0), heading: Vary("heading"), joints: {joints})"#);
        let plan = driven(7, 7, "[Motion]", &body);
        let mut stage = Stage::new(&plan, vec![level(COMB, 1.0)], 1, 1, Pilot::Idle);
        stage.steps(10);
        let at = stage
            .arena(0, |item| plan.parts.links.iter().map(|link| item.situation().world.bodies[*link].translation()).collect::<Vec<_>>());
        // The start cell's middle is at (-3, 3); the place in the scene is counted from there. The wheels are 0.21 m away.
        assert!(at[0].truncate().distance(Vec2::new(-2.9, 2.95)) < 0.01, "{joints}: {at:?}");
        assert!(at[1..].iter().all(|wheel| (wheel.distance(at[0]) - 0.214).abs() < 0.01), "{joints}: {at:?}");
    }
}

/// What is observed in the first step of a level.
fn first(plan: &Arc<Plan>, level: Level) -> Vec<f32> {
    let mut stage = Stage::new(plan, vec![level], 1, 1, Pilot::Idle);
    stage.step();
    stage.rows(0)[0].observation.clone()
}

fn close(got: &[f32], expected: &[f32]) {
    let same = got.len() == expected.len() && got.iter().zip(expected).all(|(one, other)| (one - other).abs() <= 1e-3);
    assert!(same, "{got:?} is not {expected:?}");
}

const QUARTER: f32 = std::f32::consts::FRAC_PI_2;
/// The start is in the middle.
const MIDDLE: &str = "#...B ..#.. ..S.# ..... .#...";

#[test]
fn the_map_of_cells_shows_the_maze_around_the_rover_as_it_looks() {
    let plan = scene(5, 5, "[Cells(across: 5)]");
    // Columns from behind to ahead, each from right to left. Looking along x that is from left to right, each from the last row to the first.
    let along_x = "....# #.... ...#. ..... ..#..";
    // Looking along y: from the last row to the first, each from right to left.
    let along_y = "...#. ..... #.... ..#.. ....#";
    // Looking against x: what is first is last.
    let against_x: String = along_x.chars().rev().collect();
    for (heading, expected) in [(0.0, along_x), (QUARTER, along_y), (2.0 * QUARTER, &against_x)] {
        let expected: Vec<f32> = drawn(expected).cells.iter().map(|cell| f32::from(*cell == WALL)).collect();
        close(&first(&plan, level(MIDDLE, heading)), &expected);
    }
}

#[test]
fn the_map_of_cells_is_linear_between_their_middles_and_wall_outside() {
    let plan = scene(5, 5, "[Cells(across: 3)]");
    let ahead_at = |heading: f32| first(&plan, level(MIDDLE, heading))[2 * 3 + 1];
    // Looking along y a metre ahead is the wall's middle. Halfway to the diagonal the point is 0.7071 to the right and 0.7071 up: of the four
    // middles around it the wall's has the share (1 - 0.7071) * 0.7071 = 0.2071, and the others are free.
    assert!((ahead_at(QUARTER) - 1.0).abs() < 1e-3 && (ahead_at(QUARTER / 2.0) - 0.2071).abs() < 1e-3);
    // In the corner of a maze of one row: behind and to both sides nothing but walls.
    let plan = scene(3, 2, "[Cells(across: 3)]");
    close(&first(&plan, level("S.B ...", 0.0)), &[1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    // And the rays see the outer wall and the blocks.
    let plan = scene(5, 5, "[Rays(count: 4, reach: 5.0)]");
    close(&first(&plan, level(MIDDLE, 0.0)), &[0.3, 0.1, 0.5, 0.5]);
}

#[test]
fn the_way_goes_around_walls_and_cuts_no_corners() {
    let plan = scene(5, 5, "[Motion]");
    let around = maze(&plan, &level("..... ...#. .S.#B ...#. .....", 0.0));
    let way = around.way(around.beacon);
    // From (-1, 0): straight to (0, 1) on the diagonal, up to (0, 2), two to the right past the wall, down to (2, 1) and (2, 0).
    let far = std::f32::consts::SQRT_2 + 1.0 + 2.0 + 2.0;
    assert!((way.from(around.start) - far).abs() < 1e-4, "{}", way.from(around.start));
    assert_eq!(way.from(around.beacon), 0.0);
    assert!((way.from(Vec2::new(1.7, 0.4)) - 0.5).abs() < 1e-5, "0.3 and 0.4 m away is 0.5 m");
    assert_eq!(way.from(Vec2::new(1.0, 0.0)), f32::INFINITY, "within a wall");
    // A step of 5 cm changes it by 5 cm; only beside a corner, where the rest of the way comes in sight, by up to a cell more.
    let (mut steps, mut jumps) = (0, 0);
    for line in 0..45 {
        let y = -2.2 + 0.1 * line as f32;
        for step in 0..86 {
            let [one, other] = [0.0, 0.05].map(|more| way.from(Vec2::new(-2.3 + 0.05 * step as f32 + more, y)));
            if one.is_finite() && other.is_finite() {
                steps += 1;
                jumps += usize::from((one - other).abs() > 0.06);
                assert!((one - other).abs() < 1.1, "from {one} to {other} in step {step} of line {y}");
            }
        }
    }
    assert!(steps > 3000 && jumps * 20 < steps, "{jumps} jumps in {steps} steps");
}

#[test]
fn whoever_goes_the_right_way_is_paid_more_with_every_step() {
    let plan = scene(7, 7, "[Motion]");
    for episode in play(&plan, &[level(SPIRAL, 0.0), level(COMB, QUARTER)], &Pilot::expert()) {
        let paid: Vec<f32> = episode.rows.iter().map(|row| row.reward.dense).collect();
        assert!(paid[0] < 0.1 && paid.windows(2).all(|pair| pair[1] > pair[0] - 0.005), "{paid:?}");
    }
}

#[test]
fn the_reward_is_what_is_done_of_the_longest_way() {
    let plan = scene(4, 2, "[Motion]");
    // 2 m and 3 m from the beacon; 3 m is the longest way.
    for (text, expected) in [("S..B ####", 0.0), (".S.B ####", 1.0 / 3.0), ("..SB ####", 2.0 / 3.0)] {
        let mut stage = Stage::new(&plan, vec![level(text, 0.0)], 1, 1, Pilot::Idle);
        stage.step();
        let paid = stage.rows(0)[0].reward.dense;
        assert!((paid - expected).abs() < 0.01, "{text}: {paid}");
    }
}

#[test]
fn the_expert_finds_through_mazes_made_by_hand_from_any_heading() {
    let plan = scene(7, 7, "[Motion]");
    let zigzag = "S...... ######. ....... .###### ....... ######. B......";
    let narrow = "S.#.... #.#.##. #.#..#. #.##.#. #..#.#. ##.#.#B ...#...";
    for text in [SPIRAL, COMB, zigzag, "SB", "S...... ....... ....... ....... ....... ....... ......B"] {
        let levels: Vec<Level> = (0..6).map(|turn| level(text, turn as f32 - 2.9)).collect();
        for episode in play(&plan, &levels, &Pilot::expert()) {
            assert_eq!(episode.report.outcome, Outcome::Succeeded, "{text} from {:?}", episode.report.lesson.level.cube);
        }
    }
    assert!(!drawn(narrow).mistakes(None).is_empty(), "not every drawing is a maze");
}

#[test]
fn a_rover_that_scrapes_along_a_wall_is_not_caught_where_blocks_meet() {
    let plan = scene(7, 4, "[Motion]");
    // A straight wall; one with others that end in it from below; one that is two blocks thick.
    let walls = ["S...... ######. ....... B......", "S...... ######. .#.#.#. B......", "S...... ######. .#####. B......"];
    let reached = walls.map(|text| {
        let mut stage = Stage::new(&plan, vec![level(text, -0.2)], 1, 1, Pilot::replay(vec![vec![1.0, 0.0]; 60]));
        stage.steps(60);
        stage.arena(0, |item| item.situation().world.bodies[plan.parts.root()].translation().truncate())
    });
    for at in reached {
        assert!(at.x > 1.0 && (at - reached[0]).length() < 0.15, "scraping along the wall leads from (-3, 1.5) to {reached:?}");
    }
}

#[test]
fn the_shipped_scene_is_a_maze_whose_beacon_is_where_the_level_says() {
    let plan = plan_of("maze");
    assert_eq!(plan.level_form(), LevelForm { varies: 2, grid: Some((7, 7)) });
    let level = Level { grid: Some(drawn(SPIRAL)), ..plan.canonical() };
    assert_eq!(maze(&plan, &level).beacon, Vec2::new(-1.0, -1.0));
    let episode = play(&plan, &[level], &Pilot::expert()).remove(0);
    assert_eq!(episode.report.outcome, Outcome::Succeeded, "there is time enough for the longest way");
}
