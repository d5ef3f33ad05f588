//! Runs that are killed and interrupted, and gone on with.

#![cfg(unix)]

use crate::workshop::{Told, Workshop, assert_same, lines, traces, wait_until};
use apprentice::stream::{Purpose, Stream};
use apprentice::training::checkpoint::{self, Checkpoint};
use std::fs;
use std::process::{Command, Stdio};

/// A run long enough to be killed ten times.
const LONG: &str = "--set budget=Updates(60) --set checkpoint.every=3 --set evaluate=(every:20,levels:8)";

fn signal(name: &str, id: u32) {
    assert!(Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status().unwrap().success());
}

#[test]
fn a_run_killed_at_ten_random_moments_leaves_the_bits_of_one_that_was_never_killed() {
    let workshop = Workshop::new();
    workshop.apprentice(&format!("train short --quiet --out whole {LONG}")).ends(0, &[]);
    let (run, train) = (workshop.path("killed"), format!("train short --quiet --out killed --resume {LONG}"));
    let mut stream = Stream::new(7, Purpose::Pilot, 0, 0);
    let (mut within, mut partial) = (0, 0);
    for kill in 0..10 {
        let before = checkpoint::last(&run).map_or(0, |last| checkpoint::standing(&last).unwrap().progress.updates as usize);
        let more = before + 1 + stream.below(4);
        // Every other one while a checkpoint is being written.
        let writing = kill % 2 == 1;
        let mut child = workshop.begin(&train);
        let mut over = false;
        wait_until("the moment of the kill", || {
            over = child.try_wait().unwrap().is_some();
            over || (lines(&run.join("metrics.jsonl")) >= more && (!writing || is_writing(&run)))
        });
        assert!(!over, "the run was over before kill {kill}");
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "the kill came too late");
        partial += usize::from(is_writing(&run));
        let last = checkpoint::last(&run).map_or(0, |last| checkpoint::standing(&last).unwrap().progress.updates as usize);
        within += usize::from(lines(&run.join("metrics.jsonl")) > last);
    }
    assert!(within > 0 && partial > 0, "{within} kills after updates that no checkpoint holds, {partial} while one was written");
    workshop.apprentice(&train).ends(0, &[]);
    assert_same(&workshop.path("whole"), &run);
    let ours = fs::read_dir(run.join("checkpoints")).unwrap().all(|entry| !entry.unwrap().file_name().to_str().unwrap().starts_with('.'));
    assert!(ours && !is_writing(&run), "something half written was left behind");
}

/// Whether a checkpoint is being written, or was when its writer died.
fn is_writing(run: &std::path::Path) -> bool {
    let entries = fs::read_dir(run.join("checkpoints")).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_str().is_some_and(|name| name.ends_with(".partial")))
}

#[test]
fn an_interrupted_run_keeps_its_rollout_and_says_the_command_that_goes_on() {
    let workshop = Workshop::new();
    // Long rollouts: a signal comes within one.
    let set = ["--set", "learner=Ppo(horizon: 4000, minibatch: 4000, epochs: 2, hidden: [16])", "--set", "budget=Updates(3)"];
    assert!(workshop.command("train short --quiet --out whole").args(set).output().unwrap().status.success());
    let run = workshop.path("a run");
    // The command is one for a shell, which finds the program by its name.
    let programs = workshop.path("programs");
    fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_apprentice"), programs.join("apprentice")).unwrap();
    let mut next = workshop.command("train short --device cpu --out");
    next.arg("a run").args(set);
    let mut rows = 0;
    for attempt in 0..3 {
        let child = next.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // Each start writes the event file anew; the first one is left alone until its second rollout.
        let events = run.join(format!("events.out.tfevents.{attempt:010}.apprentice"));
        wait_until("the run", || events.exists() && (attempt > 0 || lines(&run.join("metrics.jsonl")) > 0));
        signal("INT", child.id());
        let told: Told = child.wait_with_output().unwrap().into();
        let told = told.ends(3, &["stopped after update ", "; to go on:\n  apprentice train short --set 'learner=Ppo(horizon: 4000,"]);
        rows += Checkpoint::load(&checkpoint::last(&run).unwrap()).unwrap().rollouts[0].steps();
        let command = told.err.lines().last().unwrap().trim().to_owned();
        assert!(command.ends_with("--device cpu --out 'a run' --resume"), "{command}");
        next = Command::new("sh");
        let path =
            std::env::join_paths([programs.clone()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap()))).unwrap();
        next.args(["-c", &format!("exec {command}")]).env("PATH", path).current_dir(workshop.path(""));
    }
    assert!(rows > 0, "no interruption came within a rollout");
    let told: Told = next.stdout(Stdio::piped()).output().unwrap().into();
    told.ends(0, &["goes on from update"]);
    let (whole, interrupted) = (traces(&workshop.path("whole")), traces(&run));
    for part in ["policy.safetensors", "learner.bin", "arenas.bin", "rollout.bin", "teachers.bin", "evaluation.json"] {
        let name = format!("checkpoints/000003/{part}");
        assert!(whole[&name] == interrupted[&name], "{name}");
    }
    assert_eq!(whole["metrics"], interrupted["metrics"]);
    assert_eq!(whole["episodes"], interrupted["episodes"]);
}

#[test]
fn an_interrupted_run_of_several_seeds_goes_on_with_all_of_them() {
    let workshop = Workshop::new();
    let child = workshop.command("train short --seeds 2 --out runs --set budget=Updates(2000)").stderr(Stdio::piped()).spawn().unwrap();
    wait_until("an update", || lines(&workshop.path("runs/seed-1/metrics.jsonl")) > 0);
    signal("INT", child.id());
    let told: Told = child.wait_with_output().unwrap().into();
    let told = told.ends(3, &["stopped after update "]);
    let command = told.err.lines().last().unwrap().trim();
    assert_eq!(command, "apprentice train short --set 'budget=Updates(2000)' --seeds 2 --out runs --resume");
    assert!(!workshop.path("runs/seed-2").exists());
}

#[test]
fn a_second_interruption_does_not_wait_for_a_checkpoint() {
    let workshop = Workshop::new();
    // Every step is an update, and every update is judged for more than a second before it is kept.
    let slow = ["--set", "learner=Ppo(horizon: 1, minibatch: 4, hidden: [16])", "--set", "evaluate=(every: 1, levels: 10000)"];
    let mut child = workshop.command("train short --quiet --out run --resume").args(slow).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the first checkpoint", || workshop.path("run/checkpoints/last").exists());
    // Signals that come before the first was taken are one to the system: so again until it hears.
    wait_until("the end", || {
        signal("INT", child.id());
        child.try_wait().unwrap().is_some()
    });
    let told: Told = child.wait_with_output().unwrap().into();
    let told = told.ends(3, &[]);
    assert!(!told.err.contains("to go on"), "{}", told.err);
    assert_eq!(workshop.read("run/checkpoints/last"), "000001");
}

#[test]
fn two_processes_do_not_train_one_run() {
    let workshop = Workshop::new();
    let mut first = workshop.begin("train short --out run --set budget=Updates(100000)");
    wait_until("the first run", || lines(&workshop.path("run/metrics.jsonl")) > 0);
    workshop
        .apprentice("train short --out run --set budget=Updates(100000) --resume")
        .ends(2, &["`run` is being trained by another process"]);
    first.kill().unwrap();
    first.wait().unwrap();
}
