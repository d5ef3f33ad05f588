//! From plain data to meshes: a body's look, the props' shapes, walls and zones.
//!
//! An arena's entity becomes the parent of an entity for each rigid body; those carry the meshes. What depends on the level (a pole's length,
//! a crate's size, where a zone lies) is a [`Costume`], taken in the step in which a level is first seen.

use super::livery;
use super::shell::{self, Shell};
use super::smoothing::{DrawSystems, Drawn, settle, things};
use super::stage::Ground;
use crate::arena::Arena;
use crate::body::look::{Finish, Look, Piece};
use crate::physics::rapier::prelude::{RigidBodyHandle, TypedShape};
use crate::scene::place::Zone;
use crate::scene::plan::{Plan, Situation, ThingKind};
use crate::scene::schema::Surrounding;
use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use std::collections::BTreeMap;

/// What an arena's things look like in one level.
pub struct Costume {
    /// Of each agent.
    looks: Vec<Look>,
    solids: Vec<Solid>,
    /// With their colours.
    zones: Vec<(Zone, [f32; 3])>,
    points: Vec<(Vec3, [f32; 3])>,
}

/// A collider that is drawn as it is.
struct Solid {
    /// Which of [`Drawn::bodies`] it belongs to.
    body: usize,
    form: SolidForm,
    at: Isometry3d,
    colour: [f32; 3],
    rough: f32,
}

#[derive(Clone, Copy)]
enum SolidForm {
    /// Edges, m.
    Box(Vec3),
    /// Radius, m.
    Ball(f32),
    /// Along y: radius and half height, m.
    Cylinder(f32, f32),
}

impl Costume {
    /// What is to be seen in a situation; `bodies` are those of [`Drawn::bodies`].
    pub fn of(situation: &Situation<'_>, bodies: &[RigidBodyHandle]) -> Self {
        let (plan, world) = (situation.plan, situation.world);
        let values = &situation.setting.values;
        let colours = livery::colours(plan);
        let dressed = |(index, agent): (usize, &Plan)| {
            let look = agent.body.look(values);
            colours.get(index).map_or(look.clone(), |colour| look.hulled(*colour))
        };
        let looks: Vec<Look> = plan.agents().enumerate().map(dressed).collect();
        let mut solids = Vec::new();
        let mut draw = |handle: RigidBodyHandle, colour: [f32; 3], rough: f32| {
            let (Some(body), Some(rigid)) = (bodies.iter().position(|body| *body == handle), world.bodies.get(handle)) else { return };
            if !rigid.is_enabled() {
                return;
            }
            let present = rigid.colliders().iter().filter_map(|collider| world.colliders.get(*collider));
            for collider in present.filter(|collider| collider.is_enabled()) {
                let form = match collider.shape().as_typed_shape() {
                    TypedShape::Cuboid(cuboid) => SolidForm::Box(2.0 * cuboid.half_extents),
                    TypedShape::Ball(ball) => SolidForm::Ball(ball.radius),
                    TypedShape::Cylinder(cylinder) => SolidForm::Cylinder(cylinder.radius, cylinder.half_height),
                    _ => continue,
                };
                let at = collider.position_wrt_parent().copied().unwrap_or_default();
                solids.push(Solid { body, form, at: Isometry3d::new(at.translation, at.rotation), colour, rough });
            }
        };
        for (index, (agent, look)) in plan.agents().zip(&looks).enumerate() {
            if look.links.iter().all(Vec::is_empty) {
                agent.parts.links.iter().for_each(|link| draw(*link, colours.get(index).copied().unwrap_or(LINK), 0.5));
            }
        }
        let props = livery::neutral(&PROPS, &colours);
        let theirs = |name: &str| livery::owner(plan, name).map(|agent| colours[agent]);
        let (mut zones, mut points) = (Vec::new(), Vec::new());
        for thing in things(plan) {
            let theirs = theirs(&thing.name);
            match thing.kind {
                ThingKind::Walls(_) => thing.members.iter().for_each(|member| draw(*member, WALL, 0.9)),
                ThingKind::Single | ThingKind::Group => {
                    let colour = theirs.unwrap_or(props[plan.scene.props.index(&thing.name).unwrap_or(0) % props.len()]);
                    for (member, handle) in thing.members.iter().enumerate() {
                        // Members of a group differ a little, so that they can be told apart.
                        let shade = [1.0, 0.9, 1.08, 0.95][member % 4];
                        draw(*handle, colour.map(|channel| (channel * shade).min(1.0)), 0.75);
                    }
                }
                ThingKind::Zone(zone) => {
                    let colour = theirs.unwrap_or(ZONES[zone % ZONES.len()]);
                    zones.extend(situation.setting.zones.get(zone).map(|zone| (*zone, colour)));
                }
                ThingKind::Point(point) => {
                    let colour = theirs.unwrap_or(ZONES[point % ZONES.len()]);
                    points.extend(situation.setting.points.get(point).map(|point| (*point, colour)));
                }
                ThingKind::Floor | ThingKind::Origin | ThingKind::Link | ThingKind::Spot(..) => {}
            }
        }
        Self { looks, solids, zones, points }
    }
}

