//! Sky, ground and light: the same for every scene, so that scenes are told apart by what is in them.

use super::camera::Eye;
use super::shell::linear;
use bevy::asset::RenderAssetUsages;
use bevy::image::{ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::light::{
    CascadeShadowConfig, CascadeShadowConfigBuilder, DirectionalLightShadowMap, GlobalAmbientLight, NotShadowCaster, NotShadowReceiver,
};
use bevy::mesh::{Indices, PrimitiveTopology, VertexAttributeValues};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::render::renderer::RenderAdapterInfo;

/// Colour of the sky at the horizon, which is also that of the haze (sRGB).
pub const HORIZON: [f32; 3] = [0.80, 0.86, 0.91];
/// Colour of the sky overhead (sRGB).
const ZENITH: [f32; 3] = [0.30, 0.50, 0.76];
/// How far away the sky is, m.
const SKY: f32 = 600.0;
/// Half of the ground's edge, m.
const GROUND: f32 = 400.0;

/// The dome of the sky, around the camera.
#[derive(Component)]
struct Sky;

/// The ground.
#[derive(Component)]
pub struct Ground;

/// The sun.
#[derive(Component)]
struct Sun;

/// Lights the stage, draws sky and ground.
pub fn plugin(app: &mut App) {
    app.insert_resource(ClearColor(Color::srgb_from_array(HORIZON)))
        .insert_resource(GlobalAmbientLight { color: Color::srgb(0.82, 0.90, 1.0), brightness: 640.0, ..default() })
        .insert_resource(DirectionalLightShadowMap { size: 2048 })
        .add_systems(Startup, set)
        .add_systems(PostUpdate, (keep_around, reach_as_far).before(TransformSystems::Propagate));
}

fn set(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut images: ResMut<Assets<Image>>,
    adapter: Option<Res<RenderAdapterInfo>>,
) {
    let software = adapter.is_some_and(|adapter| is_software(&adapter));
    let unlit = StandardMaterial { unlit: true, fog_enabled: false, cull_mode: None, ..default() };
    commands.spawn((Sky, Mesh3d(meshes.add(dome())), MeshMaterial3d(materials.add(unlit)), NotShadowCaster, NotShadowReceiver));
    let floor = StandardMaterial {
        base_color_texture: Some(images.add(tile(if software { 1 } else { 8 }))),
        perceptual_roughness: 0.92,
        reflectance: 0.15,
        ..default()
    };
    commands.spawn((Ground, Mesh3d(meshes.add(plane())), MeshMaterial3d(materials.add(floor)), NotShadowCaster));
    commands.spawn((
        Sun,
        DirectionalLight {
            color: Color::srgb(1.0, 0.97, 0.91),
            illuminance: 5_600.0,
            shadow_maps_enabled: true,
            shadow_depth_bias: 0.03,
            shadow_normal_bias: 1.2,
            ..default()
        },
        Transform::default().looking_to(Vec3::new(0.72, -0.22, -1.0), Vec3::Z),
        shadows(12.0),
    ));
    // From the other side, without shadows, so that what is in the shade keeps its shape.
    commands.spawn((
        DirectionalLight { color: Color::srgb(0.75, 0.85, 1.0), illuminance: 1_100.0, ..default() },
        Transform::default().looking_to(Vec3::new(-0.55, 0.7, -0.5), Vec3::Z),
    ));
}

/// Whether an adapter is a processor that draws: it wants as little as can be.
fn is_software(adapter: &RenderAdapterInfo) -> bool {
    format!("{:?}", adapter.device_type) == "Cpu"
}

/// How smoothly edges are drawn: four samples a pixel cost a graphics card nothing, and a processor half of its pictures.
pub fn samples(world: &World) -> Msaa {
    if world.get_resource::<RenderAdapterInfo>().is_some_and(is_software) { Msaa::Off } else { Msaa::Sample4 }
}

fn shadows(distance: f32) -> CascadeShadowConfig {
    CascadeShadowConfigBuilder { num_cascades: 1, minimum_distance: 0.05, maximum_distance: distance, ..default() }.build()
}

/// The sky stays around the camera.
fn keep_around(eye: Query<&Transform, (With<Eye>, Without<Sky>)>, mut sky: Query<&mut Transform, With<Sky>>) {
    if let (Ok(eye), Ok(mut sky)) = (eye.single(), sky.single_mut()) {
        sky.translation = eye.translation;
    }
}

/// Shadows reach a little farther than what the camera looks at, and are no coarser than that needs.
fn reach_as_far(eye: Query<&Eye>, mut sun: Query<&mut CascadeShadowConfig, With<Sun>>, mut reached: Local<f32>) {
    let (Ok(eye), Ok(mut config)) = (eye.single(), sun.single_mut()) else { return };
    let wanted = eye.depth();
    if wanted > 1.15 * *reached || wanted < 0.7 * *reached {
        *reached = wanted;
        *config = shadows(wanted);
    }
}

/// A sphere seen from within, paler towards the horizon.
fn dome() -> Mesh {
    let mut mesh = Sphere::new(SKY).mesh().uv(24, 32);
    let (low, high) = (linear(HORIZON), linear(ZENITH));
    if let Some(VertexAttributeValues::Float32x3(positions)) = mesh.attribute(Mesh::ATTRIBUTE_POSITION) {
        let colours: Vec<[f32; 4]> = positions
            .iter()
            .map(|position| {
                let height = (position[2] / SKY).max(0.0);
                let share = 1.0 - libm::powf(1.0 - height, 2.5);
                std::array::from_fn(|channel| low[channel] + share * (high[channel] - low[channel]))
            })
            .collect();
        mesh.insert_attribute(Mesh::ATTRIBUTE_COLOR, colours);
    }
    mesh
}

/// The ground: one tile of its texture is 2 m.
fn plane() -> Mesh {
    let corners = [[-GROUND, -GROUND], [GROUND, -GROUND], [GROUND, GROUND], [-GROUND, GROUND]];
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, corners.map(|[x, y]| [x, y, 0.0]).to_vec())
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, vec![[0.0, 0.0, 1.0]; 4])
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, corners.map(|corner| corner.map(|at| at / 2.0)).to_vec())
        .with_inserted_indices(Indices::U32(vec![0, 1, 2, 0, 2, 3]))
}

