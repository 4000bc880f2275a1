#!/usr/bin/python3
"""Writes gated_sum.json: what numpy gives for the op cases that name a row of it. Run by hand.

In double precision from inputs rounded to float; the gradients are written out, not found.
"""
import json
import os

import numpy as np

random = np.random.default_rng(1)


def rand(*shape):
    return random.uniform(-2, 2, shape).astype(np.float32).astype(np.float64)


def numbers(array):
    return [float(f"{value:.9g}") for value in array.reshape(-1)]


def row(samples, experts, *width, gates=None):
    gates = gates or samples
    x, gate, dy = rand(samples, experts, *width), rand(gates, experts), rand(samples, *width)
    wide = gate.reshape(gates, experts, *[1] * len(width))
    y = (wide * x).sum(1)
    dx = wide * dy[:, None]
    dgate = (x * dy[:, None]).reshape(samples // gates, gates, experts, -1).sum((0, 3))
    return {"x": [numbers(x), numbers(gate)], "dy": numbers(dy), "y": numbers(y),
            "dx": [numbers(dx), numbers(dgate)], "after": [None, None]}


path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gated_sum.json")
with open(path, "w") as out:
    out.write('{\n "source": "numpy %s, gated_sum.py",\n' % np.__version__)
    rows = {"rows": row(4, 3, 7), "images": row(2, 4, 3, 2, 5),
            "every_row": row(4, 3, 2, 3, gates=1)}
    out.write(",\n".join(f' "{name}": {json.dumps(value)}' for name, value in rows.items()))
    out.write("\n}\n")
