//! Demonstrations as a learner gets them: from our own sets, from other tools' sets, and from broken ones.

use super::{demonstrations, plan, saved};
use apprentice::imitation::data_set::writer::{Author, Writer};
use apprentice::imitation::demonstration::Demonstration;
use apprentice::imitation::quality::Verdict;
use apprentice::imitation::reading::{self, Read, ReadingError, Selection};
use apprentice::learn::policy::Contract;
use apprentice::pilot::Pilot;
use apprentice::scene::plan::Plan;
use apprentice::signal::Outcome;
use apprentice::training::recipe::contract;
use arrow_array::builder::{Float64Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, FixedSizeListArray, Float32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A set of random flights over a scene, with what it was made of.
struct Set {
    folder: TempDir,
    plan: Arc<Plan>,
    recorded: Vec<Demonstration>,
}

impl Set {
    fn new(scene: &str, episodes: usize) -> Self {
        let (folder, plan) = (TempDir::new().unwrap(), plan(scene));
        let recorded = demonstrations(&plan, episodes, Pilot::random(), 1);
        saved(folder.path(), &plan, &recorded);
        Self { folder, plan, recorded }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn contract(&self) -> Contract {
        contract(&self.plan)
    }

    fn read(&self, selection: &Selection) -> Result<Read, ReadingError> {
        reading::read(&[self.path().to_owned()], selection, &self.contract())
    }

    #[track_caller]
    fn refused(&self, selection: &Selection) -> String {
        self.read(selection).map(|read| read.account).unwrap_err().to_string()
    }

    /// As if another tool had recorded it.
    fn forget_us(&self) {
        fs::remove_dir_all(self.path().join("meta/sandbox")).unwrap();
    }

    fn change(&self, change: impl FnOnce(&mut Value)) {
        let path = self.path().join("meta/info.json");
        let mut info: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut info);
        fs::write(path, info.to_string()).unwrap();
    }

    fn data(&self, episode: usize) -> PathBuf {
        self.path().join(format!("data/chunk-000/file-{episode:03}.parquet"))
    }

    /// Changes a column of an episode's file.
    fn rewrite(&self, episode: usize, column: &str, change: impl Fn(&ArrayRef) -> ArrayRef) {
        let path = self.data(episode);
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let batches: Vec<RecordBatch> = reader.with_batch_size(1 << 20).build().unwrap().map(Result::unwrap).collect();
        let batch = &batches[0];
        let columns: Vec<(Arc<Field>, ArrayRef)> = batch
            .schema()
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, array)| {
                let array = if field.name() == column { change(array) } else { array.clone() };
                (Arc::new(Field::new(field.name(), array.data_type().clone(), true)), array)
            })
            .collect();
        let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
}

/// All episodes, none held out.
fn all() -> Selection {
    Selection { validation: 0.0, ..Selection::default() }
}

/// The rows of a list column.
fn values(array: &ArrayRef) -> (usize, Vec<f32>) {
    let list = array.as_fixed_size_list();
    (list.value_length() as usize, list.values().as_primitive::<Float32Type>().values().to_vec())
}

fn fixed(width: usize, values: Vec<f32>) -> ArrayRef {
    let field = Arc::new(Field::new_list_field(DataType::Float32, true));
    Arc::new(FixedSizeListArray::new(field, width as i32, Arc::new(Float32Array::from(values)), None))
}

#[test]
fn what_is_read_is_what_was_recorded_in_the_order_of_the_scene_s_channels() {
    let set = Set::new("push", 2);
    let read = set.read(&all()).unwrap();
    let training = &read.demonstrations.training;
    let rows: usize = set.recorded.iter().map(|demonstration| demonstration.rows.len()).sum();
    assert_eq!((training.rows(), training.count(), read.demonstrations.validation.rows()), (rows, 2, 0));
    let (observations, actions): (Vec<&[f32]>, Vec<&[f32]>) =
        set.recorded.iter().map(|demonstration| (demonstration.rows.observations.values(), demonstration.rows.actions.values())).unzip();
    assert!(training.observations().values() == observations.concat() && training.actions().values() == actions.concat());
    assert_eq!(read.notes, Vec::<String>::new());
}

#[test]
fn channels_in_another_order_are_found_by_their_names() {
    let set = Set::new("push", 2);
    let before = set.read(&all()).unwrap();
    let state = "observation.state";
    for episode in 0..2 {
        set.rewrite(episode, state, |array| {
            let (width, values) = values(array);
            fixed(width, values.chunks(width).flat_map(|row| row.iter().rev().copied()).collect())
        });
    }
    let turned = set.read(&all()).unwrap();
    assert_ne!(turned.demonstrations, before.demonstrations);
    set.change(|info| info["features"][state]["names"].as_array_mut().unwrap().reverse());
    let after = set.read(&all()).unwrap();
    assert!(after.demonstrations == before.demonstrations && after.account == before.account);
}

