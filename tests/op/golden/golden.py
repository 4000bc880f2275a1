#!/usr/bin/python3
"""Writes golden/<family>.json: what PyTorch gives for the op cases that name a golden row.

usage: golden.py [family...]     (all families without arguments)

Run by hand, never by the build. Values are computed in double precision from inputs rounded to
float. A family is a function below; it yields (row, inputs, f[, gradients[, updated]]):
  inputs     tensors in the op's order; None for an absent one
  f          takes the inputs, returns y
  gradients  which inputs have one; all floating ones unless told
  updated    {input: f}: what the forward pass makes of that input
An f with an attribute `loss` gives [mean, weight]; only the mean is differentiated.
"""
import json
import os
import sys

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
FAMILIES = {}


def family(function):
    FAMILIES[function.__name__] = function
    return function


def rand(*shape):
    """Uniform in [-2, 2), a float's worth of digits."""
    return (4 * torch.rand(*shape, dtype=torch.float64) - 2).float().double()


def numbers(tensor):
    if tensor is None:
        return None
    flat = tensor.detach().reshape(-1).tolist()
    if not tensor.is_floating_point():
        return flat
    return [None if value != value else float(f"{value:.9g}") for value in flat]


def row(inputs, f, gradients=None, updated=None):
    if gradients is None:
        gradients = [i for i, x in enumerate(inputs) if x is not None and x.is_floating_point()]
    leaves = [x.clone().requires_grad_() if i in gradients else x for i, x in enumerate(inputs)]
    y = f(*leaves)
    projected = y[:1] if getattr(f, "loss", False) else y
    dy = rand(*projected.shape)
    projected.backward(dy)
    return {
        "x": [numbers(x) for x in inputs],
        "dy": numbers(dy),
        "y": numbers(y),
        "dx": [numbers(x.grad) if i in gradients else None for i, x in enumerate(leaves)],
        "after": [numbers(updated[i](*inputs)) if updated and i in updated else None
                  for i in range(len(inputs))],
    }


def write(name):
    torch.manual_seed(1)
    lines = [f' "{case}": {json.dumps(row(*rest))}' for case, *rest in FAMILIES[name]()]
    with open(os.path.join(HERE, name + ".json"), "w") as out:
        out.write('{\n "source": "PyTorch %s, golden.py",\n' % torch.__version__)
        out.write(",\n".join(lines) + "\n}\n")


@family
def activation():
    yield "relu", [rand(5, 7)], F.relu
    yield "leaky_relu", [rand(5, 7)], lambda x: F.leaky_relu(x, 0.1)
    yield "gelu", [3 * rand(5, 7)], F.gelu
    yield "sigmoid", [3 * rand(5, 7)], torch.sigmoid
    yield "tanh", [2 * rand(5, 7)], torch.tanh


if __name__ == "__main__":
    for wanted in sys.argv[1:] or FAMILIES:
        write(wanted)
