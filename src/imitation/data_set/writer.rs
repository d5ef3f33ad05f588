//! Adds episodes to a data set, one at a time, so that a kill costs at most the one that is being recorded.
//!
//! An episode is saved in this order: snapshot and inputs, frames, row of `meta/episodes`, line of the sidecar, tasks, statistics, and
//! `info.json` last, which counts it. Each file is written beside, flushed, renamed. What a kill leaves between is adopted or removed by
//! [`super::repair`], which runs whenever a set is opened for writing.

use super::features::{Division, Features, difference, features};
use super::files::{EpisodeRow, Info, Place, episode_table, places, write_statistics, write_tasks};
use super::frames::{self, Standing};
use super::read::{DataSet, Entry};
use super::repair::{Repaired, repair_held};
use super::sidecar::{self, Line};
use super::statistics::{self, Statistics};
use super::{DataSetError, table};
use crate::durable::{self, JsonLines};
use crate::imitation::demonstration::{Demonstration, Seat};
use crate::pilot::operator::Traits;
use crate::scene::plan::Plan;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Who recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Author {
    /// Who decided: `hand`, `expert`, `random`, an operator, a run. Of a team: for the first agent.
    pub pilot: String,
    /// Of an operator: their traits.
    pub traits: Option<Traits>,
    /// Who decided for the other agents of a team; empty where nobody said, or there are none. (What kind of pilot it was is then kept.)
    pub against: String,
    /// Whose hands they were; empty where nobody said.
    pub operator: String,
}

impl Author {
    /// A team's seats with the names of those who sat there.
    fn seated(&self, team: &[Seat]) -> Vec<Seat> {
        let named = |(agent, seat): (usize, &Seat)| {
            let name = if agent == 0 { &self.pilot } else { &self.against };
            Seat { pilot: if name.is_empty() { seat.pilot.clone() } else { name.clone() }, ..seat.clone() }
        };
        team.iter().enumerate().map(named).collect()
    }
}

/// A data set that is being recorded to. It is held until this is dropped, or the process ends, however it ends.
pub struct Writer {
    set: DataSet,
    plan: Arc<Plan>,
    features: Features,
    division: Division,
    statistics: Vec<(String, Statistics)>,
    next: Place,
    next_meta: Place,
    /// Episodes that were there when it was opened: not to be undone.
    before: usize,
    /// An undo that failed: from this episode on all is to be taken back, before anything else is done.
    undoing: Option<usize>,
    held: File,
}

/// Where the process that writes holds the set, and where a step that a kill may interrupt is noted.
pub(super) fn recording(root: &Path) -> PathBuf {
    root.join(".recording")
}

