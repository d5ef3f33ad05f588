//! `record`, `replay` and `data`, as people and scripts use them.

use crate::workshop::{SHORT, Workshop, wait_until};
use apprentice::imitation::data_set::DataSet;
use apprentice::imitation::data_set::files::Info;
use apprentice::pilot::operator::Traits;
use apprentice::stream::{Purpose, Stream};
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn an_expert_is_recorded_looked_at_edited_and_replayed() {
    let workshop = Workshop::new();
    let told = workshop.apprentice("record short data/short --pilot expert --episodes 5 --operator ada");
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(told.out.contains("5 episodes recorded"), "{}", told.out);
    let told = workshop.apprentice("record short data/short --pilot random --episodes 2");
    assert!(told.out.contains("2 episodes recorded") && told.out.contains("holds 7"), "{}", told.out);
    let told = workshop.apprentice("data list");
    assert!(told.out.contains("data/short") && told.out.contains("short"), "{}", told.out);
    let told = workshop.apprentice("data show data/short");
    assert!(told.out.contains("observation.state") && told.out.contains("7 episodes"), "{}", told.out);
    let told = workshop.apprentice("data show data/short --episode 6");
    assert!(told.out.contains("flown by random") && told.out.contains("pole_length"), "{}", told.out);
    let told = workshop.apprentice("replay data/short --verify");
    assert_eq!((told.code, told.out.contains("7 episodes")), (Some(0), true), "{} {}", told.out, told.err);
    for (words, expected) in [
        ("data trim data/short --episode 1 --rows 3..20", "7 episodes"),
        ("data drop data/short --episodes 0,5-6", "4 episodes"),
        ("data split data/short --out data/parts --parts train=3,test=1", "test: 1 episodes"),
        ("data merge data/parts/train data/parts/test --out data/again", "4 episodes"),
        ("data compact data/again", "4 episodes"),
        ("data repair data/again", "4 episodes"),
        ("data verify data/again data/short", "4 episodes are as they should be"),
        ("data export data/again minari --name ada/short-v0", "minari.load_dataset(\"ada/short-v0\")"),
    ] {
        let told = workshop.apprentice(words);
        assert_eq!((told.code, told.out.contains(expected)), (Some(0), true), "{words}: {} {}", told.out, told.err);
    }
    assert!(workshop.path("minari/ada/short-v0/data/3/part-0.parquet").is_file());
}

#[test]
fn who_demonstrated_stands_in_the_data_set_with_all_their_traits() {
    let workshop = Workshop::new();
    let told = workshop.apprentice("record short data/short --pilot human(delay:0.3) --episodes 3");
    assert_eq!((told.code, told.out.contains("3 episodes recorded")), (Some(0), true), "{} {}", told.out, told.err);
    workshop.apprentice("record short data/short --pilot expert --episodes 1").ends(0, &[]);
    let told = workshop.apprentice("data show data/short");
    assert!(told.out.contains("human(delay:0.3)") && told.out.contains("expert"), "{}", told.out);
    let set = DataSet::open(workshop.path("data/short")).unwrap();
    let human = Traits::named("human").unwrap().unwrap();
    assert_eq!(set.lines[0].traits, Some(Traits { delay: 0.3, ..human }));
    assert_eq!(set.lines[3].traits, Some(Traits::default()), "the expert has none");
    let told = workshop.apprentice("replay data/short --verify").ends(0, &[]);
    assert!(told.out.contains("4 episodes"), "{}", told.out);
    let told = workshop.apprentice("evaluate short --pilot okay --levels 4").ends(0, &[]);
    assert!(told.out.contains("okay"), "{}", told.out);
}

