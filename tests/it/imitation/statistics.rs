//! What is said of columns, by hand-worked numbers.

use apprentice::imitation::data_set::statistics::Statistics;

#[test]
fn an_episode_is_summed_up_as_numpy_would() {
    // Two elements: 1, 2, 3, 4 and a constant. numpy.quantile([1, 2, 3, 4], 0.1) = 1.3; std = sqrt(1.25).
    let part = Statistics::of(2, &[1.0, 7.0, 4.0, 7.0, 2.0, 7.0, 3.0, 7.0]);
    assert_eq!((&part.min[..], &part.max[..], &part.mean[..]), (&[1.0, 7.0][..], &[4.0, 7.0][..], &[2.5, 7.0][..]));
    assert!((part.std[0] - 1.25f64.sqrt()).abs() < 1e-12 && part.std[1] == 0.0);
    assert_eq!(part.count, [4]);
    assert!((part.q10[0] - 1.3).abs() < 1e-12 && (part.q50[0] - 2.5).abs() < 1e-12 && (part.q99[0] - 3.97).abs() < 1e-12);
}

#[test]
fn a_set_is_summed_up_from_its_episodes() {
    let (first, second) = ([1.0, 2.0, 6.0], [3.0, 8.0]);
    let mut merged = Statistics::of(1, &first);
    merged.merge(&Statistics::of(1, &second));
    let whole = Statistics::of(1, &[1.0, 2.0, 6.0, 3.0, 8.0]);
    assert_eq!((&merged.min, &merged.max, &merged.count), (&whole.min, &whole.max, &whole.count));
    assert!((merged.mean[0] - whole.mean[0]).abs() < 1e-12 && (merged.std[0] - whole.std[0]).abs() < 1e-12);
    // Quantiles are weighted by rows: (3 · 2 + 2 · 5.5) / 5.
    assert!((merged.q50[0] - 3.4).abs() < 1e-12);
}