/// Holds a set for writing until the file is dropped.
pub(super) fn hold(root: &Path) -> Result<File, DataSetError> {
    let folder = recording(root);
    std::fs::create_dir_all(&folder).map_err(DataSetError::file(&folder))?;
    let path = folder.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(DataSetError::file(&path))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(DataSetError::Held(root.into())),
        // A file system that knows no locks refuses nobody.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// Where an undo that has begun is noted, so that it is finished after a kill.
pub(super) fn undoing(root: &Path) -> PathBuf {
    recording(root).join("undo")
}

impl Writer {
    /// Opens a data set for episodes of the scene of `plan`: a new one, or one to go on with, which is repaired first.
    ///
    /// # Errors
    /// Where the folder is no data set, is held by another process, or holds another scene, rate, columns or (unless `other_physics`) physics.
    pub fn open(root: &Path, plan: &Arc<Plan>, other_physics: bool) -> Result<(Self, Repaired), DataSetError> {
        durable::recover(root).map_err(DataSetError::file(root))?;
        let features = features(plan);
        if !Info::path(root).is_file() {
            must_be_free(root)?;
        }
        let held = hold(root)?;
        if !Info::path(root).is_file() {
            begin(root, plan, &features)?;
        }
        let repaired = repair_held(root, false)?;
        let set = DataSet::open(root)?;
        must_fit(&set, plan, &features, other_physics)?;
        sidecar::begin(root, plan)?;
        let mut all = Vec::new();
        set.episodes.iter().for_each(|row| statistics::merge(&mut all, &row.statistics));
        let next = |folder: &str| places(&root.join(folder)).last().map_or(Place::default(), |(place, _)| place.next());
        let (next, next_meta) = (next("data"), next("meta/episodes"));
        let before = set.len();
        let division = Division::of(plan);
        let writer = Self { set, plan: plan.clone(), features, division, statistics: all, next, next_meta, before, undoing: None, held };
        Ok((writer, repaired))
    }

    /// How many episodes the set has.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether the set has no episode.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.set.root
    }

    /// Saves a demonstration and returns its index. When it returns, nothing can lose the episode any more.
    ///
    /// # Errors
    /// Where a file cannot be written (a full disk, ..): the set then is what it was, and saving can be tried again.
    pub fn save(&mut self, demonstration: &Demonstration, author: &Author) -> Result<usize, DataSetError> {
        self.finish_undo()?;
        let root = self.set.root.clone();
        let task = self.plan.scene.about.clone();
        let known = self.set.tasks.iter().position(|other| *other == task);
        let standing = Standing {
            episode: self.len(),
            first: self.set.info.total_frames,
            task: known.unwrap_or(self.set.tasks.len()),
            fps: self.set.info.fps,
        };
        let refused = |message: String| DataSetError::Content { path: root.clone(), message };
        let frames = frames::frames(demonstration, &self.features, &self.division, standing).map_err(refused)?;
        let snapshot = demonstration.snapshot.to_bytes().map_err(|error| refused(error.to_string()))?;
        let line = Line {
            episode_index: standing.episode,
            scene: self.plan.name.clone(),
            scene_hash: sidecar::hex(self.plan.hash),
            lesson: demonstration.lesson.clone(),
            pilot: author.pilot.clone(),
            traits: author.traits.clone(),
            operator: author.operator.clone(),
            outcome: demonstration.outcome,
            stopped: demonstration.stopped,
            success: demonstration.success(),
            success_once: demonstration.success_once,
            score: demonstration.score,
            team: author.seated(&demonstration.team),
            marked: demonstration.marked,
            quality: demonstration.quality.clone(),
            final_observation: demonstration.final_observation.clone(),
            frames_hash: sidecar::hex(frames::content_hash(&frames).map_err(refused)?),
            snapshot_hash: sidecar::hash_of(&snapshot),
            inputs_hash: sidecar::hash_of(&demonstration.inputs),
        };
        let entry = Entry { frames, tasks: vec![task], line, snapshot, inputs: demonstration.inputs.clone() };
        self.append(&entry, known.is_none())?;
        Ok(standing.episode)
    }

    fn append(&mut self, entry: &Entry, new_task: bool) -> Result<(), DataSetError> {
        let root = self.set.root.clone();
        let episode = self.len();
        for (path, bytes) in
            [(sidecar::snapshot_path(&root, episode), &entry.snapshot), (sidecar::inputs_path(&root, episode), &entry.inputs)]
        {
            durable::write(&path, bytes).map_err(DataSetError::file(&path))?;
        }
        table::write(&self.next.data(&root), entry.frames.schema(), std::slice::from_ref(&entry.frames))?;
        let row = EpisodeRow {
            episode,
            tasks: entry.tasks.clone(),
            length: entry.frames.num_rows(),
            data: self.next,
            from: self.set.info.total_frames,
            meta: self.next_meta,
            statistics: statistics::of_columns(&entry.frames),
        };
        write_rows(&root, self.next_meta, std::slice::from_ref(&row))?;
        let path = sidecar::lines_path(&root);
        let length = std::fs::metadata(&path).map_or(0, |file| file.len());
        let appended = JsonLines::open(&path, length).and_then(|mut lines| lines.append(&entry.line).and_then(|()| lines.mark()));
        if let Err(error) = appended {
            // A half line would end up in the middle of the file with the next try.
            durable::cut(&path, length).map_err(DataSetError::file(&path))?;
            return Err(DataSetError::file(&path)(error));
        }
        let uncounted = || durable::cut(&path, length).map_err(DataSetError::file(&path));
        let mut all = self.statistics.clone();
        statistics::merge(&mut all, &row.statistics);
        let mut tasks = self.set.tasks.clone();
        if new_task {
            tasks.extend_from_slice(&entry.tasks);
        }
        let mut info = self.set.info.clone();
        info.count(episode + 1, info.total_frames + row.length, tasks.len());
        let counted = if new_task { write_tasks(&root, &tasks) } else { Ok(()) };
        if let Err(error) = counted.and_then(|()| write_statistics(&root, &all)).and_then(|()| info.write(&root)) {
            uncounted()?;
            return Err(error);
        }
        (self.set.info, self.set.tasks, self.statistics) = (info, tasks, all);
        self.set.episodes.push(row);
        self.set.lines.push(entry.line.clone());
        (self.next, self.next_meta) = (self.next.next(), self.next_meta.next());
        Ok(())
    }

    /// Takes the last episode back, if it was saved since the set was opened, and returns its index.
    ///
    /// # Errors
    /// Where a file cannot be written or removed. It is then tried again before anything else is done.
    pub fn undo(&mut self) -> Result<Option<usize>, DataSetError> {
        let count = self.undoing.unwrap_or(self.len());
        if count <= self.before {
            return Ok(None);
        }
        self.undoing = Some(count - 1);
        self.finish_undo()?;
        Ok(Some(count - 1))
    }

    /// Takes back what is to be taken back.
    fn finish_undo(&mut self) -> Result<(), DataSetError> {
        let Some(first) = self.undoing else { return Ok(()) };
        let root = self.set.root.clone();
        let note = undoing(&root);
        durable::write(&note, first.to_string()).map_err(DataSetError::file(&note))?;
        repair_held(&root, false)?;
        let set = DataSet::open(&root)?;
        if let Some(row) = self.set.episodes.get(first) {
            (self.next, self.next_meta) = (row.data, row.meta);
        }
        (self.set, self.undoing) = (set, None);
        self.statistics.clear();
        self.set.episodes.iter().for_each(|row| statistics::merge(&mut self.statistics, &row.statistics));
        Ok(())
    }

    /// Ends the recording, giving the set free.
    ///
    /// # Errors
    /// Where an episode that was to be taken back still cannot be, or the mark of being held cannot be removed.
    pub fn finish(mut self) -> Result<DataSet, DataSetError> {
        self.finish_undo()?;
        let folder = recording(&self.set.root);
        drop(self.held);
        std::fs::remove_dir_all(&folder).map_err(DataSetError::file(&folder))?;
        Ok(self.set)
    }
}

