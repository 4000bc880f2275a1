#!/usr/bin/env python3
"""Writes sampled.json: weights of modo and sdmgrad over steps, by numpy (2.4.6), in double.

usage: sampled.py

Run by hand, never by the build. Gradients of two batches are drawn around common ones; a task whose
gradient on one of them is missing keeps its weight, and so do tasks that are not there. A row holds
for each step the products A, which tasks are there, which are labelled in all batches, and the
weights that the gradients got.
"""
import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 8


def project(v, total):
    """By sorting, unlike bough: Duchi et al., ICML 2008."""
    u = np.sort(v)[::-1]
    over = np.cumsum(u) - total
    rho = np.nonzero(u * np.arange(1, len(v) + 1) > over)[0][-1]
    return np.maximum(v - over[rho] / (rho + 1), 0)


def modo(a, w, total, _preferred, gamma=float(np.float32(1e-3)), rho=float(np.float32(0.1))):
    return project(w - gamma * (a @ w + rho * w), total)


def sdmgrad(a, w, total, preferred, lam=0.3, lr=5.0, iterations=20):
    scale = np.sqrt(np.maximum(np.diag(a), 0)).mean() ** 2
    if scale == 0:
        return w
    v = np.zeros_like(w)
    for _ in range(iterations):
        v = 0.5 * v + (a / scale) @ (w + lam * preferred)
        w = project(w - lr * v, total)
    return w


def row(name, text, tasks, preference, random, **options):
    rule = {"modo": modo, "sdmgrad": sdmgrad}[name]
    lam = options.get("lam", 0.3) if name == "sdmgrad" else 0
    common = random.standard_normal((tasks, 12)) * 10.0 ** random.uniform(-1, 1, (tasks, 1))
    state = np.full(tasks, 1 / tasks)
    steps = []
    for step in range(STEPS):
        first, second = common + 0.5 * random.standard_normal((2, tasks, 12))
        a = np.float32(first @ second.T).astype(np.float64)
        here = random.random(tasks) < (0.8 if step else 1)
        here[0] = True
        in_all = random.random(tasks) < (0.8 if step else 1)
        ids = np.nonzero(here)[0]
        part = state[ids].sum()
        w = state[ids] / part if part > 0 else np.full(len(ids), 1 / len(ids))
        preferred = preference[ids] / preference[ids].sum()
        moves = np.nonzero(in_all[ids])[0]
        total = w[moves].sum()
        if total > 0:
            at = ids[moves]
            w[moves] = rule(a[np.ix_(at, at)], w[moves], total, preferred[moves], **options)
        state[ids] = part * w
        weights = np.zeros(tasks)
        weights[ids] = (w + lam * preferred) / (1 + lam)
        steps.append({"a": a.ravel().tolist(), "here": here.astype(int).tolist(),
                      "in_all": in_all.astype(int).tolist(), "weights": weights.tolist()})
    return {"weighting": text, "preference": preference.tolist(), "steps": steps}


def main():
    random = np.random.default_rng(7)
    rows = []
    for tasks in (1, 2, 3, 8):
        ones, preference = np.ones(tasks), 0.5 + np.arange(tasks) % 3
        rows.append(row("modo", "modo", tasks, ones, random))
        rows.append(row("modo", "{name: modo, gamma: 0.05, rho: 2}", tasks, ones, random,
                        gamma=float(np.float32(0.05)), rho=2.0))
        rows.append(row("sdmgrad", "sdmgrad", tasks, ones, random, lam=float(np.float32(0.3))))
        rows.append(row("sdmgrad", "{name: sdmgrad, lambda: 2, lr: 0.5, iterations: 7}", tasks,
                        preference, random, lam=2.0, lr=0.5, iterations=7))
    with open(os.path.join(HERE, "sampled.json"), "w", encoding="ascii") as file:
        json.dump({"source": "numpy " + np.__version__, "rows": rows}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
