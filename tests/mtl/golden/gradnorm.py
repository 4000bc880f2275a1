#!/usr/bin/env python3
"""Writes gradnorm.json: weights of GradNorm step by step, by torch (its autograd and its Adam, in
double), from the paper's formulas with the first epoch's mean losses, as in LibMTL 1.1.5.

usage: gradnorm.py

Run by hand, never by the build. Two steps of the first epoch, then twelve, in which losses and the
gradients' norms change.
"""
import json
import os

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
FIRST, STEPS = 2, 14
ROWS = [(2, 1.5, 0.025), (3, 1.5, 0.025), (3, 0.0, 0.1), (8, 0.5, 0.01)]


def train(losses, norms, alpha, lr):
    s = torch.zeros(losses.shape[1], dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([s], lr=lr)
    start = losses[:FIRST].mean(dim=0)
    weights = []
    for step, (loss, norm) in enumerate(zip(losses, norms)):
        w = len(loss) * torch.softmax(s, 0)
        weights.append(w.detach().tolist())
        if step < FIRST:
            continue
        rate = loss / start
        lengths = w * norm
        target = (lengths.mean() * (rate / rate.mean()) ** alpha).detach()
        adam.zero_grad()
        (lengths - target).abs().sum().backward()
        adam.step()
    return weights


def row(number, tasks, alpha, lr):
    random = np.random.default_rng(number)
    losses = random.uniform(0.2, 3, (STEPS, tasks)).astype(np.float32)
    norms = (2.0 ** random.integers(-3, 4, (STEPS, tasks))).astype(np.float32)
    weights = train(torch.tensor(losses, dtype=torch.float64),
                    torch.tensor(norms, dtype=torch.float64), alpha, lr)
    return {"alpha": alpha, "lr": lr, "losses": losses.tolist(), "norms": norms.tolist(),
            "weights": [[float(f"{x:.9g}") for x in step] for step in weights]}


def main():
    golden = {"source": "torch " + torch.__version__.split("+")[0], "first": FIRST,
              "rows": [row(number, *what) for number, what in enumerate(ROWS)]}
    with open(os.path.join(HERE, "gradnorm.json"), "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