#[test]
fn bad_input_is_refused_with_what_to_do() {
    let workshop = Workshop::new();
    workshop.apprentice("record short data/short --pilot expert --episodes 2");
    workshop.write("full/letter.txt", "dear reader");
    for (words, expected) in [
        ("record short data/short", "--features window"),
        ("record short data/short --pilot expret", "did you mean `expert`?"),
        ("record short data/short --pilot humn(delay:0.3)", "did you mean `human`?"),
        ("record short data/short --pilot human(dely:0.3)", "did you mean `delay`?"),
        ("evaluate short --pilot okay(speed:2)", "`speed` is 2; expected 0.05 to 1"),
        ("record short full --pilot expert", "holds `letter.txt`"),
        ("record short short/scene.ron --pilot expert", "is a file"),
        ("record short /proc/apprentice --pilot expert", "/proc/apprentice"),
        ("replay nowhere --verify", "this is no data set"),
        ("replay data/short", "--features window"),
        ("replay data/short --verify --episode 9", "there is no episode 9"),
        ("data trim data/short --episode 0 --rows 7", "is no range of rows"),
        ("data trim data/short --episode 0 --rows 5..900", "cannot be kept"),
        ("data drop data/short", "say which episodes"),
        ("data drop data/short --episodes 1-0", "`1-0` names no episode: write the smaller number first"),
        ("data merge data/short data/short --out full", "is there already"),
        ("data split data/short --out parts --parts train", "is no part"),
        ("data split data/short --out parts --parts a=inf,b=1", "`a=inf` is no part"),
        ("data split data/short --out parts --parts a=1,b=NaN", "`b=NaN` is no part"),
        ("data export data/short minari --name short", "is no name of a Minari data set"),
        ("data export data/short minari --name ../../up-v0", "is no name of a Minari data set"),
        ("data export data/short minari --name ./up-v0", "is no name of a Minari data set"),
        ("data list nowhere", "there is no data set"),
        ("film short a.mp4 --episode 18446744073709551615", "is not in 0..1000000"),
    ] {
        let told = workshop.apprentice(words);
        assert_eq!((told.code, told.err.contains(expected)), (Some(2), true), "{words}: {}", told.err);
    }
    let within = workshop.command("data compact .").current_dir(workshop.path("data/short")).output().unwrap();
    assert!(String::from_utf8_lossy(&within.stderr).contains("go out of it first"), "{within:?}");
    assert_eq!(workshop.apprentice("data verify data/short").code, Some(0), "nothing of this did any harm");
    assert!(!workshop.path("parts").exists() && !workshop.path("../up-v0").exists());
}

#[test]
fn a_flipped_bit_in_the_file_is_found() {
    let workshop = Workshop::new();
    workshop.apprentice("record short data/short --pilot expert --episodes 2");
    flip(&workshop.path("data/short/data/chunk-000/file-001.parquet"), 23);
    let told = workshop.apprentice("replay data/short --verify");
    assert_eq!((told.code, told.err.contains("episode 1: frame 23 of 24 differs")), (Some(1), true), "{}", told.err);
    let told = workshop.apprentice("data verify data/short");
    assert_eq!((told.code, told.err.contains("episode 1: its frames have changed")), (Some(1), true), "{}", told.err);
}

