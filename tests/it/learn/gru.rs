//! The gated recurrent unit.

use super::{assert_near, normals};
use apprentice::learn::network::gru::{Gru, Tape};
use apprentice::stream::{Purpose, Stream};

fn gru() -> Gru {
    Gru::new(3, 16, &mut Stream::new(1, Purpose::Weights, 0, 0))
}

#[test]
fn one_step_equals_one_worked_out_by_hand() {
    // All weights 0: r = z = σ(0) = ½ but for the biases: bz = ln 3 gives z = ¾, bn = 1 gives n = tanh 1; h = ¼ n, then n + ¾ (h − n).
    let mut gru = gru();
    gru.parameters_mut().fill(0.0);
    let bias = 3 * 3 * 16;
    gru.parameters_mut()[bias + 16..bias + 32].fill(libm::logf(3.0));
    gru.parameters_mut()[bias + 32..bias + 48].fill(1.0);
    let mut tape = Tape::default();
    let once = gru.forward(&[0.3, -1.0, 2.0], 1, &mut tape);
    assert_near(once[5], 0.25 * 0.761_594_2, 1e-6);
    let twice = gru.forward(&[0.3, -1.0, 2.0, 0.0, 0.0, 0.0], 2, &mut tape);
    assert_near(twice[5], (1.0 - 0.75 * 0.75) * 0.761_594_2, 1e-6);
}

#[test]
fn its_slopes_are_those_of_finite_differences() {
    let mut gru = gru();
    let (windows, weights) = (normals(1, 5, 4 * 3), normals(2, 5, 16));
    let loss = |gru: &Gru| -> f64 {
        let held = gru.forward(windows.values(), 4, &mut Tape::default());
        held.iter().zip(weights.values()).map(|(held, weight)| f64::from(held * weight)).sum()
    };
    let (mut tape, mut gradient) = (Tape::default(), Vec::new());
    gru.forward(windows.values(), 4, &mut tape);
    gru.backward(&tape, weights.values(), &mut gradient);
    for index in (0..gradient.len()).step_by(13) {
        let at = gru.parameters()[index];
        let mut side = |step: f32| {
            gru.parameters_mut()[index] = at + step;
            loss(&gru)
        };
        let slope = (side(1e-2) - side(-1e-2)) / 2e-2;
        side(0.0);
        assert_near(gradient[index], slope as f32, 2e-3 * (1.0 + gradient[index].abs()));
    }
}

#[test]
fn a_row_is_read_alike_among_any_number_of_rows() {
    let (gru, windows) = (gru(), normals(1, 70, 4 * 3));
    let all = gru.forward(windows.values(), 4, &mut Tape::default());
    assert_eq!(gru.forward(windows.row(33), 4, &mut Tape::default()), all[33 * 16..34 * 16]);
}