/// Writes rows of episodes into their file.
pub(super) fn write_rows(root: &Path, place: Place, rows: &[EpisodeRow]) -> Result<(), DataSetError> {
    let path = place.meta(root);
    let table = episode_table(rows).map_err(DataSetError::content(&path))?;
    table::write(&path, table.schema(), &[table])
}

/// Refuses a folder with anything in it but what a kill may have left of a set's first moment.
fn must_be_free(root: &Path) -> Result<(), DataSetError> {
    let file = DataSetError::file(root);
    if root.is_file() {
        return Err(DataSetError::Refused(format!("{} is a file: a data set is a folder", root.display())));
    }
    std::fs::create_dir_all(root).map_err(&file)?;
    for entry in std::fs::read_dir(root).map_err(&file)? {
        let name = entry.map_err(&file)?.file_name();
        if ![".recording", "README.md", ".README.md.partial", "meta"].iter().any(|ours| name == *ours) {
            let message = format!("{} is no data set, and not empty: it holds `{}`", root.display(), name.to_string_lossy());
            return Err(DataSetError::Refused(message));
        }
    }
    Ok(())
}

/// Lays out an empty set, `info.json` last.
fn begin(root: &Path, plan: &Plan, features: &Features) -> Result<(), DataSetError> {
    let card = root.join("README.md");
    durable::write(&card, card_text(plan)).map_err(DataSetError::file(&card))?;
    sidecar::begin(root, plan)?;
    let mut info = Info::new(plan.source.body.name(), plan.timing.control_hz, features.clone());
    info.count(0, 0, 0);
    info.write(root)
}

/// The data set's card.
fn card_text(plan: &Plan) -> String {
    format!(
        "---\nlicense: apache-2.0\ntask_categories:\n- robotics\ntags:\n- LeRobot\n- apprentice\nconfigs:\n- config_name: default\n  data_files: \
         data/*/*.parquet\n---\n\n# {name}\n\n{about}\n\nDemonstrations in the scene `{name}` ({body}, {hz} decisions a second), recorded with \
         `apprentice` in the format LeRobotDataset v3.0.\nEvery episode replays bit for bit: `apprentice replay THIS_FOLDER --verify`.\n{team}",
        name = plan.name,
        about = plan.scene.about,
        body = plan.source.body.name(),
        hz = plan.timing.control_hz,
        team = team_text(plan),
    )
}

/// What the card says of a team; nothing where there is none.
fn team_text(plan: &Plan) -> String {
    if plan.team.is_empty() {
        return String::new();
    }
    let agents: Vec<String> = plan.agents().map(|agent| format!("`{}` ({})", agent.agent, agent.scene.body.name())).collect();
    format!(
        "\nA row holds all agents: {agents}. Their channels stand side by side, behind their names, as in `{first}.{channel}`. `next.reward`, \
         `next.success`,\n`next.done` and `next.truncated` are those of `{first}`; rewards and successes of all of them stand in `sim.reward` and \
         `sim.success`.\n",
        agents = agents.join(", "),
        first = plan.agent,
        channel = plan.action.0.first().map_or("", |channel| &channel.name),
    )
}

/// Refuses a set that holds something else than is to be recorded.
fn must_fit(set: &DataSet, plan: &Plan, features: &Features, other_physics: bool) -> Result<(), DataSetError> {
    let other = |difference: String| Err(DataSetError::Other { path: set.root.clone(), difference });
    if set.info.fps != plan.timing.control_hz {
        return other(format!("it has {} rows a second, where the scene decides {} times", set.info.fps, plan.timing.control_hz));
    }
    if let Some(line) = set.lines.iter().find(|line| line.scene != plan.name) {
        return other(format!("its episode {} is of the scene `{}`, not `{}`", line.episode_index, line.scene, plan.name));
    }
    if let Some(difference) = difference(&set.info.features, features) {
        return other(difference);
    }
    if !set.is_empty() && set.lines.is_empty() {
        return other("it was not recorded by apprentice".into());
    }
    if let Some(line) = set.lines.iter().find(|line| line.scene_hash != sidecar::hex(plan.hash)) {
        return other(format!("the scene `{}` has changed since its episode {} was recorded", plan.name, line.episode_index));
    }
    let path = sidecar::physics_path(&set.root);
    if !other_physics && std::fs::read_to_string(&path).is_ok_and(|text| text != sidecar::physics_text(plan)) {
        return other(
            "its worlds were moved by another physics (see its `meta/sandbox/physics.ron`; `--other-physics` records nevertheless)".into(),
        );
    }
    Ok(())
}
