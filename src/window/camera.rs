//! Cameras: orbit (drag to turn, right drag to shift, wheel to come nearer), fly (right button and W A S D, Q and E for down and up), follow
//! (behind the body of the arena that is watched; of a team, the first agent's). The world is z-up throughout.

use super::dress::{self, cell, extent, ground_of};
use super::smoothing::{Between, DrawSystems, Drawn};
use super::stage::HORIZON;
use crate::arena::Arena;
use crate::body::look::Framing;
use crate::scene::plan::Plan;
use bevy::camera::Exposure;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::input::mouse::{AccumulatedMouseMotion, AccumulatedMouseScroll, MouseScrollUnit};
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use std::f32::consts::{PI, TAU};

/// How the camera moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Around a point.
    #[default]
    Orbit,
    /// Wherever one steers it.
    Fly,
    /// Behind the body.
    Follow,
}

/// The camera that shows the arenas, and how it stands.
#[derive(Component, Clone, Debug)]
pub struct Eye {
    /// How it moves.
    pub mode: Mode,
    /// What it turns around, m.
    pub target: Vec3,
    /// From the target to the camera: rad from the x axis (where it follows: from behind the body).
    pub bearing: f32,
    /// From the target to the camera: rad above the level.
    pub elevation: f32,
    /// From the target to the camera, m.
    pub distance: f32,
    /// Which arena it follows.
    pub watched: usize,
    /// Whether mouse and keys move it now (not while they are used on a panel).
    pub free: bool,
    /// Where it looks from while it follows: (behind, above), m.
    behind: (f32, f32),
    /// Smoothed heading of what it follows, rad.
    heading: f32,
    /// It is not to sink below the ground, m.
    ground: f32,
    /// What is up in its picture: on a floor that slopes, not the floor's own z.
    up: Vec3,
}

/// Half of the height of what is seen at a distance of 1.
const HALF_VIEW: f32 = 0.414_213_56;

impl Eye {
    /// That frames `count` arenas of a scene.
    pub fn framing(plan: &Plan, count: usize) -> Self {
        let framing = plan.body.look(&plan.quantities.values(&[])).framing;
        let Framing { target, bearing, elevation, behind, .. } = framing;
        let mut eye = Self {
            mode: Mode::Orbit,
            target,
            bearing,
            elevation,
            distance: 1.0,
            watched: 0,
            free: true,
            behind,
            heading: 0.0,
            ground: ground_of(plan),
            up: -plan.down(&plan.quantities.values(&[])),
        };
        let half = extent(plan);
        let (mut low, mut high) = (Vec2::ZERO, Vec2::ZERO);
        for index in 0..count {
            let at = cell(index).as_vec2() * 2.0 * half;
            (low, high) = (low.min(at), high.max(at));
        }
        let mazy = plan.layout.maze.is_some();
        let walled = mazy || plan.scene.surroundings.len() > 1;
        // A maze is looked into from higher up, and as a whole; a field on which a team plays, from its side.
        let field = walled && !mazy && !plan.team.is_empty();
        let reach = match walled {
            true if mazy => 1.05 * half.max_element(),
            true if field => 0.9 * half.max_element(),
            true => 0.62 * half.max_element(),
            false => dress::reach(plan),
        };
        if mazy {
            eye.elevation = 1.1;
        } else if field {
            (eye.bearing, eye.elevation) = (-PI / 2.0, 1.0);
        }
        let spread = (high - low) / 2.0;
        eye.target += ((low + high) / 2.0).extend(0.0);
        eye.distance = (reach + spread.length()) / HALF_VIEW * 0.98;
        let alone = count == 1 && plan.team.is_empty();
        if alone && !walled && crate::body::place(&plan.scene.body).is_some() && plan.scene.props.0.is_empty() {
            // Nothing holds it, and nothing else is to be seen: it walks out of any picture that stands still.
            eye.set_mode(Mode::Follow);
            eye.bearing = 2.2;
            eye.heading = plan.body.start(&plan.quantities.values(&[])).1;
        }
        eye
    }

    /// Changes how it moves, from where it is.
    pub fn set_mode(&mut self, mode: Mode) {
        if mode == self.mode {
            return;
        }
        self.mode = mode;
        if mode == Mode::Follow {
            let (behind, above) = self.behind;
            self.bearing = PI;
            self.elevation = libm::atan2f(above, behind);
            self.distance = libm::hypotf(behind, above);
        }
    }

    /// How far away the farthest thing of interest is, m.
    pub fn depth(&self) -> f32 {
        (1.9 * self.distance + 3.0).clamp(4.0, 220.0)
    }

    /// Unit vector from the target to the camera.
    fn outwards(&self, heading: f32) -> Vec3 {
        let (sine, cosine) = libm::sincosf(self.bearing + heading);
        let (up, level) = libm::sincosf(self.elevation);
        Vec3::new(level * cosine, level * sine, up)
    }

    /// Where it is and how it looks.
    pub fn pose(&self) -> Transform {
        let heading = if self.mode == Mode::Follow { self.heading } else { 0.0 };
        let mut at = self.target + self.distance * self.outwards(heading);
        at.z = at.z.max(self.ground + 0.08);
        Transform::from_translation(at).looking_at(self.target, self.up)
    }

    /// All that a camera needs beside its target, with haze that begins beyond what is looked at.
    pub fn bundle(self) -> impl Bundle {
        let pose = self.pose();
        let projection = Projection::Perspective(PerspectiveProjection { fov: PI / 4.0, near: 0.03, far: 1_000.0, ..default() });
        let haze =
            DistanceFog { color: Color::srgb_from_array(HORIZON), falloff: FogFalloff::Linear { start: 30.0, end: 140.0 }, ..default() };
        (self, Camera3d::default(), projection, Tonemapping::AcesFitted, Exposure { ev100: 9.7 }, haze, pose)
    }
}

