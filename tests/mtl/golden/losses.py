#!/usr/bin/env python3
"""Writes losses.json: what weightings by losses alone make of given losses, by PyTorch (2.15.0).

usage: losses.py

Run by hand, never by the build; needs graddrop.py beside it for its random numbers. A rule below is the loss that is minimised, of the labelled tasks,
and its gradient by autograd, in double. Where all tasks are labelled, TorchJD (0.18) must say the
same of the rules that it has. A row holds the tasks' weights in the config, and for each step the
losses (null: not labelled), the derivative of what is minimised by each, and the losses behind the
update where the rule wants them.
"""
import json
import os

import numpy as np
import torch
import torchjd.scalarization as jd

from graddrop import philox

HERE = os.path.dirname(os.path.abspath(__file__))
TASKS = 3


class Rule:
    """p are preferences of mean 1 over all tasks; L is with the tasks' weights unless `prefers`."""
    prefers = False

    def __init__(self, **options):
        self.__dict__.update(options)
        self.memory = [None] * TASKS

    def peer(self, p):
        return None

    def end_epoch(self):
        pass

    def after(self, ids, L, p):
        pass


class ScaleInvariant(Rule):
    prefers = True

    def loss(self, ids, L, p, moment):
        return (p * L.log()).sum()


class Dwa(Rule):
    temperature = 2.0

    def __init__(self, **options):
        super().__init__(**options)
        self.means, self.seen = [[] for _ in range(TASKS)], [[] for _ in range(TASKS)]

    def loss(self, ids, L, p, moment):
        r = torch.tensor([self.means[t][-1] / self.means[t][-2] if len(self.means[t]) > 1 else 1.0
                          for t in ids], dtype=torch.float64)
        for t, value in zip(ids, L.tolist()):
            self.seen[t].append(value)
        return (len(ids) * torch.softmax(r / self.temperature, 0) * L).sum()

    def end_epoch(self):
        for mean, seen in zip(self.means, self.seen):
            if seen:
                mean.append(float(np.mean(seen)))
                seen.clear()

    def peer(self, p):
        return jd.DWA(self.temperature)


class Geometric(Rule):
    prefers = True

    def loss(self, ids, L, p, moment):
        return ((p * L.log()).sum() / p.sum()).exp()

    def peer(self, p):
        return jd.GeometricMean() if (p == 1).all() else None


class Rlw(Rule):
    def loss(self, ids, L, p, moment):
        normal = []
        for t in ids:
            words = philox([t, 3, 0, moment[0]], [1, 2])
            normal.append(np.sqrt(-2 * np.log((words[0] + 1) / 2**32))
                          * np.cos(2 * np.pi * words[1] / 2**32))
        return (len(ids) * torch.softmax(torch.tensor(normal), 0) * L).sum()


class Lbtw(Rule):
    alpha = 0.5

    def loss(self, ids, L, p, moment):
        for t, value in zip(ids, L.tolist()):
            if not self.memory[t] or self.memory[t][0] != moment[1]:
                self.memory[t] = moment[1], value
        first = torch.tensor([self.memory[t][1] for t in ids], dtype=torch.float64)
        return ((L / first).detach() ** self.alpha * L).sum()


class Stch(Rule):
    prefers = True
    mu, warmup = 1.0, 4

    def loss(self, ids, L, p, moment):
        if moment[1] <= self.warmup:
            for t, value in zip(ids, L.tolist()):
                if not self.memory[t] or self.memory[t][0] != moment[1]:
                    self.memory[t] = moment[1], []
                self.memory[t][1].append(value)
            return (p * L.log()).sum()
        for t, value in zip(ids, L.tolist()):
            self.memory[t] = self.memory[t] or (0, [value])
        nadir = torch.tensor([np.mean(self.memory[t][1]) for t in ids])
        return len(ids) * self.mu * torch.logsumexp((p * L / nadir).log() / self.mu, 0)


class Chebyshev(Rule):
    prefers = True
    ideal = [0.0] * TASKS

    def loss(self, ids, L, p, moment):
        return (p * (L - torch.tensor(self.ideal, dtype=torch.float64)[ids])).max()


class Cosmos(Rule):
    prefers = True
    lambda_ = 1.0

    def loss(self, ids, L, p, moment):
        return (p * L).sum() - self.lambda_ * p.sum() * (p @ L) / p.norm() / L.norm()

    def peer(self, p):
        theirs = jd.COSMOS(self.lambda_, p / p.sum())
        return lambda L: p.sum() * theirs(L)


class Pbi(Rule):
    prefers = True
    theta = 5.0
    ideal = [0.0] * TASKS

    def loss(self, ids, L, p, moment):
        far = L - torch.tensor(self.ideal, dtype=torch.float64)[ids]
        along = far @ p / p.norm()
        return p.norm() * (along + self.theta * (far - along * p / p.norm()).norm())

    def peer(self, p):
        theirs = jd.PBI(self.theta, p, torch.tensor(self.ideal, dtype=torch.float64))
        return lambda L: p.norm() * theirs(L)


