//! What was left out of a robot's file, in words.

use super::robot::Dropped;

/// Names that are told of each kind.
const NAMES: usize = 4;

/// A line for each kind of thing that was left out, with its reason, how many there are, and some names; in the file's order.
pub fn report(dropped: &[Dropped]) -> Vec<String> {
    let mut kinds: Vec<(&Dropped, Vec<&str>)> = Vec::new();
    for one in dropped {
        let names = match kinds.iter().position(|(kind, _)| kind.element == one.element && kind.reason == one.reason) {
            Some(index) => &mut kinds[index].1,
            None => {
                kinds.push((one, Vec::new()));
                let last = kinds.len() - 1;
                &mut kinds[last].1
            }
        };
        names.push(&one.name);
    }
    let line = |(kind, names): (&Dropped, Vec<&str>)| {
        let count = names.len();
        let mut told: Vec<&str> = Vec::new();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            if !told.contains(&name) {
                told.push(name);
            }
        }
        let more = if told.len() > NAMES { ", .." } else { "" };
        told.truncate(NAMES);
        let names = if told.is_empty() { String::new() } else { format!(" ({}{more})", told.join(", ")) };
        format!("{count} x {}{names}: {}", kind.element, kind.reason)
    };
    kinds.into_iter().map(line).collect()
}
