//! Scripts: requests in RON, one a line, from a file or from standard input, done one after the other. For tests and for pictures by command.

use super::notice::Event;
use super::request::Request;
use super::screenshot::Pending;
use super::time::Clock;
use crate::ron;
use bevy::diagnostic::FrameCount;
use bevy::prelude::*;
use std::collections::VecDeque;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Requests that wait for their turn.
#[derive(Resource, Default)]
pub struct Script {
    lines: VecDeque<Request>,
    /// From standard input: requests, or why a line is none.
    more: Option<Mutex<Receiver<Result<Request, String>>>>,
    until: Option<Until>,
}

enum Until {
    Step(u64),
    Frame(u64),
    Drawn,
    Saved,
}

/// Whether all that is to be seen can be drawn: the driver has compiled what it needs.
#[derive(Resource, Clone, Default)]
pub struct Whole(pub Arc<AtomicBool>);

/// Runs the script.
pub fn plugin(app: &mut App) {
    app.init_resource::<Script>().add_systems(First, go_on);
}

impl Script {
    /// That of a file; standard input where the path is `-`.
    ///
    /// # Errors
    /// Where the file cannot be read or a line is no request.
    pub fn read(path: &Path) -> Result<Self, String> {
        if path == Path::new("-") {
            return Ok(Self::listening());
        }
        let text = ron::read_text(path).map_err(|problems| problems.to_string())?;
        let name = path.display().to_string();
        let lines = text.lines().enumerate().filter_map(|(index, line)| parse(line, &format!("{name}, line {}", index + 1)).transpose());
        Ok(Self { lines: lines.collect::<Result<_, _>>()?, ..Self::default() })
    }

    /// A script of a few requests.
    pub fn of(lines: impl IntoIterator<Item = Request>) -> Self {
        Self { lines: lines.into_iter().collect(), ..Self::default() }
    }

    fn listening() -> Self {
        let (send, receive) = channel();
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                let Some(parsed) = parse(&line, "standard input").transpose() else { continue };
                if send.send(parsed).is_err() {
                    break;
                }
            }
        });
        Self { more: Some(Mutex::new(receive)), ..Self::default() }
    }
}

/// The request of a line; none where it is empty or a comment.
fn parse(line: &str, name: &str) -> Result<Option<Request>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with("//") {
        return Ok(None);
    }
    ron::read::<Request>(line, name).finish().map(|(request, _)| Some(request)).map_err(|problems| problems.to_string())
}

fn go_on(
    mut script: ResMut<Script>,
    mut requests: MessageWriter<Request>,
    mut events: MessageWriter<Event>,
    clock: Res<Clock>,
    frames: Res<FrameCount>,
    whole: Res<Whole>,
    pending: Res<Pending>,
) {
    let script = &mut *script;
    if let Some(more) = &script.more {
        let more = more.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match more.try_recv() {
                Ok(Ok(request)) => script.lines.push_back(request),
                Ok(Err(text)) => {
                    events.write(Event::Refused { text });
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
    }
    let (step, frame) = (clock.total, u64::from(frames.0));
    loop {
        let done = match script.until {
            None => true,
            Some(Until::Step(until)) => step >= until,
            Some(Until::Frame(until)) => frame >= until,
            Some(Until::Drawn) => whole.0.load(Ordering::Relaxed),
            Some(Until::Saved) => pending.0 == 0,
        };
        if !done {
            return;
        }
        script.until = None;
        let Some(request) = script.lines.pop_front() else { return };
        match request {
            Request::Wait(steps) => script.until = Some(Until::Step(step + steps)),
            Request::Frames(frames) => script.until = Some(Until::Frame(frame + frames)),
            Request::Drawn => script.until = Some(Until::Drawn),
            Request::Step(steps) => {
                requests.write(request);
                script.until = Some(Until::Step(step + steps as u64));
                return;
            }
            Request::Screenshot(_) => {
                requests.write(request);
                script.until = Some(Until::Saved);
                // It has to be asked for first.
                return;
            }
            request => {
                requests.write(request);
                // What it changes is there in the next frame.
                script.until = Some(Until::Frame(frame + 1));
                return;
            }
        }
    }
}

/// The file of a picture that the command line asks for, and what else it asks.
pub fn picture(path: PathBuf, after: u64, quit: bool) -> Vec<Request> {
    let mut script = vec![Request::Drawn, Request::Wait(after), Request::Frames(2), Request::Screenshot(Some(path))];
    script.extend(quit.then_some(Request::Quit));
    script
}
