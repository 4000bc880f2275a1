#!/usr/bin/python3
"""Writes similarity.json: a model of three tasks, its data, and how similar these are, in double.
Run by hand, with PyTorch."""
import json
import math
import pathlib

import torch

ROWS, INPUTS, EXPERTS, WIDTH, OUTPUTS = 40, 3, 2, 5, 2
TASKS = ["left", "right", "top"]
CONFIG = """data: none
input: {field: x}
architecture: {name: mmoe, experts: 2}
trunk: [linear: 5, tanh]
tasks:
  left: {target: left, loss: mse, weight: 0, head: [linear: 2]}
  right: {target: right, loss: mse, head: [linear: 2]}
  top: {target: top, loss: l1, head: [linear: 2]}
train: {epochs: 1, batch_size: 16, validation: 0}
"""


def linear(params, name, x):
    return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]


def cosines(vectors):
    return [[float(a @ b / math.sqrt(a @ a) / math.sqrt(b @ b)) for b in vectors] for a in vectors]


def cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    return float((y.T @ x).norm() ** 2 / ((x.T @ x).norm() * (y.T @ y).norm()))


def mmd(x, y):
    mean = (torch.pdist(torch.cat([x, y])) ** 2).mean()

    def kernel(a, b):
        distance = ((a[:, None] - b[None]) ** 2).sum(-1)
        return sum(torch.exp(-distance / (w * mean)).mean() for w in (0.25, 0.5, 1, 2, 4)) / 5
    return math.sqrt(max(0, kernel(x, x) + kernel(y, y) - 2 * kernel(x, y)))


def main():
    torch.manual_seed(7)
    torch.set_default_dtype(torch.float64)

    def rand(*shape):
        return (2 * torch.rand(*shape) - 1).float().double().requires_grad_()
    params = {}
    for e in range(EXPERTS):
        params[f"experts.{e}.0.weight"], params[f"experts.{e}.0.bias"] = \
            rand(WIDTH, INPUTS), rand(WIDTH)
    shared = list(params.values())
    for task in TASKS:
        params[f"gates.{task}.1.weight"] = rand(EXPERTS, INPUTS)
    for task in TASKS:
        params[f"{task}.0.weight"], params[f"{task}.0.bias"] = rand(OUTPUTS, WIDTH), rand(OUTPUTS)
    x = rand(ROWS, INPUTS)
    target = {task: rand(ROWS, OUTPUTS).detach().clone() for task in TASKS}
    target["right"][20:] = float("nan")  # in batches of 16 one is labelled in part
    experts = torch.stack([torch.tanh(linear(params, f"experts.{e}.0", x)) for e in range(EXPERTS)], 1)
    read, gradients = {}, []
    for task in TASKS:
        gate = torch.softmax(x @ params[f"gates.{task}.1.weight"].T, 1)
        read[task] = (gate[:, :, None] * experts).sum(1)
        off = linear(params, f"{task}.0", read[task]) - target[task]
        off = off[~off.isnan()]
        loss = off.abs().mean() if task == "top" else (off ** 2).mean()
        found = torch.autograd.grad(loss, shared, retain_graph=True)
        gradients.append(torch.cat([g.flatten() for g in found]))
    detached = {task: value.detach() for task, value in read.items()}
    golden = {
        "source": f"PyTorch {torch.__version__}, similarity.py",
        "config": CONFIG,
        "params": {n: [list(p.shape), p.flatten().tolist()] for n, p in params.items()},
        "x": x.flatten().tolist(),
        "target": {t: [None if math.isnan(v) else v for v in y.flatten().tolist()]
                   for t, y in target.items()},
        "cosine": cosines(gradients),
        "cka": [[cka(detached[a], detached[b]) for b in TASKS] for a in TASKS],
        "mmd": [[mmd(detached[a], detached[b]) for b in TASKS] for a in TASKS],
    }
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
