//! Scenes: loading them, and files that nobody should have to load.

use apprentice::ron::{MOST_BYTES, Problems, read_text};
use apprentice::scene::load;
use apprentice::stream::{Purpose, Stream};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenes() -> Vec<PathBuf> {
    load::scenes(&root().join("scenes")).unwrap()
}

#[test]
fn every_scene_loads_and_is_what_it_is_written_as() {
    assert!(scenes().iter().any(|path| path.ends_with("push")));
    for path in scenes() {
        let loaded = load::load(&path).unwrap_or_else(|problems| panic!("{problems}"));
        let written = load::canonical(&loaded.scene);
        let again = load::from_text(&written, "written").unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(again, loaded.scene, "{}", path.display());
        assert_eq!(load::hash(&again), loaded.hash);
    }
}

#[test]
fn the_hash_is_that_of_what_a_scene_says_and_not_of_how() {
    let loaded = load::load(&root().join("scenes/push")).unwrap();
    let respelled = loaded.text.replace("0.8)", "8e-1)").replace("Scene(", "// said otherwise\n(");
    assert_eq!(load::hash(&load::from_text(&respelled, "").unwrap()), loaded.hash);
    let changed = loaded.text.replace("radius: 0.4", "radius: 0.41");
    assert_ne!(load::hash(&load::from_text(&changed, "").unwrap()), loaded.hash);
}

/// The problems of a text, and how long it took to find them.
fn timed(text: &str) -> (Problems, Duration) {
    #[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
    let began = Instant::now();
    let problems = load::from_text(text, "test.ron").err().unwrap_or_default();
    (problems, began.elapsed())
}

/// Texts of a mebibyte (but for the first) that are made to cost as much as can be.
fn costly() -> Vec<(&'static str, String)> {
    let push = fs::read_to_string(root().join("scenes/push/scene.ron")).unwrap();
    let filled = |part: &str| part.repeat((MOST_BYTES - 10_000) / part.len());
    let numbered = |part: &dyn Fn(usize) -> String| {
        let mut all = String::new();
        for index in 0.. {
            let next = part(index);
            if all.len() + next.len() > MOST_BYTES - 10_000 {
                return all;
            }
            all += &next;
        }
        all
    };
    let sensors = |part: &str| push.replace("sensors: [", &format!("sensors: [{}", filled(part)));
    let props = |part: &dyn Fn(usize) -> String| push.replace("props: {", &format!("props: {{{}", numbered(part)));
    let success = |part: &str, before: &str, after: &str| push.replace("success: ", &format!("success: {before}{}{after}", filled(part)));
    vec![
        ("one bracket more than may be nested", format!("{}1{}", "[".repeat(65), "]".repeat(65))),
        ("opened parentheses", filled("(")),
        ("opened lists", filled("[")),
        ("opened maps", filled("{")),
        ("opened variants", filled("a(")),
        ("closed brackets", filled(")")),
        ("commas", format!("Scene({}", filled(","))),
        ("colons", format!("Scene({}", filled("a:"))),
        ("numbers", format!("[{}]", filled("0,"))),
        ("empty lists", format!("[{}]", filled("[],"))),
        ("digits", filled("9")),
        ("one name", filled("a")),
        ("escaped quotes", format!("Scene({}", filled("\\\"\n"))),
        ("one text in a scene", push.replace("Shove", &filled("shove\u{1b} "))),
        ("opened comments", filled("/*")),
        ("comments", filled("/**/")),
        ("raw identifiers", filled("r#")),
        ("raw texts", filled("r#\"")),
        ("apostrophes", filled("'a")),
        ("signs", filled("- ")),
        ("attributes", filled("#![enable(x)]")),
        ("unknown fields", push.replace("Scene(", &format!("Scene({}", numbered(&|i| format!("f{i}: 1,"))))),
        ("one field again and again", push.replace("Scene(", &format!("Scene({}", filled("gravity: 1,")))),
        ("sensors", sensors("Motion,")),
        ("sensors without fields", sensors("Grid,")),
        ("unknown sensors", sensors("Sonar,")),
        ("sensors of the wrong type", sensors("1,")),
        ("unknown names", sensors("Offset(to:\"x\"),")),
        ("undeclared numbers", sensors("Motion(noise:Vary(\"x\")),")),
        ("many declared numbers", push.replace("varies: {", &format!("varies: {{{}", numbered(&|i| format!("\"v{i}\":(0,1),"))))),
        ("many props", props(&|i| format!("\"p{i}\":Zone(radius:1,at:Anywhere),"))),
        ("many props in each other", props(&|i| format!("\"p{i}\":Ball(radius:1,mass:1,at:At(x:0,y:0)),"))),
        ("many unreadable props", props(&|i| format!("\"p{i}\":Bell(radius:1),"))),
        ("a wide predicate", success("Inside(\"cube\",\"disk\"),", "All([", "]), failure: ")),
        ("predicates of nothing", success("All([]),", "All([", "AtRest(\"cube\")]), failure: ")),
        (
            "shares of shares",
            success("AtRest(\"cube\"),", &format!("{}All([", "Share(0.5, ".repeat(58)), &format!("]){}, failure: ", ")".repeat(58))),
        ),
        (
            "mistakes behind much that is right",
            format!("{}{}", push.replace("Rays(count: 16", &format!("{}Rays(cout: 16", filled("Motion,"))), "x"),
        ),
        (
            "missing fields behind much that is right",
            push.replace("Rays(count: 16", &format!("{}{}Rays(count: 16", filled("Motion,"), "Grid,".repeat(40))),
        ),
    ]
}

