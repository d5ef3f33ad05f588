use super::{assert_near, normals};
use apprentice::learn::batch::Batch;
use apprentice::learn::network::activation::{Activation, exp};
use apprentice::learn::network::mlp::{Mlp, Tape};
use apprentice::stream::{Purpose, Stream};

const ACTIVATIONS: [Activation; 3] = [Activation::Relu, Activation::Silu, Activation::Tanh];

fn network(sizes: &[usize], activation: Activation) -> Mlp {
    Mlp::new(sizes, activation, 1.0, &mut Stream::new(1, Purpose::Weights, 0, 0))
}

#[test]
fn a_forward_pass_equals_one_worked_out_by_hand() {
    let mut net = network(&[2, 2, 1], Activation::Relu);
    // Hidden: 1·1 + 2·3 + 0.5 = 7.5 and 1·(−2) + 2·(−4) + 1 = −9, which becomes 0. Output: 7.5·2 + 0·5 − 3 = 12.
    assert!(net.set_layers(&[(vec![1.0, -2.0, 3.0, -4.0], vec![0.5, 1.0]), (vec![2.0, 5.0], vec![-3.0])]));
    assert_eq!(net.forward(&Batch::new(2, vec![1.0, 2.0])).values(), [12.0]);
    assert!(!net.set_layers(&[(vec![1.0], vec![0.5, 1.0]), (vec![2.0, 5.0], vec![-3.0])]));
    assert_eq!(net.layers()[0].0, [1.0, -2.0, 3.0, -4.0]);
}

#[test]
fn activations_agree_with_the_mathematics_over_their_whole_range() {
    for step in -2000..=2000 {
        let x = step as f32 * 0.04;
        assert!((exp(x) / libm::expf(x) - 1.0).abs() < 3e-7, "exp {x}: {} and {}", exp(x), libm::expf(x));
        let mut values = [x, x];
        Activation::Tanh.apply(&mut values[..1]);
        Activation::Silu.apply(&mut values[1..]);
        assert_near(values[0], libm::tanhf(x), 3e-7);
        assert_near(values[1], x / (1.0 + libm::expf(-x)), 1e-5);
    }
}

#[test]
fn the_gradient_of_every_parameter_is_the_slope_of_the_loss() {
    // 150 rows and 20 hidden units: more than one chunk, and widths that are no whole blocks.
    for activation in ACTIVATIONS {
        let mut net = network(&[3, 20, 18, 2], activation);
        let (inputs, slopes) = (normals(1, 150, 3), normals(2, 150, 2));
        let loss =
            |net: &Mlp| net.forward(&inputs).values().iter().zip(slopes.values()).map(|(y, s)| f64::from(*y) * f64::from(*s)).sum::<f64>();
        let mut tape = Tape::default();
        net.forward_kept(inputs.values(), &mut tape);
        let mut gradient = vec![f32::NAN; net.parameters().len()];
        net.backward(inputs.values(), &mut tape, slopes.values(), &mut gradient);
        let (mut along, mut across, mut moved) = (0.0, 0.0, 0);
        for (index, found) in gradient.iter().enumerate() {
            let step = 1e-3;
            let at = net.parameters()[index];
            net.parameters_mut()[index] = at + step;
            let above = loss(&net);
            net.parameters_mut()[index] = at - step;
            let below = loss(&net);
            net.parameters_mut()[index] = at;
            let slope = (above - below) / f64::from(2.0 * step);
            // What pads moves the loss by nothing and has no gradient, or would never be seen by it.
            moved += usize::from(slope != 0.0);
            along += (f64::from(*found) - slope).powi(2);
            across += slope.powi(2);
        }
        assert!(moved > 300, "{activation:?}: only {moved} parameters matter");
        assert!((along / across).sqrt() < 5e-3, "{activation:?}: relative error {}", (along / across).sqrt());
    }
}

