//! Learning: the parts against numbers worked out by hand, the whole against tasks with one right answer.

mod actor;
mod chunk;
mod cloning;
mod dagger;
mod endings;
mod gail;
mod gru;
mod inverse;
mod loss;
mod network;
mod normaliser;
mod optimiser;
mod policy;
mod ppo;
mod probes;
mod refine;
mod replay;
mod sac;
mod transformer;

use apprentice::learn::algorithm::ppo::Ppo;
use apprentice::learn::backend::Device;
use apprentice::learn::batch::Batch;
use apprentice::learn::experience::rollout::Rollout;
use apprentice::learn::policy::Contract;
use apprentice::learn::{Decision, Learner, LearnerSettings, Rows};
use apprentice::signal::{Channels, Outcome};
use apprentice::stream::{Purpose, Stream};

/// A contract of so many channels.
fn contract(observation: usize, action: usize) -> Contract {
    let channels = |count: usize, name: &str, unit: &str| {
        let mut channels = Channels::default();
        (0..count).for_each(|index| channels.push(format!("{name}.{index}"), unit, -1.0, 1.0));
        channels
    };
    Contract { observation: channels(observation, "seen", "m"), action: channels(action, "done", ""), control_hz: 20, scene_hash: 7 }
}

fn learner(settings: &Ppo, contract: Contract, seed: u64) -> Box<dyn Learner> {
    LearnerSettings::Ppo(settings.clone()).build(contract, seed, Device::Cpu, None).expect("the settings can work")
}

fn decide(learner: &mut dyn Learner, observations: &Batch, begins: &[bool]) -> Decision {
    let mut memory = Batch::zeros(observations.rows(), learner.memory());
    learner.act(Rows { observations, begins, seeds: &vec![0; begins.len()], memory: &mut memory })
}

/// The value that the learner gives an observation.
fn value(learner: &mut dyn Learner, observation: &[f32]) -> f32 {
    decide(learner, &Batch::new(observation.len(), observation.to_vec()), &[true]).values.expect("this learner estimates values")[0]
}

/// The most likely action for an observation.
fn action(learner: &dyn Learner, observation: &[f32]) -> Vec<f32> {
    let observations = Batch::new(observation.len(), observation.to_vec());
    let policy = learner.policy();
    let mut memory = Batch::zeros(1, policy.memory());
    policy.act(Rows { observations: &observations, begins: &[true], seeds: &[0], memory: &mut memory }).values().to_vec()
}

fn normals(seed: u64, rows: usize, width: usize) -> Batch {
    let mut stream = Stream::new(seed, Purpose::Noise, 0, 0);
    Batch::new(width, (0..rows * width).map(|_| stream.normal()).collect())
}

/// A rollout of a world that does not care what is done: random observations, rewards and endings of every kind.
fn careless_rollout(learner: &mut dyn Learner, horizon: usize, arenas: usize, width: usize, seed: u64) -> Rollout {
    let mut stream = Stream::new(seed, Purpose::Noise, 1, 0);
    let mut rollout = Rollout::new(horizon, arenas);
    let mut begins = vec![true; arenas];
    for step in 0..horizon as u64 {
        let observations = normals(seed * 1000 + step, arenas, width);
        rollout.decide(&observations, &begins, &decide(learner, &observations, &begins));
        let rewards: Vec<f32> = (0..arenas).map(|_| stream.unit()).collect();
        let endings = [Outcome::Succeeded, Outcome::Failed, Outcome::TimedOut, Outcome::Diverged];
        let outcomes: Vec<Outcome> = (0..arenas).map(|_| endings.get(stream.below(40)).copied().unwrap_or_default()).collect();
        rollout.reward(&rewards, &outcomes);
        for arena in (0..arenas).filter(|arena| outcomes[*arena].is_over()) {
            rollout.finish_episode(arena, normals(seed * 1000 + 500 + step, 1, width).values());
        }
        begins = outcomes.iter().map(|outcome| outcome.is_over()).collect();
    }
    rollout.set_fresh(&normals(seed * 1000 + 999, arenas, width));
    rollout
}

#[track_caller]
fn assert_near(found: f32, expected: f32, tolerance: f32) {
    assert!((found - expected).abs() <= tolerance, "{found} is not within {tolerance} of {expected}");
}
