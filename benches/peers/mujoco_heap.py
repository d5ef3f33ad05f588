"""Rapier and MuJoCo on the same heap of loose boxes, in alternating blocks, one core each.

    python mujoco_heap.py --ours PATH_OF_THE_HEAP_BENCHMARK [--boxes 16,64,144] [--rounds 5] [--seconds 1] [--json FILE]

Ours is the binary that `cargo bench --bench heap` builds. It writes the start (poses, kicks, time step); MuJoCo reads it. Rates are
ticks per second of processor time. Resting depth is measured twice on the final poses of each engine: with our collision detection
(parry) and with MuJoCo's. See README.md beside this file.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import mujoco
import numpy as np
from mujoco import rollout

# MuJoCo as it comes, and its documented speed options that might suit free boxes better: name, attributes of <option>, of <flag>.
# `tune` tries all of them and keeps the fastest whose heap rests about as well as the default's.
CHOICES = [
    ("default", "", ""),
    ("newton, elliptic", 'cone="elliptic"', ""),
    ("newton, 10 iterations", 'iterations="10" ls_iterations="10"', ""),
    ("newton, 4 iterations", 'iterations="4" ls_iterations="8"', ""),
    ("newton, 2 iterations", 'iterations="2" ls_iterations="8"', ""),
    ("newton, 1 iteration", 'iterations="1" ls_iterations="4"', ""),
    ("newton, tolerance 1e-4", 'tolerance="1e-4"', ""),
    ("newton, dense", 'jacobian="dense"', ""),
    ("newton, sparse", 'jacobian="sparse"', ""),
    ("newton, no islands", "", 'island="disable"'),
    ("newton, no multiccd", "", 'multiccd="disable"'),
    ("newton, 4 iterations, no islands", 'iterations="4" ls_iterations="8"', 'island="disable"'),
    ("newton, 2 iterations, sparse", 'iterations="2" ls_iterations="8" jacobian="sparse"', ""),
    ("cg", 'solver="CG"', ""),
    ("cg, 10 iterations", 'solver="CG" iterations="10" ls_iterations="10"', ""),
    ("cg, 4 iterations", 'solver="CG" iterations="4" ls_iterations="8"', ""),
    ("cg, 10 iterations, sparse", 'solver="CG" iterations="10" ls_iterations="10" jacobian="sparse"', ""),
    ("cg, 10 iterations, no islands", 'solver="CG" iterations="10" ls_iterations="10"', 'island="disable"'),
    ("cg, tolerance 1e-4", 'solver="CG" tolerance="1e-4"', ""),
    ("pgs, 10 iterations", 'solver="PGS" iterations="10"', ""),
    ("pgs, elliptic, 10 iterations", 'solver="PGS" cone="elliptic" iterations="10"', ""),
]
# Ours as arenas run it, and with Rapier's own defaults, in which boxes of this size rest deeper (README.md says why).
OURS = {
    "ours": ("as arenas run", ()),
    "ours raw": ("Rapier's defaults", ("--rapier-defaults",)),
}
FULL = mujoco.mjtState.mjSTATE_FULLPHYSICS
PUSHES = mujoco.mjtState.mjSTATE_XFRC_APPLIED


def model_of(start, option="", flag=""):
    """The heap as MJCF. Default contact softness; friction as in the start (MuJoCo takes the larger of two, here equal)."""
    size, mass, friction = start["half_extent"], start["mass"], start["friction"]

    def body(box):
        x, y, z, w = box["turn"]
        at = " ".join(map(repr, box["at"]))
        return (
            f'<body pos="{at}" quat="{w} {x} {y} {z}"><freejoint/>'
            f'<geom type="box" size="{size} {size} {size}" mass="{mass}"/></body>'
        )

    return mujoco.MjModel.from_xml_string(
        f"""<mujoco>
          <option timestep="{start["dt"]}" gravity="0 0 {-start["gravity"]}" {option}><flag {flag}/></option>
          <default><geom friction="{friction} 0.005 0.0001" condim="3"/></default>
          <worldbody><geom type="plane" size="0 0 1"/>{"".join(map(body, start["boxes"]))}</worldbody>
        </mujoco>"""
    )


class Heap:
    """MuJoCo's own `rollout` of one start: a whole episode is one call into C, on the calling thread."""

    def __init__(self, start, option="", flag=""):
        self.start = start
        self.model = model_of(start, option, flag)
        self.data = mujoco.MjData(self.model)
        size = mujoco.mj_stateSize(self.model, FULL)
        self.first = np.zeros((1, size))
        mujoco.mj_getState(self.model, self.data, self.first[0], FULL)
        self.states = np.zeros((1, start["ticks"], size))
        # A kick is a force during one tick: mass * change of velocity / time step.
        self.forces = np.zeros((1, start["ticks"], self.model.nbody * 6))
        by_body = self.forces.reshape(start["ticks"], self.model.nbody, 6)
        for number, kick in enumerate(start["kicks"], 1):
            by_body[number * start["kick_every"], 1:, :3] = np.array(kick) * start["mass"] / start["dt"]

    def episode(self):
        rollout.rollout(self.model, self.data, self.first, self.forces, control_spec=int(PUSHES), state=self.states)

    def rate(self, seconds):
        """Ticks per second of processor time, over whole episodes of about so many seconds."""
        begin = time.process_time()
        ticks, took = 0, 0.0
        while took < seconds:
            self.episode()
            ticks += self.start["ticks"]
            took = time.process_time() - begin
        return ticks / took

    def look(self):
        """Contact points given to the solver, mean over an episode stepped by hand; mean distance of the boxes from the middle then."""
        mujoco.mj_resetData(self.model, self.data)
        total = 0
        for forces in self.forces[0]:
            self.data.xfrc_applied[:] = forces.reshape(-1, 6)
            mujoco.mj_step(self.model, self.data)
            total += self.data.ncon
        at = self.data.qpos.reshape(-1, 7)
        return {"contacts_per_tick": total / self.start["ticks"], "spread": float(np.hypot(at[:, 0], at[:, 1]).mean())}

    def rest(self):
        """Unkicked: where the boxes lie after settling, and a while later."""
        mujoco.mj_resetData(self.model, self.data)
        poses = []
        for span in (self.start["settle"], self.start["rest"]):
            mujoco.mj_step(self.model, self.data, nstep=round(span / self.start["dt"]))
            poses.append(self.data.qpos.reshape(-1, 7).copy())
        return poses