class Famo(Rule):
    prefers = True
    lr, decay = 0.025, 1e-3
    ideal = [0.0] * TASKS

    def __init__(self, **options):
        super().__init__(**options)
        self.w, self.m, self.v = np.zeros(TASKS), np.zeros(TASKS), np.zeros(TASKS)
        self.steps = np.zeros(TASKS)
        self.before = None

    def distance(self, ids, L):
        return L - torch.tensor(self.ideal, dtype=torch.float64)[ids] + 1e-8

    def loss(self, ids, L, p, moment):
        z = torch.softmax(torch.tensor(self.w[ids]) + p.log(), 0)
        self.before = self.distance(ids, L).detach()
        return (z * self.distance(ids, L).log()).sum() / (z / self.before).sum()

    def after(self, ids, L, p):
        w = torch.tensor(self.w[ids], requires_grad=True)
        delta = self.before.log() - self.distance(ids, L).log()
        slope, = torch.autograd.grad((torch.softmax(w + p.log(), 0) * delta).sum(), w)
        slope = slope.numpy() + self.decay * self.w[ids]
        self.steps[ids] += 1
        self.m[ids] = 0.9 * self.m[ids] + 0.1 * slope
        self.v[ids] = 0.999 * self.v[ids] + 0.001 * slope**2
        self.w[ids] -= (self.lr * self.m[ids] / (1 - 0.9**self.steps[ids])
                        / (np.sqrt(self.v[ids] / (1 - 0.999**self.steps[ids])) + 1e-8))

    def peer(self, p):
        if not (p == 1).all():
            return None
        return jd.FAMO(TASKS, torch.tensor(self.ideal), self.lr, self.decay).double()


def row(name, rule, epochs, missing=(), factor=(1.0, 1.0, 1.0), options=""):
    """`missing`: pairs of a step, from 1, and a task."""
    random = np.random.default_rng(len(name) + len(missing) + 3 * epochs)
    c = torch.tensor(factor, dtype=torch.float64)
    preference = c * TASKS / c.sum()
    peer = None if missing else rule.peer(preference)
    steps, number = [], 0
    for epoch in range(1, epochs + 1):
        for _ in range(3):
            number += 1
            losses = random.integers(64, 4096, TASKS) / 1024 * [1, 4, 0.25]
            ids = [t for t in range(TASKS) if (number, t) not in missing]
            plain = torch.tensor(losses[ids], requires_grad=True)
            given = plain if rule.prefers else c[ids] * plain
            total = rule.loss(ids, given, preference[ids], (number, epoch))
            gradient, = torch.autograd.grad(total, plain)
            step = {"epoch": epoch, "losses": [losses[t] if t in ids else None
                                               for t in range(TASKS)], "gradient": [0.0] * TASKS}
            for t, value in zip(ids, gradient.tolist()):
                step["gradient"][t] = value
            if peer:
                other = plain if rule.prefers else c * plain
                theirs, = torch.autograd.grad(peer(other), plain)
                assert torch.allclose(theirs, gradient, rtol=1e-7), (name, theirs, gradient)
            after = losses * random.integers(512, 1100, TASKS) / 1024
            rule.after(ids, torch.tensor(after[ids]), preference[ids])
            if type(rule).after is not Rule.after:
                step["after"] = [after[t] if t in ids else None for t in range(TASKS)]
                if peer:
                    peer.update(torch.tensor(after))
            steps.append(step)
        rule.end_epoch()
        if hasattr(peer, "step"):
            peer.step()
    return {"weighting": "{name: %s%s}" % (name, options), "factor": list(factor), "steps": steps}


UNLIKE, GONE = (1.0, 0.5, 4.0), ((2, 1), (4, 0), (4, 2), (7, 1), (8, 1), (9, 1), (13, 0))


def main():
    ideal, ideal_text = [0.0, 0.25, -0.5], ", ideal: [0, 0.25, -0.5]"
    rows = [
        row("scale_invariant", ScaleInvariant(), 1, GONE, UNLIKE),
        row("geometric", Geometric(), 1),
        row("geometric", Geometric(), 2, GONE, UNLIKE),
        row("dwa", Dwa(), 5),
        row("dwa", Dwa(temperature=0.5), 6, GONE, UNLIKE, ", temperature: 0.5"),
        row("rlw", Rlw(), 2, GONE, UNLIKE),
        row("lbtw", Lbtw(), 2),
        row("lbtw", Lbtw(alpha=0.75), 2, ((1, 0),) + GONE, UNLIKE, ", alpha: 0.75"),
        row("stch", Stch(), 6),
        row("stch", Stch(mu=0.25, warmup=3), 5, GONE, UNLIKE, ", mu: 0.25, warmup: 3"),
        row("stch", Stch(warmup=0), 1, GONE, UNLIKE, ", warmup: 0"),
        row("chebyshev", Chebyshev(), 1),
        row("chebyshev", Chebyshev(ideal=ideal), 3, GONE, UNLIKE, ideal_text),
        row("cosmos", Cosmos(), 1),
        row("cosmos", Cosmos(lambda_=8.0), 1, (), UNLIKE, ", lambda: 8"),
        row("cosmos", Cosmos(lambda_=2.0), 3, GONE, UNLIKE, ", lambda: 2"),
        row("pbi", Pbi(), 1),
        row("pbi", Pbi(theta=0.5, ideal=ideal), 1, (), UNLIKE, ", theta: 0.5" + ideal_text),
        row("pbi", Pbi(ideal=ideal), 3, GONE, UNLIKE, ideal_text),
        row("famo", Famo(), 4),
        row("famo", Famo(lr=0.25, decay=0.125, ideal=[0.0, 0.125, -0.5]), 4, (), (1.0, 1.0, 1.0),
            ", lr: 0.25, decay: 0.125, ideal: [0, 0.125, -0.5]"),
        row("famo", Famo(), 5, GONE, UNLIKE),
    ]
    golden = {"source": "PyTorch " + torch.__version__, "rows": rows}
    with open(os.path.join(HERE, "losses.json"), "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
