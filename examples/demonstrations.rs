//! Makes the data sets with which learning from demonstrations is tried: the experts of the scenes, both ways around the pillar, a heap cleared in
//! any order, and operators of every kind. What is there already is gone on with, or left alone where it is whole.
//!
//! ```text
//! cargo run --release --example demonstrations                   # a try: 2 episodes of each, into a folder that is removed again
//! cargo run --release --example demonstrations data 10 50 200    # all of them in three sizes, into data/reach-expert-10, ..
//! cargo run --release --example demonstrations data 50 lift      # those alone whose name says `lift`
//! cargo run --release --example demonstrations data 9000rows lift    # as many episodes as make 9,000 rows: slow ones are longer
//! ```
//!
//! Of those made in one go, the smaller one of a kind holds the first episodes of the larger one's arenas: 10 are among the 50, 50 among the 200.
#![expect(clippy::print_stdout, reason = "an example speaks to people")]

use apprentice::imitation::data_set::DataSet;
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

/// How much is wanted.
#[derive(Clone, Copy)]
enum Size {
    Episodes(usize),
    /// At least.
    Rows(usize),
}

/// So many episodes at once, where it is rows that count: all that were begun are kept, so that short ones are not preferred.
const AT_ONCE: usize = 8;

fn main() -> Result {
    let mut args = std::env::args().skip(1);
    let folder = args.next();
    let (mut sizes, mut names) = (Vec::new(), Vec::new());
    for arg in args {
        match arg.strip_suffix("rows").unwrap_or(&arg).parse::<usize>() {
            Ok(count) if arg.ends_with("rows") => sizes.push(Size::Rows(count)),
            Ok(count) => sizes.push(Size::Episodes(count)),
            Err(_) => names.push(arg),
        }
    }
    if sizes.is_empty() {
        sizes.push(Size::Episodes(2));
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
            let set = root.join(match size {
                Size::Episodes(count) => format!("{name}-{count}"),
                Size::Rows(count) => format!("{name}-{count}rows"),
            });
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
fn made(root: &Path, scene: &str, pilot: &str, size: Size) -> Result<(u64, f64)> {
    #[expect(clippy::disallowed_methods, reason = "tells how long it took")]
    let began = std::time::Instant::now();
    let plan = Arc::new(Plan::load(format!("scenes/{scene}"))?);
    let (mut writer, _) = Writer::open(root, &plan, false)?;
    let traits = Traits::named(pilot).ok_or("nobody is called that")??;
    let author = Author { pilot: pilot.into(), traits: Some(traits.clone()), ..Author::default() };
    let cast = Cast::from(Flyer::Pilot(Pilot::operator(traits)));
    let mut rows = DataSet::open(root)?.info.total_frames;
    loop {
        let missing = match size {
            Size::Episodes(count) => count.saturating_sub(writer.len()),
            Size::Rows(count) if rows < count => AT_ONCE,
            Size::Rows(_) => 0,
        };
        if missing == 0 {
            break;
        }
        let before = writer.len();
        let threads = Threads::default();
        let order = Order { plan: &plan, cast: &cast, episodes: missing, successes_only: false, seed: 1, before, threads };
        let (tally, broken) = demonstrate(&order, |demonstration, _| {
            let Some(whole) = demonstration else { return ControlFlow::Continue(()) };
            rows += whole.rows.len();
            writer.save(&whole, &author).map_or_else(ControlFlow::Break, |_| ControlFlow::Continue(()))
        });
        if let Some(error) = broken {
            return Err(error.into());
        }
        if tally.kept < missing {
            return Err("its worlds break down, one after the other".into());
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
