#!/usr/bin/env python3
"""Writes solved.json: the trunk's gradient by weightings that solve, of twenty random Jacobians.

usage: solved.py

Run by hand, never by the build. upgrad, dualproj, pcd and cagrad by TorchJD (0.18.0; quadprog,
and Clarabel 0.11.1 with tolerances of 1e-13, for those that it has leave 1e-4), in double; nash and fairgrad by numpy (2.4.6), Newton's method for the logarithms
of the weights; conicgrad by Clarabel from its definition. Some rows have preferences.
"""
import json
import os

import cvxpy as cp
import numpy as np
import torch
import torchjd.aggregation as jd

HERE = os.path.dirname(os.path.abspath(__file__))
TASKS = [2, 3, 5, 8, 16]
PREFER = {0, 7, 13}


def independent(random, tasks):
    return random.standard_normal((tasks, tasks + 4))


def correlated(random, tasks):
    return independent(random, tasks) * 0.5 + random.standard_normal(tasks + 4)


def opposed(random, tasks):
    """What is common to them has two signs."""
    signs = np.where(np.arange(tasks) % 2, -1, 1)[:, None]
    return independent(random, tasks) + signs * random.standard_normal(tasks + 4)


def badly_scaled(random, tasks):
    return independent(random, tasks) * 10 ** random.uniform(-2, 2, (tasks, 1))


def deficient(random, tasks):
    """More tasks than dimensions, all to one side."""
    rank = tasks // 2 + 1
    rows = random.standard_normal((tasks, rank))
    rows[:, 0] = np.abs(rows[:, 0]) + 0.5
    return rows @ np.linalg.qr(random.standard_normal((tasks + 4, rank)))[0].T


TIGHT = {"tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-13}
SOLVE = cp.Problem.solve
cp.Problem.solve = lambda problem, *_: SOLVE(problem, solver=cp.CLARABEL, **TIGHT)

KINDS = [independent, correlated, opposed, badly_scaled]


def fair(gram, p, alpha):
    """Gw = p w^(-1/alpha) for y = log w."""
    y, b = -0.5 * np.log(np.diag(gram)), 1 / alpha

    def value(y):
        w = np.exp(y)
        phi = y if b == 1 else w ** (1 - b) / (1 - b)
        return 0.5 * w @ gram @ w - p @ phi

    for _ in range(500):
        w = np.exp(y)
        slope = w * (gram @ w) - p * w ** (1 - b)
        hessian = np.outer(w, w) * gram + np.diag(b * p * w ** (1 - b))
        step = np.linalg.solve(hessian, -slope)  # relative to w, so not longer than 1
        step /= max(1, np.abs(step).max())
        t = 1
        while value(y + t * step) > value(y) + 1e-12 * abs(value(y)) and t > 1e-6:
            t /= 2
        y = y + t * step
    w = np.exp(y)
    assert np.abs(gram @ w / (p * w ** -b) - 1).max() < 1e-6
    return w


def nash(j, p):
    gram = j @ j.T
    w = fair(gram, p, 1) * np.sqrt(np.linalg.norm(gram))
    return j.T @ w / max(1, np.linalg.norm(j.T @ w))


def conicgrad(j, c):
    mean = j.mean(axis=0)
    size = np.linalg.norm(mean)
    d, t = cp.Variable(j.shape[1]), cp.Variable()
    cone = mean / size @ d >= c * cp.norm(d)
    scale = np.linalg.norm(j)
    if cp.Problem(cp.Maximize(t), [j / scale @ d >= t, cp.norm(d) <= 1, cone]).solve() < 1e-5:
        cp.Problem(cp.Maximize(t), [j / scale @ d >= t, mean / size @ d == 1, cone]).solve()
    return d.value * size / np.linalg.norm(d.value)


def directions(j, p):
    tasks = len(j)
    tensor, prefer = torch.tensor(j), torch.tensor(p) / tasks
    return {
        "upgrad": jd.UPGrad(pref_vector=prefer)(tensor).numpy(),
        "dualproj": jd.DualProj(pref_vector=prefer)(tensor).numpy(),
        "pcd": jd.PCD()(tensor).numpy(),
        "{name: cagrad, rescale: 0}": jd.CAGrad(c=0.5, norm_eps=1e-4)(tensor).numpy(),
        "{name: cagrad, c: 0.9, rescale: 2}": jd.CAGrad(c=0.9)(tensor).numpy() / 1.9,
        "nash": nash(j, p),
        "fairgrad": j.T @ fair(j @ j.T, p, 1),
        "{name: fairgrad, alpha: 2}": j.T @ fair(j @ j.T, p, 2),
        "{name: fairgrad, alpha: 0.5}": j.T @ fair(j @ j.T, p, 0.5),
        "conicgrad": conicgrad(j, 0.5),
        "{name: conicgrad, c: 0.9}": conicgrad(j, 0.9),
        "{name: conicgrad, c: 0.2}": conicgrad(j, 0.2),
    }


def row(number):
    random = np.random.default_rng(number)
    tasks = TASKS[number % len(TASKS)]
    kind = KINDS[number // len(TASKS)]
    if number in (3, 9, 14, 19):
        kind = deficient
    j = kind(random, tasks)
    p = random.uniform(0.5, 1.5, tasks) if number in PREFER else np.ones(tasks)
    p = p / p.mean()
    return {"kind": kind.__name__, "preference": p.tolist(), "jacobian": j.tolist(),
            "gradient": {name: [float(f"{x:.9g}") for x in d]
                         for name, d in directions(j, p).items()}}


def main():
    golden = {"source": "TorchJD 0.18.0, numpy " + np.__version__,
              "rows": [row(number) for number in range(20)]}
    with open(os.path.join(HERE, "solved.json"), "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