/// Meshes and materials that entities share.
#[derive(Resource)]
pub struct Wardrobe {
    boxed: Handle<Mesh>,
    ball: Handle<Mesh>,
    barrel: Handle<Mesh>,
    disc: Handle<Mesh>,
    ring: Handle<Mesh>,
    /// Merged pieces of one finish, by what they are.
    shells: BTreeMap<String, Handle<Mesh>>,
    finishes: BTreeMap<String, Handle<StandardMaterial>>,
}

/// Merged pieces that are kept at most; older ones go where nothing wears them any more.
const SHELLS: usize = 256;

/// Colours of props, one after the other (sRGB).
const PROPS: [[f32; 3]; 6] =
    [[0.86, 0.36, 0.24], [0.80, 0.60, 0.36], [0.28, 0.56, 0.72], [0.45, 0.62, 0.34], [0.62, 0.42, 0.66], [0.86, 0.72, 0.30]];
/// Colours of zones, one after the other (sRGB).
const ZONES: [[f32; 3]; 4] = [[0.16, 0.62, 0.38], [0.20, 0.46, 0.80], [0.78, 0.52, 0.12], [0.60, 0.28, 0.66]];
/// Radius of the ball that shows a point, m.
const POINT: f32 = 0.025;
/// Colour of links that have no look (sRGB).
const LINK: [f32; 3] = [0.90, 0.70, 0.20];
/// Colour of walls (sRGB).
const WALL: [f32; 3] = [0.70, 0.73, 0.77];

/// Dresses arenas.
pub fn plugin(app: &mut App) {
    app.add_systems(Startup, open_wardrobe)
        .configure_sets(Update, (DrawSystems::Dress, DrawSystems::Move, DrawSystems::Look).chain())
        .add_systems(Update, (enter, settle.run_if(any_new), spread, dress).chain().in_set(DrawSystems::Dress));
}

fn open_wardrobe(mut commands: Commands, mut meshes: ResMut<Assets<Mesh>>) {
    commands.insert_resource(Wardrobe {
        boxed: meshes.add(shell::boxed()),
        ball: meshes.add(shell::ball()),
        barrel: meshes.add(shell::barrel()),
        disc: meshes.add(shell::disc(0.0)),
        ring: meshes.add(shell::disc(0.94)),
        shells: BTreeMap::new(),
        finishes: BTreeMap::new(),
    });
}

/// Arenas that are not drawn yet get an entity for each rigid body.
fn enter(mut commands: Commands, arenas: Query<(Entity, &Arena), Without<Drawn>>, mut ground: Query<&mut Transform, With<Ground>>) {
    for (entity, arena) in &arenas {
        let mut drawn = Drawn::new(arena);
        commands.entity(entity).insert((Transform::default(), Visibility::default()));
        drawn.nodes =
            drawn.bodies.iter().map(|_| commands.spawn((Transform::default(), Visibility::default(), ChildOf(entity))).id()).collect();
        commands.entity(entity).insert(drawn);
        if let Ok(mut ground) = ground.single_mut() {
            ground.translation.z = ground_of(&arena.plan);
        }
    }
}

fn any_new(arenas: Query<(), Added<Drawn>>) -> bool {
    !arenas.is_empty()
}

/// Height of the ground of a scene, m.
pub fn ground_of(plan: &Plan) -> f32 {
    let floor = plan.scene.surroundings.iter().any(|surrounding| matches!(surrounding, Surrounding::Floor { .. }));
    if floor { 0.0 } else { plan.body.look(&plan.quantities.values(&[])).framing.ground }
}