#[test]
fn a_set_of_another_tool_is_read_by_the_number_of_its_channels_with_a_note() {
    let set = Set::new("push", 2);
    let before = set.read(&all()).unwrap();
    set.forget_us();
    // Names by kind that no scene knows, wider numbers, lists of any length, no names at all: as sets on the hub have them.
    set.change(|info| {
        let motors: Vec<String> = (0..2).map(|motor| format!("motor_{motor}")).collect();
        info["features"]["action"]["names"] = json!({ "motors": motors });
        info["features"]["action"]["dtype"] = "float64".into();
        info["features"]["observation.state"]["names"] = Value::Null;
    });
    for episode in 0..2 {
        set.rewrite(episode, "action", |array| {
            let (width, values) = values(array);
            let mut lists = ListBuilder::new(Float64Builder::new());
            for row in values.chunks(width) {
                row.iter().for_each(|value| lists.values().append_value(f64::from(*value)));
                lists.append(true);
            }
            Arc::new(lists.finish())
        });
    }
    let read = set.read(&all()).unwrap();
    // (The push scene observes its body first and last: in the set both stand in `observation.state`, before the rest.)
    assert!(read.demonstrations.training.actions() == before.demonstrations.training.actions());
    assert_eq!(read.demonstrations.training.observations().width(), before.demonstrations.training.observations().width());
    assert_eq!(read.notes.len(), 2, "{:?}", read.notes);
    assert!(read.notes[0].ends_with("its observations are taken in their order: none has a name"), "{:?}", read.notes);
    assert!(
        read.notes[1].ends_with("its actions are taken in their order: the scene knows none of `motor_0`, `motor_1`"),
        "{:?}",
        read.notes
    );
    // What it does not say cannot be chosen by; what succeeded it says.
    let refused = set.refused(&Selection { operator: vec!["ada".into()], ..all() });
    assert!(refused.contains("does not say whose hands they were"), "{refused}");
    assert!(set.read(&Selection { success: Some(false), ..all() }).unwrap().demonstrations == read.demonstrations);
    // Of another number they are refused.
    let reach = contract(&plan("reach"));
    let refused = reading::read(&[set.path().to_owned()], &all(), &reach).unwrap_err().to_string();
    assert!(refused.contains("its observations have 26 numbers, the scene's 31"), "{refused}");
}

#[test]
fn sets_that_do_not_fit_are_refused_with_the_first_difference() {
    let set = Set::new("push", 1);
    let reach = contract(&plan("reach"));
    let refused = reading::read(&[set.path().to_owned()], &all(), &reach).unwrap_err().to_string();
    assert!(refused.contains("has no observation channel `joint.yaw.sin`; it has `motion.forward`, "), "{refused}");
    let slow = Contract { control_hz: 30, ..set.contract() };
    let refused = reading::read(&[set.path().to_owned()], &all(), &slow).unwrap_err().to_string();
    assert!(refused.contains("has 10 rows a second, the scene decides 30 times: set the scene's `control_hz` to 10"), "{refused}");
    let nowhere = reading::read(&["nowhere".into()], &all(), &reach).unwrap_err().to_string();
    assert!(nowhere.contains("nowhere: this is no data set"), "{nowhere}");
    let empty = TempDir::new().unwrap();
    Writer::open(empty.path(), &set.plan, false).unwrap().0.finish().unwrap();
    let refused = reading::read(&[empty.path().to_owned()], &all(), &set.contract()).unwrap_err().to_string();
    assert!(refused.contains("is empty: record into it first"), "{refused}");
}

#[test]
fn a_value_that_is_no_number_is_told_with_its_place() {
    for (column, bad, told) in [
        ("observation.environment_state", f32::NAN, "NaN in episode 1, row 7, channel `offset.cube.left`"),
        ("action", f32::INFINITY, "inf in episode 1, row 7, channel `turn`"),
    ] {
        let set = Set::new("push", 2);
        set.rewrite(1, column, |array| {
            let (width, mut values) = values(array);
            values[7 * width + 1] = bad;
            fixed(width, values)
        });
        let refused = set.refused(&all());
        assert!(refused.contains(told), "{refused}");
    }
}

