//! What stands in `meta/`: `info.json`, `stats.json`, `tasks.parquet`, the rows of `episodes/`. And where everything stands.

use super::DataSetError;
use super::features::{Feature, Features};
use super::statistics::{QUANTILES, Statistics};
use super::table::{self, float_lists, long_lists, longs, read_longs, read_strings, string_lists, strings};
use crate::durable;
use crate::scene::named::Named;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many files a folder has at most.
const CHUNK: usize = 1000;

/// Which of the numbered files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which folder.
    pub chunk: usize,
    /// Which file of it.
    pub file: usize,
}

impl Place {
    /// The one after it.
    pub fn next(self) -> Self {
        if self.file + 1 < CHUNK { Self { file: self.file + 1, ..self } } else { Self { chunk: self.chunk + 1, file: 0 } }
    }

    fn path(self, folder: PathBuf) -> PathBuf {
        folder.join(format!("chunk-{:03}", self.chunk)).join(format!("file-{:03}.parquet", self.file))
    }

    /// The file of frames.
    pub fn data(self, root: &Path) -> PathBuf {
        self.path(root.join("data"))
    }

    /// The file of rows of episodes.
    pub fn meta(self, root: &Path) -> PathBuf {
        self.path(root.join("meta/episodes"))
    }
}

/// All numbered files below `folder`, in order.
pub(super) fn places(folder: &Path) -> Vec<(Place, PathBuf)> {
    let number = |path: &Path, prefix: &str| path.file_stem()?.to_str()?.strip_prefix(prefix)?.parse::<usize>().ok();
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    let mut found = Vec::new();
    for chunk_folder in entries(folder) {
        let Some(chunk) = number(&chunk_folder, "chunk-") else { continue };
        let files = entries(&chunk_folder).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "parquet"));
        found.extend(files.filter_map(|path| Some((Place { chunk, file: number(&path, "file-")? }, path))));
    }
    found.sort();
    found
}

/// `meta/info.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// `v3.0`
    pub codebase_version: String,
    /// What was driven: the body.
    #[serde(default)]
    pub robot_type: Option<String>,
    /// How many episodes.
    pub total_episodes: usize,
    /// How many rows.
    pub total_frames: usize,
    /// How many rows `tasks.parquet` has.
    pub total_tasks: usize,
    /// At most so many files in a folder.
    #[serde(default)]
    pub chunks_size: usize,
    /// At most so large a file of frames.
    #[serde(default)]
    pub data_files_size_in_mb: usize,
    /// At most so large a video.
    #[serde(default)]
    pub video_files_size_in_mb: usize,
    /// Rows a second.
    pub fps: u32,
    /// Named ranges of episodes.
    #[serde(default)]
    pub splits: BTreeMap<String, String>,
    /// Where frames stand.
    #[serde(default)]
    pub data_path: String,
    /// Where videos stand. Never null: the web visualizer refuses that.
    #[serde(default)]
    pub video_path: Option<String>,
    /// What each column means.
    pub features: Features,
    /// Whatever else stands there.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Info {
    /// Of an empty set.
    pub fn new(robot: &str, fps: u32, features: Features) -> Self {
        Self {
            codebase_version: "v3.0".into(),
            robot_type: Some(robot.into()),
            total_episodes: 0,
            total_frames: 0,
            total_tasks: 0,
            chunks_size: CHUNK,
            data_files_size_in_mb: 100,
            video_files_size_in_mb: 200,
            fps,
            splits: BTreeMap::new(),
            data_path: "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet".into(),
            video_path: Some("videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4".into()),
            features,
            rest: Map::new(),
        }
    }

    /// Its file.
    pub fn path(root: &Path) -> PathBuf {
        root.join("meta/info.json")
    }

    /// Reads and checks it.
    ///
    /// # Errors
    /// Where it is not there, holds something else, or is of an older format.
    pub fn read(root: &Path) -> Result<Self, DataSetError> {
        let path = Self::path(root);
        let bytes = std::fs::read(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => {
                DataSetError::Content { path: root.into(), message: "this is no data set: it has no `meta/info.json`".into() }
            }
            _ => DataSetError::file(&path)(source),
        })?;
        let info: Self = serde_json::from_slice(&bytes).map_err(DataSetError::content(&path))?;
        let major = info.codebase_version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_none_or(|major| major < 3) {
            let message =
                format!("it is of format {}; formats from v3.0 on can be read: convert it with LeRobot first", info.codebase_version);
            return Err(DataSetError::Content { path, message });
        }
        if info.fps == 0 {
            return Err(DataSetError::Content { path, message: "`fps` is 0".into() });
        }
        Ok(info)
    }

    /// Writes it.
    pub(super) fn write(&self, root: &Path) -> Result<(), DataSetError> {
        let path = Self::path(root);
        let bytes = serde_json::to_vec_pretty(self).map_err(DataSetError::content(&path))?;
        durable::write(&path, bytes).map_err(DataSetError::file(&path))
    }

    /// Counts one set of episodes.
    pub(super) fn count(&mut self, episodes: usize, frames: usize, tasks: usize) {
        (self.total_episodes, self.total_frames, self.total_tasks) = (episodes, frames, tasks);
        self.splits = BTreeMap::from([("train".into(), format!("0:{episodes}"))]);
    }

    /// The name of the first column whose values stand in videos.
    pub fn video(&self) -> Option<&str> {
        self.features.0.iter().find(|(_, feature): &&(String, Feature)| feature.is_video()).map(|(name, _)| name.as_str())
    }
}

