//! Levels, spans and teachers.

use apprentice::curriculum::level::Grid;
use apprentice::curriculum::{Level, LevelId, Teacher, held_out, held_out_level};
use apprentice::scene::number::Span;
use apprentice::stream::{Purpose, Stream};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn spans() -> impl Strategy<Value = Span> {
    prop_oneof![
        (-100.0f32..100.0, 0.1f32..100.0).prop_map(|(low, width)| Span::Even(low, low + width)),
        (0.01f32..10.0, 1.1f32..100.0).prop_map(|(low, factor)| Span::Log(low, low * factor)),
        (-50i32..50, 0i32..60).prop_map(|(low, width)| Span::Whole(low, low + width)),
        proptest::collection::btree_set(-1000i32..1000, 1..9)
            .prop_map(|values| Span::Choice(values.into_iter().map(|value| value as f32 / 4.0).collect())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_span_maps_the_unit_interval_to_its_values_and_back(span in spans(), unit in 0.0f32..=1.0) {
        let value = span.value(unit);
        prop_assert!((span.least()..=span.most()).contains(&value), "{span:?} gave {value}");
        // The way back may give another point, but of the same value.
        let again = span.value(span.unit(value));
        prop_assert!((again - value).abs() <= 1e-4 * (1.0 + value.abs()), "{span:?}: {value} came back as {again}");
    }

    #[test]
    fn a_span_without_steps_gives_the_same_point_back(low in 0.1f32..10.0, factor in 1.5f32..50.0, unit in 0.0f32..=1.0) {
        for span in [Span::Even(low, low * factor), Span::Log(low, low * factor)] {
            let back = span.unit(span.value(unit));
            prop_assert!((back - unit).abs() < 1e-3, "{span:?}: {unit} came back as {back}");
        }
    }

    #[test]
    fn what_lies_outside_of_a_span_maps_to_the_unit_interval(span in spans(), value in -1e6f32..1e6, unit in -5.0f32..5.0) {
        prop_assert!((0.0..=1.0).contains(&span.unit(value)));
        prop_assert!((span.least()..=span.most()).contains(&span.value(unit)));
    }
}

#[test]
fn spans_have_the_values_that_a_hand_would_work_out() {
    assert_eq!(Span::Even(-2.0, 6.0).value(0.25), 0.0); // -2 + 0.25 * 8
    assert!((Span::Log(0.1, 10.0).value(0.5) - 1.0).abs() < 1e-6); // the geometric mean
    // 10 to 40 are 31 numbers, each with 1/31 of the interval: 0.5 falls into the 16th, which is 25.
    assert_eq!([0.0, 0.03, 0.5, 1.0].map(|unit| Span::Whole(10, 40).value(unit)), [10.0, 10.0, 25.0, 40.0]);
    assert_eq!([0.0, 0.3, 0.34, 0.99, 1.0].map(|unit| Span::Choice(vec![3.0, 1.0, 2.0]).value(unit)), [3.0, 3.0, 1.0, 2.0, 2.0]);
    // 2.4 is nearest to 2, which is the third of three: (2 + 0.5) / 3.
    assert!((Span::Choice(vec![3.0, 1.0, 2.0]).unit(2.4) - 2.5 / 3.0).abs() < 1e-6);
}

#[test]
fn levels_that_differ_have_names_that_differ() {
    let level = Level { cube: vec![0.1, 0.2], grid: None, seed: 3 };
    let grid = |columns, cells: &[u8]| Level { grid: Some(Grid { columns, cells: cells.to_vec() }), ..level.clone() };
    let others = [
        level.clone(),
        Level { cube: vec![0.2, 0.1], ..level.clone() },
        Level { cube: vec![0.1, f32::from_bits(0.2f32.to_bits() + 1)], ..level.clone() },
        Level { cube: vec![0.1], ..level.clone() },
        Level { seed: 4, ..level.clone() },
        grid(2, &[0, 1, 1, 0]),
        grid(4, &[0, 1, 1, 0]),
        grid(2, &[0, 1, 1, 1]),
    ];
    let names: BTreeSet<LevelId> = others.iter().map(Level::id).collect();
    assert_eq!(names.len(), others.len());
    assert_eq!(level.id(), level.clone().id());
}

#[test]
fn held_out_levels_are_all_different_always_the_same_and_never_proposed() {
    let held = held_out(3, 100);
    let names: BTreeSet<LevelId> = held.iter().map(Level::id).collect();
    assert_eq!(names.len(), 100);
    assert_eq!(held_out(3, 20), held[..20]);
    assert_eq!(held_out_level(3, 41), held[41], "one of them is the same drawn alone");
    let mut teacher = Teacher::Uniform.build(3);
    for seed in 0..3 {
        for arena in 0..50 {
            let lesson = teacher.propose(&mut Stream::new(seed, Purpose::Teacher, arena, 0));
            assert!(!names.contains(&lesson.level.id()));
            assert!(lesson.learn && lesson.start.is_none() && lesson.parent.is_none());
        }
    }
}

#[test]
fn the_uniform_teacher_fills_the_cube() {
    let mut teacher = Teacher::Uniform.build(2);
    let mut rng = Stream::new(1, Purpose::Teacher, 0, 0);
    let mut quarters = [0; 4];
    for _ in 0..2_000 {
        let cube = teacher.propose(&mut rng).level.cube;
        quarters[usize::from(cube[0] >= 0.5) + 2 * usize::from(cube[1] >= 0.5)] += 1;
    }
    // 500 each; the deviation is sqrt(2,000 * 1/4 * 3/4) = 19.4, and 5 of them are 97.
    assert!(quarters.iter().all(|count| (403..=597).contains(count)), "{quarters:?}");
}

#[test]
fn the_fixed_teacher_proposes_its_level_for_ever_and_keeps_no_other_teachers_state() {
    let level = Level { cube: vec![0.25], grid: None, seed: 12 };
    let mut teacher = Teacher::Fixed(level.clone()).build(1);
    for episode in 0..5 {
        assert_eq!(teacher.propose(&mut Stream::new(0, Purpose::Teacher, 0, episode)).level, level);
    }
    let state = teacher.state();
    assert!(teacher.restore(state).is_ok());
    assert!(teacher.restore(apprentice::curriculum::TeacherState(vec![1])).is_err());
}
