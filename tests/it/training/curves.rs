//! Figures, as far as a program can look at them.

use apprentice::training::curves::{Axis, Curve, Figure, Point, Reference, points};
use apprentice::training::metrics::Line;

fn seed(scores: &[f64]) -> Vec<Point> {
    scores.iter().enumerate().map(|(index, score)| Point { place: index as f64 * 1e6, score: *score, success: *score }).collect()
}

fn figure(curves: Vec<Curve>) -> Figure {
    Figure { title: "push <ppo>".into(), curves, ..Figure::default() }
}

fn curve(name: &str, seeds: &[&[f64]]) -> Curve {
    Curve { name: name.into(), seeds: seeds.iter().map(|scores| seed(scores)).collect() }
}

/// The places of the points of every line that is drawn in `colour`, in pixels.
fn drawn(svg: &str, colour: &str) -> Vec<Vec<(i32, i32)>> {
    let lines = svg.lines().filter(|line| line.starts_with("<polyline") && line.contains(colour));
    let points = |line: &str| -> Vec<(i32, i32)> {
        let (_, rest) = line.split_once("points=\"").unwrap();
        let numbers: Vec<i32> = rest.split('"').next().unwrap().split([' ', ',']).filter_map(|number| number.parse().ok()).collect();
        numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect()
    };
    lines.map(points).collect()
}

#[test]
fn a_line_is_the_mean_over_its_seeds() {
    // Seeds at 0.2 and 0.6 have the mean 0.4, as a single seed at 0.4 has: the same pixels.
    let two = figure(vec![curve("ppo", &[&[0.0, 0.2, 0.2], &[0.0, 0.6, 1.0]])]).svg().unwrap();
    let one = figure(vec![curve("ppo", &[&[0.0, 0.4, 0.6]])]).svg().unwrap();
    assert_eq!(drawn(&two, "#0072B2"), drawn(&one, "#0072B2"));
    // The legend's, and one in either panel.
    assert_eq!(drawn(&one, "#0072B2").len(), 3);
    assert_eq!((two.matches("<polygon").count(), one.matches("<polygon").count()), (2, 0));
}

#[test]
fn seeds_judged_at_different_places_meet_on_straight_lines() {
    let even = Curve { name: "ppo".into(), seeds: vec![seed(&[0.0, 0.5, 1.0]), vec![seed(&[0.0])[0], seed(&[0.0, 0.0, 1.0])[2]]] };
    let same = curve("ppo", &[&[0.0, 0.5, 1.0]]);
    assert_eq!(drawn(&figure(vec![even]).svg().unwrap(), "#0072B2"), drawn(&figure(vec![same]).svg().unwrap(), "#0072B2"));
}

#[test]
fn axes_have_names_and_units_and_names_are_escaped() {
    let mut figure = figure(vec![curve("ppo & co", &[&[0.1, 0.5, 0.9]]), curve("sac", &[&[0.2, 0.4]])]);
    figure.references.push(Reference { name: "expert".into(), score: 0.93, success: 0.99 });
    let svg = figure.svg().unwrap();
    for text in
        ["control steps (millions)", "score", "success (% of episodes)", "push &lt;ppo&gt;", "ppo &amp; co", "expert", "One seed each."]
    {
        assert!(svg.lines().any(|line| line == text), "no {text:?} in\n{svg}");
    }
    assert!(svg.contains("width=\"800\" height=\"450\"") && svg.contains("#D55E00"));
    figure.axis = Axis::Updates;
    assert!(figure.svg().unwrap().contains("updates (millions)"));
}

#[test]
fn a_run_without_evaluation_or_with_a_single_one_still_draws() {
    assert!(Figure::default().svg().unwrap().starts_with("<svg"));
    let single = figure(vec![curve("ppo", &[&[0.5]])]).svg().unwrap();
    assert!(single.contains("<circle"));
    let not_known = Point { place: f64::NAN, score: f64::NAN, success: f64::INFINITY };
    let svg = figure(vec![Curve { name: "ppo".into(), seeds: vec![vec![not_known], vec![]] }]).svg().unwrap();
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn a_long_log_is_thinned() {
    let long: Vec<f64> = (0..100_000).map(|index| f64::from(index) / 1e5).collect();
    let svg = figure(vec![curve("ppo", &[&long])]).svg().unwrap();
    assert!(svg.len() < 40_000, "{} bytes", svg.len());
}

#[test]
fn points_are_taken_from_the_lines_that_have_them() {
    let line = |update, values: &[(&str, f64)]| Line {
        update,
        steps: update * 10,
        values: values.iter().map(|(name, value)| ((*name).into(), *value)).collect(),
        ..Line::default()
    };
    let lines = [
        line(1, &[("score", 0.1)]),
        line(2, &[("score", 0.2), ("evaluation.score", 0.5), ("evaluation.success", 0.25)]),
        line(3, &[("evaluation.score", 0.75)]),
    ];
    let found = points(&lines, "evaluation.");
    assert_eq!(found[0], Point { place: 20.0, score: 0.5, success: 0.25 });
    assert_eq!((found.len(), found[1].place, found[1].score, found[1].success.is_nan()), (2, 30.0, 0.75, true));
    assert_eq!(points(&lines, "").len(), 2);
}

#[test]
fn a_figure_is_saved_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("curves.svg");
    Figure::default().save(&path).unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().trim_end().ends_with("</svg>"));
}
