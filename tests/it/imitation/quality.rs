//! What is said of a demonstration, by hand-worked numbers.

use apprentice::imitation::demonstration::Rows;
use apprentice::imitation::quality::{Quality, Verdict};

fn rows(actions: &[f32]) -> Rows {
    let mut rows = Rows::new(0, 1);
    for action in actions {
        rows.actions.push(&[*action]);
        rows.rewards.push(0.0);
    }
    rows
}

#[test]
fn jerk_is_the_root_mean_square_of_the_third_difference() {
    // Cubes 0, 1, 8, 27, 64 (hundredths) have a third difference of 6 everywhere: 0.06 at 10 Hz is 0.06 · 1000 = 60.
    let quality = Quality::of(&rows(&[0.0, 0.01, 0.08, 0.27, 0.64]), 1, 10, 0);
    assert!((quality.jerk - 60.0).abs() < 0.01, "{}", quality.jerk);
    // A straight line has none.
    assert!(Quality::of(&rows(&[0.0, 0.1, 0.2, 0.3, 0.4]), 1, 10, 0).jerk < 0.1);
}

#[test]
fn idle_and_clipped_rows_are_counted() {
    let quality = Quality::of(&rows(&[0.0, 0.04, 0.5, 1.0, -1.0, 0.3, 0.0, 0.2, 0.2, 0.2]), 1, 10, 0);
    assert_eq!((quality.length, quality.idle, quality.clipped), (1.0, 0.3, 0.2));
    assert_eq!(quality.verdict, Verdict::Good);
}

#[test]
fn the_verdict_follows_from_length_idle_time_and_slips() {
    let busy = vec![0.5; 40];
    let verdict = |actions: &[f32], slips| Quality::of(&rows(actions), 1, 10, slips).verdict;
    assert_eq!(verdict(&busy, 0), Verdict::Good);
    assert_eq!(verdict(&busy, 10), Verdict::Doubtful, "a quarter of the frames came late");
    assert_eq!(verdict(&busy[..4], 0), Verdict::Poor, "0.4 s are no demonstration");
    assert_eq!(verdict(&[0.0; 40], 0), Verdict::Poor, "nothing was done");
    let lazy: Vec<f32> = (0..40).map(|row| if row < 24 { 0.0 } else { 0.5 }).collect();
    assert_eq!(verdict(&lazy, 0), Verdict::Doubtful);
}
