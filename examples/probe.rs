//! probe
use apprentice::arena::*;
use apprentice::control::*;
use apprentice::physics::Threads;
use apprentice::pilot::*;
use apprentice::scene::{load, plan::Plan};
use apprentice::signal::Outcome;
use std::sync::Arc;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (scene, pilot, count) = (&args[1], &args[2], args[3].parse::<usize>().unwrap());
    let loaded = load::load(scene.as_ref()).unwrap_or_else(|e| panic!("{e}"));
    let plan = Arc::new(Plan::new(loaded.scene, scene.clone(), loaded.hash));
    let pilot = match pilot.as_str() {
        "random" => Pilot::random(),
        "expert" => Pilot::expert(),
        _ => Pilot::Idle,
    };
    let mut app = headless_app(Threads(2));
    app.add_plugins((ControlPlugin { timing: plan.timing }, ArenaPlugin { plans: vec![plan.clone()], count, seed: 1, pilot }, PilotPlugin));
    start(&mut app);
    let steps = plan.task.as_ref().unwrap().steps;
    let (mut n, mut succ, mut once, mut score, mut len, mut div) = (0, 0, 0, 0.0, 0, 0);
    let mut seen = vec![false; count];
    let t = std::time::Instant::now();
    for _ in 0..=steps {
        app.update();
        if args.len() > 4 {
            let mut q = app.world_mut().query::<(&Arena, &apprentice::signal::Observation, &apprentice::signal::Action)>();
            for (a, o, act) in q.iter(app.world()) {
                if a.index == args[4].parse::<usize>().unwrap() && a.episode.step % 5 == 0 {
                    println!("{} {:?} {:?}", a.episode.step, &o.0[..o.0.len().min(15)], act.0);
                }
            }
        }
        for f in &app.world().resource::<FinishedEpisodes>().0 {
            if seen[f.report.arena] {
                continue;
            }
            seen[f.report.arena] = true;
            n += 1;
            succ += f.report.success as usize;
            once += f.report.success_once as usize;
            score += f.report.score;
            len += f.report.length;
            div += (f.report.outcome == Outcome::Diverged) as usize;
            if args.len() > 4 && !f.report.success {
                println!(
                    "fail arena {} {:?} len {} level {:?} score {}",
                    f.report.arena,
                    f.report.outcome,
                    f.report.length,
                    plan.quantities.values(&f.report.lesson.level.cube),
                    f.report.score
                );
            }
        }
    }
    let dt = t.elapsed().as_secs_f64();
    println!(
        "{scene}: n {n} success {:.3} once {:.3} score {:.3} len {:.1} diverged {div}; {:.0} steps/s {:.0} ticks/s",
        succ as f32 / n as f32,
        once as f32 / n as f32,
        score / n as f32,
        len as f32 / n as f32,
        (steps * count) as f64 / dt,
        (steps * count) as f64 / dt * plan.timing.ticks_per_step() as f64
    );
}
