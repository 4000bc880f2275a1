#!/usr/bin/env python3
"""Writes gradients.json: five steps of the weightings that go by the gradients themselves, by numpy
(2.4.6) from the papers' formulas; trimmed_mean and krum by TorchJD (0.18.0).

usage: gradients.py

Run by hand, never by the build. Gradients and losses are made by formulas in whole numbers, which
test_combine.c has too; of each step's gradient SAMPLES elements are kept. A task that is missing has
a gradient of 0.
"""
import json
import os

import numpy as np
import torch
from torchjd.aggregation import Krum, TrimmedMean

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS, SAMPLES = 5, 16


def is_missing(row, t, step):
    return row["gaps"] and (t + step) % 4 == 0


def gradients(row, step):
    t, i = np.meshgrid(np.arange(row["tasks"]), np.arange(row["columns"]), indexing="ij")
    k = (i * (37 + 2 * t + 4 * step) + 101 * t + 57 * step) % 257 - 128
    g = k / 128 * 2.0 ** (t % 3 - 2)
    for t in range(row["tasks"]):
        g[t] *= not is_missing(row, t, step)
    return g


def losses(row, step):
    t = np.arange(row["tasks"])
    return (1 + (3 * t + 5 * step) % 7) / 4 * [not is_missing(row, t, step) for t in t]


def factors(row):
    return np.where(row["factors"], np.array([1, 0.5, 2, 0.25])[np.arange(row["tasks"]) % 4], 1)


def norm(g):
    return np.sqrt((g * g).sum())


class trimmed_mean:
    def __init__(self, row):
        self.trim = row["options"]["trim"]

    def step(self, here, g, loss, step):
        trim = min(self.trim, (len(here) - 1) // 2)
        return TrimmedMean(trim)(torch.tensor(g[here])).numpy()


class dbmtl:
    def __init__(self, row):
        self.beta = row["options"]["beta"]
        self.b = np.zeros((row["tasks"], row["columns"]))

    def step(self, here, g, loss, step):
        for t in here:
            slope = g[t] / (loss[t] + 1e-8)
            self.b[t] = slope + self.beta * (self.b[t] - slope)
        most = max(norm(self.b[t]) for t in here)
        return sum(most / norm(self.b[t]) * self.b[t] for t in here)


class excess:
    def __init__(self, row):
        self.eta = row["options"]["eta"]
        self.s = np.zeros((row["tasks"], row["columns"]))
        self.first = np.zeros(row["tasks"])
        self.w = np.ones(row["tasks"])

    def step(self, here, g, loss, step):
        self.s += g * g
        e = (g * g / np.sqrt(self.s + 1e-7)).sum(axis=1)
        self.first = np.where(self.first == 0, e, self.first)
        had = self.w[here].sum()
        self.w[here] *= np.exp(self.eta * e[here] / self.first[here])
        self.w[here] *= had / self.w[here].sum()
        return len(here) * self.w[here] / had @ g[here]


class metabalance:
    def __init__(self, row):
        self.beta, self.relax = row["options"]["beta"], row["options"]["relax"]
        self.m, self.seen = np.zeros(row["tasks"]), np.zeros(row["tasks"])

    def step(self, here, g, loss, step):
        for t in here:
            self.m[t] = self.beta * self.m[t] + (1 - self.beta) * norm(g[t])
            self.seen[t] += 1
        mean = self.m / np.maximum(1 - self.beta ** self.seen, 1e-300)
        w = [self.relax * mean[0] / mean[t] + 1 - self.relax if self.seen[0] else 1 for t in here]
        return np.array(w) @ g[here]


class moco:
    def __init__(self, row):
        self.beta, self.gamma, self.rho = (row["options"][k] for k in ["beta", "gamma", "rho"])
        self.y = np.zeros((row["tasks"], row["columns"]))
        self.w = np.ones(row["tasks"]) / row["tasks"]

    def step(self, here, g, loss, step):
        for t in here:
            self.y[t] -= self.beta / step**0.5 * (self.y[t] - g[t] / norm(g[t]) * loss[t])
        y, share = self.y[here], self.w[here].sum()
        w = self.w[here] / share
        z = w - self.gamma / step**0.5 * (y @ (y.T @ w) + self.rho * w)
        w = np.exp(z - z.max())
        self.w[here] = share * w / w.sum()
        return y.T @ (w / w.sum())


METHODS = {m.__name__: m for m in [trimmed_mean, dbmtl, excess, metabalance, moco]}
ROWS = [
    ("trimmed_mean", {"trim": 1}, 5, 4099, 0, 0),
    ("trimmed_mean", {"trim": 1}, 6, 65, 1, 1),
    ("trimmed_mean", {"trim": 3}, 9, 130, 1, 0),
    ("trimmed_mean", {"trim": 2}, 4, 63, 1, 0),
    ("trimmed_mean", {"trim": 0}, 3, 17, 0, 0),
    ("dbmtl", {"beta": 0.9}, 2, 33, 0, 0),
    ("dbmtl", {"beta": 0.5}, 5, 9001, 1, 1),
    ("excess", {"eta": 0.01}, 3, 33, 0, 0),
    ("excess", {"eta": 2}, 5, 9001, 1, 1),
    ("metabalance", {"beta": 0.9, "relax": 0.7}, 3, 33, 0, 0),
    ("metabalance", {"beta": 0.5, "relax": 1}, 6, 9001, 1, 1),
    ("moco", {"beta": 0.5, "gamma": 0.1, "rho": 0}, 2, 33, 0, 0),
    ("moco", {"beta": 1, "gamma": 2, "rho": 0.25}, 5, 9001, 1, 1),
]

KRUM = [(4, 1, 1), (5, 1, 2), (5, 2, 1), (8, 2, 3), (16, 5, 1), (16, 0, 4), (3, 0, 3)]


def run(name, options, tasks, columns, gaps, with_factors):
    row = {"weighting": name, "options": options, "tasks": tasks, "columns": columns, "gaps": gaps,
           "factors": with_factors}
    method, samples = METHODS[name](row), []
    at = np.arange(SAMPLES) * (columns - 1) // (SAMPLES - 1)
    for step in range(1, STEPS + 1):
        here = [t for t in range(tasks) if not is_missing(row, t, step)]
        d = method.step(here, gradients(row, step), losses(row, step) * factors(row), step)
        samples.append([float(f"{x:.9g}") for x in d[at]])
    return row | {"gradient": samples}


def krum(number, tasks, byzantine, selected):
    random = np.random.default_rng(number)
    g = random.integers(-8, 9, (tasks, 6)).astype(float)
    g[0] *= 8
    weights = Krum(byzantine, selected).gramian_weighting(torch.tensor(g @ g.T))
    return {"byzantine": byzantine, "selected": selected, "gram": (g @ g.T).ravel().tolist(),
            "weights": weights.tolist()}


def main():
    golden = {"source": f"numpy {np.__version__}, torchjd 0.18.0",
              "rows": [run(*row) for row in ROWS],
              "krum": [krum(number, *row) for number, row in enumerate(KRUM)]}
    with open(os.path.join(HERE, "gradients.json"), "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
