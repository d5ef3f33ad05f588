use super::{assert_near, normals};
use apprentice::learn::actor::direct::{Direct, Family};
use apprentice::learn::algorithm::ppo::Ppo;
use apprentice::learn::algorithm::ppo::loss::{Loss, Minibatch, Weights, by_hand, by_tensors, loss};
use apprentice::learn::backend::Place;
use apprentice::learn::network::activation::Activation;
use apprentice::learn::network::mlp::Mlp;
use apprentice::stream::{Purpose, Stream};

fn actor(family: Family, log_std: Vec<f32>) -> Direct {
    let network =
        Mlp::new(&[3, if log_std.is_empty() { 4 } else { 2 }], Activation::Relu, 1.0, &mut Stream::new(1, Purpose::Weights, 0, 0));
    Direct { network, log_std, family }
}

fn column(seed: u64, count: usize, scale: f32) -> Vec<f32> {
    normals(seed, count, 1).values().iter().map(|value| value * scale).collect()
}

/// Rows far enough from what the networks give now that everything that can be clipped is, in some of them.
fn rows(actor: &Direct, count: usize) -> (Minibatch, Vec<f32>, Vec<f32>) {
    let outputs = normals(1, count, actor.network.outputs());
    let samples = normals(2, count, 2);
    let log_probs = (0..count).map(|row| {
        let (mean, log_std) = actor.parameters(outputs.row(row));
        actor.log_prob(samples.row(row), &mean, &log_std) + actor.correction(samples.row(row))
    });
    let log_probs = log_probs.zip(column(3, count, 0.4)).map(|(now, step)| now + step).collect();
    let minibatch = Minibatch {
        inputs: vec![],
        samples: samples.values().to_vec(),
        noise: normals(4, count, 2).values().to_vec(),
        log_probs,
        advantages: column(5, count, 1.0),
        returns: column(6, count, 0.3),
        values: column(7, count, 0.3),
        ..Minibatch::default()
    };
    (minibatch, outputs.values().to_vec(), column(8, count, 0.3))
}

#[track_caller]
fn assert_equal(a: &Loss, b: &Loss) {
    let numbers = |loss: &Loss| {
        let single = [loss.policy, loss.value, loss.entropy, loss.anchor];
        [&single[..], &loss.ratios, &loss.by_outputs, &loss.by_log_std, &loss.by_values].concat()
    };
    let (a, b) = (numbers(a), numbers(b));
    assert_eq!(a.len(), b.len());
    a.into_iter().zip(b).for_each(|(a, b)| assert_near(a, b, 1e-5 * (1.0 + b.abs())));
}

#[test]
fn slopes_derived_by_hand_are_those_that_automatic_differentiation_finds() {
    for (family, entropy, anchor) in
        [(Family::Gaussian, 0.0, 0.0), (Family::Gaussian, 0.03, 0.0), (Family::Gaussian, 0.03, 0.7), (Family::Squashed, 0.0, 0.0)]
    {
        for value_clip in [None, Some(0.1), Some(10.0)] {
            let settings = Ppo { value_clip, ..Ppo::default() };
            let actor = actor(family, vec![-0.4, 0.2]);
            let (mut minibatch, outputs, values) = rows(&actor, 200);
            if anchor > 0.0 {
                (minibatch.anchors, minibatch.anchor_log_std) = (normals(9, 200, 2).values().to_vec(), vec![-0.9, 0.1]);
            }
            let weights = Weights { entropy, anchor };
            let by_hand = by_hand(&settings, weights, &actor, &minibatch, &outputs, &values);
            let stopped = by_hand.by_outputs.chunks(2).filter(|slopes| *slopes == [0.0, 0.0]).count();
            assert_eq!(by_hand.anchor > 0.0, anchor > 0.0);
            assert!(anchor > 0.0 || (40..160).contains(&stopped), "the ratio's clip stops {stopped} of 200 rows");
            assert_eq!(by_hand.by_values.contains(&0.0), value_clip == Some(0.1));
            assert_equal(&by_hand, &by_tensors(&settings, weights, &actor, &Place::cpu(), &minibatch, outputs.clone(), values.clone()));
            assert_equal(&by_hand, &loss(&settings, weights, &actor, &Place::cpu(), &minibatch, outputs, values));
        }
    }
}

