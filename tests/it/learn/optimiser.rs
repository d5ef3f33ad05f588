use super::assert_near;
use apprentice::learn::network::adam::{Adam, clip_norm};

#[test]
fn the_norm_is_that_of_the_whole_gradient() {
    // (3), (4, 0): norm 5 together, never 3 and 4 apart.
    let (mut a, mut b) = (vec![3.0], vec![4.0, 0.0]);
    assert_eq!(clip_norm([&mut a, &mut b], 1.0), 5.0);
    assert_near(a[0], 0.6, 1e-6);
    assert_near(b[0], 0.8, 1e-6);
}

#[test]
fn a_gradient_within_the_limit_is_left_alone() {
    let mut a: Vec<f32> = (0..37).map(|index| index as f32 * 0.01).collect();
    let before = a.clone();
    // 0.01² · (0² + 1² + … + 36²) = 0.0001 · 16206.
    assert_near(clip_norm([&mut a], 2.0), 1.620_6_f32.sqrt(), 1e-5);
    assert_eq!(a, before);
}

#[test]
fn two_steps_of_adam_equal_those_worked_out_by_hand() {
    let (mut p, mut q) = (vec![1.0], vec![0.0]);
    let mut adam = Adam::new(&[1, 1]);
    // First step: both moments, unbiased, are the gradient and its square: a step of rate · g / (|g| + 1e-5).
    adam.step([&mut p, &mut q], [&[2.0], &[0.0]], 0.1);
    assert_near(p[0], 0.9, 1e-5);
    assert_eq!(q[0], 0.0);
    // Second, gradient −1: first moment 0.9·0.2 − 0.1 = 0.08, over 1 − 0.81: 0.421053; second 0.999·0.004 + 0.001 = 0.004996, over
    // 1 − 0.998001: 2.499250, root 1.580902. A step of 0.1 · 0.421053 / 1.580912 = 0.026634.
    adam.step([&mut p, &mut q], [&[-1.0], &[0.0]], 0.1);
    assert_near(p[0], 0.9 - 0.026_634, 2e-5);
}
