//! Any bytes are a scene or are refused: nothing panics, and what is found right is found right again as it is written.
#![no_main]

use apprentice::scene::load;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    match load::from_text(&text, "fuzzed.ron") {
        Ok(scene) => {
            let written = load::canonical(&scene);
            let again = load::from_text(&written, "written.ron").unwrap_or_else(|problems| panic!("{problems}"));
            assert_eq!(again, scene);
        }
        Err(problems) => {
            assert!(!problems.0.is_empty());
            let told = problems.to_string();
            assert!(!told.contains('\u{1b}'));
        }
    }
});
