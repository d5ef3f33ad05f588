#!/usr/bin/env bash
# Runs outside engines and ours alternately in one job, one core each, and prints one table; see README.md beside this file.
#
#   benches/peers/run.sh [heap|balance] [arguments for that comparison]      without a name: both
#
# RESULTS: file that gets a JSON line per row [target/peers.jsonl].
set -euo pipefail
cd "$(dirname "$0")/../.."
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 RAYON_NUM_THREADS=1
wants=benches/peers/requirements.txt
results=${RESULTS:-target/peers.jsonl}

if ! cmp -s "$wants" .venv/peers.txt; then # several GB, because of torch
    python3 -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check --requirement "$wants"
    cp "$wants" .venv/peers.txt
fi

heap() {
    local ours
    ours=$(cargo bench --bench heap --no-run --message-format json |
        .venv/bin/python -c 'import json, sys
for line in sys.stdin:
    made = json.loads(line)
    if made.get("target", {}).get("name") == "heap" and made.get("executable"):
        print(made["executable"])')
    .venv/bin/python benches/peers/mujoco_heap.py --ours "$ours" --json "$results" "$@"
}

balance() {
    cargo build --release
    .venv/bin/python benches/peers/sb3_balance.py --ours 'benches/peers/ours_balance.sh {envs} {horizon} {minibatch} {epochs} {steps}' --json "$results" "$@"
}

case ${1:-both} in
heap | balance) "$@" ;;
both)
    heap
    echo
    balance
    ;;
*)
    echo "no comparison called '$1': heap, balance" >&2
    exit 2
    ;;
esac
