//! Tests of `src/imitation/`.

mod data_set;
mod diagnosis;
mod edit;
mod keeper;
mod quality;
mod reading;
mod repair;
mod replay;
mod session;
mod statistics;
mod team;

use apprentice::imitation::data_set::DataSet;
use apprentice::imitation::data_set::writer::{Author, Writer};
use apprentice::imitation::demonstration::Demonstration;
use apprentice::imitation::record::{Order, demonstrate};
use apprentice::physics::Threads;
use apprentice::pilot::Pilot;
use apprentice::pilot::cast::{Cast, Flyer};
use apprentice::scene::plan::Plan;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

pub fn plan(scene: &str) -> Arc<Plan> {
    Arc::new(Plan::load(format!("scenes/{scene}")).unwrap())
}

/// Demonstrations by the scene's expert (`seed` even) or by chance.
pub fn demonstrations(plan: &Arc<Plan>, episodes: usize, pilot: Pilot, seed: u64) -> Vec<Demonstration> {
    let mut found = Vec::new();
    let order = Order {
        plan,
        cast: &Cast::from(Flyer::Pilot(pilot)),
        episodes,
        successes_only: false,
        seed,
        before: 0,
        threads: Threads::default(),
    };
    demonstrate(&order, |demonstration, _| {
        found.extend(demonstration);
        ControlFlow::<Infallible>::Continue(())
    });
    assert_eq!(found.len(), episodes, "every demonstration that was ordered is handed over");
    found
}

pub fn author() -> Author {
    Author { pilot: "expert".into(), operator: "ada".into(), ..Author::default() }
}

/// A data set of these demonstrations at `root`.
pub fn saved(root: &Path, plan: &Arc<Plan>, demonstrations: &[Demonstration]) -> DataSet {
    let (mut writer, _) = Writer::open(root, plan, false).unwrap();
    demonstrations.iter().for_each(|demonstration| {
        writer.save(demonstration, &author()).unwrap();
    });
    writer.finish().unwrap()
}

/// Panics unless the set has so many episodes, is as it should be on the disk, and replays.
pub fn assert_sound(set: &DataSet, episodes: usize) {
    assert_eq!(set.len(), episodes, "{}", set.root.display());
    assert_eq!(set.faults(), Vec::<String>::new(), "{}", set.root.display());
    for episode in 0..episodes {
        let plan = set.plan(episode).unwrap();
        let demonstration = set.demonstration(episode, &plan).unwrap();
        let replayed = apprentice::imitation::replay::verify(&plan, &[demonstration], Threads(1), None);
        assert_eq!(replayed[0].differs, None, "episode {episode} of {} replays", set.root.display());
    }
}
