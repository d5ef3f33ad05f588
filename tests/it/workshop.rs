//! A folder for a test, with a small scene and a recipe in it, where the built program works; and what runs that should be the same have in common.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(100);

/// A cart and pole for 24 steps, with noise and pushes, so that every stream is in use.
pub const SHORT: &str = r#"Scene(
    about: "Keep the pole up for a moment.",
    timing: (control_hz: 30, physics_hz: 60),
    body: CartPole(pole_length: Vary("pole_length"), angle: Vary("angle")),
    sensors: [Joints(noise: 0.01, delay: 0.05), LastAction],
    varies: { "pole_length": (0.6, 1.4), "angle": (-0.3, 0.3) },
    task: Task(
        success: For(0.2, Upright("body.pole", 0.5)),
        reward: [(1.0, Upright("body.pole"))],
        time_limit: 0.8,
        ends_on_success: false,
        expert: SwingUp,
    ),
)
"#;

/// Eight updates of 4 arenas and 16 steps.
pub const RECIPE: &str = r#"Recipe(
    scene: "scene.ron",
    arenas: 4,
    budget: Updates(8),
    learner: Ppo(horizon: 16, minibatch: 32, epochs: 2, hidden: [16]),
    evaluate: (every: 4, levels: 4),
    checkpoint: (every: 2),
)
"#;

/// See the module's documentation. It is gone when dropped.
pub struct Workshop(TempDir);

/// What the program said, and how it ended.
pub struct Told {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Workshop {
    /// With the scene `short` and its `ppo.ron`.
    pub fn new() -> Self {
        let workshop = Self(TempDir::new().unwrap());
        workshop.write("short/scene.ron", SHORT);
        workshop.write("short/ppo.ron", RECIPE);
        workshop
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The program with `arguments` (words with spaces between), working here.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apprentice"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path()).env("NO_COLOR", "1");
        command
    }

    pub fn apprentice(&self, arguments: &str) -> Told {
        self.command(arguments).output().unwrap().into()
    }

    /// Starts the program; nobody reads what it says.
    pub fn begin(&self, arguments: &str) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// A scene of the house.
    pub fn scene(name: &str) -> String {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes").join(name).display().to_string()
    }
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Told {
    /// It ended with `code`, said all of `words` on standard error, and did not panic.
    #[track_caller]
    pub fn ends(self, code: i32, words: &[&str]) -> Self {
        assert!(!self.err.contains("panicked"), "{}", self.err);
        assert_eq!(self.code, Some(code), "standard error:\n{}\nstandard output:\n{}", self.err, self.out);
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in\n{}", self.err);
        }
        self
    }

    /// The objects on standard output.
    pub fn objects(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }
}

/// Turns until `holds`; panics where it takes for ever.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "a test that waits for another process gives up some time")]
    let now = Instant::now;
    let began = now();
    while !holds() {
        assert!(now().duration_since(began) < PATIENCE, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

/// The lines of a log so far.
pub fn lines(path: &Path) -> usize {
    fs::read(path).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// All that two runs of one recipe have in common, by what it is.
pub fn traces(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut traces = BTreeMap::new();
    traces.insert("episodes".into(), fs::read(run.join("episodes.jsonl")).unwrap());
    traces.insert("metrics".into(), metrics(run, &[]).into_bytes());
    // The checkpoints, and the folders in them.
    let mut folders: Vec<PathBuf> = inside(&run.join("checkpoints")).into_iter().filter(|path| path.is_dir()).collect();
    while let Some(folder) = folders.pop() {
        for path in inside(&folder) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(run).unwrap().display().to_string();
            let bytes = fs::read(&path).unwrap();
            let bytes =
                if name.ends_with("progress.json") { without(&bytes, &["wall_seconds", "cpu_seconds", "metrics_bytes"]) } else { bytes };
            traces.insert(name, bytes);
        }
    }
    traces
}

/// The metrics of a run, without times and `other` numbers.
pub fn metrics(run: &Path, other: &[&str]) -> String {
    let text = fs::read(run.join("metrics.jsonl")).unwrap();
    let keys = [&["times"], other].concat();
    let lines = text.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n').map(|line| String::from_utf8(without(line, &keys)).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

fn without(object: &[u8], keys: &[&str]) -> Vec<u8> {
    let mut object: BTreeMap<String, Value> = serde_json::from_slice(object).unwrap();
    keys.iter().for_each(|key| {
        object.remove(*key);
    });
    serde_json::to_vec(&object).unwrap()
}

/// Both runs left the same, bit for bit.
#[track_caller]
pub fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (traces(one), traces(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "other files");
    for (name, bytes) in &one {
        let same = *bytes == other[name];
        assert!(same, "{name} differs:\n{}\n{}", String::from_utf8_lossy(bytes), String::from_utf8_lossy(&other[name]));
    }
}