/// Writes `meta/stats.json`.
pub(super) fn write_statistics(root: &Path, statistics: &[(String, Statistics)]) -> Result<(), DataSetError> {
    let path = root.join("meta/stats.json");
    let bytes = serde_json::to_vec_pretty(&Named(statistics.to_vec())).map_err(DataSetError::content(&path))?;
    durable::write(&path, bytes).map_err(DataSetError::file(&path))
}

fn tasks_path(root: &Path) -> PathBuf {
    root.join("meta/tasks.parquet")
}

/// What pandas needs to read `task` as the index, without which the format's reader takes a task for its number.
const PANDAS: &str = r#"{"index_columns":["task"],"column_indexes":[],"columns":[{"name":"task_index","field_name":"task_index","pandas_type":"int64","numpy_type":"int64","metadata":null},{"name":"task","field_name":"task","pandas_type":"unicode","numpy_type":"object","metadata":null}],"pandas_version":"2.0.0"}"#;

/// Writes `meta/tasks.parquet`.
pub(super) fn write_tasks(root: &Path, tasks: &[String]) -> Result<(), DataSetError> {
    let path = tasks_path(root);
    let batch = RecordBatch::try_from_iter([("task_index", longs(0..tasks.len() as i64)), ("task", strings(tasks))])
        .map_err(DataSetError::content(&path))?;
    let schema = Arc::new(batch.schema().as_ref().clone().with_metadata(HashMap::from([("pandas".to_owned(), PANDAS.to_owned())])));
    let batch = batch.with_schema(schema.clone()).map_err(DataSetError::content(&path))?;
    table::write(&path, schema, &[batch])
}

/// Reads `meta/tasks.parquet`: the tasks in the order of their indices.
pub(super) fn read_tasks(root: &Path) -> Result<Vec<String>, DataSetError> {
    let path = tasks_path(root);
    let mut tasks = Vec::new();
    for batch in table::read(&path)? {
        let names = ["task", "__index_level_0__"].into_iter().find(|name| batch.column_by_name(name).is_some()).unwrap_or("task");
        let indices = read_longs(&batch, "task_index").map_err(DataSetError::content(&path))?;
        tasks.extend(indices.into_iter().zip(read_strings(&batch, names).map_err(DataSetError::content(&path))?));
    }
    tasks.sort();
    if !tasks.iter().map(|(index, _)| *index).eq(0..tasks.len() as i64) {
        let message = format!("`task_index` is not each of 0 to {} once", tasks.len().saturating_sub(1));
        return Err(DataSetError::Content { path, message });
    }
    Ok(tasks.into_iter().map(|(_, task)| task).collect())
}

/// A row of `meta/episodes`.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeRow {
    /// Which episode.
    pub episode: usize,
    /// What was to be done.
    pub tasks: Vec<String>,
    /// Rows.
    pub length: usize,
    /// The file of its frames.
    pub data: Place,
    /// Index of its first row in the set.
    pub from: usize,
    /// The file of this row.
    pub meta: Place,
    /// Of its columns.
    pub statistics: Vec<(String, Statistics)>,
}