#[test]
fn files_that_were_cut_off_or_lost_are_named() {
    let set = Set::new("balance", 3);
    let bytes = fs::read(set.data(1)).unwrap();
    fs::write(set.data(1), &bytes[..bytes.len() / 2]).unwrap();
    let refused = set.refused(&all());
    assert!(refused.contains("file-001.parquet") && refused.contains("Parquet"), "{refused}");
    fs::remove_file(set.data(1)).unwrap();
    let refused = set.refused(&all());
    assert!(refused.contains("file-001.parquet") && refused.contains("No such file"), "{refused}");
    set.change(|info| info["total_episodes"] = 9.into());
    assert!(set.refused(&all()).contains("`info.json` counts 9 episodes, `meta/episodes` has 3"), "{}", set.refused(&all()));
}

#[test]
fn actions_beyond_what_a_scene_can_do_are_learnt_as_the_nearest_that_it_can() {
    let set = Set::new("push", 1);
    set.rewrite(0, "action", |array| {
        let (width, mut values) = values(array);
        (values[0], values[1]) = (7.0, -1.5);
        fixed(width, values)
    });
    let read = set.read(&all()).unwrap();
    assert_eq!(read.demonstrations.training.actions().row(0), [1.0, -1.0]);
    assert!(read.notes[0].starts_with("2 numbers of actions lie beyond [-1, 1]"), "{:?}", read.notes);
}

/// Ten random flights: by ada the first four, by bob the others; the first two marked as successes, the next one as a failure.
fn mixed() -> Set {
    let (folder, plan) = (TempDir::new().unwrap(), plan("balance"));
    let mut recorded = demonstrations(&plan, 10, Pilot::random(), 1);
    let (mut writer, _) = Writer::open(folder.path(), &plan, false).unwrap();
    for (index, demonstration) in recorded.iter_mut().enumerate() {
        demonstration.marked = [Some(true), Some(true), Some(false)].get(index).copied().flatten();
        demonstration.quality.jerk = index as f32;
        demonstration.quality.verdict = if index == 9 { Verdict::Poor } else { Verdict::Good };
        let operator = if index < 4 { "ada" } else { "bob" };
        writer.save(demonstration, &Author { pilot: "hand".into(), operator: operator.into(), ..Author::default() }).unwrap();
    }
    writer.finish().unwrap();
    Set { folder, plan, recorded }
}

#[test]
fn filters_leave_what_they_ask_for() {
    let set = mixed();
    let left = |selection: Selection| set.read(&selection).unwrap().account.training_episodes;
    assert_eq!(left(all()), 10);
    assert_eq!(left(Selection { operator: vec!["ada".into()], ..all() }), 4);
    assert_eq!(left(Selection { operator: vec!["ada".into(), "bob".into()], ..all() }), 10);
    assert_eq!(left(Selection { marked: Some(true), ..all() }), 2);
    assert_eq!(left(Selection { most_jerk: Some(4.5), ..all() }), 5);
    assert_eq!(left(Selection { verdict: vec![Verdict::Good, Verdict::Doubtful], ..all() }), 9);
    assert_eq!(left(Selection { outcome: vec![Outcome::TimedOut], ..all() }), 10);
    assert_eq!(left(Selection { most_length: Some(12.5), least_length: Some(11.5), ..all() }), 10);
    assert_eq!(left(Selection { first: Some(3), ..all() }), 3);
    let refused = set.refused(&Selection { operator: vec!["ada".into()], marked: Some(false), pilot: vec!["expert".into()], ..all() });
    assert_eq!(refused, "no demonstration is left to learn from: of 10, 9 fall to `marked`, 1 fall to `pilot`");
}

