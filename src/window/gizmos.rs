//! Lines drawn over the scene: what sensors see, where things touch, where joints turn.

use super::camera::Eye;
use super::livery;
use super::shown::Shown;
use super::smoothing::{Between, DrawSystems, Drawn};
use crate::arena::ArenaQuery;
use crate::body::turned;
use crate::scene::plan::{Plan, Setting, Situation};
use crate::scene::schema::{Predicate, Sensor};
use crate::sensor::height_map::raster;
use crate::task::centre;
use bevy::color::palettes::css;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use std::f32::consts::TAU;

/// Something that can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gizmo {
    /// Each ray as far as it was read, with noise and delay as the pilot sees it.
    Rays,
    /// The cells of a map, as bright as they were read.
    Grid,
    /// From the body to what its offsets were read to be.
    Offsets,
    /// From things to where the task wants them.
    Goals,
    /// Edges of zones.
    Zones,
    /// Points in which things touch, and which way they push.
    Contacts,
    /// Axes of the joints of bodies.
    Joints,
    /// Axes of the world and of bodies.
    Axes,
}

/// All of them, with their names.
pub const ALL: [(Gizmo, &str); 8] = [
    (Gizmo::Rays, "rays"),
    (Gizmo::Grid, "grid"),
    (Gizmo::Offsets, "offsets"),
    (Gizmo::Goals, "goals"),
    (Gizmo::Zones, "zones"),
    (Gizmo::Contacts, "contacts"),
    (Gizmo::Joints, "joint axes"),
    (Gizmo::Axes, "axes"),
];

/// What is shown.
#[derive(Resource, Default)]
pub struct Visible(Vec<Gizmo>);

impl Visible {
    /// Whether it is shown.
    pub fn has(&self, gizmo: Gizmo) -> bool {
        self.0.contains(&gizmo)
    }

    /// Shows it or hides it.
    pub fn set(&mut self, gizmo: Gizmo, show: bool) {
        self.0.retain(|shown| *shown != gizmo);
        if show {
            self.0.push(gizmo);
        }
    }
}

/// Draws them.
pub fn plugin(app: &mut App) {
    app.init_resource::<Visible>().add_systems(Startup, above).add_systems(Update, (sensors, task, world).in_set(DrawSystems::Look));
}

/// Lines are seen through things.
fn above(mut store: ResMut<GizmoConfigStore>) {
    let (config, _) = store.config_mut::<DefaultGizmoConfigGroup>();
    config.depth_bias = -1.0;
    config.line.width = 2.0;
}

/// What the sensors of the watched arena read, from where the body is drawn.
fn sensors(
    mut gizmos: Gizmos,
    arenas: Query<(ArenaQuery, &Drawn, &Transform)>,
    shown: Res<Shown>,
    visible: Res<Visible>,
    between: Res<Between>,
) {
    let Some((item, drawn, root)) = arenas.iter().find(|(item, ..)| item.arena.index == shown.watched) else { return };
    let mut observation = item.observation.0.as_slice();
    for (agent, link) in item.arena.plan.agents().zip(&drawn.roots) {
        let (Some((row, rest)), Some(pose)) = (observation.split_at_checked(agent.observation.width()), drawn.pose(*link, between.0))
        else {
            return;
        };
        observation = rest;
        readings(&mut gizmos, &visible, agent, &item.arena.episode.setting, row, (root.translation, pose));
    }
}

