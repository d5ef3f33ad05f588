//! What a run says of itself while it goes.

use apprentice::training::progress::{Figures, Stopwatch, sentence};

#[test]
fn the_line_tells_what_is_known() {
    let figures = Figures { score: Some(0.5123), success: Some(0.31), tried: None };
    assert_eq!(
        sentence(1_200_000, 3_000_000, "steps", Some(24_000.0), figures),
        // 1.8 million steps at 24,000 per second are 75 s.
        "1\u{202f}200\u{202f}000 of 3\u{202f}000\u{202f}000 steps (40 %), 24\u{202f}000 steps/s, score 0.512, success 31.0 %, 1 min 15 s left"
    );
    assert_eq!(sentence(0, 10, "updates", None, Figures::default()), "0 of 10 updates (0 %)");
    assert_eq!(sentence(10, 10, "updates", Some(0.5), Figures::default()), "10 of 10 updates (100 %), 0.5 updates/s");
    let tried = Figures { tried: Some(64), ..Figures::default() };
    assert_eq!(sentence(0, 10, "episodes", None, tried), "0 of 10 episodes (0 %), 64 tried");
    assert_eq!(sentence(0, 0, "updates", None, Figures::default()), "0 of 0 updates (100 %)");
}

#[cfg(target_os = "linux")]
#[test]
fn computing_takes_cpu_time() {
    let watch = Stopwatch::start();
    let mut turns = 0u64;
    // Until the system's count of hundredths has moved: an idle process would wait for ever.
    while watch.cpu_seconds().unwrap() < 0.01 {
        turns = std::hint::black_box(turns + 1);
    }
    assert!(watch.wall_seconds() > 0.0 && turns > 0);
}