#[test]
fn no_text_takes_longer_than_a_second() {
    for (what, text) in costly() {
        assert!(text.len() < MOST_BYTES + 10_000, "{what}");
        let (problems, time) = timed(&text);
        assert!(time < Duration::from_secs(1), "{what}: {time:?}");
        assert!(!problems.0.is_empty(), "{what}: nothing was wrong");
        assert!(problems.0.len() <= 200, "{what}: {} problems", problems.0.len());
        let told = problems.to_string();
        assert!(told.len() < 200 * 2000 && !told.contains('\u{1b}'), "{what}: {} bytes are told", told.len());
    }
}

/// The largest memory that this process ever had, in MB. Only Linux tells.
#[cfg(target_os = "linux")]
fn peak() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1000.0
}

/// Runs in a process of its own, since other tests of this one may take more.
#[cfg(target_os = "linux")]
#[test]
fn no_text_takes_more_than_200_megabytes() {
    const ALONE: &str = "APPRENTICE_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        for (what, text) in costly() {
            drop(timed(&text));
            assert!(peak() < 200.0, "{what}: {} MB", peak());
        }
        return;
    }
    let name = "scene::no_text_takes_more_than_200_megabytes";
    let output = std::process::Command::new(std::env::current_exe().unwrap()).args(["--exact", name]).env(ALONE, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn file_sentence(path: &Path) -> String {
    let problems = load::load(path).unwrap_err();
    assert_eq!(problems.0.len(), 1);
    problems.0[0].sentence()
}

#[test]
fn files_that_are_no_text_are_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    assert_eq!(file_sentence(&file("empty.ron", b"")), "the file is empty; expected `Scene(..)`");
    assert_eq!(file_sentence(&file("blank.ron", b" \n\t\n")), "the file is empty; expected `Scene(..)`");
    assert_eq!(
        file_sentence(&file("latin.ron", b"Scene(\nabout: \"W\xfcrfel\")")),
        "the file is not text in UTF-8: byte 16, in line 2, belongs to no character"
    );
    assert_eq!(
        file_sentence(&file("zeros.ron", &[0; 100])),
        "found `\\0`; expected a value".replace("; expected a value", ", which means nothing in RON")
    );
    assert_eq!(
        file_sentence(&folder.path().join("empti.ron")),
        format!("there is no such file: did you mean `{}`?", folder.path().join("empty.ron").display())
    );
    fs::create_dir(folder.path().join("scene.ron")).unwrap();
    assert_eq!(file_sentence(folder.path()), "this is a folder; expected a file");
}

#[test]
fn an_enormous_file_is_refused_without_reading_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scene.ron");
    // A terabyte that takes no room: reading it would take hours.
    let file = fs::File::create(&path).unwrap();
    if file.set_len(1 << 40).is_err() {
        file.set_len(1 << 30).unwrap();
    }
    assert!(file_sentence(&path).ends_with("expected at most 1048576 (1 MiB)"));
    file.set_len(MOST_BYTES as u64 + 1).unwrap();
    assert!(read_text(&path).is_err());
    file.set_len(MOST_BYTES as u64).unwrap();
    assert!(read_text(&path).is_ok());
}

/// One random change of a text.
fn mutate(text: &mut Vec<u8>, other: &[u8], rng: &mut Stream) {
    const PARTS: [&str; 24] = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"",
        "'",
        "/*",
        "*/",
        "//",
        "r#\"",
        "-",
        "1e999",
        "NaN",
        "0x",
        "Some(",
        "None",
        "Vary(\"a\")",
        "\u{1F3B2}",
        "\\",
        "\n",
    ];
    let at = rng.below(text.len() + 1);
    let end = (at + 1 + rng.below(30)).min(text.len());
    match rng.below(6) {
        0 if at < text.len() => text[at] = rng.bits() as u8,
        1 => drop(text.drain(at..end)),
        2 => {
            let part = text[at..end].to_vec();
            let to = rng.below(text.len() + 1);
            text.splice(to..to, part);
        }
        3 => {
            let from = rng.below(other.len());
            let part = &other[from..(from + 1 + rng.below(60)).min(other.len())];
            text.splice(at..at, part.iter().copied());
        }
        4 => text.truncate(at),
        _ => {
            let part = PARTS[rng.below(PARTS.len())];
            text.splice(at..at, part.bytes());
        }
    }
}

#[test]
fn changed_scenes_are_loaded_or_refused_and_never_panic() {
    let mut rng = Stream::new(1, Purpose::Layout, 0, 0);
    let valid: Vec<Vec<u8>> = scenes().iter().map(|path| fs::read(path.join("scene.ron")).unwrap()).collect();
    let mut texts = valid.clone();
    texts.extend(fs::read_dir(root().join("tests/it/malformed")).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()));
    texts.sort();
    let (mut loaded, mut refused) = (0, 0);
    for round in 0..4000 {
        let mut text = if round % 2 == 0 { valid[rng.below(valid.len())].clone() } else { texts[rng.below(texts.len())].clone() };
        for _ in 0..=rng.below(3) {
            mutate(&mut text, &texts[rng.below(texts.len())], &mut rng);
        }
        match load::from_text(&String::from_utf8_lossy(&text), "test.ron") {
            Ok(scene) => {
                // What is found right can be written and is found right again.
                let written = load::canonical(&scene);
                assert!(load::from_text(&written, "").is_ok(), "{written}");
                loaded += 1;
            }
            Err(problems) => {
                assert!(!problems.to_string().is_empty());
                let places: Vec<_> = problems.0.iter().map(|problem| (problem.line, problem.column)).collect();
                assert!(places.is_sorted(), "{places:?}");
                refused += 1;
            }
        }
    }
    assert!(loaded > 10 && refused > 1000, "{loaded} loaded, {refused} refused");
}
