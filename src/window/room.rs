//! Room for the last meshes on the graphics card.
//!
//! Bevy 0.19 makes room for the meshes of a frame by the size that their data has in Rust, and the card fills it by the size that it has there.
//! With the scalar maths that determinism needs, vectors are not aligned to 16 bytes in Rust, so that size is the smaller one: the last
//! few meshes of a frame fall off the end. (Skies lie flat on the ground, crates lose their height, depending on what else is seen.) Here more
//! room is made beforehand. Wherever vectors are aligned this does nothing.

use bevy::pbr::{MeshInputUniform, MeshUniform};
use bevy::prelude::*;
use bevy::render::batching::gpu_preprocessing::BatchedInstanceBuffers;
use bevy::render::render_resource::ShaderType;
use bevy::render::renderer::RenderDevice;
use bevy::render::{Render, RenderApp, RenderSystems};

/// Makes room in the renderer's buffers.
pub fn plugin(app: &mut App) {
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        let between = make_room.after(RenderSystems::PrepareResourcesCollectPhaseBuffers).before(RenderSystems::PrepareResourcesFlush);
        render.add_systems(Render, between);
    }
}

fn make_room(buffers: Option<ResMut<BatchedInstanceBuffers<MeshUniform, MeshInputUniform>>>, device: Res<RenderDevice>) {
    let (here, there) = (size_of::<MeshUniform>(), MeshUniform::min_size().get() as usize);
    let Some(mut buffers) = buffers.filter(|_| here < there) else { return };
    for phase in buffers.phase_instance_buffers.values_mut() {
        let buffer = &mut phase.data_buffer;
        let needed = (buffer.len() * there).div_ceil(here) + 1;
        if needed > buffer.capacity() {
            // Twice as much, so that a few meshes more are no reason to do it again.
            buffer.reserve(2 * needed, &device);
        }
    }
}
