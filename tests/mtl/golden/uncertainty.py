#!/usr/bin/env python3
"""Writes uncertainty.json: ten steps of uncertainty weighting by PyTorch (2.15.0), in double.

usage: uncertainty.py

Run by hand, never by the build. Three losses a_t mean((x - b_t)^2) of four shared numbers x, with
factors; x goes by sgd, s by adam. A loss that is missing in a step adds neither a loss nor
0.5 s_t. A row holds, for each step, the losses and the weights that their gradients got.
"""
import json
import os

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS, LR = 10, 0.125
A = [1.0, 8.0, 0.25]
B = [[1.0, 0.0, -1.0, 2.0], [0.5, -2.0, 1.0, 0.0], [4.0, 4.0, -4.0, 1.0]]
FACTOR = [1.0, 0.5, 2.0]
MISSING = [[], [], [], [1], [], [], [0, 2], [], [], []]


def row(start):
    x = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    s = torch.full((3,), start, dtype=torch.float64, requires_grad=True)
    optimizers = [torch.optim.SGD([x], lr=LR), torch.optim.Adam([s], lr=LR)]
    losses, weights = [], []
    for step in range(STEPS):
        loss = [a * (x - torch.tensor(b, dtype=torch.float64)).square().mean()
                for a, b in zip(A, B)]
        total = sum(0.5 * torch.exp(-s[t]) * FACTOR[t] * loss[t] + 0.5 * s[t]
                    for t in range(3) if t not in MISSING[step])
        losses.append([float(value) for value in loss])
        weights.append([0.0 if t in MISSING[step] else 0.5 * FACTOR[t] * float(torch.exp(-s[t]))
                        for t in range(3)])
        for optimizer in optimizers:
            optimizer.zero_grad()
        total.backward()
        for optimizer in optimizers:
            optimizer.step()
    return {"start": start, "losses": losses, "weights": weights, "s": s.tolist()}


def main():
    golden = {"source": "PyTorch " + torch.__version__, "lr": LR, "a": A, "b": B, "factor": FACTOR,
              "missing": MISSING, "rows": [row(0.0), row(-0.5)]}
    with open(os.path.join(HERE, "uncertainty.json"), "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
