"""Rapier and MuJoCo on the same arm and the same walker, in alternating blocks, one core each.

    python mujoco_links.py --ours PATH_OF_THE_LINKS_BENCHMARK [--bodies reach,walk] [--rounds 5] [--seconds 1] [--json FILE]

Ours is the binary that `cargo bench --bench links` builds. It writes links, joints, motors and the motors' goals as they are in our worlds;
the MJCF is made of that file, and weighed and measured against it. Rates are ticks per second of processor time. See README.md beside
this file.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import mujoco
import numpy as np
from mujoco import rollout

FULL = mujoco.mjtState.mjSTATE_FULLPHYSICS
# MuJoCo's integrators: its default, the one that its manual recommends, the one of the highest order (and the recommended one with few
# iterations of its solver). Euler solves dampers of joints implicitly, and those of motors explicitly, which at this tick shakes the walker
# apart: there the motors' dampers are the joints'. Runge and Kutta's needs dampers softer than these at this tick: it swings only.
WAYS = {
    "Euler": 'integrator="Euler"',
    "implicitfast": 'integrator="implicitfast"',
    "implicitfast, 4 iterations": 'integrator="implicitfast" iterations="4" ls_iterations="8"',
    "RK4": 'integrator="RK4"',
}
EXPLICIT = ["Euler"]
SWINGS_ONLY = ["RK4"]
# The link whose drift is told: the hand, the trunk.
FOLLOWED = {"reach": 5, "walk": 0}


def text(numbers):
    return " ".join(repr(float(number)) for number in numbers)


def quaternion(turn):
    """Ours are x y z w, MuJoCo's w x y z."""
    x, y, z, w = turn
    return text([w, x, y, z])


def rotated(turn, point):
    axis, w = np.array(turn[:3], dtype=float), turn[3]
    return point + 2 * np.cross(axis, np.cross(axis, point) + w * np.array(point))


def friction(shape, floor):
    """As ours combines it; the floor's own is 0, and MuJoCo takes the larger one."""
    return shape["friction"] * floor if shape["multiplies"] else (shape["friction"] + floor) / 2


def geom(shape, floor):
    (kind, size), place = next(iter(shape["shape"].items())), shape["place"]
    at, turn = np.array(place["at"], dtype=float), np.array(place["turn"], dtype=float)
    rest = f'friction="{friction(shape, floor)} 0.005 0.0001"'
    if kind == "Box":
        return f'<geom type="box" size="{text(size)}" pos="{text(at)}" quat="{quaternion(turn)}" {rest}/>'
    if kind == "Capsule":
        one, other, radius = size
        ends = [*rotated(turn, one) + at, *rotated(turn, other) + at]
        return f'<geom type="capsule" fromto="{text(ends)}" size="{radius}" {rest}/>'
    half, radius = size
    # Ours stand along y, MuJoCo's along z: a quarter turn about x between them.
    x, y, z, w = turn
    s = -(0.5**0.5)
    c = 0.5**0.5
    turned = [x * c + w * s, y * c + z * s, z * c - y * s, w * c - x * s]
    return f'<geom type="cylinder" size="{radius} {half}" pos="{text(at)}" quat="{quaternion(turned)}" {rest}/>'


def model_of(body, way, held=False, dt=None):
    """Our links as MJCF. The rotors' inertia is in the links, as it is in ours, and not in `armature` once more. `held`: the root is fixed,
    and there are no motors, ends of ranges or contacts."""
    by_joint = way in EXPLICIT and not held
    children = {index: [] for index in range(len(body["links"]))}
    for joint in body["joints"]:
        children[joint["parent"]].append(joint)

    def inside(index):
        link = body["links"][index]
        centre = link["centre"]
        inertial = (
            ""
            if link["fixed"]
            else f'<inertial pos="{text(centre["at"])}" quat="{quaternion(centre["turn"])}" mass="{link["mass"]}" '
            f'diaginertia="{text(link["inertia"])}"/>'
        )
        return inertial + "".join(geom(shape, body["friction"]) for shape in link["shapes"]) + "".join(map(below, children[index]))

    def below(joint):
        zero, kind = joint["at_zero"], "hinge" if joint["turns"] else "slide"
        return (
            f'<body name="{body["links"][joint["child"]]["name"]}" pos="{text(zero["at"])}" quat="{quaternion(zero["turn"])}">'
            f'<joint name="{joint["name"]}" type="{kind}" pos="{text(joint["anchor"])}" axis="{text(joint["axis"])}" '
            f'range="{text(joint["limits"])}" limited="true" '
            f'damping="{joint["damping"] if by_joint else 0}"/>{inside(joint["child"])}</body>'
        )

    root = body["links"][0]
    free = "" if root["fixed"] or held else "<freejoint/>"
    # A motor pulls with stiffness * (goal - position) - damping * speed, as ours, and no stronger than it is.
    motors = "".join(
        f'<general joint="{joint["name"]}" biastype="affine" gainprm="{joint["stiffness"]}" '
        f'biasprm="0 {-joint["stiffness"]} {0 if by_joint else -joint["damping"]}" '
        f'forcelimited="true" forcerange="{-joint["strongest"]} {joint["strongest"]}"/>'
        for joint in body["joints"]
    )
    flag = '<flag contact="disable" limit="disable" actuation="disable"/>' if held else ""
    return mujoco.MjModel.from_xml_string(
        f"""<mujoco>
          <compiler angle="radian" inertiafromgeom="false" autolimits="false"/>
          <option timestep="{dt or body["dt"]}" gravity="0 0 {-body["gravity"]}" {WAYS[way]}>{flag}</option>
          <default><geom contype="2" conaffinity="1" condim="3"/></default>
          <worldbody>
            <geom type="plane" size="0 0 1" contype="1" conaffinity="2" friction="0 0.005 0.0001"/>
            <body name="{root["name"]}" pos="{text(root["start"]["at"])}" quat="{quaternion(root["start"]["turn"])}">
              {free}{inside(0)}
            </body>
          </worldbody>
          <actuator>{motors}</actuator>
        </mujoco>"""
    )


