#!/usr/bin/python3
"""Writes schedule.json: the learning rate of every step, by torch.optim.lr_scheduler.

usage: schedule.py

Run by hand, never by the build. Step, exponential and plateau move after each epoch. The cosine
moves after each step, so T_max is epochs * steps. Warm-up is LinearLR from 1 / W over W steps; its
factor multiplies the rate of the other. `values` are what plateau monitors, one after each epoch.
"""
import json
import os

import torch
from torch.optim import lr_scheduler as schedulers

HERE = os.path.dirname(os.path.abspath(__file__))
LR, STEPS = 0.3, 4
NAN = float("nan")
CLIMB = [0.1, 0.2, 0.2, 0.15, 0.3, 0.3, 0.3, 0.3, 0.25, 0.31, NAN, 0.31, 0.31, 0.2, 0.1]
NEGATIVE = [-5.0, -4.0, -4.0, -4.5, -4.0, -3.0, -3.0, -3.5, -9.0, -2.0]
ROWS = [
    {"name": "constant", "epochs": 3},
    {"name": "constant", "epochs": 3, "warmup": 1.5},
    {"name": "constant", "epochs": 3, "warmup": 0.25},
    {"name": "step", "epochs": 7, "every": 3, "gamma": 0.5},
    {"name": "step", "epochs": 4, "every": 1, "gamma": 0.125, "warmup": 2.0},
    {"name": "exponential", "epochs": 6, "gamma": 0.875},
    {"name": "exponential", "epochs": 6, "gamma": 0.875, "warmup": 2.5},
    {"name": "cosine", "epochs": 5},
    {"name": "cosine", "epochs": 5, "min_lr": 0.0625},
    {"name": "cosine", "epochs": 1, "min_lr": 0.0625, "warmup": 0.75},
    {"name": "plateau", "epochs": 16, "gamma": 0.5, "patience": 2, "values": CLIMB},
    {"name": "plateau", "epochs": 16, "gamma": 0.5, "patience": 0, "values": CLIMB},
    {"name": "plateau", "epochs": 16, "gamma": 0.5, "patience": 0, "min_lr": 0.03125,
     "values": CLIMB},
    {"name": "plateau", "epochs": 11, "gamma": 0.25, "patience": 1, "values": NEGATIVE,
     "warmup": 1.0},
]


def make(row, optimizer):
    name, gamma, low = row["name"], row.get("gamma"), row.get("min_lr", 0.0)
    if name == "step":
        return schedulers.StepLR(optimizer, row["every"], gamma)
    if name == "exponential":
        return schedulers.ExponentialLR(optimizer, gamma)
    if name == "cosine":
        return schedulers.CosineAnnealingLR(optimizer, row["epochs"] * STEPS, low)
    if name == "plateau":
        return schedulers.ReduceLROnPlateau(optimizer, "max", gamma, row["patience"], threshold=0,
                                            min_lr=low, eps=0)
    return None


def new_optimizer(lr):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)


def warmup_factors(row):
    count, steps = row["epochs"] * STEPS, round(row.get("warmup", 0) * STEPS)
    optimizer = new_optimizer(1.0)
    warmup = schedulers.LinearLR(optimizer, 1 / steps, 1.0, steps - 1) if steps > 1 else None
    factors = []
    for _ in range(count):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if warmup:
            warmup.step()
    return factors


def rates(row):
    optimizer = new_optimizer(LR)
    schedule = make(row, optimizer)
    found = []
    for epoch in range(row["epochs"]):
        for _ in range(STEPS):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if row["name"] == "cosine":
                schedule.step()
        if row["name"] == "plateau" and epoch < len(row["values"]):
            schedule.step(row["values"][epoch])
        elif row["name"] in ("step", "exponential"):
            schedule.step()
    return [rate * factor for rate, factor in zip(found, warmup_factors(row))]


def line(row):
    values = [None if x != x else x for x in row.get("values", [])]
    return json.dumps({**row, "values": values, "rates": rates(row)})


def main():
    with open(os.path.join(HERE, "schedule.json"), "w") as out:
        out.write(f'{{"source": "PyTorch {torch.__version__}, schedule.py", "lr": {LR}, '
                  f'"steps": {STEPS}, "rows": [\n')
        out.write(",\n".join(line(row) for row in ROWS) + "\n]}\n")


main()
