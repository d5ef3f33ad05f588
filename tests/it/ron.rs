//! Reading RON with places.

use apprentice::scene::load;
use std::path::Path;

#[test]
fn the_push_scene_loads() {
    let loaded = load::load(Path::new("scenes/push")).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.scene.sensors.len(), 4);
    assert!(load::canonical(&loaded.scene).contains("cube_mass"));
}