/// Half of the space that an arena takes on the grid, m.
pub fn extent(plan: &Plan) -> Vec2 {
    let walls = plan.scene.surroundings.iter().find_map(|surrounding| match surrounding {
        Surrounding::Walls { size, .. } => Some(Vec2::new(size.0, size.1) / 2.0 + 0.5),
        Surrounding::Maze { columns, rows, cell, .. } => Some(Vec2::new(*columns as f32, *rows as f32) * *cell / 2.0 + 0.5),
        Surrounding::Floor { .. } => None,
    });
    walls.unwrap_or(Vec2::splat(reach(plan) + if plan.scene.props.0.is_empty() { 0.3 } else { 2.0 }))
}

/// Radius of what is to be seen of the bodies; of a team, around the middle in which they begin, m.
pub fn reach(plan: &Plan) -> f32 {
    let values = plan.quantities.values(&[]);
    let of = |agent: &Plan| {
        let away = if plan.team.is_empty() { 0.0 } else { agent.body.start(&values).0.truncate().length() };
        away + agent.body.look(&values).framing.reach
    };
    plan.agents().map(of).fold(0.0, f32::max)
}

/// Where the arena `index` lies on a grid of cells around the first one: nearer cells first, so that it does not move when others come.
pub fn cell(index: usize) -> IVec2 {
    let mut ring = 0;
    while (2 * ring + 1) * (2 * ring + 1) <= index as i32 {
        ring += 1;
    }
    let mut cells: Vec<IVec2> = (-ring..=ring)
        .flat_map(|x| (-ring..=ring).map(move |y| IVec2::new(x, y)))
        .filter(|cell| cell.abs().max_element() == ring)
        .collect();
    cells.sort_by_key(|cell| (cell.length_squared(), -cell.y, cell.x));
    let inner = if ring == 0 { 0 } else { (2 * ring - 1) * (2 * ring - 1) };
    cells[index - inner as usize]
}

/// Arenas lie side by side, for the eye only.
fn spread(mut arenas: Query<(&Arena, &mut Transform), Added<Drawn>>) {
    for (arena, mut transform) in &mut arenas {
        let at = cell(arena.index).as_vec2() * 2.0 * extent(&arena.plan);
        transform.translation = at.extend(0.0);
    }
}

fn dress(
    mut commands: Commands,
    mut arenas: Query<(Entity, &mut Drawn)>,
    mut wardrobe: ResMut<Wardrobe>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    for (entity, mut drawn) in &mut arenas {
        if drawn.costume.is_none() {
            continue;
        }
        let Some(costume) = drawn.costume.take() else { continue };
        let wardrobe = &mut *wardrobe;
        for node in &drawn.nodes {
            commands.entity(*node).despawn_related::<Children>();
        }
        commands.entity(entity).despawn_related::<Undressed>();
        for (look, root) in costume.looks.iter().zip(&drawn.roots) {
            for (pieces, node) in look.links.iter().zip(drawn.nodes.iter().skip(*root)) {
                for worn in wardrobe.pieces(pieces, &mut meshes, &mut materials) {
                    commands.spawn((worn, ChildOf(*node)));
                }
            }
            for worn in wardrobe.pieces(&look.still, &mut meshes, &mut materials) {
                commands.spawn((worn, ChildOf(entity), UndressedWith(entity)));
            }
        }
        for solid in &costume.solids {
            let (mesh, scale) = match solid.form {
                SolidForm::Box(edges) => (&wardrobe.boxed, edges),
                SolidForm::Ball(radius) => (&wardrobe.ball, Vec3::splat(radius)),
                SolidForm::Cylinder(radius, half) => (&wardrobe.barrel, Vec3::new(radius, half, radius)),
            };
            let mesh = mesh.clone();
            let material = wardrobe.paint(solid.colour, solid.rough, 0.0, &mut materials);
            let transform = Transform::from_isometry(solid.at).with_scale(scale);
            commands.spawn((Mesh3d(mesh), MeshMaterial3d(material), transform, ChildOf(drawn.nodes[solid.body])));
        }
        for (index, (zone, colour)) in costume.zones.iter().enumerate() {
            // A little above the floor, one above the other, so that they do not fight for the same pixels.
            let height = 0.004 + 0.002 * index as f32;
            for (mesh, alpha, lift) in [(wardrobe.disc.clone(), 0.45, 0.0), (wardrobe.ring.clone(), 0.95, 0.001)] {
                let material = StandardMaterial {
                    base_color: Color::srgb_from_array(*colour).with_alpha(alpha),
                    alpha_mode: AlphaMode::Blend,
                    perceptual_roughness: 0.9,
                    reflectance: 0.1,
                    ..default()
                };
                let material = wardrobe.kept(format!("zone {colour:?} {alpha}"), material, &mut materials);
                let at = zone.centre.extend(height + lift);
                let transform = Transform::from_translation(at).with_scale(Vec3::new(zone.radius, zone.radius, 1.0));
                let disc = (Mesh3d(mesh), MeshMaterial3d(material), transform, NotShadowCaster);
                commands.spawn((disc, ChildOf(entity), UndressedWith(entity)));
            }
        }
        for (point, colour) in &costume.points {
            let material = StandardMaterial {
                base_color: Color::srgb_from_array(*colour).with_alpha(0.6),
                alpha_mode: AlphaMode::Blend,
                perceptual_roughness: 0.6,
                ..default()
            };
            let material = wardrobe.kept(format!("point {colour:?}"), material, &mut materials);
            let transform = Transform::from_translation(*point).with_scale(Vec3::splat(POINT));
            let ball = (Mesh3d(wardrobe.ball.clone()), MeshMaterial3d(material), transform, NotShadowCaster);
            commands.spawn((ball, ChildOf(entity), UndressedWith(entity)));
        }
    }
}