/// Rows of episodes as a table.
pub(super) fn episode_table(rows: &[EpisodeRow]) -> Result<RecordBatch, String> {
    let long = |value: &dyn Fn(&EpisodeRow) -> usize| longs(rows.iter().map(|row| value(row) as i64));
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("episode_index".into(), long(&|row| row.episode)),
        ("tasks".into(), string_lists(rows.iter().map(|row| row.tasks.as_slice()))),
        ("length".into(), long(&|row| row.length)),
        ("data/chunk_index".into(), long(&|row| row.data.chunk)),
        ("data/file_index".into(), long(&|row| row.data.file)),
        ("dataset_from_index".into(), long(&|row| row.from)),
        ("dataset_to_index".into(), long(&|row| row.from + row.length)),
    ];
    let first = rows.first().ok_or("there is no episode to write")?;
    for (index, (feature, _)) in first.statistics.iter().enumerate() {
        if rows.iter().any(|row| row.statistics.get(index).is_none_or(|(name, _)| name != feature)) {
            return Err(format!("not every episode has a column `{feature}`"));
        }
        let part = |row: &'_ EpisodeRow| -> Statistics { row.statistics[index].1.clone() };
        let parts: Vec<Statistics> = rows.iter().map(part).collect();
        let mut add = |name: &str, value: &dyn Fn(&Statistics) -> Vec<f64>| {
            let lists: Vec<Vec<f64>> = parts.iter().map(value).collect();
            columns.push((format!("stats/{feature}/{name}"), float_lists(lists.iter().map(Vec::as_slice))));
        };
        add("min", &|part| part.min.clone());
        add("max", &|part| part.max.clone());
        add("mean", &|part| part.mean.clone());
        add("std", &|part| part.std.clone());
        for (which, (name, _)) in QUANTILES.into_iter().enumerate() {
            add(name, &|part| part.quantiles()[which].clone());
        }
        columns.push((format!("stats/{feature}/count"), long_lists(parts.iter().map(|part| part.count.as_slice()))));
    }
    columns.push(("meta/episodes/chunk_index".into(), long(&|row| row.meta.chunk)));
    columns.push(("meta/episodes/file_index".into(), long(&|row| row.meta.file)));
    let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|error| error.to_string())
}

/// Reads one file of `meta/episodes`.
pub(super) fn read_episodes(place: Place, path: &Path) -> Result<Vec<EpisodeRow>, DataSetError> {
    let mut rows = Vec::new();
    for batch in table::read(path)? {
        rows.extend(episode_rows(&batch, place).map_err(DataSetError::content(path))?);
    }
    Ok(rows)
}

fn episode_rows(batch: &RecordBatch, meta: Place) -> Result<Vec<EpisodeRow>, String> {
    let long = |name: &str| -> Result<Vec<usize>, String> {
        read_longs(batch, name)?.into_iter().map(|value| usize::try_from(value).map_err(|_| format!("`{name}` is {value}"))).collect()
    };
    let [episodes, lengths, chunks, files, froms] =
        [long("episode_index")?, long("length")?, long("data/chunk_index")?, long("data/file_index")?, long("dataset_from_index")?];
    let tasks = table::column(batch, "tasks")?;
    let tasks = tasks.as_list_opt::<i32>().ok_or("the column `tasks` is no list")?;
    let schema = batch.schema();
    let features: Vec<&str> =
        schema.fields().iter().filter_map(|field| field.name().strip_prefix("stats/")?.strip_suffix("/count")).collect();
    let mut rows = Vec::new();
    for row in 0..batch.num_rows() {
        let texts = tasks.value(row);
        let tasks = texts.as_string_opt::<i32>().map(|texts| texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect());
        let statistics = features.iter().filter_map(|feature| Some(((*feature).to_owned(), statistics(batch, feature, row)?))).collect();
        rows.push(EpisodeRow {
            episode: episodes[row],
            tasks: tasks.unwrap_or_default(),
            length: lengths[row],
            data: Place { chunk: chunks[row], file: files[row] },
            from: froms[row],
            meta,
            statistics,
        });
    }
    Ok(rows)
}

/// The statistics of one column of one episode; None of what is no flat list (images).
fn statistics(batch: &RecordBatch, feature: &str, row: usize) -> Option<Statistics> {
    let list = |name: &str| batch.column_by_name(&format!("stats/{feature}/{name}"))?.as_list_opt::<i32>().map(|lists| lists.value(row));
    let floats = |name: &str| Some(list(name)?.as_primitive_opt::<Float64Type>()?.values().to_vec());
    Some(Statistics {
        min: floats("min")?,
        max: floats("max")?,
        mean: floats("mean")?,
        std: floats("std")?,
        count: list("count")?.as_primitive_opt::<Int64Type>()?.values().to_vec(),
        q01: floats("q01")?,
        q10: floats("q10")?,
        q50: floats("q50")?,
        q90: floats("q90")?,
        q99: floats("q99")?,
    })
}