class Theirs:
    """MuJoCo with one body. An episode is one call into C (`rollout`), on the calling thread."""

    def __init__(self, body, way, held=False, dt=None):
        self.body, self.model = body, model_of(body, way, held, dt)
        self.data = mujoco.MjData(self.model)
        self.reset()

    def reset(self):
        mujoco.mj_resetData(self.model, self.data)
        for joint in self.body["joints"]:
            self.data.joint(joint["name"]).qpos[0] = joint["start"]
        mujoco.mj_forward(self.model, self.data)

    def checked(self):
        """What is weighed and measured must be what was written."""
        for link in self.body["links"]:
            ours, theirs = link["start"], self.data.body(link["name"])
            assert np.allclose(theirs.xpos, ours["at"], atol=1e-5), (link["name"], theirs.xpos, ours["at"])
            turned = np.array([ours["turn"][3], *ours["turn"][:3]])
            assert abs(abs(theirs.xquat @ turned) - 1) < 1e-5, (link["name"], theirs.xquat, turned)
        wrote = sum(link["mass"] for link in self.body["links"] if not link["fixed"])
        assert abs(self.model.body_mass.sum() - wrote) < 1e-4, (self.model.body_mass.sum(), wrote)
        for link in self.body["links"]:
            theirs = self.model.body(link["name"])
            assert link["fixed"] or np.allclose(np.sort(theirs.inertia), np.sort(link["inertia"]), rtol=1e-4), link["name"]
        return self

    def goals(self, random):
        return np.repeat(np.array(self.body["goals"][random], dtype=float), self.body["ticks_per_step"], axis=0)

    def rate(self, random, seconds):
        """Ticks per second of processor time, over whole episodes of about so many seconds."""
        goals = self.goals(random)[None]
        self.reset()
        first = np.zeros((1, mujoco.mj_stateSize(self.model, FULL)))
        mujoco.mj_getState(self.model, self.data, first[0], FULL)
        states = np.zeros((1, goals.shape[1], first.shape[1]))
        begin = time.process_time()
        ticks, took = 0, 0.0
        while took < seconds:
            rollout.rollout(self.model, self.data, first, goals, state=states)
            ticks += goals.shape[1]
            took = time.process_time() - begin
        return ticks / took

    def episode(self, random, link):
        """How far the followed link went along the floor and sank, m; contact points of a tick."""
        self.reset()
        followed = self.data.body(self.body["links"][link]["name"])
        begin, contacts, goals = followed.xpos.copy(), 0, self.goals(random)
        for goal in goals:
            self.data.ctrl[:] = goal
            mujoco.mj_step(self.model, self.data)
            contacts += self.data.ncon
        mujoco.mj_kinematics(self.model, self.data)
        moved = followed.xpos - begin
        warned = int(sum(warning.number for warning in self.data.warning))
        return {"drift": float(np.hypot(*moved[:2])), "sag": float(-moved[2]), "contacts": contacts / len(goals), "broke": warned > 0}

    def energy(self):
        mujoco.mj_fwdPosition(self.model, self.data)
        mujoco.mj_fwdVelocity(self.model, self.data)
        mujoco.mj_energyPos(self.model, self.data)
        mujoco.mj_energyVel(self.model, self.data)
        return self.data.energy.copy()

    def swing(self, seconds=2.0):
        """Largest change of energy in % of the largest kinetic energy, and where the links are after each quarter of a second."""
        self.reset()
        begin, kinetic, change, places = self.energy().sum(), 0.0, 0.0, []
        dt = self.model.opt.timestep
        for tick in range(1, round(seconds / dt) + 1):
            mujoco.mj_step(self.model, self.data)
            potential, moving = self.energy()
            kinetic, change = max(kinetic, moving), max(change, abs(potential + moving - begin))
            if tick % round(0.25 / dt) == 0:
                places.append([self.data.body(link["name"]).xpos.tolist() for link in self.body["links"]])
        return {"energy": 100 * change / kinetic, "places": places}


