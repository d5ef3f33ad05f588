//! Help, completions, the manual page.

use crate::workshop::Workshop;

/// The verbs that the program itself lists.
fn verbs(workshop: &Workshop) -> Vec<String> {
    let help = workshop.apprentice("--help").ends(0, &[]).out;
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let words = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    words.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|verb| verb != "help").collect()
}

#[test]
fn the_help_of_every_verb_ends_with_two_examples_of_it() {
    let workshop = Workshop::new();
    let verbs = verbs(&workshop);
    for verb in ["scenes", "check", "train", "evaluate", "compare", "completions"] {
        assert!(verbs.iter().any(|known| known == verb), "{verbs:?}");
    }
    for verb in &verbs {
        let help = workshop.apprentice(&format!("{verb} --help")).ends(0, &[]).out;
        let lines: Vec<&str> = help.trim_end().lines().collect();
        let [.., title, one, other] = lines[..] else { panic!("{help}") };
        assert_eq!(title, "Examples:", "{help}");
        for example in [one, other] {
            assert!(example.starts_with(&format!("  apprentice {verb}")), "{help}");
        }
        assert!(help.contains("--threads <N>") && help.contains("--json") && help.contains("--quiet"), "{help}");
    }
}

#[test]
fn completions_and_the_manual_page_know_the_verbs() {
    let workshop = Workshop::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell", "man"] {
        let text = workshop.apprentice(&format!("completions {shell}")).ends(0, &[]).out;
        for verb in verbs(&workshop) {
            assert!(text.contains(&verb), "{shell} does not know {verb}");
        }
    }
    assert!(workshop.apprentice("completions man").out.contains(".TH apprentice 1"));
    workshop.apprentice("completions cmd").ends(2, &["there are no completions for `cmd`: bash, zsh, fish, elvish, powershell or man"]);
}

#[test]
fn a_mistyped_verb_or_option_is_refused_with_the_nearest_one() {
    let workshop = Workshop::new();
    workshop.apprentice("trian short").ends(2, &["unrecognized subcommand 'trian'", "'train'"]);
    workshop.apprentice("train short --resum").ends(2, &["unexpected argument '--resum'", "'--resume'"]);
    let told = workshop.apprentice("").ends(2, &["Usage: apprentice"]);
    assert!(told.out.is_empty());
}
