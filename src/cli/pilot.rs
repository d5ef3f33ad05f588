//! What `--pilot` and `--against` may say.

use super::Failure;
use crate::learn::policy::Policy;
use crate::pilot::Pilot;
use crate::pilot::cast::{Cast, Flyer};
use crate::pilot::operator::{PRESETS, Traits};
use crate::ron;
use crate::scene::plan::Plan;
use crate::training::checkpoint;
use crate::training::recipe::contract;
use crate::training::report;
#[cfg(feature = "window")]
use crate::window::shown::Choice;
use clap::Args;
use std::path::Path;

/// The names of the pilots that need no run.
fn scripted_names() -> Vec<&'static str> {
    PRESETS.iter().map(|preset| preset.name).chain(["random", "idle"]).collect()
}

/// The traits of an operator, `human` or `human(delay: 0.3)`; none where the name is nobody's.
pub(super) fn traits(name: &str) -> Result<Option<Traits>, Failure> {
    Ok(Traits::named(name).transpose()?)
}

/// One of the pilots that need no run, fit for the scene.
pub(super) fn scripted(name: &str, plan: &Plan) -> Result<Pilot, Failure> {
    let pilot = match (name, traits(name)?) {
        ("random", _) => return Ok(Pilot::random()),
        ("idle", _) => return Ok(Pilot::Idle),
        ("expert", _) => Pilot::expert(),
        (_, Some(traits)) => Pilot::operator(traits),
        (name, None) => {
            let (known, word) = (scripted_names(), name.split('(').next().unwrap_or_default());
            let near = ron::nearest(word, known.iter().copied()).map_or(String::new(), |near| format!(": did you mean `{near}`?"));
            let known = known.join(", ");
            return Err(Failure::input(format!("there is no pilot `{name}`: `--pilot` is {known}, or the folder of a run{near}")));
        }
    };
    match plan.task.as_ref().and_then(|task| task.expert.as_ref()) {
        Some(_) => Ok(pilot),
        None => Err(Failure::input(format!("the scene `{}` has no expert", plan.name))),
    }
}

/// `--against`, for a scene with a team.
#[derive(Args)]
pub(super) struct Against {
    /// Who flies the other agents of a team: expert, random, idle, or a run [default: idle]
    #[arg(long, value_name = "PILOT")]
    pub(super) against: Option<String>,
}

impl Against {
    /// Who that is, for each agent; none where it is not said.
    pub(super) fn flyers(&self, plan: &Plan) -> Result<Option<Vec<Flyer>>, Failure> {
        let Some(name) = &self.against else { return Ok(None) };
        if plan.team.is_empty() {
            return Err(Failure::input(format!("`--against` is for a scene with a team: in `{}` there is nobody else", plan.name)));
        }
        plan.agents().map(|agent| named(name, agent)).collect::<Result<_, _>>().map(Some)
    }

    /// As the window is told.
    #[cfg(feature = "window")]
    pub(super) fn choice(&self, plan: &Plan) -> Result<Choice, Failure> {
        self.flyers(plan)?;
        Ok(self.against.as_deref().map_or(Choice::Idle, Choice::parse))
    }

    /// Everybody in their seats, `flyer` in the first one.
    pub(super) fn cast(&self, flyer: Flyer, plan: &Plan) -> Result<Cast, Failure> {
        Ok(match self.flyers(plan)? {
            Some(others) => Cast::of(std::iter::once(flyer).chain(others.into_iter().skip(1)), 0),
            None => flyer.into(),
        })
    }
}

/// A pilot by its name, or the policy that a run or checkpoint has for the agent whose eyes `plan` is.
pub(super) fn named(name: &str, plan: &Plan) -> Result<Flyer, Failure> {
    let path = Path::new(name);
    if scripted_names().contains(&name) || !path.exists() {
        return scripted(name, plan).map(Flyer::Pilot);
    }
    let checkpoint = if path.join("policy.safetensors").is_file() {
        path.to_owned()
    } else {
        let mut runs = report::runs(path)?;
        if runs.len() > 1 {
            return Err(Failure::input(format!("`{name}` holds {} runs: say which one, such as `{name}/seed-1`", runs.len())));
        }
        runs.remove(0).checkpoint
    };
    policy(&checkpoint, plan)
}

/// The policy that a checkpoint has for the agent whose eyes `plan` is.
pub(super) fn policy(checkpoint: &Path, plan: &Plan) -> Result<Flyer, Failure> {
    let policy = Policy::load(&checkpoint::of_agent(checkpoint, &plan.agent)).map_err(Failure::input)?;
    policy.contract.fits(&contract(plan)).map_err(Failure::input)?;
    Ok(Flyer::Policy(Box::new(policy)))
}
