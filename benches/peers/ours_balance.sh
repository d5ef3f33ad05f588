#!/usr/bin/env bash
# Ours for sb3_balance.py: trains on `balance` with the given settings on one thread, prints steps and the training's processor time.
#   ours_balance.sh ENVS HORIZON MINIBATCH EPOCHS STEPS
set -euo pipefail
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
"${APPRENTICE:-target/release/apprentice}" train scenes/balance --out "$run/run" --threads 1 --quiet --json \
    --set "arenas=$1" --set "learner.horizon=$2" --set "learner.minibatch=$3" --set "learner.epochs=$4" --set "budget=Steps($5)" \
    --set learner.rate=3e-4 --set learner.schedule=Constant --set 'learner.hidden=[64, 64]' \
    --set 'evaluate.every=1_000_000' --set evaluate.levels=1 --set 'checkpoint.every=1_000_000' |
    python3 -c 'import json, sys
stage = json.loads(sys.stdin.readlines()[-1])["stages"][0]
print(json.dumps({"steps": stage["steps"], "cpu_seconds": stage["cpu_seconds"]}))'