/// What an arena's entity wears itself; see [`UndressedWith`].
#[derive(Component, Default)]
#[relationship_target(relationship = UndressedWith)]
pub struct Undressed(Vec<Entity>);

/// Goes when the arena's look is renewed.
#[derive(Component)]
#[relationship(relationship_target = Undressed)]
pub struct UndressedWith(Entity);

impl Wardrobe {
    /// Pieces, merged into a mesh for each finish.
    fn pieces(
        &mut self,
        pieces: &[Piece],
        meshes: &mut Assets<Mesh>,
        materials: &mut Assets<StandardMaterial>,
    ) -> Vec<(Mesh3d, MeshMaterial3d<StandardMaterial>)> {
        let mut worn = Vec::new();
        for finish in [Finish::Matt, Finish::Gloss, Finish::Metal, Finish::Rubber, Finish::Lamp] {
            let of_it: Vec<Piece> = pieces.iter().filter(|piece| piece.finish == finish).copied().collect();
            if of_it.is_empty() {
                continue;
            }
            if self.shells.len() >= SHELLS {
                self.shells.clear();
            }
            let mesh = self.shells.entry(format!("{of_it:?}")).or_insert_with(|| meshes.add(Shell::of(of_it).mesh())).clone();
            let (rough, metal) = match finish {
                Finish::Matt => (0.8, 0.0),
                Finish::Gloss => (0.35, 0.0),
                Finish::Metal => (0.4, 0.6),
                Finish::Rubber => (0.95, 0.0),
                Finish::Lamp => {
                    let lamp = StandardMaterial { unlit: true, ..default() };
                    let material = self.kept("lamp".into(), lamp, materials);
                    worn.push((Mesh3d(mesh), MeshMaterial3d(material)));
                    continue;
                }
            };
            worn.push((Mesh3d(mesh), MeshMaterial3d(self.paint([1.0; 3], rough, metal, materials))));
        }
        worn
    }

    fn paint(&mut self, colour: [f32; 3], rough: f32, metal: f32, materials: &mut Assets<StandardMaterial>) -> Handle<StandardMaterial> {
        let material = StandardMaterial {
            base_color: Color::srgb_from_array(colour),
            perceptual_roughness: rough,
            metallic: metal,
            reflectance: 0.35,
            ..default()
        };
        self.kept(format!("{colour:?} {rough} {metal}"), material, materials)
    }

    fn kept(&mut self, name: String, material: StandardMaterial, materials: &mut Assets<StandardMaterial>) -> Handle<StandardMaterial> {
        self.finishes.entry(name).or_insert_with(|| materials.add(material)).clone()
    }
}
