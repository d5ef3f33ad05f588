"""Steps of cloning and decisions per second, ours and PyTorch's, alternating: the same networks, minibatches and optimiser, one thread each."""
import argparse
import json
import statistics
import subprocess
import time

import torch
from torch import nn

SEEN, DONE, ROWS, LENGTH = 31, 6, 12_800, 16


def mlp(sizes):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Plain(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.net = mlp([SEEN, width, width, DONE])

    def loss(self, seen, done):
        return (self.net(seen) - done[:, 0]).square().mean()

    def act(self, seen):
        return self.net(seen).clamp(-1, 1)


class Diffusion(nn.Module):
    """As ours: v foretold by a perceptron of three layers of 256, cosine schedule of 50 levels, DDIM."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.net = mlp([SEEN + LENGTH * DONE + 16, 256, 256, 256, LENGTH * DONE])
        t = torch.arange(51) / 50
        wave = torch.cos((t + 0.008) / 1.008 * torch.pi / 2)
        self.signal = (wave / wave[0]).clamp(0, 1)
        self.noise = (1 - self.signal**2).sqrt()
        angles = t[:, None] * 30 ** (torch.arange(8) / 7)
        self.told = torch.cat([angles.sin(), angles.cos()], 1)

    def loss(self, seen, done):
        clean, drawn = done.flatten(1), torch.randn(len(done), LENGTH * DONE)
        t = torch.randint(1, 51, (len(done),))
        signal, noise = self.signal[t, None], self.noise[t, None]
        out = self.net(torch.cat([seen, signal * clean + noise * drawn, self.told[t]], 1))
        return (out - (signal * drawn - noise * clean)).square().mean()

    def act(self, seen):
        x = torch.randn(len(seen), LENGTH * DONE)
        levels = [max(i, -(-50 * i * i // self.steps**2)) for i in range(self.steps, -1, -1)]
        for now, after in zip(levels, levels[1:]):
            v = self.net(torch.cat([seen, x, self.told[now].expand(len(seen), 16)], 1))
            clean = (self.signal[now] * x - self.noise[now] * v).clamp(-1, 1)
            x = self.signal[after] * clean + self.noise[after] * (self.noise[now] * x + self.signal[now] * v)
        return x


class Act(nn.Module):
    """As ours: two stacks of two blocks of width 64 with four heads, eight latent numbers."""

    def __init__(self):
        super().__init__()
        block = lambda: nn.TransformerEncoderLayer(64, 4, 256, dropout=0.0, batch_first=True, norm_first=True)
        stack = lambda: nn.TransformerEncoder(block(), 2, norm=nn.LayerNorm(64), enable_nested_tensor=False)
        self.policy, self.other = stack(), stack()
        self.see, self.tell, self.out = nn.Linear(SEEN, 64), nn.Linear(8, 64), nn.Linear(64, DONE)
        self.see_too, self.do_too, self.latent = nn.Linear(SEEN, 64), nn.Linear(DONE, 64), nn.Linear(64, 16)
        self.places, self.places_too = nn.Parameter(0.02 * torch.randn(2 + LENGTH, 64)), nn.Parameter(0.02 * torch.randn(2 + LENGTH, 64))

    def decide(self, seen, latent):
        steps = torch.zeros(len(seen), LENGTH, 64)
        tokens = torch.cat([self.tell(latent)[:, None], self.see(seen)[:, None], steps], 1) + self.places
        return self.out(self.policy(tokens)[:, 2:])

    def loss(self, seen, done):
        asks = torch.zeros(len(seen), 1, 64)
        tokens = torch.cat([asks, self.see_too(seen)[:, None], self.do_too(done)], 1) + self.places_too
        mean, log_variance = self.latent(self.other(tokens)[:, 0]).chunk(2, 1)
        latent = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        divergence = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(1).mean()
        return (self.decide(seen, latent) - done).abs().mean() + 10 * divergence

    def act(self, seen):
        return self.decide(seen, torch.zeros(len(seen), 8)).clamp(-1, 1)


CASES = {
    "mlp 64-64": (lambda: Plain(64), 256),
    "mlp 256-256": (lambda: Plain(256), 256),
    "diffusion, 10 steps": (lambda: Diffusion(10), 256),
    "diffusion, 50 steps": (lambda: Diffusion(50), 256),
    "act": (Act, 64),
}


def per_turn(turn, seconds=1.5):
    for _ in range(3):
        turn()
    start, turns = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        turn()
        turns += 1
    return (time.perf_counter() - start) / turns


def theirs():
    torch.manual_seed(1)
    seen, done = torch.rand(ROWS, SEEN) * 2 - 1, torch.rand(ROWS, LENGTH, DONE) * 2 - 1
    rows = {}
    for name, (make, minibatch) in CASES.items():
        model = make()
        optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
        place = [ROWS]
        order = [None]

        def step():
            if place[0] + minibatch > ROWS:
                place[0], order[0] = 0, torch.randperm(ROWS)
            index = order[0][place[0] : place[0] + minibatch]
            place[0] += minibatch
            optimiser.zero_grad()
            model.loss(seen[index], done[index]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimiser.step()

        step_us = 1e6 * per_turn(step)
        one = torch.zeros(1, SEEN)
        with torch.inference_mode():
            act_us = 1e6 * per_turn(lambda: model.act(one))
        rows[name] = (step_us, act_us)
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ours", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = {}
    for _ in range(arguments.rounds):
        for line in subprocess.run([arguments.ours, "--json", "--bench"], capture_output=True, text=True, check=True).stdout.splitlines():
            row = json.loads(line)
            found.setdefault(row["name"], ([], []))[0].append((row["step_us"], row["act_us"]))
        for name, row in theirs().items():
            found.setdefault(name, ([], []))[1].append(row)
    print(f"PyTorch {torch.__version__}, medians of {arguments.rounds} alternating rounds, one thread\n")
    print("| network | a step, ours, us | PyTorch, us | ours is faster by | a decision, ours, us | PyTorch, us | ours is faster by |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, (ours, others) in found.items():
        middle = lambda rows, which: statistics.median(row[which] for row in rows)
        cells = []
        for which, digits in ((0, 0), (1, 1)):
            mine = middle(ours, which)
            cells.append(f"{mine:.{digits}f}")
            cells += [f"{middle(others, which):.{digits}f}", f"{middle(others, which) / mine:.2f}"] if others else ["", ""]
        print(f"| {name} | " + " | ".join(cells) + " |")
        if arguments.json:
            with open(arguments.json, "a") as file:
                file.write(json.dumps({"comparison": "cloning", "name": name, "ours": ours, "torch": others}) + "\n")


main()
