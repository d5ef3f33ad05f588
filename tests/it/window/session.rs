//! What a pad records is the same file at any frame rate.

use super::hands::expert_by_sticks;
use super::pad::{Pad, Script, Sight, axis, button};
use crate::imitation::{assert_sound, author};
use crate::stage::plan_of;
use apprentice::curriculum::held_out;
use apprentice::imitation::data_set::features::LATENCY;
use apprentice::imitation::data_set::writer::Writer;
use apprentice::imitation::data_set::{DataSet, sidecar};
use apprentice::imitation::keeper::Keeper;
use apprentice::imitation::session::{Phase, Session, SessionPlugin, begin};
use apprentice::stream::{Purpose, Stream};
use apprentice::window::film::reel::{self, Offer};
use apprentice::window::notice::Event;
use apprentice::window::shown::{Choice, Shown};
use arrow_array::RecordBatch;
use bevy::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

/// The expert's sticks; start is pressed at step 2.
fn recording() -> Script {
    let mut expert = expert_by_sticks();
    Box::new(move |sight: &Sight<'_>| {
        let mut events = expert(sight);
        match sight.step {
            2 => events.push(button(sight.pad, GamepadButton::Start, 1.0)),
            3 => events.push(button(sight.pad, GamepadButton::Start, 0.0)),
            _ => {}
        }
        events
    })
}

/// Records two episodes of `push` by pad, with frames of `seconds`.
fn recorded(root: &Path, seconds: &mut dyn FnMut() -> f64) -> DataSet {
    let plan = plan_of("push");
    let levels = held_out(plan.canonical().cube.len(), 3);
    let mut pad = Pad::with(&plan, levels, recording(), |app| {
        app.add_plugins(SessionPlugin);
    });
    let (writer, _) = Writer::open(root, &plan, false).unwrap();
    begin(pad.app.world_mut(), Session::new(Keeper::new(writer, author()), Some(2), 4));
    while pad.app.world().resource::<Session>().phase != Phase::Done {
        pad.frame(seconds());
    }
    assert_eq!(pad.app.world_mut().resource_mut::<Session>().end(), Vec::<String>::new());
    DataSet::open(root).unwrap()
}

/// An episode's frames without how late its inputs came, its starting state, and its inputs.
fn traces(set: &DataSet, episode: usize) -> (RecordBatch, Vec<u8>, Vec<u8>) {
    let mut frames = set.frames(episode).unwrap();
    frames.remove_column(frames.schema().index_of(LATENCY).unwrap());
    let read = |path| std::fs::read(path).unwrap();
    (frames, read(sidecar::snapshot_path(&set.root, episode)), read(sidecar::inputs_path(&set.root, episode)))
}

#[test]
fn a_pad_records_the_same_file_at_any_frame_rate_and_with_stalls() {
    let folder = TempDir::new().unwrap();
    let reference = recorded(&folder.path().join("60"), &mut || 1.0 / 60.0);
    assert_sound(&reference, 2);
    assert!(reference.lines.iter().all(|line| line.success), "the pad brought the cube onto the disc");
    let mut stream = Stream::new(1, Purpose::Noise, 0, 0);
    let mut stalling = || if stream.below(6) == 0 { f64::from(stream.between(0.1, 0.9)) } else { f64::from(stream.between(0.002, 0.03)) };
    let rates: [(&str, &mut dyn FnMut() -> f64); 3] =
        [("30", &mut || 1.0 / 30.0), ("144", &mut || 1.0 / 144.0), ("stalling", &mut stalling)];
    for (name, seconds) in rates {
        let set = recorded(&folder.path().join(name), seconds);
        assert_eq!(set.len(), 2, "{name}");
        for episode in 0..2 {
            assert!(traces(&set, episode) == traces(&reference, episode), "episode {episode} at {name} frames a second");
        }
    }
}

#[test]
fn an_episode_that_a_hand_ended_is_what_a_film_shows_and_only_of_what_is_watched() {
    let folder = TempDir::new().unwrap();
    let plan = plan_of("push");
    let script: Script = Box::new(|sight: &Sight<'_>| match sight.step {
        0 => vec![axis(sight.pad, GamepadAxis::LeftStickY, 1.0)],
        2 => vec![button(sight.pad, GamepadButton::Start, 1.0)],
        12 => vec![button(sight.pad, GamepadButton::North, 1.0)],
        _ => Vec::new(),
    });
    let shown = Shown {
        path: "scenes/push".into(),
        plan: plan.clone(),
        count: 1,
        seed: 0,
        pilot: Choice::Hand,
        against: Choice::Idle,
        watched: 0,
        held: BTreeMap::new(),
        problems: None,
    };
    let mut pad = Pad::with(&plan, held_out(plan.canonical().cube.len(), 3), script, |app| {
        app.add_message::<Event>().insert_resource(shown).add_plugins((SessionPlugin, reel::plugin));
    });
    let (writer, _) = Writer::open(folder.path(), &plan, false).unwrap();
    begin(pad.app.world_mut(), Session::new(Keeper::new(writer, author()), Some(2), 20));
    let mut offers = Vec::new();
    while pad.rows().len() < 18 {
        pad.frame(0.1);
        offers.push(reel::offer(pad.app.world()));
    }
    assert!(matches!(pad.app.world().resource::<Session>().phase, Phase::Resetting(_)));
    // Heard with the step after it was pressed: rows 3 to 12.
    assert_eq!(offers.last(), Some(&Some(Offer { episode: 0, steps: 10 })), "{offers:?}");
    pad.app.world_mut().resource_mut::<Shown>().watched = 1;
    assert_eq!(reel::offer(pad.app.world()), None, "nothing has been seen of the other arena");
    let mut shown = pad.app.world_mut().resource_mut::<Shown>();
    (shown.watched, shown.plan) = (0, plan_of("clear"));
    assert_eq!(reel::offer(pad.app.world()), None, "nor of another scene");
    assert_eq!(pad.app.world_mut().resource_mut::<Session>().end(), Vec::<String>::new());
}
