//! What `--pilot` may say.

use super::Failure;
use crate::learn::policy::Policy;
use crate::pilot::Pilot;
use crate::ron;
use crate::scene::plan::Plan;
use crate::training::evaluation::Judged;
use crate::training::recipe::contract;
use crate::training::report;
use std::path::Path;

/// The pilots that need no run.
const SCRIPTED: [&str; 3] = ["expert", "random", "idle"];

/// One of the pilots that need no run, fit for the scene.
pub(super) fn scripted(name: &str, plan: &Plan) -> Result<Pilot, Failure> {
    match name {
        "random" => Ok(Pilot::random()),
        "idle" => Ok(Pilot::Idle),
        "expert" => match plan.task.as_ref().and_then(|task| task.expert.as_ref()) {
            Some(_) => Ok(Pilot::expert()),
            None => Err(Failure::input(format!("the scene `{}` has no expert", plan.name))),
        },
        name => {
            let near = ron::nearest(name, SCRIPTED).map_or(String::new(), |near| format!(": did you mean `{near}`?"));
            let known = SCRIPTED.join(", ");
            Err(Failure::input(format!("there is no pilot `{name}`: `--pilot` is {known}, or the folder of a run{near}")))
        }
    }
}

/// A pilot by its name, or the policy of a run or checkpoint, fit for the scene.
pub(super) fn named(name: &str, plan: &Plan) -> Result<Judged, Failure> {
    let path = Path::new(name);
    if SCRIPTED.contains(&name) || !path.exists() {
        return scripted(name, plan).map(Judged::Pilot);
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
    let policy = Policy::load(&checkpoint).map_err(Failure::input)?;
    policy.contract.fits(&contract(plan)).map_err(Failure::input)?;
    Ok(Judged::Policy(Box::new(policy)))
}