def as_json(poses):
    """MuJoCo's rows (x y z, w x y z) as the benchmark's poses."""
    return [{"at": row[:3].tolist(), "turn": [*row[4:7].tolist(), float(row[3])]} for row in poses]


def from_json(boxes):
    return np.array([[*box["at"], box["turn"][3], *box["turn"][:3]] for box in boxes])


def depth_by_mujoco(model, poses):
    """Deepest, and mean over touching pairs of the deepest point of each, by MuJoCo's collision detection."""
    data = mujoco.MjData(model)
    data.qpos[:] = poses.reshape(-1)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_collision(model, data)
    pairs = {}
    for i in range(data.ncon):
        contact = data.contact[i]
        if contact.dist < 0:
            key = tuple(contact.geom)
            pairs[key] = max(pairs.get(key, 0.0), -contact.dist)
    depths = list(pairs.values()) or [0.0]
    return {"deepest_by_mujoco": max(depths), "mean_depth_by_mujoco": sum(depths) / len(depths)}


class Ours:
    """The house's benchmark binary."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, Path(folder)

    def ask(self, *arguments):
        done = subprocess.run([self.binary, *map(str, arguments)], check=True, capture_output=True, text=True)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def start(self, boxes, seed):
        file = self.folder / f"start-{boxes}-{seed}.json"
        self.ask("--boxes", boxes, "--seed", seed, "--write", file)
        return file, json.loads(file.read_text())

    def quality(self, file, model, poses):
        """How a heap rests, in m: depths by both rulers, and drift."""
        rest = self.folder / "judged.json"
        rest.write_text(json.dumps({"begin": as_json(poses[0]), "end": as_json(poses[1])}))
        return self.ask("--start", file, "--judge", rest) | depth_by_mujoco(model, poses[1])


def tune(ours, file, start, seconds):
    """Every choice with its rate and rest; and the fastest that rests at most about twice as deep and as restless as the default."""
    tried = []
    for name, option, flag in CHOICES:
        heap = Heap(start, option, flag)
        heap.episode()
        rest = ours.quality(file, heap.model, heap.rest())
        tried.append({"choice": name, "option": option, "flag": flag, "rate": heap.rate(seconds), "rest": rest})
    norm = tried[0]["rest"]

    def sound(one):
        rest = one["rest"]
        return rest["deepest"] <= 2 * norm["deepest"] + 1e-3 and rest["drift_max"] <= 2 * norm["drift_max"] + 5e-3

    return tried, max(filter(sound, tried), key=lambda one: one["rate"])


def over_heaps(rests):
    """Maxima stay maxima, means become means, over several heaps."""
    return {
        key: max(values) if key in ("deepest", "deepest_by_mujoco", "drift_max") else sum(values) / len(values)
        for key in rests[0]
        if (values := [rest[key] for rest in rests])
    }


def spread_of(values):
    return {"median": median(values), "min": min(values), "max": max(values)}


def measure(ours, boxes, options):
    file, start = ours.start(boxes, options.seed)
    tried, best = tune(ours, file, start, options.tune_seconds)
    theirs = {
        "mujoco": ("default", Heap(start)),
        "mujoco tuned": (best["choice"], Heap(start, best["option"], best["flag"])),
    }
    rates = {engine: [] for engine in (*OURS, *theirs)}
    for _ in range(options.rounds):
        # Ours, theirs, ours, theirs.
        for (mine, (_, settings)), (other, (_, heap)) in zip(OURS.items(), theirs.items()):
            rates[mine].append(ours.ask("--start", file, "--seconds", options.seconds, *settings)["ticks_per_cpu_second"])
            rates[other].append(heap.rate(options.seconds))

    line = {engine: ours.ask("--start", file, "--seconds", 0, *settings) for engine, (_, settings) in OURS.items()}
    looks = {engine: {key: line[engine][key] for key in ("contacts_per_tick", "spread")} for engine in OURS}
    looks |= {engine: heap.look() for engine, (_, heap) in theirs.items()}
    rests = {engine: [] for engine in rates}
    for seed in range(options.seed, options.seed + options.heaps):
        file, start = ours.start(boxes, seed)
        for engine, (_, settings) in OURS.items():
            settled = ours.folder / "rest.json"
            ours.ask("--start", file, "--seconds", 0, "--rest", settled, *settings)
            lay = json.loads(settled.read_text())
            rests[engine].append(ours.quality(file, model_of(start), [from_json(lay["begin"]), from_json(lay["end"])]))
        for engine, (option, flag) in {"mujoco": ("", ""), "mujoco tuned": (best["option"], best["flag"])}.items():
            rests[engine].append(ours.quality(file, model_of(start), Heap(start, option, flag).rest()))

    choices = {engine: choice for engine, (choice, _) in (OURS | theirs).items()}
    rows = [{"engine": one, "choice": choices[one], "rest": over_heaps(rests[one])} | looks[one] for one in rates]
    rows.sort(key=lambda row: row["engine"] in theirs)
    for row in rows:
        row |= {"boxes": boxes, "ticks_per_cpu_second": spread_of(rates[row["engine"]])}
        for mine in OURS if row["engine"] in theirs else ():
            # Ratios of neighbouring blocks, so that a slow minute of the machine slows both.
            row[f"{mine} is times"] = spread_of([a / b for a, b in zip(rates[mine], rates[row["engine"]])])
    return rows, tried


COLUMNS = [
    ("boxes", 5),
    ("engine", 44),
    ("ticks/s per core", 24),
    ("ours is", 17),
    ("ours raw is", 17),
    ("contacts", 8),
    ("spread", 6),
    ("depth max, mean", 16),
    ("by MuJoCo", 16),
    ("drift max, mean", 18),
]


def table(rows):
    """Depths and drifts in mm, spread in m."""

    def line(cells):
        return " ".join(f"{cell:<{width}}" if i == 1 else f"{cell:>{width}}" for i, (cell, (_, width)) in enumerate(zip(cells, COLUMNS)))

    def pair(rest, one, two):
        return f"{1e3 * rest[one]:.2f}, {1e3 * rest[two]:.3f}"

    lines = [line([name for name, _ in COLUMNS])]
    for row in rows:
        rate, rest = row["ticks_per_cpu_second"], row["rest"]
        engine = "ours, Rapier" if row["engine"] in OURS else f"MuJoCo {mujoco.__version__}"

        def versus(mine):
            times = row.get(f"{mine} is times")
            return f"{times['median']:.2f}x ({times['min']:.2f}-{times['max']:.2f})" if times else ""

        lines.append(
            line(
                [
                    row["boxes"],
                    f"{engine} ({row['choice']})",
                    f"{rate['median']:,.0f} ({rate['min']:,.0f}-{rate['max']:,.0f})",
                    *map(versus, OURS),
                    f"{row['contacts_per_tick']:.0f}",
                    f"{row['spread']:.2f}",
                    pair(rest, "deepest", "mean_depth"),
                    pair(rest, "deepest_by_mujoco", "mean_depth_by_mujoco"),
                    pair(rest, "drift_max", "drift_mean"),
                ]
            )
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", required=True, help="binary of `cargo bench --bench heap`")
    parser.add_argument("--boxes", default="16,64,144")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--heaps", type=int, default=3, help="heaps, of as many seeds, whose rest is measured")
    parser.add_argument("--rounds", type=int, default=5, help="alternating blocks of each engine")
    parser.add_argument("--seconds", type=float, default=1.0, help="processor time of a block")
    parser.add_argument("--tune-seconds", type=float, default=0.5, help="processor time for each of MuJoCo's settings")
    parser.add_argument("--tried", action="store_true", help="also print every setting of MuJoCo that was tried")
    parser.add_argument("--json", type=Path, help="append one JSON line per row to this file")
    options = parser.parse_args()

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for boxes in map(int, options.boxes.split(",")):
            measured, tried = measure(Ours(options.ours, folder), boxes, options)
            rows += measured
            for one in sorted(tried, key=lambda one: -one["rate"]) if options.tried else []:
                rest = one["rest"]
                depth, drift = 1e3 * rest["deepest"], 1e3 * rest["drift_max"]
                print(f"{boxes:>5} {one['choice']:<36}{one['rate']:>9,.0f}  depth {depth:.2f}, drift {drift:.2f}", file=sys.stderr)
    if options.json:
        with options.json.open("a") as file:
            for row in rows:
                file.write(json.dumps({"measured": "heap", "mujoco": mujoco.__version__} | row) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