class Ours:
    """The house's benchmark binary."""

    def __init__(self, binary, scene, joints):
        self.command = [binary, "--scene", f"scenes/{scene}", "--joints", joints, "--link", str(FOLLOWED[scene])]

    def ask(self, *arguments):
        done = subprocess.run([*self.command, *map(str, arguments)], check=True, capture_output=True, text=True)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def rate(self, random, seconds):
        return self.ask("--seconds", seconds, *(["--random"] if random else []))["ticks_per_cpu_second"]


def off(places, exact, until):
    """How far the farthest link is from where it should be, m, at the given quarter of a second."""
    return float(np.abs(np.linalg.norm(np.array(places[until - 1]) - np.array(exact[until - 1]), axis=-1)).max())


def measure(scene, options, folder):
    ours = {joints: Ours(options.ours, scene, joints) for joints in ("impulse", "multibody")}
    file = Path(folder) / f"{scene}.json"
    ours["impulse"].ask("--write", file)
    body = json.loads(file.read_text())
    theirs = {way: Theirs(body, way).checked() for way in WAYS}
    exact = Theirs(body, "RK4", held=True, dt=body["dt"] / 32).swing()

    rows = []
    for joints, one in ours.items():
        seen = one.ask()
        rows.append({"engine": f"ours, {joints}", **seen, "rates": {False: [], True: []}, "rated": one})
    for way in WAYS:
        row = {"engine": f"MuJoCo {mujoco.__version__}, {way}", "rates": {False: [], True: []}, "rated": None}
        row |= {"swing": Theirs(body, way, held=True).swing(), "swing_finer": Theirs(body, way, held=True, dt=body["dt"] / 4).swing()}
        if way not in SWINGS_ONLY:
            idle, random = (theirs[way].episode(pilot, FOLLOWED[scene]) | {"give": 0.0} for pilot in (False, True))
            row |= {"rated": theirs[way], "idle": idle, "random": random}
        rows.append(row)
    for _ in range(options.rounds):
        for row in rows:
            for random in (False, True) if row["rated"] else ():
                row["rates"][random].append(row["rated"].rate(random, options.seconds))
    norm = rows[0]["rates"]
    for row in rows:
        row["scene"] = scene
        row["off"] = [off(row["swing"]["places"], exact["places"], quarter) for quarter in (2, 4, 8)]
        # Ratios of neighbouring blocks, so that a slow minute of the machine slows both.
        row["ours is times"] = {pilot: median(a / b for a, b in zip(norm[pilot], row["rates"][pilot])) for pilot in norm if row["rated"]}
        row["rated"] = None
    return rows


COLUMNS = [
    "body", "engine", "ticks/s, idle", "ours is", "random", "ours is", "contacts", "joints give", "idle: drift", "sag",
    "swing: energy off", "at dt/4", "links off at 0.5, 1, 2 s",
]  # fmt: skip


def table(rows):
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * 2 + "--:|" * (len(COLUMNS) - 2)]
    for row in rows:
        cells = [row["scene"], row["engine"]]
        if row["rates"][False]:
            idle, random = row["idle"], row["random"]
            cells[1] += " (breaks down)" if idle["broke"] or random["broke"] else ""
            for pilot in (False, True):
                # The best of the turns: what disturbs only slows.
                cells += [f"{max(row['rates'][pilot]):,.0f}", f"{row['ours is times'][pilot]:.2f}x"]
            cells += [f"{idle['contacts']:.1f}, {random['contacts']:.1f}", f"{1e3 * random['give']:.2f} mm"]
            cells += [f"{1e3 * idle['drift']:.2f} mm", f"{1e3 * idle['sag']:.2f} mm"]
        else:
            cells += [""] * 8
        cells += [f"{row['swing']['energy']:.2f} %", f"{row['swing_finer']['energy']:.2f} %"]
        cells.append(", ".join(f"{1e3 * value:.1f}" for value in row["off"]) + " mm")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", required=True, help="binary of `cargo bench --bench links`")
    parser.add_argument("--bodies", default="reach,walk", help="scenes whose bodies are compared")
    parser.add_argument("--rounds", type=int, default=5, help="alternating blocks of each engine")
    parser.add_argument("--seconds", type=float, default=1.0, help="processor time of a block")
    parser.add_argument("--json", type=Path, help="append one JSON line per row to this file")
    options = parser.parse_args()

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for scene in options.bodies.split(","):
            rows += measure(scene, options, folder)
    if options.json:
        with options.json.open("a") as file:
            for row in rows:
                file.write(json.dumps({"measured": "links", "mujoco": mujoco.__version__} | row) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
