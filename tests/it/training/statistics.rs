//! Estimates against numbers worked out by hand.

use apprentice::stream::{Purpose, Stream};
use apprentice::training::statistics::{
    Estimate, interquartile_mean, mean, median, probability_of_improvement, stratified_bootstrap, wilson,
};

fn stream() -> Stream {
    Stream::new(7, Purpose::Bootstrap, 0, 0)
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected} within {tolerance}");
}

#[test]
fn wilson_interval_of_nine_in_ten_is_the_one_worked_out_by_hand() {
    // z = 1.96, z² = 3.8415; n = 10, p = 0.9.
    // centre = (0.9 + 3.8415/20) / (1 + 3.8415/10) = 1.09207 / 1.38415 = 0.78899
    // half   = 1.95996 / 1.38415 · √(0.9·0.1/10 + 3.8415/400) = 1.41601 · √0.0186037 = 0.19314
    let Estimate { value, low, high } = wilson(9, 10);
    near(value, 0.9, 1e-12);
    near(low, 0.59585, 2e-5);
    near(high, 0.98213, 2e-5);
}

#[test]
fn wilson_interval_stays_within_zero_and_one_and_is_never_a_point() {
    for trials in 1..200 {
        for successes in 0..=trials {
            let Estimate { value, low, high } = wilson(successes, trials);
            assert!(
                0.0 <= low && low <= value && value <= high && high <= 1.0 && low < high,
                "{successes} of {trials}: {low} {value} {high}"
            );
        }
    }
    // All of 100: low = n / (n + z²) = 100 / 103.8415.
    near(wilson(100, 100).low, 0.963_007, 1e-6);
    assert_eq!(wilson(0, 0), Estimate { value: 0.0, low: 0.0, high: 1.0 });
}

#[test]
fn interquartile_mean_cuts_a_quarter_of_the_values_from_each_end() {
    // Sorted 0 1 2 3 4 5 6 100: two cut from each end leaves 2 3 4 5.
    near(interquartile_mean(&[100.0, 0.0, 3.0, 5.0, 1.0, 2.0, 6.0, 4.0]), 3.5, 1e-12);
    // Five values: ⌊5/4⌋ = 1 cut from each end leaves 2 3 7.
    near(interquartile_mean(&[7.0, 1.0, 2.0, 3.0, 50.0]), 4.0, 1e-12);
    // Three: none cut.
    near(interquartile_mean(&[1.0, 2.0, 6.0]), 3.0, 1e-12);
    assert_eq!(interquartile_mean(&[]), 0.0);
}

#[test]
fn median_is_the_middle_or_the_mean_of_the_two_middle_values() {
    assert_eq!(median(&[5.0, 1.0, 3.0]), 3.0);
    assert_eq!(median(&[5.0, 1.0, 3.0, 4.0]), 3.5);
    assert_eq!((median(&[]), mean(&[])), (0.0, 0.0));
}

#[test]
fn bootstrap_interval_of_a_mean_is_as_wide_as_theory_says() {
    // 100 values, half 0 and half 1: the resampled mean is binomial, standard error √(0.25/100) = 0.05, so 0.5 ± 1.96 · 0.05.
    let values: Vec<f64> = (0..100).map(|index| f64::from(index % 2)).collect();
    let Estimate { value, low, high } = stratified_bootstrap(&[values], mean, &mut stream());
    near(value, 0.5, 1e-12);
    near(low, 0.402, 0.012);
    near(high, 0.598, 0.012);
}

#[test]
fn bootstrap_never_mixes_strata() {
    // Each stratum is constant: whatever is drawn within it, the pooled mean is 3.5. Mixing them would give a wide interval.
    let found = stratified_bootstrap(&[vec![1.0; 5], vec![6.0; 5]], mean, &mut stream());
    assert_eq!(found, Estimate { value: 3.5, low: 3.5, high: 3.5 });
}

#[test]
fn the_same_stream_gives_the_same_bits() {
    let values = vec![vec![0.1, 0.7, 0.4, 0.9, 0.3]];
    let first = stratified_bootstrap(&values, interquartile_mean, &mut stream());
    assert_eq!(first, stratified_bootstrap(&values, interquartile_mean, &mut stream()));
    assert!(first.low < first.value && first.value < first.high, "{first:?}");
}

#[test]
fn probability_of_improvement_counts_pairs_with_ties_as_half() {
    // (1, 3) against (2, 3): 1<2, 1<3, 3>2, 3=3: 1 + 1/2 of 4 pairs.
    let found = probability_of_improvement(&[(vec![1.0, 3.0], vec![2.0, 3.0])], &mut stream());
    near(found.value, 0.375, 1e-12);
    assert!(found.low <= found.value && found.value <= found.high);
    // Two strata: the mean of 1 and 0.375.
    let strata = [(vec![1.0, 3.0], vec![2.0, 3.0]), (vec![5.0, 6.0], vec![1.0])];
    near(probability_of_improvement(&strata, &mut stream()).value, 0.6875, 1e-12);
}

#[test]
fn a_method_that_always_wins_improves_for_certain_and_nothing_compared_tells_nothing() {
    let wins = probability_of_improvement(&[(vec![0.8, 0.9, 1.0], vec![0.1, 0.2])], &mut stream());
    assert_eq!(wins, Estimate { value: 1.0, low: 1.0, high: 1.0 });
    assert_eq!(probability_of_improvement(&[(vec![0.8], vec![])], &mut stream()), Estimate { value: 0.5, low: 0.0, high: 1.0 });
}
