//! The two rules that keep the house clean, and what files are called: this reads the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines that a file may have; those that are longer tell why.
const LONGEST: usize = 450;
/// Longer files, how long each may be, and why.
const LONG: [(&str, usize, &str); 2] = [
    ("scene/schema.rs", 650, "the whole language of scene files, readable in one go"),
    ("ron/reader.rs", 600, "serde's visitor interface, method by method"),
];
/// What no file or folder is called: these names say nothing of what is inside.
const EMPTY_NAMES: [&str; 12] =
    ["util", "utils", "helper", "helpers", "common", "misc", "base", "manager", "handler", "context", "info", "extras"];

/// All Rust files below `folder`, in order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn house() -> Vec<(String, String)> {
    let src = root().join("src");
    let named = |path: PathBuf| {
        let name = path.strip_prefix(&src).expect("below src").to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&path).expect("a source can be read"))
    };
    sources(&src).into_iter().map(named).collect()
}

/// Lines that say `word`, alone or as the first part of a name (`burn_flex`, `bevy::prelude`), as `file:line: text`.
fn says(name: &str, text: &str, word: &str) -> Vec<String> {
    let is_said = |line: &str| {
        let lower = line.to_lowercase();
        lower.match_indices(word).any(|(at, _)| {
            let before = lower[..at].chars().next_back();
            let after = lower[at + word.len()..].chars().next();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && !after.is_some_and(char::is_alphanumeric)
        })
    };
    text.lines()
        .enumerate()
        .filter(|(_, line)| is_said(line))
        .map(|(index, line)| format!("src/{name}:{}: {}", index + 1, line.trim()))
        .collect()
}

#[test]
fn nothing_that_learns_says_bevy_and_nothing_else_says_burn() {
    let mut crossings = Vec::new();
    let (mut inside, mut outside) = (0, 0);
    for (name, text) in house() {
        if name.starts_with("learn/") {
            inside += says(&name, &text, "burn").len();
            crossings.extend(says(&name, &text, "bevy"));
            crossings.extend(says(&name, &text, "bevy_rapier3d"));
        } else {
            outside += says(&name, &text, "bevy").len();
            // The map of the house, which is documentation, may name what stands behind the border.
            let map = name == "lib.rs";
            crossings.extend(says(&name, &text, "burn").into_iter().filter(|line| !(map && line.contains(": //!"))));
        }
    }
    assert!(inside > 0 && outside > 0, "the search finds what is there for certain");
    assert!(crossings.is_empty(), "the border between the world and learning is crossed:\n{}", crossings.join("\n"));
}

#[test]
fn the_search_of_the_border_finds_words_and_not_parts_of_words() {
    for line in ["use burn::tensor::Tensor;", "burn_flex::Flex", "// Burn learns", "(burn)"] {
        assert_eq!(says("a.rs", line, "burn").len(), 1, "{line}");
    }
    for line in ["burning", "auburn", "sunburn_x", "my_burn"] {
        assert_eq!(says("a.rs", line, "burn").len(), 0, "{line}");
    }
}

#[test]
fn no_file_is_long_without_a_reason() {
    let mut long = Vec::new();
    let tests =
        sources(&root().join("tests")).into_iter().map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("a test")));
    for (name, text) in house().into_iter().chain(tests) {
        let most = LONG.iter().find(|(listed, ..)| *listed == name).map_or(LONGEST, |(_, most, _)| *most);
        let lines = text.lines().count();
        if lines > most {
            long.push(format!("{name} has {lines} lines"));
        }
    }
    assert!(long.is_empty(), "files over {LONGEST} lines want to be two (or a reason in LONG):\n{}", long.join("\n"));
    for (listed, ..) in LONG {
        assert!(root().join("src").join(listed).is_file(), "{listed} is gone: take it off the list");
    }
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    for folder in ["src", "tests", "examples", "benches"] {
        for path in sources(&root().join(folder)) {
            let inside = path.strip_prefix(root()).expect("below the root");
            for part in inside.components() {
                let part = part.as_os_str().to_string_lossy();
                let stem = part.strip_suffix(".rs").unwrap_or(&part);
                assert!(!EMPTY_NAMES.contains(&stem), "{}: `{stem}` says nothing of what is inside", inside.display());
            }
        }
    }
}
