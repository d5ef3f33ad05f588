use super::{assert_near, contract, learner, normals};
use apprentice::learn::Experience;
use apprentice::learn::algorithm::ppo::Ppo;
use apprentice::learn::batch::Batch;
use apprentice::learn::normaliser::Normaliser;

fn rows(batch: &Batch) -> impl Iterator<Item = &[f32]> + Clone {
    (0..batch.rows()).map(|row| batch.row(row))
}

#[test]
fn moments_equal_those_worked_out_by_hand_however_the_rows_come() {
    // 1, 2, 3, 4: mean 2.5, variance (2.25 + 0.25 + 0.25 + 2.25) / 4.
    for parts in [vec![vec![1.0, 2.0, 3.0, 4.0]], vec![vec![1.0], vec![], vec![2.0, 3.0, 4.0]], vec![vec![4.0, 1.0], vec![3.0, 2.0]]] {
        let mut normaliser = Normaliser::new(1);
        parts.into_iter().for_each(|part| normaliser.absorb(rows(&Batch::new(1, part))));
        assert_eq!((normaliser.count(), normaliser.mean()), (4.0, &[2.5][..]));
        assert_near(normaliser.variance()[0] as f32, 1.25, 1e-12);
    }
}

#[test]
fn observations_far_from_zero_keep_their_digits() {
    let mut normaliser = Normaliser::new(1);
    let seen: Vec<f32> = (0..1000).map(|index| 10_000.0 + (index % 2) as f32).collect();
    seen.chunks(10).for_each(|part| normaliser.absorb(rows(&Batch::new(1, part.to_vec()))));
    let normalised = normaliser.normalise(&Batch::new(1, vec![10_000.0, 10_001.0]));
    assert_near(normalised.values()[0], -1.0, 1e-3);
    assert_near(normalised.values()[1], 1.0, 1e-3);
}

#[test]
fn one_that_has_seen_nothing_only_clips_and_a_constant_channel_is_not_divided_by_zero() {
    let fresh = Normaliser::new(2);
    assert_near(fresh.normalise(&Batch::new(2, vec![0.5, 1e9])).values()[0], 0.5, 1e-5);
    assert_eq!(fresh.normalise(&Batch::new(2, vec![0.5, 1e9])).values()[1], Normaliser::CLIP);
    let mut constant = Normaliser::new(1);
    constant.absorb(rows(&Batch::new(1, vec![3.0; 50])));
    assert_eq!(constant.normalise(&Batch::new(1, vec![3.0])).values(), [0.0]);
    assert!(constant.normalise(&Batch::new(1, vec![4.0])).values()[0].is_finite());
}

#[test]
fn it_stands_still_during_a_rollout_and_moves_with_the_update() {
    let settings = Ppo { horizon: 4, minibatch: 8, ..Ppo::default() };
    let mut learner = learner(&settings, contract(3, 1), 1);
    let before = learner.policy().normaliser;
    let rollout = super::careless_rollout(learner.as_mut(), 4, 8, 3, 1);
    assert_eq!(learner.policy().normaliser, before);
    learner.update(Experience { rollout: Some(&rollout), demonstrations: None, progress: 0.0 });
    let lived = rollout.outcomes().iter().filter(|outcome| **outcome != apprentice::signal::Outcome::Diverged).count();
    assert_eq!(learner.policy().normaliser.unwrap().count(), lived as f64);
}

#[test]
fn normalised_rows_have_mean_zero_and_deviation_one() {
    let mut normaliser = Normaliser::new(2);
    let seen = normals(1, 4000, 2);
    let seen =
        Batch::new(2, seen.values().iter().enumerate().map(|(index, x)| if index % 2 == 0 { 5.0 + 3.0 * x } else { 0.01 * x }).collect());
    normaliser.absorb(rows(&seen));
    let normalised = normaliser.normalise(&seen);
    for channel in 0..2 {
        let values = (0..4000).map(|row| normalised.row(row)[channel]);
        let mean = values.clone().sum::<f32>() / 4000.0;
        assert_near(mean, 0.0, 1e-3);
        assert_near(values.map(|value| (value - mean).powi(2)).sum::<f32>() / 4000.0, 1.0, 0.02);
    }
}
