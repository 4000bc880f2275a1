#!/usr/bin/env python3
"""Writes losses.json: what weightings by losses alone make of given losses, by PyTorch (2.15.0).

usage: losses.py

Run by hand, never by the build. A rule below is the loss that is minimised, of the labelled tasks,
and its gradient by autograd, in double. Where all tasks are labelled, TorchJD (0.18) must say the
same of the rules that it has, and LibMTL 1.1.5 has dwa and geometric alike. A row holds the tasks'
weights in the config, and for each step the losses (null: not labelled) and the derivative of what
is minimised by each.
"""
import json
import os

import numpy as np
import torch
import torchjd.scalarization as jd

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
    rows = [
        row("scale_invariant", ScaleInvariant(), 1, GONE, UNLIKE),
        row("dwa", Dwa(), 5),
        row("dwa", Dwa(temperature=0.5), 6, GONE, UNLIKE, ", temperature: 0.5"),
    ]
    golden = {"source": "PyTorch " + torch.__version__, "rows": rows}
    with open(os.path.join(HERE, "losses.json"), "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
