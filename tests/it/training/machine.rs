//! What is told of the machine.

use apprentice::training::machine::{Machine, vector_unit};

#[test]
fn the_machine_survives_the_resolved_recipe() {
    let here = Machine::here("cpu");
    assert!(here.cores > 0);
    let text = ron::to_string(&here).unwrap();
    assert_eq!(ron::from_str::<Machine>(&text).unwrap(), here);
    assert!(here.to_string().starts_with(&format!("cpu, {}, ", vector_unit())), "{here}");
}

#[test]
fn machines_agree_when_device_and_vector_unit_are_the_same() {
    let here = Machine::here("cpu");
    assert!(here.agrees_with(&Machine { processor: "another".into(), cores: 64, ..here.clone() }));
    assert!(!here.agrees_with(&Machine { vector: "another".into(), ..here.clone() }));
    assert!(!here.agrees_with(&Machine { device: "gpu".into(), ..here.clone() }));
}
