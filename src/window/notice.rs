//! What the window has to say: a line on the screen for a while, a line on standard error, or (for scripts, with `--json`) an object on standard output.

use bevy::prelude::*;
use serde::Serialize;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::PathBuf;

/// Something that happened.
#[derive(Message, Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The first whole picture is on the screen.
    Drawn {
        /// The scene that it shows.
        scene: String,
        /// Since the program started, s.
        seconds: f64,
        /// What draws.
        adapter: String,
    },
    /// A scene was opened.
    Opened {
        /// Its name.
        scene: String,
    },
    /// The scene's file changed, and what it says now is shown.
    Reloaded {
        /// Its name.
        scene: String,
    },
    /// The scene's file changed, and cannot be shown: the last good scene lives on.
    Broken {
        /// How many problems.
        problems: usize,
        /// All that is wrong, with file, line and column.
        text: String,
    },
    /// A film is being made.
    Filming {
        /// Its file.
        path: PathBuf,
    },
    /// A picture or a film was saved.
    Saved {
        /// Its file.
        path: PathBuf,
    },
    /// Something was asked for that cannot be done.
    Refused {
        /// Why.
        text: String,
    },
    /// A recording went on: how it stands.
    Recording {
        /// In words.
        text: String,
        /// Episodes kept in this session.
        kept: usize,
    },
    /// A demonstration is replayed in the arena that is watched.
    Replaying {
        /// Its data set.
        data_set: PathBuf,
        /// Which one.
        episode: usize,
        /// How many rows it has.
        frames: usize,
    },
    /// A demonstration was replayed.
    Replayed {
        /// Which one.
        episode: usize,
        /// Rows whose state was compared.
        frames: usize,
        /// The first that was another than recorded.
        differs: Option<usize>,
    },
    /// An episode ended in the arena that is watched.
    Ended {
        /// How.
        outcome: String,
        /// Its score in [0, 1].
        score: f32,
        /// Control steps.
        steps: usize,
    },
    /// How things stand, because a script asked.
    Standing {
        /// The scene's name.
        scene: String,
        /// Arenas.
        arenas: usize,
        /// Control steps since the scene was shown.
        steps: u64,
        /// Hash of the watched arena's state and last action.
        hash: String,
        /// Who decides.
        pilot: String,
        /// Who decides for the other agents of a team; none where there is no team.
        against: Option<String>,
        /// Whether the clock stands still.
        paused: bool,
        /// Level of the watched arena.
        level: String,
        /// Frames drawn since the start.
        frames: u64,
    },
}

impl Event {
    /// As a sentence for people, and whether it is bad news; none for what only scripts want.
    pub fn sentence(&self) -> Option<(String, bool)> {
        Some(match self {
            Self::Opened { .. } | Self::Ended { .. } | Self::Standing { .. } => return None,
            Self::Drawn { scene, seconds, adapter } => (format!("{scene}: first picture after {seconds:.1} s, drawn by {adapter}"), false),
            Self::Reloaded { scene } => (format!("{scene} was reloaded"), false),
            Self::Broken { problems: 1, text } => (format!("the scene's file has a problem; the last good one lives on\n{text}"), true),
            Self::Broken { problems, text } => {
                (format!("the scene's file has {problems} problems; the last good one lives on\n{text}"), true)
            }
            Self::Filming { path } => (format!("filming into {} ..", path.display()), false),
            Self::Saved { path } => (format!("saved {}", path.display()), false),
            Self::Recording { text, .. } => (text.clone(), false),
            Self::Replaying { data_set, episode, .. } => (format!("episode {episode} of {}", data_set.display()), false),
            Self::Replayed { episode, frames, differs: None } => {
                (format!("episode {episode}: all {frames} frames as recorded, bit for bit"), false)
            }
            Self::Replayed { episode, differs: Some(frame), .. } => {
                (format!("episode {episode}: frame {frame} is another than recorded"), true)
            }
            Self::Refused { text } => (text.clone(), true),
        })
    }
}

/// Where events are told.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Told {
    /// As objects on standard output.
    pub json: bool,
    /// Not at all on standard error, unless it is bad news.
    pub quiet: bool,
}

/// What stands on the screen.
#[derive(Resource, Default)]
pub struct Notices(pub VecDeque<Notice>);

/// A line on the screen.
pub struct Notice {
    /// What it says.
    pub text: String,
    /// Whether it is bad news.
    pub bad: bool,
    /// How long it still stands, s.
    pub left: f32,
}

/// Tells events.
pub fn plugin(app: &mut App) {
    app.add_message::<Event>().init_resource::<Notices>().init_resource::<Told>().add_systems(Last, tell);
}

/// Tells what has happened by now: the last thing in a frame.
pub fn tell(mut events: MessageReader<Event>, told: Res<Told>, mut notices: ResMut<Notices>, time: Res<Time<Real>>) {
    for notice in &mut notices.0 {
        notice.left -= time.delta_secs();
    }
    notices.0.retain(|notice| notice.left > 0.0);
    for event in events.read() {
        if told.json {
            // A reader that has gone away is no reason to stop.
            let line = serde_json::to_string(event).unwrap_or_default();
            let mut out = io::stdout().lock();
            let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        }
        let Some((text, bad)) = event.sentence() else { continue };
        if !told.json && (bad || !told.quiet) {
            eprintln!("{text}");
        }
        // A broken scene has a place of its own on the screen, for as long as it is broken.
        if !matches!(event, Event::Broken { .. } | Event::Drawn { .. }) {
            notices.0.push_back(Notice { text, bad, left: if bad { 8.0 } else { 4.0 } });
            if notices.0.len() > 5 {
                notices.0.pop_front();
            }
        }
    }
}
