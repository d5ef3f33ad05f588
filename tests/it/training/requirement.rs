//! Gates.

use apprentice::training::requirement::{Metric, Relation, Requirement};
use apprentice::training::statistics::{Estimate, wilson};
use apprentice::training::summary::Scores;

fn scores() -> Scores {
    Scores {
        runs: 5,
        episodes: 500,
        success: wilson(450, 500),
        length: Estimate { value: 80.0, low: 70.0, high: 90.0 },
        ..Scores::default()
    }
}

fn refusal(text: &str) -> String {
    text.parse::<Requirement>().unwrap_err().to_string()
}

#[test]
fn every_relation_is_read_and_written_back() {
    for (text, relation) in [("success>=0.9", Relation::AtLeast), ("success>0.9", Relation::Above), ("success<=0.9", Relation::AtMost)] {
        let requirement: Requirement = text.parse().unwrap();
        assert_eq!(requirement, Requirement { metric: Metric::Success, relation, bound: 0.9 });
        assert_eq!(requirement.to_string(), text);
    }
    let spaced: Requirement = " length < 120 ".parse().unwrap();
    assert_eq!(spaced, Requirement { metric: Metric::Length, relation: Relation::Below, bound: 120.0 });
    assert_eq!("success_once>=90%".parse::<Requirement>().unwrap().bound, 0.9);
}

#[test]
fn a_bound_that_is_just_reached_is_met_by_at_least_and_not_by_above() {
    // 450 of 500 is 0.9 exactly as the parser reads 0.9.
    for (text, met) in
        [("success>=0.9", true), ("success>0.9", false), ("success<=0.9", true), ("success<0.9", false), ("length<120", true)]
    {
        assert_eq!(text.parse::<Requirement>().unwrap().check(&scores()).is_ok(), met, "{text}");
    }
}

#[test]
fn a_missed_requirement_says_what_was_found_with_its_interval() {
    let missed = "success>=0.95".parse::<Requirement>().unwrap().check(&scores()).unwrap_err();
    // Wilson for 450 of 500: centre (0.9 + 0.0038415) / 1.007683 = 0.89695, half 1.95996 / 1.007683 · √(0.00018 + 0.00000384) = 0.02637.
    let expected = "missed success>=0.95: success is 0.9000 (95 % interval 0.8706 to 0.9233) over 500 episodes of 5 run(s)";
    assert_eq!(missed.to_string(), expected);
}

#[test]
fn an_evaluation_in_which_everything_diverged_meets_nothing_but_is_counted() {
    let none = Scores { runs: 1, diverged: 20, ..Scores::default() };
    for text in ["success<=1", "score>=0", "length>=0"] {
        let missed = text.parse::<Requirement>().unwrap().check(&none).unwrap_err();
        assert!(missed.to_string().ends_with("no episode counts (20 diverged)"), "{missed}");
    }
    let missed = "diverged<=1%".parse::<Requirement>().unwrap().check(&none).unwrap_err();
    assert!(missed.to_string().starts_with("missed diverged<=0.01: diverged is 1.0000"), "{missed}");
    assert!("diverged<=1%".parse::<Requirement>().unwrap().check(&scores()).is_ok());
}

#[test]
fn a_misspelt_metric_is_refused_with_the_nearest_one() {
    assert!(refusal("sucess>=0.9").contains("did you mean `success`?"));
    assert!(refusal("scores>0.9").contains("did you mean `score`?"));
    assert!(refusal("divergence<0.1").contains("did you mean `diverged`?"));
}

#[test]
fn what_no_evaluation_can_tell_is_refused() {
    assert!(refusal("success>=90").contains("write 90 % as `0.9` or `90%`"));
    assert!(refusal("success=0.9").contains("no `>=`, `>`, `<=` or `<`"));
    assert!(refusal("success=>0.9").contains("no metric `success=`"));
    for text in ["success>=", "success>=high", "success>=NaN", "length<inf", "success>==0.9"] {
        assert!(refusal(text).contains("is no number"), "{text}: {}", refusal(text));
    }
    assert!(refusal("").contains("has no `>=`"));
}
