"""Stable-Baselines3's PPO on gymnasium's cart-pole, end to end (simulation, policy, update): environment steps per second of
processor time, on one core, in blocks that alternate with ours.

    python sb3_balance.py [--envs 16 --horizon 128 --minibatch 256 --epochs 10 --hidden 64 64 --activation relu] [--ours 'COMMAND']

The settings are arguments so that both sides can be given the same. COMMAND trains ours for about as long as a block with the same
settings on one thread; `{envs}`, `{horizon}`, `{minibatch}`, `{epochs}` and `{steps}` in it are filled in. The last line it prints
must be JSON with `steps`, and may have `cpu_seconds` (the training alone, as Stable-Baselines3's side is timed); without that, the
whole command's processor time counts, its start included.
"""

import argparse
import json
import os
import resource
import shlex
import subprocess
import time
from pathlib import Path
from statistics import median

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import gymnasium
import stable_baselines3
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}


def model_of(options):
    """PPO with two towers (policy, value) of the same width, all in this process: its fastest way for so cheap an environment."""
    return PPO(
        "MlpPolicy",
        make_vec_env("CartPole-v1", n_envs=options.envs, seed=options.seed),
        n_steps=options.horizon,
        batch_size=options.minibatch,
        n_epochs=options.epochs,
        learning_rate=3e-4,
        policy_kwargs={
            "net_arch": {"pi": list(options.hidden), "vf": list(options.hidden)},
            "activation_fn": ACTIVATIONS[options.activation],
        },
        seed=options.seed,
        device="cpu",
    )


class Theirs:
    """One training that goes on from block to block, so that later blocks have the long episodes of a trained policy."""

    def __init__(self, options):
        self.model = model_of(options)
        self.rollout = options.envs * options.horizon
        self.learn(self.rollout)  # warm-up: compilation, allocation, first update

    def learn(self, steps):
        self.model.learn(total_timesteps=steps, reset_num_timesteps=False)

    def rate(self, steps):
        before, begin = self.model.num_timesteps, time.process_time()
        self.learn(steps)
        return (self.model.num_timesteps - before) / (time.process_time() - begin)


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rate_of_ours(command, options, steps):
    filled = command.format(
        envs=options.envs, horizon=options.horizon, minibatch=options.minibatch, epochs=options.epochs, steps=steps
    )
    begin = cpu_of_children()
    done = subprocess.run(shlex.split(filled), check=True, stdout=subprocess.PIPE, text=True)
    took = cpu_of_children() - begin
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return told["steps"] / told.get("cpu_seconds", took)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--envs", type=int, default=16)
    parser.add_argument("--horizon", type=int, default=128, help="steps of one environment in a rollout")
    parser.add_argument("--minibatch", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--hidden", type=int, nargs="+", default=[64, 64])
    parser.add_argument("--activation", choices=ACTIVATIONS, default="relu")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="alternating blocks of each side")
    parser.add_argument("--rollouts", type=int, default=5, help="rollouts (each with its update) in a block of theirs")
    parser.add_argument("--ours", help="command that trains ours (see above); without it only theirs is measured")
    parser.add_argument("--ours-rollouts", type=int, help="rollouts in a block of ours [default: five times theirs]")
    parser.add_argument("--json", type=Path, help="append one JSON line per row to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)

    steps = options.rollouts * options.envs * options.horizon
    our_steps = (options.ours_rollouts or 5 * options.rollouts) * options.envs * options.horizon
    theirs = Theirs(options)
    rates = {"ours": [], "theirs": []}
    for _ in range(options.rounds):
        if options.ours:
            rates["ours"].append(rate_of_ours(options.ours, options, our_steps))
        rates["theirs"].append(theirs.rate(steps))

    names = {"ours": "ours, balance", "theirs": f"Stable-Baselines3 {stable_baselines3.__version__}, CartPole-v1"}
    keys = ("envs", "horizon", "minibatch", "epochs", "hidden", "activation")
    settings = {key: getattr(options, key) for key in keys}
    versions = {"torch": torch.__version__, "gymnasium": gymnasium.__version__}
    print(f"{'PPO, end to end, one core':<44} {'steps per CPU-second':>28} {'ours is':>20}")
    for side, values in rates.items():
        if not values:
            continue
        times = sorted(ours / one for ours, one in zip(rates["ours"], values))
        versus = f"{median(times):.2f}x ({times[0]:.2f}-{times[-1]:.2f})" if times and side == "theirs" else ""
        rate = f"{median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"
        print(f"{names[side]:<44} {rate:>28} {versus:>20}")
        if options.json:
            row = {"measured": "balance", "engine": names[side], "steps_per_cpu_second": values, "ours_is_times": times}
            with options.json.open("a") as file:
                file.write(json.dumps(row | settings | versions) + "\n")
    print("  " + ", ".join(f"{key} {value}" for key, value in (settings | versions).items()))


if __name__ == "__main__":
    main()
