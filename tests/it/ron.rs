//! Reading RON with places.

use apprentice::ron::{Document, nearest, read};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;

fn value<T: DeserializeOwned>(text: &str) -> T {
    read(text, "test.ron").finish().map_or_else(|problems| panic!("{text}\n{problems}"), |(value, _)| value)
}

fn refused<T: DeserializeOwned + Debug>(text: &str) -> Vec<String> {
    let problems = read::<T>(text, "test.ron").finish().expect_err(text);
    problems.0.iter().map(|problem| format!("{}:{}: {}", problem.line, problem.column, problem.sentence())).collect()
}

/// Something of everything that serde knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    truth: bool,
    small: i8,
    large: u64,
    largest: i64,
    real: f64,
    short: f32,
    letter: char,
    text: String,
    perhaps: Option<u8>,
    nested: Option<Option<i32>>,
    list: Vec<Kind>,
    pair: (i32, String),
    array: [u16; 3],
    map: BTreeMap<String, f64>,
    numbered: BTreeMap<i32, Vec<bool>>,
    newtype: Newtype,
    tuple: Tuple,
    unit: Unit,
    nothing: (),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Newtype(f64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tuple(i64, Option<String>);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    One(i32),
    Two(f64, String),
    Named { x: i32, y: Option<Box<Kind>> },
    Inner(Vec<Kind>),
}

fn kind() -> impl Strategy<Value = Kind> {
    let leaf = prop_oneof![
        Just(Kind::Plain),
        any::<i32>().prop_map(Kind::One),
        (-1e6..1e6f64, any::<String>()).prop_map(|(x, text)| Kind::Two(x, text)),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            (any::<i32>(), proptest::option::of(inner.clone())).prop_map(|(x, y)| Kind::Named { x, y: y.map(Box::new) }),
            proptest::collection::vec(inner, 0..4).prop_map(Kind::Inner),
        ]
    })
}