#[test]
fn what_pads_the_parameters_has_no_gradient() {
    let net = network(&[3, 20, 2], Activation::Tanh);
    let (inputs, slopes) = (normals(1, 10, 3), normals(2, 10, 2));
    let mut tape = Tape::default();
    net.forward_kept(inputs.values(), &mut tape);
    let mut gradient = vec![f32::NAN; net.parameters().len()];
    net.backward(inputs.values(), &mut tape, slopes.values(), &mut gradient);
    let count = gradient.iter().filter(|value| **value != 0.0).count();
    assert_eq!(count, 3 * 20 + 20 + 20 * 2 + 2);
}

#[test]
fn a_row_has_the_same_bits_among_any_number_of_rows() {
    for activation in ACTIVATIONS {
        let net = network(&[7, 64, 33, 3], activation);
        let inputs = normals(3, 1500, 7);
        let all = net.forward(&inputs);
        assert_eq!(net.forward_kept(inputs.values(), &mut Tape::default()), all.values());
        for count in [1, 2, 3, 5, 64, 129, 1029] {
            let some = net.forward(&Batch::new(7, inputs.values()[..count * 7].to_vec()));
            assert_eq!(some.values(), &all.values()[..count * 3], "{activation:?} among {count}");
        }
    }
}

#[test]
fn vector_units_give_the_bits_of_one_sum_after_another() {
    // Whatever this machine's vector unit is: bias first, then products added in order, two roundings each. So every machine agrees.
    let net = network(&[7, 70, 33, 3], Activation::Relu);
    let inputs = normals(3, 9, 7);
    let outputs = net.forward(&inputs);
    for row in 0..9 {
        let mut values = inputs.row(row).to_vec();
        for (index, (weights, biases)) in net.layers().into_iter().enumerate() {
            let sum = |column: usize| {
                let products = values.iter().zip(weights.iter().skip(column).step_by(biases.len())).map(|(value, weight)| value * weight);
                products.fold(biases[column], |sum, product| sum + product)
            };
            let sums = (0..biases.len()).map(sum);
            values = if index < 2 { sums.map(|sum| sum.max(0.0)).collect() } else { sums.collect() };
        }
        assert_eq!(outputs.row(row), values);
    }
}

#[test]
fn thread_counts_change_no_bit_of_a_gradient() {
    let net = network(&[7, 64, 64, 3], Activation::Relu);
    let (inputs, slopes) = (normals(3, 1500, 7), normals(4, 1500, 3));
    let gradient = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let mut tape = Tape::default();
            let outputs = net.forward_kept(inputs.values(), &mut tape);
            let mut gradient = vec![0.0; net.parameters().len()];
            net.backward(inputs.values(), &mut tape, slopes.values(), &mut gradient);
            (outputs, gradient)
        })
    };
    assert_eq!(gradient(1), gradient(2));
    assert_eq!(gradient(1), gradient(4));
}

#[test]
fn first_weights_are_orthogonal_with_the_gain_of_their_layer() {
    let net = Mlp::new(&[5, 32, 3], Activation::Relu, 0.01, &mut Stream::new(1, Purpose::Weights, 0, 0));
    let layers = net.layers();
    // The shorter side's vectors: rows of the first layer (5 by 32), columns of the second (32 by 3).
    let product = |weights: &[f32], width: usize, rows: bool, a: usize, b: usize| -> f32 {
        let length = if rows { width } else { weights.len() / width };
        let at = |vector: usize, index: usize| if rows { weights[vector * width + index] } else { weights[index * width + vector] };
        (0..length).map(|index| at(a, index) * at(b, index)).sum()
    };
    for a in 0..5 {
        for b in 0..5 {
            assert_near(product(&layers[0].0, 32, true, a, b), if a == b { 2.0 } else { 0.0 }, 1e-5);
        }
    }
    for a in 0..3 {
        for b in 0..3 {
            assert_near(product(&layers[1].0, 3, false, a, b), if a == b { 1e-4 } else { 0.0 }, 1e-9);
        }
    }
    assert!(layers.iter().all(|(_, biases)| biases.iter().all(|bias| *bias == 0.0)));
}
