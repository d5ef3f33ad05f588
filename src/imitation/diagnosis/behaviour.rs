//! Which of several ways is taken, and whether more than one of them is taken from the same start.
//!
//! Jia et al., "Towards Diverse Behaviors: A Benchmark for Imitation Learning with Human Demonstrations", 2024 (D3IL), section 4: the entropy of a
//! policy's ways, and its entropy given the start, E over s₀ of −Σ p(way | s₀) log p(way | s₀). Here in bits, of which two ways have at most 1. (The
//! paper takes the logarithm to the number of ways.)

use crate::imitation::route::{first_push, side};
use crate::pilot::expert::Side;
use crate::scene::plan::Plan;
use crate::scene::schema::Expert;
use serde::Serialize;

/// Where things are pushed to, an eighth of a turn each, from straight ahead of where the body started to the left.
const DIRECTIONS: [&str; 8] = ["ahead", "ahead left", "left", "back left", "back", "back right", "right", "ahead right"];

/// One episode: where it started, and which way it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flown {
    /// The level's hash: the same number is the same start.
    pub level: u64,
    /// Which way it went; none where that cannot be told.
    pub way: Option<&'static str>,
    /// Whether success held in its last row; none where that is not known.
    pub success: Option<bool>,
}

/// What became of one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// Its name; none: of the episodes of which it cannot be told.
    pub way: Option<&'static str>,
    /// Episodes that took it.
    pub episodes: usize,
    /// Those of them of which it is known whether they succeeded.
    pub judged: usize,
    /// Those that did.
    pub succeeded: usize,
}

/// Which ways were taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Behaviour {
    /// Every way that there is, also one that nobody took, and at the end the episodes of which none can be told.
    pub ways: Vec<Way>,
    /// Entropy of the ways over all episodes, bits.
    pub entropy: f64,
    /// What is to be said of starts that were flown from more than once; none where there are none.
    pub given_start: Option<GivenStart>,
}

/// Whether more than one way is taken from the same start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GivenStart {
    /// Starts from which two or more episodes were flown, of which the way can be told.
    pub starts: usize,
    /// The mean over them of the entropy of the ways taken, bits: 0 where the start decides.
    pub entropy: f64,
    /// What that mean would be, were every flight's way tossed by the shares over all episodes, whatever its start. (A few flights have less entropy
    /// than the coin that decides them: of a fair one 0.78 bits in the mean of 4.)
    pub tossed: f64,
}

/// The ways that there are in a scene: around what is in the way, where its expert goes around something; where things are pushed to first, where it
/// sweeps them out of a zone. None: nothing is known of any.
pub fn ways(plan: &Plan) -> &'static [&'static str] {
    match plan.scene.task.as_ref().and_then(|task| task.expert.as_ref()) {
        Some(Expert::Skirt(..)) => &["left", "right"],
        Some(Expert::Sweep(..)) => &DIRECTIONS,
        _ => &[],
    }
}

/// Which of the [`ways`] an episode took whose observations these are, row by row.
pub fn way<'a>(observations: impl Iterator<Item = &'a [f32]> + Clone, plan: &Plan) -> Option<&'static str> {
    let around = side(observations.clone(), plan).map(|side| match side {
        Side::Left => "left",
        Side::Right => "right",
    });
    around.or_else(|| {
        let (_, angle) = first_push(observations, plan)?;
        let eighths = (angle * DIRECTIONS.len() as f32 / std::f32::consts::TAU).round().rem_euclid(DIRECTIONS.len() as f32);
        DIRECTIONS.get(eighths as usize).copied()
    })
}

impl Behaviour {
    /// Of these episodes, in a scene with these ways.
    pub fn of(ways: &[&'static str], flown: &[Flown]) -> Self {
        let of = |way| {
            let took = || flown.iter().filter(move |flown| flown.way == way);
            let judged = || took().filter_map(|flown| flown.success);
            Way { way, episodes: took().count(), judged: judged().count(), succeeded: judged().filter(|success| *success).count() }
        };
        let all: Vec<Way> = ways.iter().copied().map(Some).chain([None]).map(of).collect();
        let counts: Vec<usize> = all[..ways.len()].iter().map(|way| way.episodes).collect();
        Self { entropy: entropy(&counts), given_start: given_start(ways, flown, &counts), ways: all }
    }
}

/// `counts`: of each way over all episodes.
fn given_start(ways: &[&str], flown: &[Flown], counts: &[usize]) -> Option<GivenStart> {
    let mut told: Vec<Flown> = flown.iter().filter(|flown| flown.way.is_some()).copied().collect();
    told.sort_by_key(|flown| flown.level);
    let starts: Vec<&[Flown]> = told.chunk_by(|one, next| one.level == next.level).filter(|flights| flights.len() > 1).collect();
    if starts.is_empty() {
        return None;
    }
    let count = |flights: &[Flown], way| flights.iter().filter(|flown| flown.way == Some(way)).count();
    let taken = starts.iter().map(|flights| entropy(&ways.iter().map(|way| count(flights, *way)).collect::<Vec<_>>()));
    let all = counts.iter().sum::<usize>().max(1) as f64;
    let shares: Vec<f64> = counts.iter().map(|count| *count as f64 / all).collect();
    let tossed = starts.iter().map(|flights| tossed(&shares, flights.len()));
    let mean = |sum: f64| sum / starts.len() as f64;
    Some(GivenStart { starts: starts.len(), entropy: mean(taken.sum()), tossed: mean(tossed.sum()) })
}

/// −Σ p log₂ p of the shares p of `counts`, in bits; 0 where there is nothing.
pub fn entropy(counts: &[usize]) -> f64 {
    let all = counts.iter().sum::<usize>().max(1) as f64;
    counts.iter().map(|count| surprise(*count as f64 / all)).sum()
}

/// The mean of [`entropy`] over the counts that so many tosses with these shares give, in bits. (The mean of a sum is the sum of means: each way's
/// count is binomial.)
pub fn tossed(shares: &[f64], tosses: usize) -> f64 {
    let of_way = |share: &f64| {
        let mut arrangements = 1.0;
        let terms = (0..=tosses).map(|hits| {
            let (left, misses) = ((tosses - hits) as f64, tosses - hits);
            let chance = arrangements * share.powi(hits as i32) * (1.0 - share).powi(misses as i32);
            arrangements *= left / (hits + 1) as f64;
            chance * surprise(hits as f64 / tosses as f64)
        });
        terms.sum::<f64>()
    };
    shares.iter().map(of_way).sum()
}

/// −p log₂ p
fn surprise(share: f64) -> f64 {
    if share > 0.0 { -share * libm::log2(share) } else { 0.0 }
}