#[test]
fn a_game_is_recorded_looked_at_edited_and_replayed() {
    let workshop = Workshop::new();
    workshop.write("herd/scene.ron", &include_str!("../../../scenes/herd/scene.ron").replace("time_limit: 30.0", "time_limit: 3.0"));
    let told = workshop.apprentice("record herd data/herd --pilot expert --against random --episodes 5");
    assert!(told.code == Some(0) && told.out.contains("5 episodes recorded"), "{} {}", told.out, told.err);
    workshop.apprentice("record herd data/herd --pilot random --episodes 1").ends(0, &[]);
    for (words, expected) in [
        ("data list", "data/herd"),
        ("data show data/herd", "expert against random"),
        ("data show data/herd", "random against idle"),
        ("data show data/herd", "sim.success"),
        ("data show data/herd --episode 1", "  blue: flown by random"),
        ("data show data/herd --episode 1", "sim.reward: blue"),
        ("replay data/herd --verify", "6 episodes"),
        ("replay data/herd --verify --arenas 1 --threads 1", "every hash is equal"),
        ("data trim data/herd --episode 2 --rows 4..20", "6 episodes"),
        ("data merge data/herd data/herd --out data/twice", "12 episodes"),
        ("data compact data/twice", "12 episodes"),
        ("data drop data/twice --episodes 0-9", "2 episodes"),
        ("data split data/herd --out data/parts --parts train=5,test=1", "test: 1 episodes"),
        ("data repair data/herd", "6 episodes"),
        ("data verify data/herd data/twice data/parts/test", "6 episodes are as they should be, every frame's hash equal"),
        ("data export data/herd minari", "minari.load_dataset(\"apprentice/herd-v0\")"),
        ("data export data/herd minari --agent blue", "minari.load_dataset(\"apprentice/herd-blue-v0\")"),
    ] {
        let told = workshop.apprentice(words);
        assert_eq!((told.code, told.out.contains(expected)), (Some(0), true), "{words}: {} {}", told.out, told.err);
    }
    // Minari's reader knows one agent: whose copy it is, and that one's width of the world.
    let [red, blue] = ["herd", "herd-blue"].map(|name| workshop.read(&format!("minari/apprentice/{name}-v0/data/metadata.json")));
    let about = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!((about(&red)["algorithm_name"].as_str(), about(&blue)["algorithm_name"].as_str()), (Some("expert"), Some("random")));
    assert_eq!(
        (&about(&red)["action_space"], about(&red)["action_space"].as_str().unwrap().contains("[2]")),
        (&about(&blue)["action_space"], true)
    );
    workshop.apprentice("data export data/herd minari --agent bleu").ends(2, &["no agent `bleu`", "did you mean `blue`?"]);
    workshop.apprentice("record short data/short --pilot expert --against random").ends(2, &["is for a scene with a team"]);
    workshop.apprentice("record short data/short --pilot expert --episodes 1").ends(0, &[]);
    workshop.apprentice("data export data/short minari --agent red").ends(2, &["has no team"]);
    // The last channel is blue's.
    flip(&workshop.path("data/herd/data/chunk-000/file-000.parquet"), 11);
    workshop.apprentice("replay data/herd --verify --episode 0").ends(1, &["episode 0: frame 11 of"]);
}

#[test]
fn a_kind_of_column_that_is_none_hides_nothing_else() {
    let workshop = Workshop::new();
    workshop.apprentice("record short data/short --pilot expert --episodes 2");
    let info = workshop.read("data/short/meta/info.json");
    workshop.write("data/short/meta/info.json", &info.replacen("\"float32\"", "\"float99\"", 1));
    fs::write(workshop.path("data/short/meta/sandbox/inputs/episode-000001.bin"), "changed").unwrap();
    workshop
        .apprentice("data verify data/short --no-replay")
        .ends(1, &["episode 0: `info.json` says that the column", "`float99`", "episode 1: its inputs have changed since"]);
}

#[test]
fn a_set_of_two_scenes_replays_headless_and_not_in_one_window() {
    let workshop = Workshop::new();
    workshop.write("long/scene.ron", &SHORT.replace("(0.6, 1.4)", "(1.6, 1.7)"));
    for scene in ["short", "long"] {
        workshop.apprentice(&format!("record {scene} data/{scene} --pilot expert --episodes 1")).ends(0, &[]);
    }
    workshop.apprentice("data merge data/short data/long --out data/both").ends(0, &[]);
    workshop.apprentice("replay data/both --verify").ends(0, &[]);
    workshop.apprentice("replay data/both --episode 1").ends(2, &["--features window"]);
    workshop
        .apprentice("replay data/both")
        .ends(2, &["episodes 0 and 1 were recorded in different scenes (`short` and `long`)", "--verify"]);
}

#[cfg(unix)]
#[test]
fn a_recording_of_successes_that_never_come_tells_so_and_hears_an_interruption() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::Stdio;
    let workshop = Workshop::new();
    // It hangs down, and nobody swings it up so soon.
    workshop.write("never/scene.ron", &SHORT.replace("(-0.3, 0.3)", "(2.9, 3.1)").replace("For(0.2,", "For(0.8,"));
    let mut child = workshop.command("record never data/never --pilot random --only-successes").stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut lines = String::new();
    while !lines.contains(" tried") {
        assert!(err.read_line(&mut lines).unwrap() > 0, "{lines}");
    }
    assert!(lines.contains("0 of 10 episodes"), "{lines}");
    assert!(Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap().success());
    err.read_to_string(&mut lines).unwrap();
    assert_eq!((child.wait().unwrap().code(), lines.contains("interrupted")), (Some(3), true), "{lines}");
    assert_eq!(DataSet::open(workshop.path("data/never")).unwrap().len(), 0);
}

