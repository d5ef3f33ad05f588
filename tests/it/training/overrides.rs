//! Edits of a recipe's text.

use apprentice::training::overrides::{Edited, Override, apply};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

fn set(text: &str, overrides: &[&str]) -> Result<Edited, String> {
    let overrides: Result<Vec<Override>, _> = overrides.iter().map(|text| text.parse()).collect();
    apply(text, &overrides.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
}

#[track_caller]
fn becomes(text: &str, change: &str, expected: &str) {
    assert_eq!(set(text, &[change]).unwrap().text, expected, "{change}");
    ron::from_str::<ron::Value>(expected).unwrap();
}

#[track_caller]
fn refused(text: &str, change: &str, expected: &str) {
    assert_eq!(set(text, &[change]).unwrap_err(), expected);
}

const RECIPE: &str = r#"// seed: 7 is not the seed
Recipe(
    scene: "scene.ron", // learner: not here
    learner: Ppo(rate: 3e-4, /* rate: 1 /* nested */ */ horizon: 32),
    budget: Steps(3_000_000),
    evaluate: Some((every: 50, levels: 100)),
    stages: [Cloning(rate: 1e-3), Ppo],
    seed: 1, // the last
)
"#;

#[track_caller]
fn changes(change: &str, old: &str, new: &str) {
    assert_eq!(RECIPE.matches(old).count(), 1);
    becomes(RECIPE, change, &RECIPE.replace(old, new));
}

#[test]
fn only_the_bytes_of_the_value_change() {
    changes("seed=2", "seed: 1,", "seed: 2,");
    changes("learner.rate=1e-3", "rate: 3e-4", "rate: 1e-3");
    changes("learner.horizon = 64", "horizon: 32", "horizon: 64");
    changes(
        "learner=Sac(rate: 1e-3, layers: [64, 64])",
        "Ppo(rate: 3e-4, /* rate: 1 /* nested */ */ horizon: 32)",
        "Sac(rate: 1e-3, layers: [64, 64])",
    );
}

#[test]
fn paths_go_through_options_lists_and_tuples() {
    changes("evaluate.every=10", "every: 50", "every: 10");
    changes("stages.0.rate=2e-3", "rate: 1e-3", "rate: 2e-3");
    changes("stages.1=Sac", ", Ppo]", ", Sac]");
    changes("budget.0=100", "3_000_000", "100");
    becomes(r#"(props: {"cube": Box(size: (1, 2, 3))})"#, "props.cube.size.1=9", r#"(props: {"cube": Box(size: (1, 9, 3))})"#);
}

#[test]
fn an_absent_field_is_added_in_the_layout_of_its_neighbours() {
    changes("arenas=64", "// the last\n", "// the last\n    arenas: 64,\n");
    changes("learner.clip=0.1", "horizon: 32)", "horizon: 32, clip: 0.1)");
    changes("stages.1.rate=2e-3", ", Ppo]", ", Ppo(rate: 2e-3)]");
    changes("checkpoint.every=5", "// the last\n", "// the last\n    checkpoint: (every: 5),\n");
    becomes("Recipe()", "seed=1", "Recipe(seed: 1)");
    becomes("( // none\n)", "seed=1", "(seed: 1 // none\n)");
    becomes("(\n    a: 1\n)", "seed=1", "(\n    a: 1, seed: 1\n)");
    becomes("(a: 1,)", "seed=1", "(a: 1, seed: 1,)");
    becomes("(\n  a: 1, b: 2, // two\n)", "seed=1", "(\n  a: 1, b: 2, seed: 1, // two\n)");
    becomes("(\r\n  a: 1,\r\n)", "seed=1", "(\r\n  a: 1,\n  seed: 1,\r\n)");
}

#[test]
fn later_overrides_go_into_what_earlier_ones_set() {
    let edited = set("(learner: Ppo(rate: 1))", &["learner=Sac(rate: 2)", "learner.rate=3", "learner.tau=4"]).unwrap();
    assert_eq!(edited.text, "(learner: Sac(rate: 3, tau: 4))");
}

#[test]
fn texts_that_look_like_structure_are_left_alone() {
    for tricky in [r#""a: (1, \"b: 2\", ]""#, r##"r#"seed: 9 " ) "#"##, r#"b"seed: )""#, r"'\''", r"'('", "\"é: 日本 ( \\\\\""] {
        let text = format!("(name: {tricky}, seed: 1)");
        assert_eq!(set(&text, &["seed=2"]).unwrap().text, format!("(name: {tricky}, seed: 2)"));
    }
    becomes("#![enable(implicit_some)]\n(seed: 1)", "seed=2", "#![enable(implicit_some)]\n(seed: 2)");
    becomes("(r#type: 1)", "type=2", "(r#type: 2)");
    becomes("(low: -inf, seed: -1.5e-3,)", "seed=2", "(low: -inf, seed: 2,)");
}

#[test]
fn quotes_that_a_shell_took_are_put_back_where_a_text_stood() {
    becomes(r#"(scene: "scene.ron")"#, "scene=../push/scene.ron", r#"(scene: "../push/scene.ron")"#);
    becomes(r#"(scene: "scene.ron")"#, r#"scene="other.ron""#, r#"(scene: "other.ron")"#);
    refused(
        "(seed: 1)",
        "seed=../x",
        "`seed` cannot be set to `../x`: found `/`, expected nothing more, where one RON value is expected (a text stands in quotes: `\"like this\"`)",
    );
}

#[test]
fn a_value_is_one_value_and_its_comment_does_not_swallow_the_rest() {
    becomes("(seed: 1, b: 2)", "seed=3 // three", "(seed: 3, b: 2)");
    for (value, problem) in
        [("1, b: 2", "found `,`"), ("(1", "this has no `)`"), ("1) b: (2", "found `)`"), ("\"a", "no closing quote"), ("", "nothing")]
    {
        let error = set("(seed: 1)", &[&format!("seed={value}")]).unwrap_err();
        assert!(error.contains(problem), "{value}: {error}");
    }
}

#[test]
fn a_path_that_leads_nowhere_is_refused_with_what_is_there() {
    refused("(seed: 1)", "seed.low=2", "`seed.low` leads nowhere: `seed` is `1`, which has nothing inside");
    refused("(teacher: None)", "teacher.rate=2", "`teacher.rate` leads nowhere: `teacher` is `None`, which has nothing inside");
    refused("(stages: [Ppo, Sac])", "stages.2.rate=1", "`stages.2.rate` leads nowhere: `stages` has no `2`: its entries are `0` to `1`");
    refused("(stages: [])", "stages.0=Ppo", "`stages.0` leads nowhere: `stages` has no `0`: it is empty");
    refused(
        r#"(props: {"cube": 1, "disc": 2})"#,
        "props.cub=3",
        "`props.cub` leads nowhere: `props` has no `cub`: did you mean `cube`? It has cube, disc",
    );
    refused(
        "(rate: 1)",
        "0=3",
        "`0` leads nowhere: the recipe has no `0`: did you mean `rate`? It has rate".replace("the recipe", "`the recipe`").as_str(),
    );
    for path in ["", ".", "learner.", ".rate", "learner..rate", "a b", "a,b"] {
        refused(
            "(seed: 1)",
            &format!("{path}=1"),
            &format!("`{path}` is no path: write names with dots between them, as in `learner.rate`"),
        );
    }
    refused("(seed: 1)", "seed", "`seed` has no `=`: write an override as `learner.rate=3e-4`");
}

#[test]
fn what_is_no_ron_is_refused_with_its_place_and_never_overflows_the_stack() {
    refused("(\n  é: 1,,\n)", "seed=2", "line 2, column 8: found `,`, expected a value");
    refused("(a: 1", "seed=2", "line 1, column 1: this has no `)`");
    refused("(/* a", "seed=2", "line 1, column 2: this comment has no end");
    refused("", "seed=2", "line 1, column 1: found the end, expected a value");
    let error = set(&"(".repeat(100_000), &["seed=2"]).unwrap_err();
    assert!(error.ends_with("more than 128 deep in one another"), "{error}");
}

#[test]
fn the_loader_can_blame_the_override_that_brought_an_error_in() {
    let edited = set("Recipe(\n  learner: Ppo(raet: 1),\n  seed: 1,\n)", &["seed=10", "learner.clip=0.5", "arenas=many"]).unwrap();
    assert_eq!(edited.text, "Recipe(\n  learner: Ppo(raet: 1, clip: 0.5),\n  seed: 10,\n  arenas: many,\n)");
    let blamed = |line, column| edited.blame(line, column).map(ToString::to_string);
    assert_eq!(blamed(2, 16), None); // `raet` was there before
    assert_eq!(blamed(2, 25).as_deref(), Some("learner.clip=0.5"));
    assert_eq!(blamed(3, 10).as_deref(), Some("seed=10"));
    assert_eq!(blamed(4, 11).as_deref(), Some("arenas=many"));
    assert_eq!(blamed(1, 1), None);
    assert_eq!(blamed(0, 0), None);
    assert_eq!(blamed(99, 1), None);
}

/// Whatever RON can say of a learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Learner {
    Plain,
    Fields { rate: f64, layers: Vec<u32> },
    Tuple(String, i64),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Recipe {
    scene: String,
    learner: Learner,
    names: BTreeMap<String, Option<char>>,
    seed: u64,
}

fn learner() -> impl Strategy<Value = Learner> {
    prop_oneof![
        Just(Learner::Plain),
        (any::<i32>(), prop::collection::vec(any::<u32>(), 0..4))
            .prop_map(|(rate, layers)| Learner::Fields { rate: f64::from(rate) / 8.0, layers }),
        (any::<String>(), any::<i64>()).prop_map(|(name, number)| Learner::Tuple(name, number)),
    ]
}

fn recipe() -> impl Strategy<Value = Recipe> {
    (any::<String>(), learner(), prop::collection::btree_map("[a-z]{1,5}", any::<Option<char>>(), 0..4), any::<u64>())
        .prop_map(|(scene, learner, names, seed)| Recipe { scene, learner, names, seed })
}

proptest! {
    #[test]
    fn setting_a_field_of_any_recipe_changes_that_field_alone(recipe in recipe(), learner in learner(), scene in any::<String>(), pretty in any::<bool>()) {
        let write = |value: &Recipe| if pretty { ron::ser::to_string_pretty(value, ron::ser::PrettyConfig::new()) } else { ron::to_string(value) };
        let overrides = [
            Override::new("learner", &ron::to_string(&learner).unwrap()).unwrap(),
            Override::new("scene", &ron::to_string(&scene).unwrap()).unwrap(),
        ];
        let edited = apply(&write(&recipe).unwrap(), &overrides).unwrap();
        let found: Recipe = ron::from_str(&edited.text).unwrap();
        prop_assert_eq!(found, Recipe { learner, scene, ..recipe });
    }

    #[test]
    fn no_text_and_no_override_panics(text in r#"[(){}\[\]:,"'#!r/*\\a1é \n.=-]{0,40}"#, path in "[a-z0-9.]{0,8}", value in r#"[(){}\[\]:,"'#r/*a1 ]{0,10}"#) {
        if let Ok(change) = Override::new(&path, &value)
            && let Ok(edited) = apply(&text, &[change])
        {
            prop_assert!(edited.blame(1, 1).is_none() || !edited.text.is_empty());
            // What could be edited can be edited again.
            prop_assert!(apply(&edited.text, &[]).is_ok());
        }
    }
}
