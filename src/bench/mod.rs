//! The control step's own cost: what `apprentice bench` and `cargo bench --bench step` print.
//!
//! Each scene is run with several numbers of arenas, whole and with sensors and tasks off, beside a plain parallel loop over bare Rapier
//! worlds that are copies of the arenas' worlds and get the same actions. Blocks of steps of each are taken in turns, and ratios are
//! medians over pairs of neighbouring blocks, so that a busy machine disturbs both alike.
//!
//! - [`apart`] one world of a scene apart from any app, for measurements of the physics alone;
//! - [`bare`] the loop that it is measured against;
//! - [`stage`] one number of arenas and its blocks;
//! - [`links`] a body's links and joints: rate, give, drift, energy;
//! - [`process`] memory and cold start, each in a process of its own;
//! - [`table`] what was found, for people and for scripts.

pub mod apart;
pub mod bare;
pub mod links;
pub mod process;
pub mod stage;
pub mod table;

use crate::physics::Threads;
use crate::ron::Problems;
use crate::scene::load::load;
use crate::scene::plan::Plan;
use process::Errand;
use stage::{Extent, Pair, Stage, now};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use table::{Figures, Line, Spread};

/// What is measured, and how long.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folders or files of scenes.
    pub scenes: Vec<PathBuf>,
    /// Numbers of arenas.
    pub arenas: Vec<usize>,
    /// How many threads either side has.
    pub threads: Threads,
    /// How often the numbers of arenas take turns.
    pub rounds: usize,
    /// Seconds that each of them has in a round.
    pub turn: f64,
    /// Seconds of a block.
    pub block: f64,
    /// Arenas in the memory and cold-start measurements.
    pub crowd: usize,
    /// Control steps over which memory must not grow.
    pub steps: usize,
    /// How often the cold start is measured.
    pub starts: usize,
    /// The built binary `apprentice`, for what needs a process of its own; without it that is left out.
    pub program: Option<PathBuf>,
    /// One JSON object per line.
    pub json: bool,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A scene that is not right.
    #[error(transparent)]
    Scene(#[from] Problems),
    /// A process or a pipe that failed.
    #[error("measuring in a process of its own failed: {0}")]
    Process(#[from] std::io::Error),
    /// A process that wrote something else than it was asked.
    #[error("a measuring process broke off: {0}")]
    Answer(#[from] serde_json::Error),
}

/// Measures every scene and writes the table, scene by scene.
///
/// # Errors
/// Where a scene cannot be loaded, or a measuring process fails.
pub fn run(settings: &Settings, out: &mut dyn Write) -> Result<(), BenchError> {
    for (index, scene) in settings.scenes.iter().enumerate() {
        let loaded = load(scene)?;
        let folder = loaded.path.parent().and_then(Path::file_name).unwrap_or_default();
        let plan = Arc::new(Plan::new(loaded.scene, folder.to_string_lossy(), loaded.hash));
        let mut lines = measure(&plan, settings);
        if let Some(program) = &settings.program {
            lines.push(Line::Process(alone(program, scene, &plan.name, settings)?));
        }
        table::write(&lines, settings.json, index == 0, out)?;
        out.flush()?;
    }
    Ok(())
}

/// The step's cost for every number of arenas. They take turns too: the cost of an arena among many is compared with that among few.
fn measure(plan: &Arc<Plan>, settings: &Settings) -> Vec<Line> {
    let mut stages: Vec<Stage> = settings.arenas.iter().map(|count| Stage::new(plan, *count, settings.threads, settings.block)).collect();
    let mut turns: Vec<Vec<[Pair; 3]>> = vec![Vec::new(); stages.len()];
    // Processor seconds of a whole control step for one arena, of every round.
    let mut costs: Vec<Vec<f64>> = vec![Vec::new(); stages.len()];
    for round in 0..settings.rounds {
        for (index, stage) in stages.iter_mut().enumerate() {
            let (begin, first) = (now(), turns[index].len());
            while turns[index].len() == first || begin.elapsed().as_secs_f64() < settings.turn {
                let order = (turns[index].len() + round).is_multiple_of(2);
                turns[index].push([Extent::Whole, Extent::Recorded, Extent::Physics].map(|extent| stage.pair(extent, order)));
            }
            let turn = &turns[index][first..];
            let processor: f64 = turn.iter().map(|[whole, ..]| whole.ours.processor).sum();
            costs[index].push(processor / (turn.len() * stage.steps * stage.count) as f64);
        }
    }
    let few = settings.arenas.iter().position(|count| *count == 16);
    let line = |(index, stage): (usize, &Stage)| {
        let arena_steps = (stage.steps * stage.count) as f64;
        let spread = |value: &dyn Fn(&[Pair; 3]) -> f64| Spread::of(&mut turns[index].iter().map(value).collect::<Vec<_>>());
        let processor = |pair: &dyn Fn(&[Pair; 3]) -> Pair| {
            let sum = |side: fn(Pair) -> f64| turns[index].iter().map(|both| side(pair(both))).sum::<f64>();
            sum(|pair| pair.bare.processor) / sum(|pair| pair.ours.processor)
        };
        let scale = few.map(|few| Spread::of(&mut costs[index].iter().zip(&costs[few]).map(|(cost, few)| cost / few).collect::<Vec<_>>()));
        Line::Step(Figures {
            scene: plan.name.clone(),
            arenas: stage.count,
            threads: settings.threads.0,
            blocks: turns[index].len(),
            ticks_per_step: plan.timing.ticks_per_step(),
            whole_steps: arena_steps / spread(&|[whole, ..]| whole.ours.wall).median,
            physics_steps: arena_steps / spread(&|[.., physics]| physics.ours.wall).median,
            bare_steps: arena_steps / spread(&|[.., physics]| physics.bare.wall).median,
            whole_ratio: spread(&|[whole, ..]| whole.bare.wall / whole.ours.wall),
            physics_ratio: spread(&|[.., physics]| physics.bare.wall / physics.ours.wall),
            whole_processor_ratio: processor(&|[whole, ..]| *whole),
            physics_processor_ratio: processor(&|[.., physics]| *physics),
            recording_ratio: spread(&|[whole, recorded, _]| {
                (whole.ours.wall / whole.bare.wall) / (recorded.ours.wall / recorded.bare.wall)
            }),
            recording_processor_ratio: processor(&|[_, recorded, _]| *recorded) / processor(&|[whole, ..]| *whole),
            processor_microseconds: Spread::of(&mut costs[index].clone()).median * 1e6,
            cost_against_16: scale,
            equal: stage.equal,
        })
    };
    stages.iter().enumerate().map(line).collect()
}

fn alone(program: &Path, scene: &Path, name: &str, settings: &Settings) -> Result<table::Alone, BenchError> {
    let send = |errand: Errand, size| errand.send(program, scene, settings.threads, size);
    let (arenas, _) = send(Errand::Arenas, settings.crowd)?;
    let (growth, _) = send(Errand::Growth, settings.steps)?;
    let cold = |arenas| -> Result<Spread, BenchError> {
        let starts: Result<Vec<f64>, BenchError> = (0..settings.starts).map(|_| Ok(send(Errand::Cold, arenas)?.1)).collect();
        Ok(Spread::of(&mut starts?))
    };
    Ok(table::Alone {
        scene: name.to_owned(),
        crowd: settings.crowd,
        kilobytes_per_arena: (arenas.after - arenas.before) * 1000.0 / settings.crowd as f64,
        steps: settings.steps,
        megabytes_at_tenth: growth.before,
        megabytes_at_end: growth.after,
        cold_start_of_one: cold(1)?,
        cold_start: cold(settings.crowd)?,
    })
}
