//! The real window, under a display in memory, driven by requests on its standard input and read by the objects on its standard output, as any
//! script could. Needs `Xvfb` and a graphics driver (a software one will do); where there is no `Xvfb`, it says so and passes, unless
//! `WINDOW_TESTS=required` (as in CI).

use crate::workshop::Workshop;
use apprentice::pilot::Pilot;
use apprentice::pilot::cast::{Cast, Flyer};
use apprentice::scene::plan::Plan;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than a software driver takes for anything here.
const PATIENCE: Duration = Duration::from_secs(120);

/// A display in memory. It is gone when dropped.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// None where there is no X server, and none is required.
    fn open() -> Option<Self> {
        let started = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x720x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut server = match started {
            Ok(server) => server,
            Err(error) => {
                let required = std::env::var("WINDOW_TESTS").is_ok_and(|value| value == "required");
                assert!(!required, "the window's tests are required, and Xvfb does not start: {error}");
                eprintln!("SKIPPED: the window is not tested, because Xvfb does not start: {error}");
                return None;
            }
        };
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        assert!(!number.trim().is_empty(), "Xvfb told no display");
        Some(Self { server, name: format!(":{}", number.trim()) })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// `apprentice explore`, running.
struct Explorer {
    child: Child,
    asks: ChildStdin,
    told: Receiver<Value>,
}

impl Explorer {
    fn open(workshop: &Workshop, display: &Display, arguments: &str) -> Self {
        Self::start(workshop, display, &format!("explore {arguments} --json --script -"))
    }

    fn start(workshop: &Workshop, display: &Display, words: &str) -> Self {
        let mut command = workshop.command(words);
        command.env("DISPLAY", &display.name).env_remove("WAYLAND_DISPLAY");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (asks, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, told) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if send.send(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))).is_err() {
                    break;
                }
            }
        });
        Self { child, asks, told }
    }

    fn ask(&mut self, requests: &str) {
        for line in requests.lines() {
            writeln!(self.asks, "{}", line.trim()).unwrap();
        }
        self.asks.flush().unwrap();
    }

    /// The next event of this kind.
    #[track_caller]
    fn hears(&self, kind: &str) -> Value {
        loop {
            let event = self.told.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("waiting for `{kind}`: {error}"));
            assert!(kind == "refused" || event["event"] != "refused", "{event}");
            if event["event"] == kind {
                return event;
            }
        }
    }

    fn standing(&mut self) -> Value {
        self.ask("Tell");
        self.hears("standing")
    }

    /// A picture of the window.
    fn picture(&mut self, path: &Path) -> Picture {
        self.ask(&format!("Drawn\nScreenshot(\"{}\")", path.display()));
        assert_eq!(self.hears("saved")["path"], path.display().to_string());
        Picture::read(path)
    }

    fn close(mut self) {
        self.ask("Quit");
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Explorer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Pixels, red, green, blue.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    fn read(path: &Path) -> Self {
        let decoder = png::Decoder::new(BufReader::new(std::fs::File::open(path).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let about = reader.next_frame(&mut bytes).unwrap();
        assert_eq!(about.color_type, png::ColorType::Rgb);
        let pixels = bytes[..about.buffer_size()].chunks(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Self { width: about.width as usize, height: about.height as usize, pixels }
    }

    /// How many different colours its middle has, where the scene is.
    fn colours(&self) -> usize {
        let mut seen = std::collections::BTreeSet::<[u8; 3]>::new();
        for row in self.height / 4..3 * self.height / 4 {
            seen.extend(&self.pixels[row * self.width + self.width / 4..row * self.width + 3 * self.width / 4]);
        }
        seen.len()
    }

    /// The share of pixels that differ visibly from those of another one.
    fn difference(&self, other: &Self) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let visible = |(one, other): &(&[u8; 3], &[u8; 3])| one.iter().zip(*other).any(|(a, b)| a.abs_diff(*b) > 12);
        self.pixels.iter().zip(&other.pixels).filter(visible).count() as f64 / self.pixels.len() as f64
    }
}

#[test]
fn every_scene_is_drawn_in_a_real_window() {
    let Some(display) = Display::open() else { return };
    let workshop = Workshop::new();
    let mut explorer = Explorer::open(&workshop, &display, &format!("{} --bare --paused", Workshop::scene("balance")));
    let first = explorer.hears("drawn");
    assert!(first["seconds"].as_f64().unwrap() > 0.0);
    let mut pictures = Vec::new();
    for scene in ["balance", "push", "clear"] {
        explorer.ask(&format!("Open(\"{}\")\nStep(1)", Workshop::scene(scene)));
        assert_eq!(explorer.hears("opened")["scene"], scene);
        let picture = explorer.picture(&workshop.path(&format!("{scene}.png")));
        assert_eq!((picture.width, picture.height), (1280, 720));
        assert!(picture.colours() > 200, "{scene} is drawn in {} colours", picture.colours());
        pictures.push(picture);
    }
    assert!(pictures[0].difference(&pictures[1]) > 0.1 && pictures[1].difference(&pictures[2]) > 0.02, "scenes look different");
    explorer.close();
}

#[test]
fn a_scene_that_is_saved_reloads_and_a_broken_one_shows_its_error() {
    let Some(display) = Display::open() else { return };
    let workshop = Workshop::new();
    let text = std::fs::read_to_string(format!("{}/scene.ron", Workshop::scene("push"))).unwrap();
    workshop.write("edited/scene.ron", &text);
    let mut explorer = Explorer::open(&workshop, &display, "edited");
    explorer.hears("drawn");
    explorer.ask("Pause(true)\nFrames(2)");
    let before = explorer.picture(&workshop.path("before.png"));

    workshop.write("edited/scene.ron", &text.replace("radius: 0.4", "radius: 1.4"));
    assert_eq!(explorer.hears("reloaded")["scene"], "edited");
    explorer.ask("Frames(3)");
    let larger = explorer.picture(&workshop.path("larger.png"));
    assert!(larger.difference(&before) > 0.01, "the disc has grown");

    workshop.write("edited/scene.ron", &text.replace("radius: 0.4", "radios: 0.4"));
    let broken = explorer.hears("broken");
    let told = broken["text"].as_str().unwrap();
    let line = text.lines().position(|line| line.contains("radius: 0.4")).unwrap() + 1;
    assert!(told.contains(&format!("edited/scene.ron:{line}:")) && told.contains("did you mean `radius`?"), "{told}");
    assert_eq!(explorer.standing()["scene"], "edited");
    explorer.ask("Frames(3)");
    let shown = explorer.picture(&workshop.path("broken.png"));
    assert!(shown.difference(&larger) > 0.01, "what is wrong stands on the screen");
    explorer.ask("Step(3)");
    let steps = explorer.standing()["steps"].as_u64().unwrap();
    assert!(steps >= 3, "the last good scene lives on");

    workshop.write("edited/scene.ron", &text);
    explorer.hears("reloaded");
    explorer.ask("Frames(3)");
    let mended = explorer.picture(&workshop.path("mended.png"));
    assert!(mended.difference(&shown) > 0.01, "the error is gone");
    explorer.close();
}

#[test]
fn the_window_simulates_the_same_bits_as_headless_and_forks_them_from_the_past() {
    let Some(display) = Display::open() else { return };
    let workshop = Workshop::new();
    let mut explorer = Explorer::open(&workshop, &display, &format!("{} --pilot random --seed 3 --paused", Workshop::scene("push")));
    explorer.hears("drawn");
    explorer.ask("Step(20)");
    let there = explorer.standing();
    assert_eq!((there["steps"].as_u64(), there["paused"].as_bool()), (Some(20), Some(true)));
    assert_eq!(there["hash"], headless_hash("push", &Pilot::random().into(), 3, 20), "the same bits without a window");

    explorer.ask("Rewind(1.0)");
    let back = explorer.standing();
    assert_ne!(back["hash"], there["hash"]);
    assert_eq!(back["hash"], headless_hash("push", &Pilot::random().into(), 3, 10), "one second is ten steps");
    explorer.ask("Step(10)");
    let again = explorer.standing();
    assert_eq!((&again["hash"], &again["steps"]), (&there["hash"], &there["steps"]), "the same future once more");

    explorer.ask("Pause(false)\nSpeed(4)\nWait(30)\nRewind(1.5)");
    let scrubbed = explorer.standing();
    assert_eq!(scrubbed["paused"], true, "looking back stops the clock at once");
    let behind = explorer.standing();
    assert_eq!((&behind["hash"], &behind["steps"]), (&scrubbed["hash"], &scrubbed["steps"]), "and nothing moves on by itself");
    explorer.ask("Present");
    assert_ne!(explorer.standing()["hash"], scrubbed["hash"], "the present was not forgotten");

    explorer.ask("Vary(\"cube_size\", 0.4)");
    let larger = explorer.standing();
    assert_ne!(larger["level"], again["level"]);
    explorer.ask("Arenas(9)\nStep(5)");
    let many = explorer.standing();
    assert_eq!(many["arenas"], 9);
    assert_eq!(many["level"], larger["level"], "a slider's level stays");
    explorer.close();
}

#[test]
fn a_team_is_simulated_as_it_is_headless_and_all_of_it_goes_on_from_the_past() {
    let Some(display) = Display::open() else { return };
    let workshop = Workshop::new();
    let herd = Workshop::scene("herd");
    let mut explorer =
        Explorer::open(&workshop, &display, &format!("{herd} --pilot random --against expert --seed 3 --paused --size 320x240"));
    explorer.hears("drawn");
    explorer.ask("Step(20)");
    let there = explorer.standing();
    assert_eq!((there["steps"].as_u64(), &there["pilot"], &there["against"]), (Some(20), &"random".into(), &"expert".into()));
    let [random, expert] = [Pilot::random(), Pilot::expert()].map(Flyer::Pilot);
    let cast = Cast::game(&random, &expert, 0, &Plan::load(&herd).unwrap());
    assert_eq!(there["hash"], headless_hash("herd", &cast, 3, 20), "the same bits without a window");
    explorer.ask("Rewind(1.0)");
    assert_eq!(explorer.standing()["hash"], headless_hash("herd", &cast, 3, 10));
    explorer.ask("Step(10)");
    assert_eq!(explorer.standing()["hash"], there["hash"], "every agent's future once more");
    explorer.ask("Against(Idle)\nRewind(1.0)\nStep(10)");
    let other = explorer.standing();
    assert_eq!((&other["pilot"], &other["against"]), (&"random".into(), &"idle".into()), "one choice leaves the other alone");
    assert_ne!(other["hash"], there["hash"], "another opponent is another future");
    explorer.ask("Against(Hand)");
    assert!(explorer.hears("refused")["text"].as_str().unwrap().contains("the first agent"));
    explorer.ask("Arenas(2)\nStep(5)");
    assert_eq!(explorer.standing()["against"], "idle");
    explorer.ask(&format!("Open(\"{}\")", Workshop::scene("push")));
    explorer.hears("opened");
    assert_eq!(explorer.standing()["against"], Value::Null);
    explorer.ask("Against(Expert)");
    assert!(explorer.hears("refused")["text"].as_str().unwrap().contains("nobody else"));
    explorer.close();
}

#[test]
fn a_pad_records_in_the_window_and_what_it_recorded_replays_there_and_headless() {
    let Some(display) = Display::open() else { return };
    let workshop = Workshop::new();
    for scene in ["push", "balance", "clear"] {
        let words = format!("record {} data/{scene} --episodes 2 --reset 0.1 --json --script -", Workshop::scene(scene));
        let mut recorder = Explorer::start(&workshop, &display, &words);
        recorder.hears("drawn");
        recorder.ask("Pad(LeftStickX, 0.3)\nPad(Start, 1.0)\nPad(Start, 0.0)\nPad(LeftStickY, 1.0)\nWait(30)");
        // The task ends no episode so soon: the pad does, once as a success.
        recorder
            .ask("Pad(North, 1.0)\nPad(North, 0.0)\nWait(12)\nPad(LeftStickX, -0.8)\nWait(20)\nPad(DPadRight, 1.0)\nPad(DPadRight, 0.0)");
        assert!(recorder.child.wait().unwrap().success(), "it closes after two episodes");
        let told = workshop.apprentice(&format!("data verify data/{scene}"));
        assert_eq!((told.code, told.out.contains("2 episodes")), (Some(0), true), "{}{}", told.out, told.err);
        let set = apprentice::imitation::data_set::DataSet::open(workshop.path(&format!("data/{scene}"))).unwrap();
        assert_eq!(set.lines.iter().map(|line| line.marked).collect::<Vec<_>>(), [Some(true), None]);
        let plan = set.plan(0).unwrap();
        let moved = |episode: usize| {
            let rows = set.demonstration(episode, &plan).unwrap().rows;
            rows.actions.values().iter().any(|channel| channel.abs() > 0.1)
        };
        assert!(moved(0) && moved(1), "the sticks drive the body of {scene}");

        let mut replay = Explorer::start(&workshop, &display, &format!("replay data/{scene} --speed 8 --quit --json"));
        for episode in 0..2 {
            let replayed = replay.hears("replayed");
            assert_eq!((&replayed["episode"], &replayed["differs"]), (&episode.into(), &Value::Null), "in the window too");
        }
        assert!(replay.child.wait().unwrap().success());
    }
}

#[test]
fn a_pad_records_a_game_which_replays_and_is_filmed_with_every_agent() {
    let Some(display) = Display::open() else { return };
    let workshop = Workshop::new();
    let words = format!("record {} data/herd --against expert --episodes 1 --reset 0.1 --json --script -", Workshop::scene("herd"));
    let mut recorder = Explorer::start(&workshop, &display, &words);
    recorder.hears("drawn");
    recorder.ask("Against(Idle)");
    assert!(recorder.hears("refused")["text"].as_str().unwrap().contains("stop it first"));
    recorder.ask("Pad(Start, 1.0)\nPad(Start, 0.0)\nPad(LeftStickY, 1.0)\nWait(20)\nPad(North, 1.0)");
    assert!(recorder.child.wait().unwrap().success());
    let set = apprentice::imitation::data_set::DataSet::open(workshop.path("data/herd")).unwrap();
    assert_eq!(set.lines[0].players(), "hand against expert");
    let mut replay = Explorer::start(&workshop, &display, "replay data/herd --speed 8 --quit --json");
    assert_eq!(replay.hears("replayed")["differs"], Value::Null, "both do what they did");
    assert!(replay.child.wait().unwrap().success());
    let told = workshop.apprentice("film data/herd game.mp4 --size 64x64 --rate 2 --seconds 1 --quiet");
    assert_eq!(told.code, Some(0), "{}", told.err);
}

#[test]
fn a_lost_pad_pauses_the_recording_and_another_goes_on() {
    let Some(display) = Display::open() else { return };
    let workshop = Workshop::new();
    let mut recorder =
        Explorer::start(&workshop, &display, &format!("record {} data/push --episodes 1 --json --script -", Workshop::scene("push")));
    recorder.hears("drawn");
    // Not even before the first episode.
    for request in ["Arenas(4)", "Seed(3)", "Pilot(Expert)", "Replay(\"data/push\", 0)", &format!("Open(\"{}\")", Workshop::scene("clear"))]
    {
        recorder.ask(request);
        assert!(recorder.hears("refused")["text"].as_str().unwrap().contains("stop it first"), "{request}");
    }
    assert_eq!(recorder.standing()["arenas"], 1);
    recorder.ask("Pad(Start, 1.0)\nPad(Start, 0.0)\nPad(LeftStickY, 1.0)\nWait(10)\nUnplug");
    loop {
        let told = recorder.hears("recording");
        if told["text"].as_str().unwrap().starts_with("paused") {
            break;
        }
    }
    assert_eq!(recorder.standing()["paused"], true);
    // While an episode waits, nobody meddles with it.
    recorder.ask("NewLevel");
    recorder.hears("refused");
    recorder.ask("Pad(LeftStickY, 0.5)\nPad(Start, 1.0)\nPad(Start, 0.0)\nFrames(3)\nWait(10)\nPad(North, 1.0)");
    assert!(recorder.child.wait().unwrap().success());
    let told = workshop.apprentice("data verify data/push");
    assert_eq!((told.code, told.out.contains("1 episodes")), (Some(0), true), "{}{}", told.out, told.err);
}

#[test]
fn an_episode_is_filmed_while_the_window_goes_on() {
    let Some(display) = Display::open() else { return };
    let workshop = Workshop::new();
    let mut explorer = Explorer::open(&workshop, &display, &format!("{} --paused --size 320x240", Workshop::scene("balance")));
    explorer.hears("drawn");
    explorer.ask("Film(None)");
    assert!(explorer.hears("refused")["text"].as_str().unwrap().contains("nothing has happened yet"));
    explorer.ask("Step(20)\nFilm(None)");
    assert_eq!(explorer.hears("filming")["path"], "films/balance-1.mp4");
    explorer.ask("Film(None)");
    assert!(explorer.hears("refused")["text"].as_str().unwrap().contains("wait until it is ready"));
    assert_eq!(explorer.hears("saved")["path"], "films/balance-1.mp4");
    let film = std::fs::read(workshop.path("films/balance-1.mp4")).unwrap();
    assert_eq!((&film[4..8], film.windows(4).any(|four| four == b"av01")), (&b"ftyp"[..], true));
    explorer.close();
}

#[test]
fn an_episode_is_drawn_frame_by_frame_without_any_display() {
    use apprentice::physics::Threads;
    use apprentice::window::offscreen::{Shot, frames};
    let plan = std::sync::Arc::new(Plan::load(Workshop::scene("push")).unwrap());
    let shot = Shot { cast: Pilot::random().into(), size: (642, 360), frames_per_second: 10, ..Shot::new(plan.clone()) };
    let drawn: Vec<_> = frames(shot, Threads(1)).unwrap().take(12).collect();
    assert_eq!(drawn.len(), 12);
    let differ = |one: &[u8], other: &[u8]| one.iter().zip(other).filter(|(a, b)| a.abs_diff(**b) > 12).count();
    for frame in &drawn {
        assert_eq!((frame.width, frame.height, frame.rgba.len()), (642, 360, 4 * 642 * 360));
        assert!(frame.rgba.chunks(4).all(|pixel| pixel[3] == 255), "nothing shines through");
    }
    assert!(differ(&drawn[2].rgba, &drawn[11].rgba) > 100, "the rover has moved");
    if let Ok(folder) = std::env::var("KEEP_FRAMES") {
        for (index, frame) in drawn.iter().enumerate() {
            let file = std::fs::File::create(format!("{folder}/frame-{index:03}.png")).unwrap();
            let mut encoder = png::Encoder::new(file, frame.width, frame.height);
            encoder.set_color(png::ColorType::Rgba);
            encoder.write_header().unwrap().write_image_data(&frame.rgba).unwrap();
        }
    }
}

/// The hash of the first arena of a scene after so many steps.
fn headless_hash(scene: &str, cast: &Cast, seed: u64, steps: usize) -> String {
    use apprentice::arena::{ArenaPlugin, ArenaQuery, step_hash};
    use apprentice::control::{ControlPlugin, headless_app, start};
    use apprentice::physics::Threads;
    use apprentice::pilot::PilotPlugin;
    let plan = std::sync::Arc::new(Plan::load(Workshop::scene(scene)).unwrap());
    let mut app = headless_app(Threads(1));
    app.add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan], count: 1, seed, pilot: Pilot::Idle },
        PilotPlugin,
    ));
    cast.enter(&mut app);
    start(&mut app);
    (0..steps).for_each(|_| app.update());
    let mut query = app.world_mut().query::<ArenaQuery>();
    let item = query.single_mut(app.world_mut()).unwrap();
    format!("{:016x}", step_hash(&item))
}
