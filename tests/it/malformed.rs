//! Every file in `malformed/` is refused, at exactly the places and with exactly the sentences that its header tells.
//!
//! A header is a line about what is wrong, then lines `// expect LINE:COLUMN: sentence` (`0:0` is the file as a whole). After a change of the messages,
//! `BLESS=1 cargo test --release --test it malformed` writes the headers anew: read the difference before committing it.

use apprentice::ron::{Problems, read};
use apprentice::scene::load;
use apprentice::training::recipe::{self, Recipe};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const EXPECT: &str = "// expect ";

/// What is wrong with a text of this kind: the kind is the first word of the file's name.
fn problems(kind: &str, text: &str, name: &str) -> Problems {
    match kind {
        "scene" => load::from_text(text, name).err().unwrap_or_default(),
        "recipe" => read::<Recipe>(text, name).check(recipe::check).finish().err().unwrap_or_default(),
        _ => panic!("{name}: there is no kind of file called `{kind}`"),
    }
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/malformed");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn told(path: &Path, text: &str) -> Vec<String> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let kind = name.split('_').next().unwrap();
    let problems = problems(kind, text, name);
    for problem in &problems.0 {
        let shown = problem.to_string();
        assert!(!shown.contains('\u{1b}'), "{name}: an escape sequence of the file reached the message");
        assert!(problem.line == 0 || shown.contains('^'), "{name}: a place without its caret:\n{shown}");
    }
    problems.0.iter().map(|problem| format!("{EXPECT}{}:{}: {}", problem.line, problem.column, problem.sentence())).collect()
}

/// The text with its header written anew, which moves the places: until they stand still.
fn blessed(path: &Path, text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..5 {
        let told = told(path, &text);
        let mut lines = text.lines();
        let about = lines.next().unwrap_or_default();
        let rest: Vec<&str> = lines.skip_while(|line| line.starts_with(EXPECT)).collect();
        text = [&[about.to_owned()][..], &told, &[rest.join("\n")]].concat().join("\n") + "\n";
    }
    text
}

#[test]
fn every_malformed_file_is_refused_with_its_places_and_sentences() {
    let mut differing = Vec::new();
    let files = files();
    for path in &files {
        let mut text = fs::read_to_string(path).unwrap();
        if std::env::var_os("BLESS").is_some() {
            text = blessed(path, &text);
            fs::write(path, &text).unwrap();
        }
        let expected: Vec<&str> = text.lines().skip(1).take_while(|line| line.starts_with(EXPECT)).collect();
        #[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
        let began = Instant::now();
        let told = told(path, &text);
        assert!(began.elapsed() < Duration::from_secs(1), "{} took {:?}", path.display(), began.elapsed());
        assert!(!expected.is_empty() || told.is_empty(), "{}: has no header; told was\n{}", path.display(), told.join("\n"));
        if told.is_empty() || told != expected {
            differing.push(format!("{}\n  expected\n{}\n  told\n{}", path.display(), expected.join("\n"), told.join("\n")));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));
    assert!(files.len() >= 60, "only {} malformed files", files.len());
}