#[test]
fn episodes_are_held_out_as_a_whole_and_fewer_are_among_more() {
    let set = mixed();
    let rows = |selection: Selection| {
        let read = set.read(&selection).unwrap();
        let episodes = |episodes: &apprentice::learn::experience::demonstrations::Episodes| {
            // Whole episodes, told apart by their first observation.
            let firsts: Vec<usize> = (0..episodes.rows()).filter(|row| episodes.window(*row, 2).all(|seen| seen == *row)).collect();
            let which = |row: usize| {
                set.recorded.iter().position(|recorded| recorded.rows.observations.row(0) == episodes.observations().row(row)).unwrap()
            };
            let found: Vec<usize> = firsts.iter().map(|row| which(*row)).collect();
            assert_eq!(episodes.rows(), found.iter().map(|index| set.recorded[*index].rows.len()).sum::<usize>());
            found
        };
        [episodes(&read.demonstrations.training), episodes(&read.demonstrations.validation)]
    };
    let [training, validation] = rows(Selection { validation: 0.3, ..Selection::default() });
    assert_eq!((training.len(), validation.len()), (7, 3));
    let mut both = [training.clone(), validation.clone()].concat();
    both.sort_unstable();
    assert_eq!(both, (0..10).collect::<Vec<_>>());
    assert_eq!(rows(Selection { validation: 0.3, ..Selection::default() }), [training.clone(), validation]);
    assert_ne!(rows(Selection { validation: 0.3, seed: 1, ..Selection::default() })[0], training);
    let [four, none] = rows(Selection { first: Some(4), ..all() });
    let [seven, _] = rows(Selection { first: Some(7), ..all() });
    assert!(none.is_empty() && four.len() == 4 && four.iter().all(|episode| seven.contains(episode)), "{four:?} {seven:?}");
    // A single one is learnt from.
    assert_eq!(rows(Selection { first: Some(1), ..Selection::default() }).map(|part| part.len()), [1, 0]);
    assert_eq!(rows(Selection { first: Some(2), ..Selection::default() }).map(|part| part.len()), [1, 1]);
}

#[test]
fn of_a_share_only_it_is_known_what_was_done_and_the_others_are_watched() {
    let set = Set::new("push", 10);
    let read = |labelled: f32| set.read(&Selection { labelled, ..all() }).unwrap();
    let counts = |read: &Read| (read.demonstrations.training.count(), read.demonstrations.watched.count());
    let (some, more, none, every) = (read(0.3), read(0.6), read(0.0), read(1.0));
    assert_eq!([&some, &more, &none, &every].map(counts), [(3, 7), (6, 4), (0, 10), (10, 0)]);
    // At least one, where any are asked for.
    assert_eq!(counts(&read(0.01)), (1, 9));
    // The few are among the more; and nobody is both labelled and watched.
    let firsts = |read: &Read| -> Vec<Vec<f32>> {
        let training = &read.demonstrations.training;
        training.each().map(|(rows, _)| training.observations().row(rows.start).to_vec()).collect()
    };
    assert!(firsts(&some).iter().all(|first| firsts(&more).contains(first)));
    let watched = &some.demonstrations.watched;
    assert!(watched.each().all(|(rows, _)| !firsts(&some).iter().any(|first| first == watched.observations().row(rows.start))));
    assert_eq!(watched.rows() + some.demonstrations.training.rows(), every.demonstrations.training.rows());
    assert_eq!((some.account.watched_episodes, some.account.watched_rows), (7, watched.rows()));
    assert_ne!(some.account.hash, more.account.hash);
    // Those that judge keep their actions; of episodes that a clock ended it is known.
    let judged = set.read(&Selection { labelled: 0.0, validation: 0.2, ..Selection::default() }).unwrap();
    assert_eq!((counts(&judged), judged.demonstrations.validation.count()), ((0, 8), 2));
    let cut_off = every.demonstrations.training.each().filter(|(_, cut_off)| *cut_off).count();
    assert_eq!(cut_off, set.recorded.iter().filter(|recorded| recorded.outcome == Outcome::TimedOut).count());
    assert!(cut_off > 0);
}

#[test]
fn a_set_that_does_not_say_what_was_done_is_watched() {
    let set = Set::new("push", 3);
    let before = set.read(&all()).unwrap().demonstrations.training;
    set.forget_us();
    set.change(|info| drop(info["features"].as_object_mut().unwrap().remove("action")));
    let read = set.read(&all()).unwrap();
    assert_eq!((read.demonstrations.training.rows(), read.demonstrations.watched.count()), (0, 3));
    assert!(read.demonstrations.watched.observations() == before.observations());
    let judged = set.read(&Selection::default()).unwrap();
    assert_eq!(judged.demonstrations.watched.count(), 2);
    assert!(judged.notes.iter().any(|note| note.contains("say no actions to judge by")), "{:?}", judged.notes);
}

#[test]
fn a_set_that_lerobot_wrote_itself_is_read() {
    // By lerobot 0.6.1, from `apprentice record scenes/reach .. --pilot expert --episodes 3`: the hash is that of reading the recorded set. (`.ci/lerobot`
    // has it written anew, and compares what is learnt.)
    let path = PathBuf::from("tests/it/imitation/by_lerobot");
    let selection = Selection { validation: 0.0, ..Selection::default() };
    let read = reading::read(&[path], &selection, &contract(&plan("reach"))).unwrap();
    let account = read.account;
    assert_eq!((account.training_episodes, account.training_rows, account.hash.as_str()), (3, 68, "70b74ce853ffdf67"));
}