#[test]
fn a_recording_of_worlds_that_always_break_down_gives_up() {
    let workshop = Workshop::new();
    let ball = "surroundings: [Floor()],\n    props: { \"ball\": Ball(radius: 0.1, mass: 0.1, at: At(x: 3.0, y: 3.0)) },\n    \
                disturbances: [Push(on: \"ball\", force: 1e6, every: 0.001)],\n    sensors:";
    workshop.write("broken/scene.ron", &SHORT.replace("sensors:", ball));
    let told = workshop.apprentice("record broken data/broken --pilot random --episodes 3 --quiet");
    told.ends(2, &["256 episodes in a row diverged"]);
    assert_eq!(DataSet::open(workshop.path("data/broken")).unwrap().len(), 0);
}

/// Flips the lowest bit of the action's last channel in row `row` of a file of frames.
fn flip(path: &Path, row: usize) {
    use arrow_array::{Array, ArrayRef, FixedSizeListArray, Float32Array, RecordBatch, cast::AsArray, types::Float32Type};
    use arrow_schema::{DataType, Field};
    use std::sync::Arc;
    let file = fs::File::open(path).unwrap();
    let mut reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let batch = reader.next().unwrap().unwrap();
    let index = batch.schema().index_of("action").unwrap();
    let list = batch.column(index).as_fixed_size_list_opt();
    let numbers = list.map_or(batch.column(index), |list| list.values());
    let mut values = numbers.as_primitive::<Float32Type>().values().to_vec();
    let last = values.len() / batch.num_rows() * (row + 1) - 1;
    values[last] = f32::from_bits(values[last].to_bits() ^ 1);
    let values: ArrayRef = Arc::new(Float32Array::from(values));
    let element = Arc::new(Field::new_list_field(DataType::Float32, true));
    let listed = list.map(|list| Arc::new(FixedSizeListArray::new(element, list.value_length(), values.clone(), None)) as ArrayRef);
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns[index] = listed.unwrap_or(values);
    assert_eq!(columns[index].len(), batch.num_rows());
    let batch = RecordBatch::try_new(batch.schema(), columns).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_recorder_killed_at_any_moment_loses_no_saved_episode() {
    let workshop = Workshop::new();
    let root = workshop.path("data/short");
    let mut stream = Stream::new(7, Purpose::Bootstrap, 0, 0);
    let mut before = 0;
    for _ in 0..12 {
        let mut child = workshop.begin("record short data/short --pilot expert --episodes 5000 --quiet");
        // Somewhere in the saving of one of the next episodes.
        let more = before + 1 + (4.0 * stream.unit()) as usize;
        wait_until("episodes", || Info::read(&root).is_ok_and(|info| info.total_episodes >= more));
        (0..(3000.0 * stream.unit()) as usize).for_each(|_| std::thread::yield_now());
        child.kill().unwrap();
        child.wait().unwrap();
        let counted = DataSet::open(&root).unwrap().len();
        assert!(counted >= before, "{counted} episodes, where {before} had been saved");
        let told = workshop.apprentice("data repair data/short");
        assert_eq!(told.code, Some(0), "{}", told.err);
        let set = DataSet::open(&root).unwrap();
        assert!(set.len() >= counted && set.len() <= counted + 1, "at most the one that was being saved is adopted");
        before = set.len();
    }
    assert!(before > 0, "something was recorded at all");
    let told = workshop.apprentice("data verify data/short");
    assert_eq!(told.code, Some(0), "{}", told.err);
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_what_was_saved_stays() {
    let workshop = Workshop::new();
    // No file may grow over 4 KiB blocks: the statistics of the set do, as on a disk that is full.
    let program = env!("CARGO_BIN_EXE_apprentice");
    workshop.apprentice("record short data/short --pilot expert --episodes 1");
    let script = format!("trap '' XFSZ; ulimit -f 4; exec {program} record short data/short --pilot expert --episodes 40 --quiet");
    let output = Command::new("sh").args(["-c", &script]).current_dir(workshop.path("")).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), err.contains("episodes are safe in data/short")), (Some(2), true), "{err}");
    let told = workshop.apprentice("data verify data/short");
    assert_eq!(told.code, Some(0), "{}", told.err);
    let told = workshop.apprentice("record short data/short --pilot expert --episodes 2");
    assert_eq!(told.code, Some(0), "{}", told.err);
}
