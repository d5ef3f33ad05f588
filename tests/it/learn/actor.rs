use super::{assert_near, normals};
use apprentice::learn::actor::direct::{Direct, Family, Kept};
use apprentice::learn::actor::{gaussian, squashed};
use apprentice::learn::backend::{Place, number, numbers};
use apprentice::learn::batch::Batch;
use apprentice::learn::network::activation::Activation;
use apprentice::learn::network::mlp::Mlp;
use apprentice::stream::{Purpose, Stream};
use std::f32::consts::LN_2;

fn actor(family: Family, log_std: Vec<f32>, outputs: usize) -> Direct {
    let network = Mlp::new(&[3, 8, outputs], Activation::Relu, 1.0, &mut Stream::new(3, Purpose::Weights, 0, 0));
    Direct { network, log_std, family }
}

#[test]
fn the_log_density_of_a_gaussian_equals_one_worked_out_by_hand() {
    // Standard normal at its mean: −½ ln 2π.
    assert_near(gaussian::log_prob(&[0.3], &[0.3], &[0.0]), -0.918_938_5, 1e-6);
    // σ = ½, two deviations out: −½ · 2² + ln 2 − ½ ln 2π = −2 + 0.693147 − 0.918939.
    assert_near(gaussian::log_prob(&[1.0], &[0.0], &[-LN_2]), -2.225_791, 1e-5);
    // Channels add up.
    assert_near(gaussian::log_prob(&[0.3, 1.0], &[0.3, 0.0], &[0.0, -LN_2]), -3.144_73, 1e-5);
}

#[test]
fn entropy_and_divergence_of_gaussians_equal_those_worked_out_by_hand() {
    // ½ ln 2πe = 1.418939 for σ = 1; ln 2 more for σ = 2.
    assert_near(gaussian::entropy(&[0.0, LN_2]), 2.0 * 1.418_938_5 + LN_2, 1e-5);
    // From N(0, 1) to N(1, 2²): ln 2 + (1 + 1) / 8 − ½.
    assert_near(gaussian::kl((&[0.0], &[0.0]), (&[1.0], &[LN_2])), 0.443_147_2, 1e-5);
    assert_eq!(gaussian::kl((&[0.4], &[-0.3]), (&[0.4], &[-0.3])), 0.0);
}

#[test]
fn the_change_of_variables_equals_one_worked_out_by_hand_and_survives_saturation() {
    assert_near(squashed::log_slope(&[0.0]), 0.0, 1e-6);
    // ln(1 − tanh² 1) = ln(1 − 0.761594²) = ln 0.419974.
    assert_near(squashed::log_slope(&[1.0]), -0.867_562, 1e-5);
    assert_near(squashed::log_slope(&[-1.0, 1.0]), 2.0 * -0.867_562, 1e-5);
    // Where tanh is 1 to every digit: 2 (ln 2 − 20).
    assert_near(squashed::log_slope(&[20.0]), -38.613_705, 1e-4);
}

#[test]
fn the_density_of_a_squashed_gaussian_integrates_to_one() {
    let actor = actor(Family::Squashed, vec![-0.3], 1);
    let steps = 200_000;
    let mass: f64 = (0..steps)
        .map(|step| {
            let action = -1.0 + 2.0 * (f64::from(step) + 0.5) / f64::from(steps);
            f64::from(actor.log_prob(&[action.atanh() as f32], &[0.4], &[-0.3])).exp() * 2.0 / f64::from(steps)
        })
        .sum();
    assert_near(mass as f32, 1.0, 1e-3);
}

#[test]
fn tensors_give_the_log_densities_of_plain_numbers() {
    let place = Place::cpu();
    let (samples, means, spreads) = (normals(1, 50, 2), normals(2, 50, 2), normals(3, 50, 2));
    let constant = |batch: &Batch| place.constant(batch.values().to_vec(), 2);
    let each = numbers(gaussian::log_probs(constant(&samples), constant(&means), constant(&spreads)));
    let shared = numbers(gaussian::log_probs(constant(&samples), constant(&means), place.constant(vec![-0.5, 0.2], 2)));
    let slopes = numbers(squashed::log_slopes(constant(&samples)));
    assert_eq!((each.len(), shared.len(), slopes.len()), (50, 50, 50));
    for row in 0..50 {
        assert_near(each[row], gaussian::log_prob(samples.row(row), means.row(row), spreads.row(row)), 1e-3);
        assert_near(shared[row], gaussian::log_prob(samples.row(row), means.row(row), &[-0.5, 0.2]), 1e-4);
        assert_near(slopes[row], squashed::log_slope(samples.row(row)), 1e-4);
    }
}

