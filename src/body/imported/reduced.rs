//! What only reduced coordinates know: rotors, springs, joints that follow others.

use super::{Imported, multibodies, starts};
use crate::physics::Physics;
use crate::physics::rapier::dynamics::MultibodyDofCoupling;
use crate::physics::rapier::prelude::*;
use crate::scene::import::JointKind;

impl Imported {
    /// Gives multibodies what only they know: where their joints start, what turns with a motor, dampers, springs, and joints that follow
    /// others.
    pub(super) fn reduce(&self, links: &[RigidBodyHandle], physics: &mut Physics<'_>) {
        for index in multibodies(links, physics) {
            let Some(multibody) = physics.multibody_joints.get_multibody_mut(index) else { continue };
            // Lets the multibody notice whether its root is fixed.
            multibody.forward_kinematics(physics.bodies, true);
            multibody.damping_mut().fill(0.0);
        }
        let starts = starts(&self.robot);
        // Of each joint that has a number: its multibody's index, its link in that, and its degree of freedom.
        let mut places = Vec::new();
        for ((link, starts), handle) in self.robot.links.iter().zip(&starts).zip(links) {
            let Some(id) = physics.multibody_joints.rigid_body_link(*handle).copied() else { continue };
            let Some(multibody) = physics.multibody_joints.get_multibody_mut(id.multibody) else { continue };
            // The bodies between its joints lie on the way up to its parent.
            let mut chain = vec![multibody.links().position(|link| link.rigid_body_handle() == *handle)];
            while chain.len() < link.joints.len() {
                let above = chain.last().and_then(|link| multibody.link((*link)?)).and_then(MultibodyLink::parent_id);
                chain.push(above);
            }
            let mut displacements = vec![0.0; multibody.ndofs()];
            for ((joint, start), place) in link.joints.iter().zip(starts).zip(chain.iter().rev()) {
                let Some(place) = *place else { continue };
                let first: usize = multibody.links().take(place).map(|link| link.joint().ndofs()).sum();
                for dof in first..first + if joint.kind == JointKind::Ball { 3 } else { 1 } {
                    multibody.damping_mut()[dof] = joint.damping;
                    multibody.armature_mut()[dof] = joint.armature;
                }
                let axis = if joint.kind == JointKind::Slide { 0 } else { 3 };
                if joint.kind != JointKind::Ball {
                    displacements[first] = *start;
                    if let Some(link) = multibody.link_mut(place).filter(|_| joint.stiffness > 0.0) {
                        link.joint.set_spring(axis, joint.stiffness, joint.rest);
                    }
                    places.push((id.multibody, place, axis));
                }
            }
            multibody.apply_displacements(&displacements);
        }
        for coupling in &self.robot.couplings {
            let (Some(leader), Some(follower)) = (places.get(coupling.leader), places.get(coupling.joint)) else { continue };
            if let Some(multibody) = physics.multibody_joints.get_multibody_mut(leader.0).filter(|_| leader.0 == follower.0) {
                multibody.add_dof_coupling(MultibodyDofCoupling {
                    link1: leader.1,
                    dof1: 0,
                    axis1: leader.2,
                    link2: follower.1,
                    dof2: 0,
                    axis2: follower.2,
                    coeff: coupling.ratio,
                    offset: coupling.offset,
                });
            }
        }
        for index in multibodies(links, physics) {
            if let Some(multibody) = physics.multibody_joints.get_multibody_mut(index) {
                multibody.forward_kinematics(physics.bodies, true);
                multibody.update_rigid_bodies(physics.bodies, true);
            }
        }
    }
}
