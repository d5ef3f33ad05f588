//! What a step of cloning takes, and a decision: one thread, the networks and minibatches that `benches/peers/torch_cloning.py` gives PyTorch.
//!
//! ```text
//! cargo bench --bench cloning            a table; with --json an object per line
//! benches/peers/run.sh cloning           the same beside PyTorch, alternating
//! ```

use apprentice::learn::algorithm::cloning::{Act, Cloning, Denoising, FewSteps, Kind};
use apprentice::learn::backend::Device;
use apprentice::learn::batch::Batch;
use apprentice::learn::chunk::{Chunk, Execution};
use apprentice::learn::experience::demonstrations::{Demonstrations, Episodes};
use apprentice::learn::policy::Contract;
use apprentice::learn::{Experience, LearnerSettings, Rows};
use apprentice::signal::Channels;
use apprentice::stream::{Purpose, Stream};
use std::time::{Duration, Instant};

/// Numbers observed, and decided: those of `reach`.
const WIDTHS: [usize; 2] = [31, 6];
/// Rows of random demonstrations, in episodes of a hundred.
const ROWS: usize = 12_800;
/// Each figure takes this long.
const TIME: Duration = Duration::from_millis(1500);

#[expect(clippy::print_stdout, reason = "a benchmark speaks to people")]
fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    // (One thread, whatever the machine has; a pool that exists already stays.)
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    let demonstrations = demonstrations();
    for (name, minibatch, settings) in cases() {
        let settings = LearnerSettings::Cloning(Cloning { minibatch, steps: 10, ..settings });
        let Ok(mut learner) = settings.build(contract(), 1, Device::Cpu, None) else { continue };
        let mut update = || drop(learner.update(Experience { rollout: None, demonstrations: Some(&demonstrations), progress: 0.5 }));
        let step = per_turn(&mut update) / 10.0;
        let policy = learner.policy();
        let mut memory = Batch::zeros(1, policy.memory());
        let seen = Batch::zeros(1, WIDTHS[0]);
        // Every decision is one of the network: a new episode begins.
        let act = per_turn(|| drop(policy.act(Rows { observations: &seen, begins: &[true], seeds: &[1], memory: &mut memory })));
        if json {
            println!("{{\"name\": \"{name}\", \"step_us\": {:.2}, \"act_us\": {:.3}}}", 1e6 * step, 1e6 * act);
        } else {
            println!("{name:<24} {:>10.1} us a step {:>10.2} us a decision", 1e6 * step, 1e6 * act);
        }
    }
}

fn cases() -> Vec<(&'static str, usize, Cloning)> {
    let mlp = |width: usize| Cloning { hidden: vec![width; 2], ..Cloning::default() };
    let chunked = |actor: Kind| Cloning {
        actor,
        hidden: vec![256; 3],
        chunk: Chunk { length: 16, execution: Execution::Steps(1) },
        ..Cloning::default()
    };
    vec![
        ("mlp 64-64", 256, mlp(64)),
        ("mlp 256-256", 256, mlp(256)),
        ("diffusion, 10 steps", 256, chunked(Kind::Diffusion(Denoising::default()))),
        ("diffusion, 50 steps", 256, chunked(Kind::Diffusion(Denoising { steps: 50, ..Denoising::default() }))),
        ("consistency, 1 step", 256, chunked(Kind::Consistency(FewSteps::default()))),
        ("act", 64, chunked(Kind::Transformer(Act::default()))),
    ]
}

/// Seconds of one turn, after some that do not count.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn per_turn(mut turn: impl FnMut()) -> f64 {
    (0..3).for_each(|_| turn());
    let (start, mut turns) = (Instant::now(), 0);
    while start.elapsed() < TIME {
        turn();
        turns += 1;
    }
    start.elapsed().as_secs_f64() / f64::from(turns)
}

fn contract() -> Contract {
    let [observation, action] = WIDTHS.map(|width| {
        let mut channels = Channels::default();
        (0..width).for_each(|index| channels.push(format!("channel.{index}"), "", -1.0, 1.0));
        channels
    });
    Contract { observation, action, control_hz: 20, scene_hash: 0 }
}

fn demonstrations() -> Demonstrations {
    let mut stream = Stream::new(1, Purpose::Noise, 0, 0);
    let mut training = Episodes::new(WIDTHS[0], WIDTHS[1]);
    for _ in 0..ROWS / 100 {
        let [seen, done] = WIDTHS.map(|width| Batch::new(width, (0..100 * width).map(|_| stream.between(-1.0, 1.0)).collect()));
        training.push(&seen, &done);
    }
    Demonstrations { training, validation: Episodes::new(WIDTHS[0], WIDTHS[1]), ..Demonstrations::default() }
}
