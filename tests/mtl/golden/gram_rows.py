#!/usr/bin/env python3
"""Writes gram_rows.json: directions of weightings by the Gram matrix, in double, by TorchJD (0.18.0)
and, of imtl_g where gradients are dependent, by numpy (2.4.6).

usage: gram_rows.py

Run by hand, never by the build. Twenty Jacobians of 2 to 16 tasks: correlated, opposed, badly
scaled, rank-deficient. A row that keeps something is run for three steps on the same Jacobian, and
the last counts. The random order is bough's: task i meets the others by the first word of
Philox4x32-10 with the seed as key and the counter (i, 2, j, step).
"""
import importlib.metadata
import json
import os

import numpy as np
import torch
from graddrop import philox
from torchjd import aggregation

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = [1, 2]
TASKS = [2, 3, 5, 8, 16]


def correlated(random, tasks):
    return 3 * random.standard_normal(2 * tasks) + random.standard_normal((tasks, 2 * tasks))


def opposed(random, tasks):
    sign = np.where(np.arange(tasks) % 2, -1, 1)[:, None]
    return sign * random.standard_normal(2 * tasks) + random.standard_normal((tasks, 2 * tasks))


def badly_scaled(random, tasks):
    scale = 10.0 ** random.uniform(-3, 3, (tasks, 1))
    return scale * random.standard_normal((tasks, 2 * tasks))


def rank_deficient(random, tasks):
    rank = (tasks + 1) // 2
    return random.integers(-3, 4, (tasks, rank)) @ random.integers(-3, 4, (rank, tasks + 3))


def shortened(matrix):
    return [[float(f"{x:.4g}") for x in row] for row in matrix.tolist()]


class Order:
    """Stands for torch.randperm: the next call is task 0's."""

    def __init__(self, tasks, step):
        self.tasks, self.step, self.task = tasks, step, 0

    def others(self):
        i, self.task = self.task, self.task + 1
        keys = {j: philox([i, 2, j, self.step], SEED)[0] for j in range(self.tasks) if j != i}
        return i, sorted(keys, key=keys.get)

    def __call__(self, count):
        i, others = self.others()
        if count < self.tasks:  # places among the others
            return torch.tensor([j - (j > i) for j in others], dtype=torch.int64)
        return torch.tensor(others + [i])


def run(aggregator, jacobian, steps):
    for step in range(1, steps + 1):
        torch.randperm = Order(len(jacobian), step)
        direction = aggregator(torch.tensor(jacobian, dtype=torch.float64))
    return direction.tolist()


def pcgrad(_jacobian):
    return aggregation.PCGrad(), 1


def inverse_norms(jacobian):
    norm = np.linalg.norm(jacobian, axis=1)
    return np.where(norm > 0, 1 / np.where(norm > 0, norm, 1), 0)


def gradvac(beta):
    return lambda _jacobian: (aggregation.GradVac(beta=beta, eps=0), 3)


class ImtlG:
    """Where gradients are dependent bough takes the pseudo-inverse of the cosines instead."""

    def __call__(self, matrix):
        jacobian = matrix.numpy()
        inverse = inverse_norms(jacobian)
        unit = jacobian * inverse[:, None]
        v = np.linalg.pinv(unit @ unit.T, rcond=1e-10).sum(axis=1) * inverse
        return v / v.sum() @ jacobian


def imtl_g(jacobian):
    inverse = inverse_norms(jacobian)
    full = np.linalg.matrix_rank(jacobian * inverse[:, None]) == len(jacobian)
    well = inverse.max() < 1e2 * inverse.min()  # TorchJD's cut goes by the norms
    return aggregation.IMTLG() if full and well else ImtlG(), 1


def aligned(scale):
    return lambda _jacobian: (aggregation.AlignedMTL(scale_mode=scale), 1)


def config(_jacobian):
    return aggregation.ConFIG(), 1


METHODS = [("pcgrad", pcgrad), ("gradvac", gradvac(0.5)),
           ("{name: gradvac, beta: 0.125}", gradvac(0.125)), ("imtl_g", imtl_g),
           ("aligned", aligned("min")),
           ("{name: aligned, scale: median}", aligned("median")),
           ("{name: aligned, scale: rmse}", aligned("rmse")), ("config", config)]


def case(text, make, number, jacobian):
    aggregator, steps = make(jacobian)
    return {"weighting": text, "jacobian": number, "steps": steps,
            "direction": [float(f"{x:.12g}") for x in run(aggregator, jacobian, steps)]}


def main():
    random = np.random.default_rng(10)
    jacobians = [[[-4, 1, 1], [6, 1, 1]]]
    jacobians += [shortened(kind(random, tasks)) for tasks in TASKS
                  for kind in (correlated, opposed, badly_scaled, rank_deficient)]
    source = f"torchjd {importlib.metadata.version('torchjd')}"
    golden = {"source": source, "seed": SEED, "jacobians": jacobians,
              "cases": [case(text, make, i, jacobian) for text, make in METHODS
                        for i, jacobian in enumerate(jacobians)]}
    with open(os.path.join(HERE, "gram_rows.json"), "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
