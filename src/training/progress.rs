//! How a run tells how far it is, and the clocks it does so with. No other room reads a clock.

use super::summary::{duration, percent, thousands};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant, SystemTime};

/// Between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How much the newest measurement of the rate weighs against the earlier ones after one second: about the last ten seconds count.
const FRESHNESS: f64 = 0.1;

/// Where progress goes. Always to standard error: results alone go to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Display {
    /// A bar that redraws itself.
    Bar,
    /// One plain line every few seconds, for logs.
    Lines,
    /// Nothing.
    Quiet,
}

impl Display {
    /// A bar on a terminal, lines elsewhere, nothing where it is to be `quiet`.
    pub fn choose(quiet: bool) -> Self {
        if quiet {
            Self::Quiet
        } else if console::user_attended_stderr() {
            Self::Bar
        } else {
            Self::Lines
        }
    }
}

/// What is told besides how far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Mean score of the latest episodes, in [0, 1].
    pub score: Option<f64>,
    /// Share of the latest episodes that succeeded.
    pub success: Option<f64>,
    /// How many were tried, where not all of them count.
    pub tried: Option<u64>,
}

/// Tells how far a stage of a run is.
#[derive(Debug)]
pub struct Progress {
    display: Display,
    bar: ProgressBar,
    title: String,
    unit: &'static str,
    total: u64,
    done: u64,
    rate: Option<f64>,
    last: Instant,
    told: Option<Instant>,
}

impl Progress {
    /// Begins at `done` of `total`, counted in `unit` (`steps`, `updates`). `title` stands in front.
    pub fn new(display: Display, title: impl Into<String>, unit: &'static str, done: u64, total: u64) -> Self {
        let target = if display == Display::Bar { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target).with_position(done);
        // A template that is a constant is right or wrong at the first test.
        let style = ProgressStyle::with_template("{prefix} {bar:24.cyan/dim} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("━╸─"));
        let title = title.into();
        bar.set_prefix(title.clone());
        Self { display, bar, title, unit, total, done, rate: None, last: now(), told: None }
    }

    /// `done` of the total are done.
    pub fn update(&mut self, done: u64, figures: Figures) {
        let now = now();
        let seconds = now.duration_since(self.last).as_secs_f64();
        if seconds > 0.0 && done > self.done {
            let latest = (done - self.done) as f64 / seconds;
            let fresh = 1.0 - (1.0 - FRESHNESS).powf(seconds);
            self.rate = Some(self.rate.map_or(latest, |rate| rate + fresh * (latest - rate)));
            (self.last, self.done) = (now, done);
        }
        match self.display {
            Display::Quiet => {}
            Display::Bar => {
                self.bar.set_position(done);
                self.bar.set_message(sentence(done, self.total, self.unit, self.rate, figures));
            }
            Display::Lines => {
                let due = done >= self.total || self.told.is_none_or(|told| now.duration_since(told) >= LINE_EVERY);
                if due {
                    self.told = Some(now);
                    eprintln!("{}: {}", self.title, sentence(done, self.total, self.unit, self.rate, figures));
                }
            }
        }
    }

    /// Says something else without tearing the bar.
    pub fn say(&self, sentence: &str) {
        match self.display {
            Display::Quiet => {}
            Display::Bar => self.bar.suspend(|| eprintln!("{sentence}")),
            Display::Lines => eprintln!("{sentence}"),
        }
    }

    /// Units per second over the last ten seconds or so; `None` before the first measurement.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Leaves the bar as it stands.
    pub fn finish(self) {
        self.bar.abandon();
    }
}

/// `1 200 of 3 000 steps (40 %), 24 000 steps/s, 5 000 tried, score 0.512, success 31.0 %, 2 min 05 s left`. What is not known is not said.
pub fn sentence(done: u64, total: u64, unit: &str, rate: Option<f64>, figures: Figures) -> String {
    let share = if total == 0 { 100 } else { (u128::from(done.min(total)) * 100 / u128::from(total)) as u64 };
    let mut text = format!("{} of {} {unit} ({share} %)", thousands(done), thousands(total));
    if let Some(rate) = rate {
        // A slow rate keeps its digits: large networks do less than one update per second.
        let rate = if rate < 100.0 { format!("{rate:.1}") } else { thousands(rate.round() as u64) };
        text += &format!(", {rate} {unit}/s");
    }
    if let Some(tried) = figures.tried {
        text += &format!(", {} tried", thousands(tried));
    }
    if let Some(score) = figures.score {
        text += &format!(", score {score:.3}");
    }
    if let Some(success) = figures.success {
        text += &format!(", success {}", percent(success));
    }
    if let Some(rate) = rate.filter(|rate| *rate > 0.0 && done < total) {
        text += &format!(", {} left", duration((total - done) as f64 / rate));
    }
    text
}

/// Measures the time that a stage takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    wall: Instant,
    cpu: Option<f64>,
}

impl Stopwatch {
    /// Begins now.
    pub fn start() -> Self {
        Self { wall: now(), cpu: process_seconds() }
    }

    /// Time on the clock since the beginning, in s.
    pub fn wall_seconds(&self) -> f64 {
        now().duration_since(self.wall).as_secs_f64()
    }

    /// Time that all threads of this process have computed since the beginning, in s; `None` where the system does not tell (it is read from
    /// Linux's `/proc`).
    pub fn cpu_seconds(&self) -> Option<f64> {
        Some(process_seconds()? - self.cpu?)
    }
}

/// Seconds since 1970, for the `unix` of a line of metrics.
#[expect(clippy::disallowed_methods, reason = "only dates what is written down; nothing simulated reads it")]
pub fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[expect(clippy::disallowed_methods, reason = "measures speed for people; nothing simulated reads it")]
fn now() -> Instant {
    Instant::now()
}

/// User and system time of the process: fields 14 and 15 of `/proc/self/stat`, in ticks, of which every Linux has 100 per second.
fn process_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses and may hold anything: count from behind it.
    let (_, fields) = text.rsplit_once(") ")?;
    let ticks: Vec<f64> = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    (ticks.len() == 2).then(|| (ticks[0] + ticks[1]) / 100.0)
}
