//! Makes the data sets with which learning from demonstrations is tried: the experts of the scenes, both ways around the pillar, a heap cleared in
//! any order, and operators of every kind. What is there already is gone on with, or left alone where it is whole.
//!
//! ```text
//! cargo run --release --example demonstrations                   # a try: 2 episodes of each, into a folder that is removed again
//! cargo run --release --example demonstrations data 10 50 200    # all of them in three sizes, into data/reach-expert-10, ..
//! cargo run --release --example demonstrations data 50 lift      # those alone whose name says `lift`
//! ```
//!
//! Of those made in one go, the smaller one of a kind holds the first episodes of the larger one's arenas: 10 are among the 50, 50 among the 200.
#![expect(clippy::print_stdout, reason = "an example speaks to people")]

use apprentice::imitation::data_set::writer::{Author, Writer};
use apprentice::imitation::record::{Order, demonstrate};
use apprentice::imitation::route::route;
use apprentice::physics::Threads;
use apprentice::pilot::Pilot;
use apprentice::pilot::cast::{Cast, Flyer};
use apprentice::pilot::expert::Side;
use apprentice::pilot::operator::Traits;
use apprentice::scene::plan::Plan;
use bevy::prelude::Result;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// What a set is called, its scene, and who demonstrates, as `--pilot` says it.
const SETS: [(&str, &str, &str); 15] = [
    ("reach-expert", "reach", "expert"),
    ("push-expert", "push", "expert"),
    ("lift-expert", "lift", "expert"),
    ("maze-expert", "maze", "expert"),
    ("clear-expert", "clear", "expert"),
    ("pillar-both", "pillar", "expert(left: 0.5)"),
    ("clear-orders", "clear", "expert(orders: 1)"),
    ("lift-human", "lift", "human"),
    ("push-human", "push", "human"),
    ("lift-better", "lift", "better"),
    ("lift-okay", "lift", "okay"),
    ("lift-worse", "lift", "worse"),
    ("push-better", "push", "better"),
    ("push-okay", "push", "okay"),
    ("push-worse", "push", "worse"),
];

fn main() -> Result {
    let mut args = std::env::args().skip(1);
    let folder = args.next();
    let (sizes, names): (Vec<String>, Vec<String>) = args.partition(|arg| arg.parse::<usize>().is_ok());
    let mut sizes = sizes.iter().map(|size| size.parse()).collect::<std::result::Result<Vec<usize>, _>>()?;
    if sizes.is_empty() {
        sizes.push(2);
    }
    let tried = std::env::temp_dir().join(format!("demonstrations-{}", std::process::id()));
    let root = folder.as_deref().map_or(tried.as_path(), Path::new);
    println!("{:<20} {:>8} {:>9} {:>9} {:>7} {:>9} {:>7}", "set", "episodes", "succeeded", "rows", "left", "MB", "s");
    let (mut bytes, mut seconds) = (0, 0.0);
    for (name, scene, pilot) in SETS {
        if !names.is_empty() && !names.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        for size in &sizes {
            let set = root.join(format!("{name}-{size}"));
            let (more, took) = made(&set, scene, pilot, *size)?;
            bytes += more;
            seconds += took;
        }
    }
    println!("{:.1} MB in {seconds:.0} s", bytes as f64 / 1e6);
    if folder.is_none() {
        std::fs::remove_dir_all(&tried)?;
    }
    Ok(())
}

/// Makes one set, or what is missing of it, tells of it, and gives its bytes and the seconds that it took.
fn made(root: &Path, scene: &str, pilot: &str, episodes: usize) -> Result<(u64, f64)> {
    #[expect(clippy::disallowed_methods, reason = "tells how long it took")]
    let began = std::time::Instant::now();
    let plan = Arc::new(Plan::load(format!("scenes/{scene}"))?);
    let (mut writer, _) = Writer::open(root, &plan, false)?;
    let missing = episodes.saturating_sub(writer.len());
    if missing > 0 {
        let traits = Traits::named(pilot).ok_or("nobody is called that")??;
        let author = Author { pilot: pilot.into(), traits: Some(traits.clone()), ..Author::default() };
        let order = Order {
            plan: &plan,
            cast: &Cast::from(Flyer::Pilot(Pilot::operator(traits))),
            episodes: missing,
            successes_only: false,
            seed: 1,
            before: writer.len(),
            threads: Threads::default(),
        };
        let (_, broken) = demonstrate(&order, |demonstration, _| match demonstration.map(|whole| writer.save(&whole, &author)) {
            Some(Err(error)) => ControlFlow::Break(error),
            _ => ControlFlow::Continue(()),
        });
        if let Some(error) = broken {
            return Err(error.into());
        }
    }
    let set = writer.finish()?;
    let succeeded = set.lines.iter().filter(|line| line.success).count();
    let mut routes = Vec::new();
    if scene == "pillar" {
        for episode in 0..set.len() {
            routes.extend(route(&set.demonstration(episode, &plan)?.rows, &plan));
        }
    }
    let left = match routes.len() {
        0 => String::new(),
        count => format!("{}/{count}", routes.iter().filter(|side| **side == Side::Left).count()),
    };
    let (bytes, took) = (size_of(root)?, began.elapsed().as_secs_f64());
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let (rows, megabytes) = (set.info.total_frames, bytes as f64 / 1e6);
    println!("{name:<20} {:>8} {succeeded:>9} {rows:>9} {left:>7} {megabytes:>9.1} {took:>7.1}", set.len());
    Ok((bytes, took))
}

/// All that lies in a folder, bytes.
fn size_of(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { size_of(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}
