#!/usr/bin/env python3
"""Writes learned_scale.json: ten steps of uncertainty and of imtl_l by PyTorch (2.15.0), in double.

usage: learned_scale.py

Run by hand, never by the build. Three losses a_t mean((x - b_t)^2) of four shared numbers x, with
factors; x goes by sgd, s by adam. A loss that is missing in a step adds nothing, nor does its s_t. A row holds, for each step, the losses and the weights that their gradients got.
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


def row(weighting, start):
    x = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    s = torch.full((3,), start, dtype=torch.float64, requires_grad=True)
    optimizers = [torch.optim.SGD([x], lr=LR), torch.optim.Adam([s], lr=LR)]
    losses, weights = [], []
    for step in range(STEPS):
        loss = [a * (x - torch.tensor(b, dtype=torch.float64)).square().mean()
                for a, b in zip(A, B)]
        share, sign = {"uncertainty": (0.5, -1), "imtl_l": (1.0, 1)}[weighting]
        total = sum(share * torch.exp(sign * s[t]) * FACTOR[t] * loss[t] - sign * share * s[t]
                    for t in range(3) if t not in MISSING[step])
        losses.append([float(value) for value in loss])
        weights.append([0.0 if t in MISSING[step]
                        else share * FACTOR[t] * float(torch.exp(sign * s[t]))
                        for t in range(3)])
        for optimizer in optimizers:
            optimizer.zero_grad()
        total.backward()
        for optimizer in optimizers:
            optimizer.step()
    return {"weighting": weighting, "start": start, "losses": losses, "weights": weights, "s": s.tolist()}


def main():
    golden = {"source": "PyTorch " + torch.__version__, "lr": LR, "a": A, "b": B, "factor": FACTOR,
              "missing": MISSING, "rows": [row("uncertainty", 0.0), row("uncertainty", -0.5),
                                           row("imtl_l", 0.0), row("imtl_l", -0.5)]}
    with open(os.path.join(HERE, "learned_scale.json"), "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
