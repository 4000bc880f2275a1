#!/usr/bin/python3
"""Writes loss_positions.json: what numpy gives for losses of samples with positions. Run by hand.

In double precision from inputs rounded to float, by PyTorch's definition of cross_entropy with
weight, ignore_index and label_smoothing; gradients are central differences.
"""
import json
import os

import numpy as np

random = np.random.default_rng(1)


def rand(*shape):
    return random.uniform(-2, 2, shape).astype(np.float32).astype(np.float64)


def numbers(array):
    return [None if value != value else float(f"{value:.9g}") for value in array.reshape(-1)]


def cross_entropy(x, label, weight, smoothing):
    """[mean, weight], position by position."""
    classes, total, whole = x.shape[1], 0.0, 0.0
    for at in np.ndindex(label.shape):
        mine = label[at]
        if mine < 0:
            continue
        score = x[(at[0], slice(None)) + at[1:]]
        d = np.log(np.exp(score).sum()) - score
        total += (1 - smoothing) * weight[mine] * d[mine] + smoothing / classes * (weight * d).sum()
        whole += weight[mine]
    return np.array([total / whole, whole])


def mse(x, target):
    known = ~np.isnan(target)
    return np.array([((x - target)[known] ** 2).mean(), known.sum()])


def slopes(f, x, dy, step=1e-5):
    dx = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[at] += step
        down[at] -= step
        dx[at] = dy * (f(up)[0] - f(down)[0]) / (2 * step)
    return dx


def row(x, others, f):
    dy = rand(1)
    inputs = [numbers(x)] + [[int(v) for v in o.reshape(-1)] if o.dtype == np.int64 else numbers(o)
                             for o in others]
    return {"x": inputs, "dy": numbers(dy), "y": numbers(f(x)),
            "dx": [numbers(slopes(f, x, dy[0]))] + [None] * len(others),
            "after": [None] * len(inputs)}


def labels(classes, *shape):
    return np.where(random.random(shape) < 0.25, -1, random.integers(0, classes, shape))


def of_classes(shape, weighted, smoothing):
    x, label = rand(*shape), labels(shape[1], shape[0], *shape[2:])
    weight = np.array([0.5, 2.0, 0.25, 1.5])[:shape[1]] if weighted else np.ones(shape[1])
    return row(x, [label, weight] if weighted else [label],
               lambda x: cross_entropy(x, label, weight, smoothing))


def of_numbers(*shape):
    x, target = rand(*shape), rand(*shape)
    target[random.random(shape) < 0.25] = np.nan
    return row(x, [target], lambda x: mse(x, target))


path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "loss_positions.json")
with open(path, "w") as out:
    out.write('{\n "source": "numpy %s, loss_positions.py",\n' % np.__version__)
    rows = {"tags": of_classes((3, 4, 5), False, 0), "pixels": of_classes((2, 3, 3, 4), False, 0),
            "weights_smooth": of_classes((3, 4, 2, 3), True, 0.1), "numbers": of_numbers(2, 3, 2, 2)}
    out.write(",\n".join(f' "{name}": {json.dumps(value)}' for name, value in rows.items()))
    out.write("\n}\n")
