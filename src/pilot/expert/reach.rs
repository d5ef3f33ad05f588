//! Bringing the fingertip to a point.

use super::gripping::{Hand, drive};
use crate::scene::plan::{Situation, ThingId};
use crate::task::centre;

pub(super) fn decide(situation: &Situation<'_>, point: ThingId, action: &mut [f32]) {
    let hand = Hand::of(situation);
    let mut motion = hand.towards(centre(situation, point));
    // How the fingers point does not matter: high up the arm could not reach with its fingers down.
    motion.pitch = 0.0;
    drive(situation, &hand, motion, action);
}