/// Moves the camera.
pub fn plugin(app: &mut App) {
    app.add_systems(Update, (steer, lean, follow, place).chain().in_set(DrawSystems::Look));
}

/// Mouse and keys.
fn steer(
    mut eyes: Query<&mut Eye>,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    keys: Option<Res<ButtonInput<KeyCode>>>,
    motion: Option<Res<AccumulatedMouseMotion>>,
    scroll: Option<Res<AccumulatedMouseScroll>>,
    time: Res<Time<Real>>,
) {
    let (Ok(mut eye), Some(buttons), Some(keys), Some(motion), Some(scroll)) = (eyes.single_mut(), buttons, keys, motion, scroll) else {
        return;
    };
    if !eye.free {
        return;
    }
    let moved = motion.delta * 0.005;
    let notches = match scroll.unit {
        MouseScrollUnit::Line => scroll.delta.y,
        MouseScrollUnit::Pixel => scroll.delta.y / 50.0,
    };
    if eye.mode == Mode::Fly {
        fly(&mut eye, &buttons, &keys, moved, notches, time.delta_secs().min(0.1));
        return;
    }
    if buttons.pressed(MouseButton::Left) {
        eye.bearing = (eye.bearing - moved.x) % TAU;
        eye.elevation = (eye.elevation + moved.y).clamp(-0.2, 1.55);
    }
    if eye.mode == Mode::Orbit && (buttons.pressed(MouseButton::Right) || buttons.pressed(MouseButton::Middle)) {
        let pose = eye.pose();
        let (right, ahead) = (pose.right().as_vec3(), pose.up().as_vec3().with_z(0.0).normalize_or(pose.forward().as_vec3().with_z(0.0)));
        let step = eye.distance * 0.35;
        eye.target += (ahead * moved.y - right * moved.x) * step;
    }
    if notches != 0.0 {
        eye.distance = (eye.distance * libm::powf(0.88, notches)).clamp(0.3, 200.0);
    }
}

/// Flying: the camera turns on the spot, the target stays ahead of it.
fn fly(eye: &mut Eye, buttons: &ButtonInput<MouseButton>, keys: &ButtonInput<KeyCode>, moved: Vec2, notches: f32, seconds: f32) {
    let held = buttons.pressed(MouseButton::Right);
    let mut at = eye.pose().translation;
    if held || buttons.pressed(MouseButton::Left) {
        eye.bearing = (eye.bearing - moved.x) % TAU;
        eye.elevation = (eye.elevation + moved.y).clamp(-1.5, 1.5);
    }
    let ahead = -eye.outwards(0.0);
    let left = Vec3::Z.cross(ahead).normalize_or_zero();
    let mut wish = Vec3::ZERO;
    // Keys fly only while the right button is held: otherwise they may drive the body.
    if held {
        for (key, direction) in [
            (KeyCode::KeyW, ahead),
            (KeyCode::KeyS, -ahead),
            (KeyCode::KeyA, left),
            (KeyCode::KeyD, -left),
            (KeyCode::KeyE, Vec3::Z),
            (KeyCode::KeyQ, Vec3::NEG_Z),
        ] {
            if keys.pressed(key) {
                wish += direction;
            }
        }
    }
    let fast = if keys.pressed(KeyCode::ShiftLeft) { 4.0 } else { 1.0 };
    at += wish.normalize_or_zero() * 3.0 * fast * seconds + ahead * 0.4 * notches;
    eye.target = at - eye.distance * eye.outwards(0.0);
}

/// Shows what is level as level, however the watched arena's floor slopes.
fn lean(mut eyes: Query<&mut Eye>, arenas: Query<&Arena>) {
    let Ok(mut eye) = eyes.single_mut() else { return };
    let Some(arena) = arenas.iter().find(|arena| arena.index == eye.watched) else { return };
    let up = -arena.plan.down(&arena.episode.setting.values);
    if eye.up != up {
        eye.up = up;
    }
}

/// Keeps the target on the body.
fn follow(mut eyes: Query<&mut Eye>, arenas: Query<(&Arena, &Drawn, &Transform)>, between: Res<Between>, time: Res<Time<Real>>) {
    let Ok(mut eye) = eyes.single_mut() else { return };
    if eye.mode != Mode::Follow {
        return;
    }
    let Some((arena, drawn, root)) = arenas.iter().find(|(arena, ..)| arena.index == eye.watched) else { return };
    let Some(pose) = drawn.pose(0, between.0) else { return };
    eye.target = root.translation + Vec3::from(pose.translation) + Vec3::Z * 0.1;
    let ahead = pose.rotation * Vec3::X;
    // What does not turn on the floor (a cart on its rail) is looked at from where its framing says.
    let heading = if crate::body::place(&arena.plan.scene.body).is_some() { libm::atan2f(ahead.y, ahead.x) } else { PI / 2.0 };
    let turn = (heading - eye.heading + 3.0 * PI).rem_euclid(TAU) - PI;
    eye.heading += turn * (1.0 - libm::expf(-4.0 * time.delta_secs().min(0.5)));
}

fn place(mut eyes: Query<(&Eye, &mut Transform), Changed<Eye>>) {
    for (eye, mut transform) in &mut eyes {
        transform.set_if_neq(eye.pose());
    }
}
