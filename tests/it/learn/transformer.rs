//! The transformer: its passes against each other.

use super::{assert_near, normals};
use apprentice::learn::actor::transformer::{Form, Transformer};
use apprentice::learn::backend::Place;
use apprentice::learn::batch::Batch;
use apprentice::learn::network::attention::Attention;
use apprentice::stream::{Purpose, Stream};

fn transformer() -> Transformer {
    let form = Form { observation: 5, history: 2, action: 3, length: 4, latent: 2, stack: Attention { width: 32, heads: 2, layers: 2 } };
    Transformer::new(form, &mut Stream::new(1, Purpose::Weights, 0, 0))
}

#[test]
fn plain_numbers_decide_what_tensors_do() {
    let mut actor = transformer();
    let (inputs, targets) = (normals(1, 7, 10), normals(2, 7, 12));
    // With nothing learnt of the latent numbers and no noise they are 0, as where it acts: the loss is the mean distance of what it decides.
    let last = 33 * 16;
    let end = actor.parameters.len();
    actor.parameters[end - last..].fill(0.0);
    let decided = actor.decide(&inputs);
    assert!(decided.values().iter().all(|action| action.abs() < 1.0) && decided.values().iter().any(|action| action.abs() > 0.02));
    let distance: f32 = decided.values().iter().zip(targets.values()).map(|(a, b)| (a - b).abs()).sum::<f32>() / (7.0 * 12.0);
    let (loss, gradient) = actor.descend(&Place::cpu(), inputs.values(), targets.values(), vec![0.0; 14], 0.0);
    assert_near(loss, distance, 1e-5);
    assert_eq!(gradient.len(), actor.form.size());
    // Alone as among others, to the bit.
    assert_eq!(actor.decide(&Batch::new(10, inputs.row(4).to_vec())).values(), decided.row(4));
}

#[test]
fn its_slopes_are_those_of_finite_differences() {
    let mut actor = transformer();
    let (inputs, targets, noise) = (normals(1, 6, 10), normals(2, 6, 12), normals(3, 6, 2));
    let loss = |actor: &Transformer| actor.descend(&Place::cpu(), inputs.values(), targets.values(), noise.values().to_vec(), 0.5);
    let (_, gradient) = loss(&actor);
    let mut seen = 0;
    for index in (0..gradient.len()).step_by(gradient.len() / 120) {
        let at = actor.parameters[index];
        let mut side = |step: f32| {
            actor.parameters[index] = at + step;
            loss(&actor).0
        };
        let slope = (side(5e-3) - side(-5e-3)) / 1e-2;
        side(0.0);
        assert_near(gradient[index], slope, 3e-3 + 0.05 * slope.abs());
        seen += usize::from(slope.abs() > 1e-3);
    }
    assert!(seen > 15, "{seen} slopes were steep enough to tell");
}
