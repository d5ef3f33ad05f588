//! Files and folders that are whole or absent; logs that are cut back.

use apprentice::durable::{JsonLines, LogError, cut, lines, sweep, write, write_folder};
use std::fs;
use std::io;
use std::path::Path;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_written_file_replaces_the_old_one_and_leaves_nothing_beside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    write(&path, "first, and rather long").unwrap();
    write(&path, "second").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "second");
    assert_eq!(names(folder.path()), ["summary.json"]);
}

#[test]
fn a_folder_that_fails_to_fill_leaves_the_old_one_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("000128");
    write_folder(&path, |inside| write(&inside.join("a"), "1")).unwrap();
    let failed = write_folder(&path, |inside| {
        write(&inside.join("b"), "2")?;
        Err(io::Error::other("the disk is full"))
    });
    assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
    assert_eq!(names(folder.path()), ["000128"]);
    assert_eq!(names(&path), ["a"]);
}

#[test]
fn a_folder_written_again_holds_the_new_contents_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("000128");
    for name in ["a", "b"] {
        write_folder(&path, |inside| {
            fs::create_dir(inside.join("arenas"))?;
            fs::write(inside.join("arenas").join(name), name)
        })
        .unwrap();
    }
    assert_eq!(names(folder.path()), ["000128"]);
    assert_eq!(names(&path.join("arenas")), ["b"]);
}

#[test]
fn what_a_kill_left_beside_is_swept_and_a_folder_caught_between_is_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at(".000256.partial")).unwrap();
    fs::write(at(".000256.partial").join("half"), "x").unwrap();
    fs::write(at(".last.partial"), "x").unwrap();
    // Killed after the old one went and before the new one came:
    fs::create_dir(at(".000128.old")).unwrap();
    fs::write(at(".000128.old").join("kept"), "x").unwrap();
    // Killed before the old one was removed:
    fs::create_dir(at(".000064.old")).unwrap();
    fs::create_dir(at("000064")).unwrap();
    fs::write(at(".hidden"), "somebody else's").unwrap();
    sweep(folder.path()).unwrap();
    assert_eq!(names(folder.path()), [".hidden", "000064", "000128"]);
    assert_eq!(names(&at("000128")), ["kept"]);
    sweep(&at("is/not/there")).unwrap();
}

#[test]
fn a_log_cut_to_its_mark_and_continued_is_the_log_never_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole) = (folder.path().join("a.jsonl"), folder.path().join("b.jsonl"));
    let mut log = JsonLines::open(&path, 0).unwrap();
    log.append(&[1, 2]).unwrap();
    let mark = log.mark().unwrap();
    assert_eq!(mark, 6); // `[1,2]` and a line feed
    log.append(&[3, 3]).unwrap();
    drop(log);
    let mut log = JsonLines::open(&path, mark).unwrap();
    log.append(&[4, 5]).unwrap();
    assert_eq!(log.mark().unwrap(), 12);
    let mut never = JsonLines::open(&whole, 0).unwrap();
    never.append(&[1, 2]).unwrap();
    never.append(&[4, 5]).unwrap();
    never.flush().unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(&whole).unwrap());
}

#[test]
fn a_log_shorter_than_its_mark_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    fs::write(&path, "{}\n").unwrap();
    let error = cut(&path, 10).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(error.to_string().ends_with("has 3 bytes, but its checkpoint was taken when it had 10"), "{error}");
    assert_eq!(cut(&folder.path().join("absent"), 1).unwrap_err().kind(), io::ErrorKind::NotFound);
    cut(&folder.path().join("absent"), 0).unwrap();
}

#[test]
fn a_log_torn_at_any_byte_reads_as_its_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("episodes.jsonl");
    let text = "[1]\n[22]\n[333]\n";
    for torn in 0..=text.len() {
        fs::write(&path, &text[..torn]).unwrap();
        let expected: &[[u32; 1]] = match torn {
            0..4 => &[],
            4..9 => &[[1]],
            9..15 => &[[1], [22]],
            _ => &[[1], [22], [333]],
        };
        assert_eq!(lines::<[u32; 1]>(&path).unwrap(), expected, "torn at {torn}");
    }
}

#[test]
fn a_broken_line_in_the_middle_is_an_error_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("episodes.jsonl");
    fs::write(&path, "[1]\n[2\n[3]\n").unwrap();
    let error = lines::<[u32; 1]>(&path).unwrap_err();
    assert!(matches!(error, LogError::Line { line: 2, .. }), "{error}");
}
