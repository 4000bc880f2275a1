#!/usr/bin/python3
"""Writes dselect.json: what PyTorch gives for the op cases that name a row of it. Run by hand.

In double precision from inputs rounded to float.
"""
import itertools
import json
import os

import numpy as np
import torch

random = np.random.default_rng(1)
torch.set_default_dtype(torch.float64)


def rand(low, high, *shape):
    value = random.uniform(low, high, shape).astype(np.float32).astype(np.float64)
    return torch.tensor(value, requires_grad=True)


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().reshape(-1).tolist()]


def row(x, y):
    dy = rand(-2, 2, *y.shape)
    y.backward(dy)
    return {"x": [numbers(x)], "dy": numbers(dy), "y": numbers(y), "dx": [numbers(x.grad)],
            "after": [None]}


def smooth_step(t, gamma):
    middle = -2 * t**3 / gamma**3 + 3 * t / (2 * gamma) + 0.5
    return torch.where(t <= -gamma / 2, 0.0, torch.where(t >= gamma / 2, 1.0, middle))


def dselect(z, gamma, experts):
    s = smooth_step(z, gamma)
    codes = list(itertools.product([0, 1], repeat=z.shape[1]))[:experts]
    return torch.stack([torch.stack([s[:, b] if bit else 1 - s[:, b]
                                     for b, bit in enumerate(code)]).prod(0) for code in codes], 1)


def penalty(y, entropy):
    value = -entropy * (y * torch.log(y + 1e-6)).sum()
    experts = y.shape[1]
    if experts & (experts - 1):
        value = value + (1 / (y.sum(1) + 1e-6)).sum()
    return value.reshape(1)


if __name__ == "__main__":
    z, four, six = rand(-2, 2, 3, 3), rand(0, 1, 2, 4), rand(0, 1, 2, 6)
    rows = {"six": row(z, dselect(z, 2, 6)), "power_of_two": row(four, penalty(four, 2)),
            "any_number": row(six, penalty(six, 2))}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dselect.json")
    with open(path, "w") as out:
        out.write('{\n "source": "PyTorch %s, dselect.py",\n' % torch.__version__.split("+")[0])
        out.write(",\n".join(f' "{name}": {json.dumps(value)}' for name, value in rows.items()))
        out.write("\n}\n")
