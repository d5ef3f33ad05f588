//! What was found, as a table for people or as JSON for scripts.

use serde::Serialize;
use std::io::{self, Write};

/// A median, and the middle half around it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// A quarter lies below.
    pub low: f64,
    /// Half lies below.
    pub median: f64,
    /// Three quarters lie below.
    pub high: f64,
}

impl Spread {
    /// Of these values, which get sorted. NaN where there are none.
    pub fn of(values: &mut [f64]) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (values.len().saturating_sub(1)) as f64;
            let (below, above) = (values.get(place.floor() as usize), values.get(place.ceil() as usize));
            below.zip(above).map_or(f64::NAN, |(below, above)| below + (above - below) * place.fract())
        };
        Self { low: at(0.25), median: at(0.5), high: at(0.75) }
    }
}

/// A line of what was found.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "measured", rename_all = "snake_case")]
pub enum Line {
    /// The cost of the step.
    Step(Figures),
    /// What was measured in a process of its own.
    Process(Alone),
}

/// The cost of the step for a number of arenas.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Its name.
    pub scene: String,
    /// How many.
    pub arenas: usize,
    /// Of either side.
    pub threads: usize,
    /// How many pairs of blocks.
    pub blocks: usize,
    /// Physics ticks in a control step.
    pub ticks_per_step: u32,
    /// Control steps per second, summed over arenas: sensors, tasks, resets, random actions.
    pub whole_steps: f64,
    /// The same with sensors, tasks and resets off.
    pub physics_steps: f64,
    /// The same of the bare loop.
    pub bare_steps: f64,
    /// Speed of the whole step, the bare loop's being 1.
    pub whole_ratio: Spread,
    /// Speed with sensors, tasks and resets off, the bare loop's being 1.
    pub physics_ratio: Spread,
    /// Processor time of the bare loop by that of the whole step, over all blocks.
    pub whole_processor_ratio: f64,
    /// Processor time of the bare loop by that of the step with sensors, tasks and resets off, over all blocks.
    pub physics_processor_ratio: f64,
    /// Speed of the whole step with every arena recorded, without recording being 1.
    pub recording_ratio: Spread,
    /// Processor time of the whole step by that of the recorded one, over all blocks.
    pub recording_processor_ratio: f64,
    /// Processor time of a whole step for one arena.
    pub processor_microseconds: f64,
    /// The same, among 16 arenas being 1.
    pub cost_against_16: Option<Spread>,
    /// Whether arenas and bare worlds moved alike, bit for bit.
    pub equal: bool,
}

/// What was measured in a process of its own.
#[derive(Clone, Debug, Serialize)]
pub struct Alone {
    /// Its name.
    pub scene: String,
    /// How many arenas there were, but for the growth, which is one arena's.
    pub crowd: usize,
    /// Memory of an arena, kB.
    pub kilobytes_per_arena: f64,
    /// Control steps over which memory was watched.
    pub steps: usize,
    /// Memory in use after a tenth of them, MB.
    pub megabytes_at_tenth: f64,
    /// Memory in use after all of them, MB.
    pub megabytes_at_end: f64,
    /// From starting the binary to the end of its first control step, s, with one arena.
    pub cold_start_of_one: Spread,
    /// The same with the whole crowd.
    pub cold_start: Spread,
}

/// Writes the lines of a scene, with a heading before the first scene.
///
/// # Errors
/// Where they cannot be written.
pub fn write(lines: &[Line], json: bool, first: bool, out: &mut dyn Write) -> io::Result<()> {
    if first && !json {
        writeln!(
            out,
            "| scene | arenas | steps/s | ticks/s | physics alone | bare loop | physics / bare | by processor | whole / bare | by processor | recorded / whole | by processor | us/step | at 16 = 1 |"
        )?;
        writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
    }
    for line in lines {
        match line {
            _ if json => writeln!(out, "{}", serde_json::to_string(line)?)?,
            Line::Step(figures) => step(figures, out)?,
            Line::Process(_) => {}
        }
    }
    let alone = lines.iter().find_map(|line| match line {
        Line::Process(alone) if !json => Some(alone),
        _ => None,
    });
    alone.map_or(Ok(()), |alone| process(alone, out))
}

fn step(figures: &Figures, out: &mut dyn Write) -> io::Result<()> {
    let spread = |spread: &Spread| format!("{:.2} ({:.2}-{:.2})", spread.median, spread.low, spread.high);
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {}{} | {:.2} | {} | {:.2} | {} | {:.2} | {:.1} | {} |",
        figures.scene,
        thousands(figures.arenas as f64),
        thousands(figures.whole_steps),
        thousands(figures.whole_steps * f64::from(figures.ticks_per_step)),
        thousands(figures.physics_steps),
        thousands(figures.bare_steps),
        spread(&figures.physics_ratio),
        if figures.equal { "" } else { " **not the same simulation**" },
        figures.physics_processor_ratio,
        spread(&figures.whole_ratio),
        figures.whole_processor_ratio,
        spread(&figures.recording_ratio),
        figures.recording_processor_ratio,
        figures.processor_microseconds,
        figures.cost_against_16.as_ref().map_or_else(String::new, spread),
    )
}

fn process(alone: &Alone, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "| {} | alone | {:.0} kB/arena ({} arenas); {:.1} MB after {} steps of one arena, {:.1} MB after {}; cold start to the first step of one arena {:.2} s, of {} arenas {:.2} s ({:.2}-{:.2}) | | | | | | | | | | | |",
        alone.scene,
        alone.kilobytes_per_arena,
        alone.crowd,
        alone.megabytes_at_tenth,
        thousands((alone.steps / 10) as f64),
        alone.megabytes_at_end,
        thousands(alone.steps as f64),
        alone.cold_start_of_one.median,
        alone.crowd,
        alone.cold_start.median,
        alone.cold_start.low,
        alone.cold_start.high,
    )
}

/// A whole number with commas.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