/// Pixels of an edge of the ground's tile.
const TILE: usize = 512;

/// A tile of 2 m: two by two squares of 1 m with a line between, and fainter lines each quarter of a metre. With all its smaller copies,
/// so that the ground stays calm where it is far. (`anisotropy` costs a processor that draws too much.)
fn tile(anisotropy: u16) -> Image {
    let metre = TILE / 2;
    let grey = |x: usize, y: usize| -> u8 {
        let line = |at: usize, pitch: usize, width: usize| at % pitch < width || at % pitch >= pitch - width;
        if line(x, metre, 2) || line(y, metre, 2) {
            118
        } else if line(x, metre / 4, 1) || line(y, metre / 4, 1) {
            152
        } else if (x / metre + y / metre).is_multiple_of(2) {
            166
        } else {
            160
        }
    };
    let mut level: Vec<u8> = (0..TILE * TILE).map(|index| grey(index % TILE, index / TILE)).collect();
    let (mut edge, mut data, mut levels) = (TILE, Vec::new(), 0);
    loop {
        // A touch of blue: concrete under a clear sky.
        data.extend(level.iter().flat_map(|grey| [(f32::from(*grey) * 0.965) as u8, (f32::from(*grey) * 0.985) as u8, *grey, 255]));
        levels += 1;
        if edge == 1 {
            break;
        }
        let half = edge / 2;
        let mean = |x: usize, y: usize| {
            let sum: u32 = [(0, 0), (1, 0), (0, 1), (1, 1)].iter().map(|(i, j)| u32::from(level[(2 * y + j) * edge + 2 * x + i])).sum();
            (sum / 4) as u8
        };
        level = (0..half * half).map(|index| mean(index % half, index / half)).collect();
        edge = half;
    }
    let size = Extent3d { width: TILE as u32, height: TILE as u32, depth_or_array_layers: 1 };
    let mut image = Image::new_uninit(size, TextureDimension::D2, TextureFormat::Rgba8UnormSrgb, RenderAssetUsages::RENDER_WORLD);
    image.texture_descriptor.mip_level_count = levels;
    image.data = Some(data);
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u: ImageAddressMode::Repeat,
        address_mode_v: ImageAddressMode::Repeat,
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        mipmap_filter: ImageFilterMode::Linear,
        anisotropy_clamp: anisotropy,
        ..default()
    });
    image
}