fn everything() -> impl Strategy<Value = Everything> {
    let plain = (any::<(bool, i8, u64, i64)>(), -1e6..1e6f64, -1e6..1e6f32, any::<char>(), any::<String>());
    let some =
        (any::<Option<u8>>(), any::<Option<i32>>(), proptest::collection::vec(kind(), 0..4), any::<(i32, String)>(), any::<[u16; 3]>());
    let maps = (
        proptest::collection::btree_map(any::<String>(), -1e6..1e6f64, 0..4),
        proptest::collection::btree_map(any::<i32>(), any::<Vec<bool>>(), 0..3),
        -1e6..1e6f64,
        any::<(i64, Option<String>)>(),
    );
    (plain, some, maps).prop_map(
        |((whole, real, short, letter, text), (perhaps, nested, list, pair, array), (map, numbered, newtype, tuple))| Everything {
            truth: whole.0,
            small: whole.1,
            large: whole.2,
            largest: whole.3,
            real,
            short,
            letter,
            text,
            perhaps,
            // `Some(None)` has no form of its own where `Some` may be left out.
            nested: nested.map(Some),
            list,
            pair,
            array,
            map,
            numbered,
            newtype: Newtype(newtype),
            tuple: Tuple(tuple.0, tuple.1),
            unit: Unit,
            nothing: (),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_ron_crate_writes_is_read_as_it_was(thing in everything()) {
        let plain = ron::ser::to_string(&thing).unwrap();
        prop_assert_eq!(&value::<Everything>(&plain), &thing);
        let pretty = ron::ser::PrettyConfig::new().struct_names(true).escape_strings(thing.truth);
        let pretty = ron::ser::to_string_pretty(&thing, pretty).unwrap();
        prop_assert_eq!(&value::<Everything>(&pretty), &thing);
    }

    #[test]
    fn what_the_ron_crate_refuses_has_no_other_value_here(text in "[a-z0-9()\\[\\]{},:\"\\-. ]{0,24}") {
        // Where both read a text, they agree on it.
        if let (Ok(theirs), Ok((ours, _))) = (ron::from_str::<Vec<Option<i32>>>(&text), read::<Vec<Option<i32>>>(&text, "").finish()) {
            prop_assert_eq!(theirs, ours);
        }
        if let Ok(theirs) = ron::from_str::<BTreeMap<String, (f64, bool)>>(&text)
            && let Ok((ours, _)) = read::<BTreeMap<String, (f64, bool)>>(&text, "").finish()
        {
            prop_assert_eq!(theirs, ours);
        }
    }
}

/// The value here and that of the `ron` crate (with `implicit_some` on, as it is here).
fn both<T: DeserializeOwned + PartialEq + Debug>(text: &str) {
    let theirs = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME).from_str::<T>(text);
    assert_eq!(value::<T>(text), theirs.unwrap_or_else(|error| panic!("{text}: {error}")), "{text}");
}

#[test]
fn spellings_of_numbers_agree_with_the_ron_crate() {
    for text in ["0", "-7", "+7", "1_000", "0xff", "-0x10", "0b101", "0o17", "7i64", "0xFF_FF"] {
        both::<i64>(text);
    }
    for text in ["0", "1.5", "-1.5e3", "1e-3", ".5", "1.", "+0.25", "1_0.0_1", "100", "-0.0"] {
        both::<f64>(text);
        both::<f32>(text);
    }
    both::<f32>("2.5f32");
    both::<f64>("3f64");
    both::<u8>("b'a'");
    both::<i8>("-128");
    both::<u64>("18446744073709551615");
    // The `ron` crate reads these with a feature of its own only.
    assert_eq!(value::<u128>("0xffffffffffffffffffffffffffffffff"), u128::MAX);
    assert_eq!(value::<u128>("340282366920938463463374607431768211455"), u128::MAX);
    assert_eq!(value::<i128>("-170141183460469231731687303715884105728"), i128::MIN);
}

#[test]
fn spellings_of_texts_agree_with_the_ron_crate() {
    for text in [r#""""#, r#""a\nb\t\"\\\u{e9}\x41""#, r##"r"a\n""##, r###"r#"a"b"#"###, r####"r##"a"#b"##"####, "\"a\nb\"", "\"é🎲\""] {
        both::<String>(text);
    }
    for text in ["'a'", r"'\n'", r"'\''", "'é'", r"'\u{1F3B2}'", "'''"] {
        both::<char>(text);
    }
}

#[test]
fn comments_commas_and_attributes_agree_with_the_ron_crate() {
    both::<Vec<i32>>("// first\n[1, /* a /* nested */ one */ 2,]// last");
    both::<Vec<i32>>("#![enable(implicit_some)]\n#![enable(unwrap_newtypes)]\n[]");
    both::<(i32, f32)>("(1,2.5,)");
    both::<BTreeMap<String, i32>>("{\"a\":1,\"b\":2,}");
    both::<Kind>("Named(x:1,y:Named(x:2,y:None,),)");
    both::<Kind>("Named(x: 1, y: Some(Plain))");
    both::<Kind>("Two (1, \"a\")");
    both::<Option<i32>>("Some(1)");
    both::<Option<Option<i32>>>("Some(None)");
    both::<Unit>("Unit");
    both::<Unit>("()");
    both::<Newtype>("Newtype(1.5)");
    both::<Newtype>("(1.5)");
    both::<Tuple>("Tuple(1, Some(\"a\"))");
    both::<Tuple>("(1, \"a\")");
    both::<()>("()");
    both::<bool>(" true ");
    both::<Kind>("r#Plain");
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    rate: f32,
    steps: u64,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Learner {
    Ppo(Settings),
    Cloning { rate: Option<f32> },
}

#[test]
fn the_fields_of_a_struct_may_stand_in_the_variant_that_holds_it() {
    let ppo = |rate, steps| Learner::Ppo(Settings { rate, steps });
    assert_eq!(value::<Learner>("Ppo(rate: 3e-4, steps: 3_000_000)"), ppo(3e-4, 3_000_000));
    assert_eq!(value::<Learner>("Ppo(Settings(rate: 1.0))"), ppo(1.0, 0));
    assert_eq!(value::<Learner>("Ppo((rate: 1.0))"), ppo(1.0, 0));
    assert_eq!(
        refused::<Learner>("Ppo(rat: 1.0)"),
        ["1:5: unknown field `rat` in `Settings`; expected one of `rate`, `steps`: did you mean `rate`?"]
    );
}

#[test]
fn a_bare_name_stands_for_a_variant_or_struct_of_defaults() {
    assert_eq!(value::<Learner>("Ppo"), Learner::Ppo(Settings::default()));
    assert_eq!(value::<Learner>("Ppo()"), Learner::Ppo(Settings::default()));
    assert_eq!(value::<Learner>("Cloning"), Learner::Cloning { rate: None });
    assert_eq!(value::<Settings>("Settings"), Settings::default());
    assert_eq!(value::<Settings>("()"), Settings::default());
    assert_eq!(refused::<Kind>("Named"), ["1:1: missing field `x` in `Named`"]);
}

#[test]
fn independent_mistakes_are_all_told_at_once_and_in_order() {
    let told = refused::<(Settings, Vec<Learner>, [u8; 2])>(
        "((rat: 1, steps: -1, rate: 2, rate: 3),\n[Pppo, Cloning(rate: \"x\"), Ppo(steps: 1.5)],\n[1, 300])",
    );
    assert_eq!(
        told,
        [
            "1:3: unknown field `rat` in `Settings`; expected one of `rate`, `steps`: did you mean `rate`?",
            "1:18: found the number -1; expected a whole number of at least 0",
            "1:31: the field `rate` is given twice",
            "2:2: unknown `Learner` called `Pppo`; expected one of `Ppo`, `Cloning`: did you mean `Ppo`?",
            "2:22: found the text \"x\"; expected a number",
            "2:39: found the number 1.5; expected a whole number",
            "3:1: found a list `[..]`; expected values in parentheses `(..)`",
            "3:5: found the number 300; expected a whole number of at most 255",
        ]
    );
}

#[test]
fn a_problem_shows_its_line_with_a_caret_beneath() {
    let problems = read::<Settings>("(\n\trat: 1,\n)", "a/b.ron").finish().unwrap_err();
    let expected = "a/b.ron:2:2: unknown field `rat`; expected one of `rate`, `steps`: did you mean `rate`?\n  |\n2 | \trat: 1,\n  | \t^^^";
    assert_eq!(problems.to_string().replace(" in `Settings`", ""), expected);
    let problem = &problems.0[0];
    assert_eq!((problem.found.as_str(), problem.hint.as_deref()), ("rat", Some("rate")));
}

#[test]
fn a_document_knows_the_place_of_every_value() {
    let text = "(\n  a: [1, (b: \"x\")],\n  m: {\"k\": Some(Foo(7))},\n)";
    let document: Document = read::<serde::de::IgnoredAny>(text, "test.ron").finish().unwrap().1;
    assert_eq!(document.at(&["a".into(), 1.into(), "b".into()]).place(), (2, 14));
    assert_eq!(document.at(&["m".into(), "k".into(), 0.into()]).spelling(), "7");
    assert_eq!(document.at(&["m".into()]).key("k").place(), (3, 7));
    let absent = document.at(&["a".into(), 5.into(), "b".into()]);
    assert!(!absent.is_written());
    assert_eq!(absent.place(), (2, 6), "what is not there has the place of what it would be in");
}

#[test]
fn the_nearest_name_is_one_that_is_near() {
    assert_eq!(nearest("fricton", ["mass", "friction", "fiction"]), Some("friction"));
    assert_eq!(nearest("Cube", ["cube", "disc"]), Some("cube"));
    assert_eq!(nearest("weather", ["cube", "disc"]), None);
    assert_eq!(nearest("", ["cube"]), None);
}
