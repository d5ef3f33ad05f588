use super::{careless_rollout, contract, decide, learner, normals};
use apprentice::learn::actor::direct::{Family, Kept};
use apprentice::learn::algorithm::ppo::Ppo;
use apprentice::learn::batch::Batch;
use apprentice::learn::policy::Policy;
use apprentice::learn::{Experience, Rows};
use apprentice::signal::Channels;
use std::path::Path;

/// A policy that has learnt something, so that nothing in it is a default.
fn trained(family: Family, observed_std: bool) -> Policy {
    let settings = Ppo { horizon: 4, minibatch: 16, hidden: vec![20, 9], actor: family, observed_std, ..Ppo::default() };
    let mut learner = learner(&settings, contract(3, 2), 1);
    let rollout = careless_rollout(learner.as_mut(), 4, 16, 3, 1);
    learner.update(Experience { rollout: Some(&rollout), demonstrations: None, progress: 0.0 });
    learner.policy()
}

fn act(policy: &Policy, observations: &Batch) -> Batch {
    let rows = observations.rows();
    policy.act(Rows { observations, begins: &vec![false; rows], seeds: &vec![0; rows], memory: &mut Batch::zeros(rows, policy.memory()) })
}

fn refusal(folder: &Path) -> String {
    Policy::load(folder).expect_err("it is no checkpoint").to_string()
}

#[test]
fn a_saved_policy_loads_with_every_bit() {
    for (family, observed_std) in [(Family::Gaussian, false), (Family::Squashed, true)] {
        let policy = trained(family, observed_std);
        let folder = tempfile::tempdir().unwrap();
        policy.save(folder.path()).unwrap();
        let loaded = Policy::load(folder.path()).unwrap();
        assert_eq!(loaded, policy);
        let observations = normals(9, 40, 3);
        assert_eq!(act(&loaded, &observations), act(&policy, &observations));
    }
}

#[test]
fn a_policy_decides_with_the_bits_of_the_learner_that_it_came_from() {
    let settings = Ppo { horizon: 4, minibatch: 16, ..Ppo::default() };
    let mut learner = learner(&settings, contract(3, 2), 1);
    let rollout = careless_rollout(learner.as_mut(), 4, 16, 3, 1);
    learner.update(Experience { rollout: Some(&rollout), demonstrations: None, progress: 0.0 });
    let policy = learner.policy();
    let observations = normals(2, 30, 3);
    let decision = decide(learner.as_mut(), &observations, &[false; 30]);
    let actions = act(&policy, &observations);
    for row in 0..30 {
        let mean = Kept::new(decision.kept.row(row)).mean;
        assert_eq!(actions.row(row), mean.iter().map(|mean| mean.clamp(-1.0, 1.0)).collect::<Vec<_>>());
    }
}

#[test]
fn a_row_is_decided_alike_among_any_number_of_rows() {
    let policy = trained(Family::Gaussian, false);
    let observations = normals(2, 1100, 3);
    let all = act(&policy, &observations);
    for row in [0, 500, 1099] {
        assert_eq!(act(&policy, &Batch::new(3, observations.row(row).to_vec())).values(), all.row(row));
    }
}

#[test]
fn another_contract_is_refused_with_the_first_difference() {
    let policy = trained(Family::Gaussian, false);
    let mine = policy.contract.clone();
    assert!(mine.fits(&mine).is_ok());
    let refused = |change: &dyn Fn(&mut apprentice::learn::policy::Contract)| {
        let mut other = mine.clone();
        change(&mut other);
        mine.fits(&other).expect_err("the contracts differ").to_string()
    };
    let renamed = refused(&|other| other.observation.0[1].name = "ray.1".into());
    assert!(renamed.contains("other observations") && renamed.contains("`seen.1`") && renamed.contains("`ray.1`"), "{renamed}");
    let unit = refused(&|other| other.observation.0[2].unit = "rad".into());
    assert!(unit.contains("`seen.2`") && unit.contains("`m`") && unit.contains("`rad`"), "{unit}");
    let more = refused(&|other| other.action.push("done.2", "", -1.0, 1.0));
    assert!(more.contains("other actions") && more.contains("`done.2`"), "{more}");
    let none = refused(&|other| other.action = Channels::default());
    assert!(none.contains("`done.0`"), "{none}");
    let rate = refused(&|other| other.control_hz = 50);
    assert!(rate.contains("20 times") && rate.contains("50 times"), "{rate}");
}

#[test]
fn another_scene_is_no_reason_to_refuse() {
    let mine = contract(3, 2);
    let mut other = mine.clone();
    other.scene_hash += 1;
    assert!(mine.fits(&other).is_ok());
}

#[test]
fn broken_checkpoints_are_refused_naming_the_file() {
    let policy = trained(Family::Gaussian, false);
    let folder = tempfile::tempdir().unwrap();
    let (weights, contract) = (folder.path().join("policy.safetensors"), folder.path().join("contract.json"));
    let empty = refusal(folder.path());
    assert!(empty.contains("contract.json") && empty.contains("folder of a checkpoint"), "{empty}");

    policy.save(folder.path()).unwrap();
    let whole = std::fs::read(&weights).unwrap();
    for length in [0, 7, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&weights, &whole[..length]).unwrap();
        assert!(refusal(folder.path()).contains("policy.safetensors"));
    }
    std::fs::write(&weights, &whole).unwrap();

    let text = std::fs::read_to_string(&contract).unwrap();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        std::fs::write(&contract, text.replacen(from, to, 1)).unwrap();
        refusal(folder.path())
    };
    assert!(with("{", "").contains("contract.json"));
    assert!(with("\"format\": 2", "\"format\": 99").contains("format 99"));
    assert!(with("          20,", "          21,").contains("layers are not those"));
    assert!(with("          20,", "          0,").contains("no network"));
    assert!(with("          20,", "          99999999,").contains("no network"));
    assert!(with("\"length\": 1", "\"length\": 2").contains("2 channels"));
    assert!(with("\"Steps\": 1", "\"Steps\": 2").contains("`chunk.execution`"));
    let fewer = with("    {\n      \"name\": \"seen.0\",\n      \"unit\": \"m\",\n      \"low\": -1.0,\n      \"high\": 1.0\n    },\n", "");
    assert!(fewer.contains("2 channels"), "{fewer}");
}