/// What the sensors of one agent read.
fn readings(gizmos: &mut Gizmos, visible: &Visible, plan: &Plan, setting: &Setting, row: &[f32], (middle, pose): (Vec3, Isometry3d)) {
    let at = middle + Vec3::from(pose.translation);
    let ahead = pose.rotation * Vec3::X;
    let heading = libm::atan2f(ahead.y, ahead.x);
    let level = |x: f32, y: f32| turned(Vec2::new(x, y), heading).extend(0.0);
    let mut first = 0;
    for (sensor, ready) in plan.scene.sensors.iter().zip(&plan.sensors) {
        let Some(read) = row.get(first..first + ready.width()) else { return };
        first += ready.width();
        match sensor {
            Sensor::Rays { count, reach, height, .. } if visible.has(Gizmo::Rays) => {
                for (index, share) in read.iter().enumerate() {
                    let (sine, cosine) = libm::sincosf(TAU * index as f32 / *count as f32);
                    let from = at + Vec3::Z * *height;
                    let to = from + level(cosine, sine) * share * reach;
                    let near = share.clamp(0.0, 1.0);
                    gizmos.line(from, to, Color::srgba(1.0 - near, 0.35 + 0.45 * near, 0.25, 0.8));
                    if *share < 0.999 {
                        gizmos.sphere(Isometry3d::from_translation(to), 0.025, css::ORANGE_RED).resolution(8);
                    }
                }
            }
            Sensor::Grid { cells, cell, .. } if visible.has(Gizmo::Grid) => {
                for (index, share) in read.iter().enumerate() {
                    let (column, row) = (index as u32 / cells.1, index as u32 % cells.1);
                    let x = (column as f32 + 0.5 - cells.0 as f32 / 2.0) * cell;
                    let y = (row as f32 + 0.5 - cells.1 as f32 / 2.0) * cell;
                    let middle = (at + level(x, y)).with_z(0.012);
                    let colour =
                        if *share > 0.0 { Color::srgba(1.0, 0.55, 0.1, 0.3 + 0.7 * share) } else { Color::srgba(0.2, 0.3, 0.4, 0.25) };
                    let square = Isometry3d::new(middle, Quat::from_rotation_z(heading));
                    gizmos.rect(square, Vec2::splat(cell * if *share > 0.0 { 0.86 } else { 0.94 }), colour);
                    if *share > 0.0 {
                        gizmos.rect(square, Vec2::splat(cell * share.min(0.86)), colour);
                    }
                }
            }
            Sensor::Cells { across, .. } if visible.has(Gizmo::Grid) => {
                let Some(maze) = &setting.maze else { continue };
                for (index, wall) in read.iter().enumerate() {
                    let (column, row) = (index as u32 / across, index as u32 % across);
                    let [x, y] = [column, row].map(|place| (place as f32 - (*across as f32 - 1.0) / 2.0) * maze.cell);
                    let square = Isometry3d::new((at + level(x, y)).with_z(0.012), Quat::from_rotation_z(heading));
                    let wall = wall.clamp(0.0, 1.0);
                    gizmos.rect(
                        square,
                        Vec2::splat(maze.cell * 0.3),
                        Color::srgba(0.2 + 0.8 * wall, 0.45, 0.4 - 0.3 * wall, 0.3 + 0.7 * wall),
                    );
                }
            }
            Sensor::Offset { .. } if visible.has(Gizmo::Offsets) => {
                let offset = Vec3::new(
                    read.first().copied().unwrap_or(0.0),
                    read.get(1).copied().unwrap_or(0.0),
                    read.get(2).copied().unwrap_or(0.0),
                );
                let to = at + pose.rotation * offset;
                gizmos.arrow(at + Vec3::Z * 0.05, to + Vec3::Z * 0.05, css::DEEP_SKY_BLUE).with_tip_length(0.08);
            }
            Sensor::Command { .. } if visible.has(Gizmo::Offsets) => {
                let to = level(read[0], read[1]);
                gizmos.arrow(at + Vec3::Z * 0.15, at + Vec3::Z * 0.15 + to, css::GOLD).with_tip_length(0.08);
            }
            Sensor::HeightMap { points, spacing, .. } if visible.has(Gizmo::Rays) => {
                let down = plan.down(&setting.values);
                let counts = [points.0 as usize, points.1 as usize];
                for (height, over) in read.iter().zip(raster(ahead, down, counts, *spacing)) {
                    let found = at + over + down * *height;
                    gizmos.sphere(Isometry3d::from_translation(found), 0.015, css::AQUA).resolution(6);
                }
            }
            _ => {}
        }
    }
}

