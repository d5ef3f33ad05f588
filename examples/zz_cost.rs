//! throwaway
use apprentice::arena::*;
use apprentice::bench::{bare::*, stage::*};
use apprentice::physics::Threads;
use apprentice::scene::plan::Plan;
use std::sync::Arc;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let plan = Arc::new(Plan::load(&a[1]).unwrap());
    let (mode, count, steps, threads) =
        (a[2].as_str(), a[3].parse::<usize>().unwrap(), a[4].parse::<usize>().unwrap(), Threads(a[5].parse().unwrap()));
    let mut app = random_app(&plan, count, threads);
    let t;
    match mode {
        "bare" => {
            let mut team = Team::new(threads.0);
            let mut q = app.world_mut().query::<ArenaQuery>();
            let mut q = q.query_mut(app.world_mut());
            team.hold(in_order(&mut q).iter_mut().map(BareWorld::copy).collect());
            t = now();
            for _ in 0..steps {
                team.step();
            }
        }
        _ => {
            let on = mode == "whole";
            app.insert_resource(Switches { sensors: on, tasks: on });
            t = now();
            for _ in 0..steps {
                app.update();
            }
        }
    }
    println!("{mode} {:.2} us per arena step", t.elapsed().as_secs_f64() * 1e6 / (steps * count) as f64);
}
