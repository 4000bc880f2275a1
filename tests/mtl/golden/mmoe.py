#!/usr/bin/python3
"""Writes mmoe.json: scores, losses and each task's gradients of a small MMoE, as numpy gives them.

Run by hand. In double precision from parameters rounded to float; the gradients are central
differences.
"""
import json
import os

import numpy as np

ROWS, INPUTS, HIDDEN, EXPERTS, OUTPUTS = 5, 4, 6, 3, {"left": 2, "right": 3}
random = np.random.default_rng(1)


def rand(*shape):
    return random.uniform(-1, 1, shape).astype(np.float32).astype(np.float64)


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def scores(p, x, task):
    experts = [np.tanh(x @ p[f"experts.{e}.0.weight"].T + p[f"experts.{e}.0.bias"])
               for e in range(EXPERTS)]
    gate = softmax(x @ p[f"gates.{task}.1.weight"].T)
    mixed = sum(gate[:, e:e + 1] * experts[e] for e in range(EXPERTS))
    return mixed @ p[f"{task}.0.weight"].T + p[f"{task}.0.bias"]


def numbers(array):
    return [float(f"{value:.9g}") for value in np.reshape(array, -1)]


params = {}
for e in range(EXPERTS):
    params[f"experts.{e}.0.weight"], params[f"experts.{e}.0.bias"] = rand(HIDDEN, INPUTS), rand(HIDDEN)
for task, outputs in OUTPUTS.items():
    params[f"gates.{task}.1.weight"] = rand(EXPERTS, INPUTS)
    params[f"{task}.0.weight"], params[f"{task}.0.bias"] = rand(outputs, HIDDEN), rand(outputs)
x = rand(ROWS, INPUTS)
targets = {task: rand(ROWS, outputs) for task, outputs in OUTPUTS.items()}


def loss(task):
    return ((scores(params, x, task) - targets[task]) ** 2).mean()


def gradient(task, name):
    flat, found = params[name].reshape(-1), []
    for i, value in enumerate(flat):
        flat[i] = value + 1e-5
        above = loss(task)
        flat[i] = value - 1e-5
        found.append((above - loss(task)) / 2e-5)
        flat[i] = value
    return numbers(found)


golden = {
    "source": f"numpy {np.__version__}, mmoe.py",
    "x": numbers(x),
    "targets": {task: numbers(targets[task]) for task in OUTPUTS},
    "params": {name: numbers(value) for name, value in params.items()},
    "scores": {task: numbers(scores(params, x, task)) for task in OUTPUTS},
    "losses": {task: loss(task) for task in OUTPUTS},
    "gradients": {task: {name: gradient(task, name) for name in params} for task in OUTPUTS},
}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mmoe.json")
with open(path, "w") as out:
    rows = ",\n".join(f' "{name}": {json.dumps(value)}' for name, value in golden.items())
    out.write("{\n" + rows + "\n}\n")