/// Where the task wants things (of a team: for each agent, in its colour), and the zones it speaks of.
fn task(mut gizmos: Gizmos, arenas: Query<(ArenaQuery, &Transform)>, shown: Res<Shown>, visible: Res<Visible>) {
    for (item, root) in &arenas {
        let situation = item.situation();
        if visible.has(Gizmo::Zones) {
            for zone in &situation.setting.zones {
                let at = root.translation + zone.centre.extend(0.01);
                gizmos.circle(Isometry3d::from_translation(at), zone.radius, css::LIME).resolution(48);
                gizmos.circle(Isometry3d::from_translation(at + Vec3::Z * 0.3), zone.radius, css::LIME.with_alpha(0.4)).resolution(48);
            }
        }
        if !visible.has(Gizmo::Goals) || item.arena.index != shown.watched {
            continue;
        }
        let colours = livery::colours(situation.plan);
        for (index, plan) in situation.plan.agents().enumerate() {
            let situation = Situation { plan, ..situation };
            let colour = colours.get(index).map_or(css::GOLD, |colour| Color::srgb_from_array(*colour).to_srgba());
            let mut pairs = Vec::new();
            if let Some(task) = &plan.scene.task {
                wanted(&task.success, &mut pairs);
            }
            for (from, to) in pairs {
                let target = root.translation + centre(&situation, plan.thing(to));
                let thing = plan.thing(from);
                for member in crate::task::present(&situation, thing) {
                    let at = root.translation + situation.world.bodies[member].center_of_mass();
                    gizmos.line(at, target.with_z(at.z), colour);
                }
                gizmos.cross(Isometry3d::from_translation(target + Vec3::Z * 0.02), 0.12, colour);
            }
        }
    }
}

/// The pairs of things that a predicate wants to bring together or apart.
fn wanted<'a>(predicate: &'a Predicate, pairs: &mut Vec<(&'a str, &'a str)>) {
    match predicate {
        Predicate::Inside(a, b) | Predicate::Outside(a, b) | Predicate::On(a, b) | Predicate::Touching(a, b) | Predicate::Near(a, b, _) => {
            pairs.push((a, b));
        }
        Predicate::All(of) | Predicate::Any(of) | Predicate::Then(of) => of.iter().for_each(|part| wanted(part, pairs)),
        Predicate::For(_, of) | Predicate::Share(_, of) => wanted(of, pairs),
        _ => {}
    }
}

/// Contacts, joints and axes, where they are after the last step.
fn world(mut gizmos: Gizmos, arenas: Query<(ArenaQuery, &Transform)>, shown: Res<Shown>, visible: Res<Visible>, eyes: Query<&Eye>) {
    let scale = eyes.single().map_or(1.0, |eye| (eye.distance / 6.0).clamp(0.4, 3.0));
    for (item, root) in &arenas {
        let (world, plan) = (item.physics.view(), &item.arena.plan);
        if visible.has(Gizmo::Contacts) {
            for (point, push) in world.contacts() {
                let at = root.translation + point;
                gizmos.sphere(Isometry3d::from_translation(at), 0.014 * scale, css::RED).resolution(6);
                gizmos.line(at, at + push * 0.1 * scale, css::YELLOW);
            }
        }
        if item.arena.index != shown.watched {
            continue;
        }
        if visible.has(Gizmo::Joints) {
            for (at, axis) in plan.agents().flat_map(|agent| &agent.parts.joints).filter_map(|joint| joint.axis(world)) {
                let at = root.translation + at;
                gizmos.arrow(at - axis * 0.16 * scale, at + axis * 0.16 * scale, css::MAGENTA).with_tip_length(0.04 * scale);
            }
        }
        if visible.has(Gizmo::Axes) {
            for agent in plan.agents() {
                let body = world.bodies[agent.parts.root()].position();
                let frame = Transform { translation: root.translation + body.translation, rotation: body.rotation, ..default() };
                gizmos.axes(frame, 0.35 * scale);
            }
            gizmos.axes(Transform::from_translation(root.translation + Vec3::Z * 0.02), 0.6 * scale);
        }
    }
}
