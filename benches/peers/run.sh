#!/usr/bin/env bash
# Runs outside engines and ours alternately in one job, one core each, and prints one table; see README.md beside this file.
#
#   benches/peers/run.sh [heap|links|balance|cloning] [arguments for that comparison]      without a name: all
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

# Builds a benchmark and says where it is.
built() {
    cargo bench --bench "$1" --no-run --message-format json |
        .venv/bin/python -c 'import json, sys
for line in sys.stdin:
    made = json.loads(line)
    if made.get("target", {}).get("name") == sys.argv[1] and made.get("executable"):
        print(made["executable"])' "$1"
}

heap() {
    local ours
    ours=$(built heap)
    .venv/bin/python benches/peers/mujoco_heap.py --ours "$ours" --json "$results" "$@"
}

links() {
    local ours
    ours=$(built links)
    .venv/bin/python benches/peers/mujoco_links.py --ours "$ours" --json "$results" "$@"
}

balance() {
    cargo build --release
    .venv/bin/python benches/peers/sb3_balance.py --ours 'benches/peers/ours_balance.sh {envs} {horizon} {minibatch} {epochs} {steps}' --json "$results" "$@"
}

cloning() {
    local ours
    ours=$(built cloning)
    .venv/bin/python benches/peers/torch_cloning.py --ours "$ours" --json "$results" "$@"
}

case ${1:-all} in
heap | links | balance | cloning) "$@" ;;
all)
    heap
    echo
    links
    echo
    balance
    echo
    cloning
    ;;
*)
    echo "no comparison called '$1': heap, links, balance, cloning" >&2
    exit 2
    ;;
esac