#[test]
fn an_unclipped_sample_keeps_its_probability_and_the_world_gets_a_clipped_action() {
    let mut actor = actor(Family::Gaussian, vec![0.5], 1);
    actor.network.add_to_biases(0..1, 3.0);
    let draw = actor.draw(&normals(4, 200, 3), &mut Stream::new(1, Purpose::Exploration, 0, 0));
    let clipped = (0..200).filter(|row| draw.actions.row(*row) == [1.0]).count();
    assert!(clipped > 100, "{clipped} of 200 draws around 3 reached the bound");
    for row in 0..200 {
        let kept = Kept::new(draw.kept.row(row));
        assert_eq!(draw.actions.row(row)[0], kept.sample[0].clamp(-1.0, 1.0));
        assert_eq!(kept.log_prob, gaussian::log_prob(kept.sample, kept.mean, kept.log_std));
    }
}

#[test]
fn draws_have_the_mean_and_the_deviation_that_were_asked_for() {
    for family in [Family::Gaussian, Family::Squashed] {
        let actor = actor(family, vec![-1.0, 0.0], 2);
        let observation = normals(5, 1, 3);
        let many = Batch::new(3, observation.values().repeat(20_000));
        let draw = actor.draw(&many, &mut Stream::new(1, Purpose::Exploration, 0, 0));
        let (mean, log_std) = actor.parameters(actor.network.forward(&observation).values());
        for channel in 0..2 {
            let samples = (0..20_000).map(|row| f64::from(Kept::new(draw.kept.row(row)).sample[channel]));
            let found = samples.clone().sum::<f64>() / 20_000.0;
            let spread = (samples.map(|sample| (sample - found).powi(2)).sum::<f64>() / 20_000.0).sqrt();
            assert_near(found as f32, mean[channel], 0.03);
            assert_near(spread as f32, libm::expf(log_std[channel]), 0.02);
        }
        assert!(draw.actions.values().iter().all(|action| action.abs() <= 1.0));
    }
}

#[test]
fn the_entropy_of_a_squashed_gaussian_is_the_mean_surprise_of_its_draws() {
    let place = Place::cpu();
    let actor = actor(Family::Squashed, vec![-0.4, 0.3], 2);
    let noise = normals(6, 50_000, 2);
    let mean = [0.7, -0.2];
    let surprise: f64 = (0..50_000)
        .map(|row| {
            let sample: Vec<f32> =
                (0..2).map(|channel| mean[channel] + libm::expf(actor.log_std[channel]) * noise.row(row)[channel]).collect();
            -f64::from(actor.log_prob(&sample, &mean, &actor.log_std))
        })
        .sum::<f64>()
        / 50_000.0;
    let means = place.constant(mean.repeat(50_000), 2);
    let noise = || place.constant(noise.values().to_vec(), 2);
    let found = number(actor.entropy(means, place.constant(actor.log_std.clone(), 2), noise));
    assert_near(found, surprise as f32, 0.02);
}

#[test]
fn a_network_may_give_the_deviations_within_their_range() {
    let mut actor = actor(Family::Gaussian, vec![], 4);
    assert_eq!(actor.channels(), 2);
    actor.network.add_to_biases(2..3, 100.0);
    actor.network.add_to_biases(3..4, -100.0);
    let inputs = normals(7, 5, 3);
    let outputs = actor.network.forward(&inputs);
    let place = Place::cpu();
    let leaf = actor.log_std_leaf(&place);
    let (mean, log_std) = actor.spread(place.constant(outputs.values().to_vec(), 4), leaf);
    let (mean, log_std) = (numbers(mean), numbers(log_std));
    for row in 0..5 {
        assert_eq!(actor.parameters(outputs.row(row)), (mean[2 * row..2 * row + 2].to_vec(), log_std[2 * row..2 * row + 2].to_vec()));
        assert_eq!(log_std[2 * row..2 * row + 2], [1.0, -5.0]);
    }
}