#[test]
fn one_row_s_loss_equals_one_worked_out_by_hand() {
    let settings = Ppo { value_clip: None, value_weight: 0.5, clip: 0.2, ..Ppo::default() };
    let actor = actor(Family::Gaussian, vec![0.0, 0.0]);
    // Sampled one deviation above the first mean: ln π = −½ − ln 2π. Before, it was ln 1.1 less likely: the ratio is 1.1, within the clip.
    let log_prob = -0.5 - 1.837_877;
    let mut minibatch = Minibatch {
        samples: vec![1.5, 0.0],
        log_probs: vec![log_prob - libm::logf(1.1)],
        advantages: vec![2.0],
        returns: vec![0.7],
        values: vec![0.0],
        ..Minibatch::default()
    };
    let found = loss(&settings, Weights::default(), &actor, &Place::cpu(), &minibatch, vec![0.5, 0.0], vec![0.4]);
    assert_near(found.ratios[0], 1.1, 1e-5);
    assert_near(found.policy, -2.2, 1e-5);
    // By the mean −ratio · advantage · z / σ; by ln σ the same times z² − 1: 0 for the first channel, −1 for the second.
    assert_near(found.by_outputs[0], -2.2, 1e-5);
    assert_near(found.by_outputs[1], 0.0, 1e-5);
    assert_near(found.by_log_std[0], 0.0, 1e-5);
    assert_near(found.by_log_std[1], 2.2, 1e-5);
    // (0.4 − 0.7)², and half of 2 · (−0.3).
    assert_near(found.value, 0.09, 1e-6);
    assert_near(found.by_values[0], -0.3, 1e-6);

    // Ln 1.5 less likely before: the ratio counts as 1.2, and moves nothing.
    minibatch.log_probs = vec![log_prob - libm::logf(1.5)];
    let found = loss(&settings, Weights::default(), &actor, &Place::cpu(), &minibatch, vec![0.5, 0.0], vec![0.4]);
    assert_near(found.policy, -2.4, 1e-5);
    assert_eq!(found.by_outputs, [0.0, 0.0]);
    // Where the advantage is negative, nothing holds it back.
    minibatch.advantages = vec![-2.0];
    let found = loss(&settings, Weights::default(), &actor, &Place::cpu(), &minibatch, vec![0.5, 0.0], vec![0.4]);
    assert_near(found.policy, 3.0, 1e-5);
    assert_near(found.by_outputs[0], 3.0, 1e-5);
}

#[test]
fn what_is_not_derived_by_hand_is_left_to_tensors() {
    let settings = Ppo::default();
    for (actor, entropy) in [(actor(Family::Squashed, vec![-0.4, 0.2]), 0.03), (actor(Family::Gaussian, vec![]), 0.0)] {
        let (minibatch, outputs, values) = rows(&actor, 50);
        let weights = Weights { entropy, anchor: 0.0 };
        let found = loss(&settings, weights, &actor, &Place::cpu(), &minibatch, outputs.clone(), values.clone());
        assert_eq!((found.by_outputs.len(), found.by_log_std.len()), (50 * actor.network.outputs(), actor.log_std.len()));
        // The slopes are those of the loss: move the outputs so far along them that it should fall by 1e-4, and it does.
        let whole = |loss: &Loss| loss.policy + settings.value_weight * loss.value - entropy * loss.entropy;
        let step = 1e-4 / found.by_outputs.iter().map(|slope| slope * slope).sum::<f32>();
        let moved = outputs.iter().zip(&found.by_outputs).map(|(output, slope)| output - step * slope).collect();
        let after = loss(&settings, weights, &actor, &Place::cpu(), &minibatch, moved, values);
        assert_near(whole(&found) - whole(&after), 1e-4, 5e-6);
    }
}
