#!/usr/bin/python3
"""Writes aitm.json and aitm-conv.json. Run by hand, with PyTorch."""
import torch
import torch.nn.functional as F

import net

TASKS = ["view", "click", "buy"]
ORDER = 0.7
CONFIG = """data: none
architecture: {name: aitm, %sorder: 0.7}
trunk: [%s]
tasks:
  view: {target: view, loss: binary_cross_entropy, head: [%slinear: 2]}
  click: {target: click, loss: binary_cross_entropy, head: [%slinear: 2]}
  buy: {target: buy, loss: binary_cross_entropy, head: [%slinear: 2]}
"""


def parameters(params, width, head):
    for task in TASKS:
        if task != "view":
            net.linear(params, f"transfers.{task}.1", width, width)
        net.linear(params, f"{task}.{head}", width, 2)
    for name in ["query", "key", "value"]:
        params[f"attention.{name}"] = net.rand(width, width)


def write(name, config, params, x, q, head):
    query, key, value = (params[f"attention.{part}"] for part in ["query", "key", "value"])
    scores, z = {}, None
    for task in TASKS:
        if z is None:
            z = q[task]
        else:
            p = torch.relu(net.apply_linear(params, f"transfers.{task}.1", z))
            u = torch.stack([p, q[task]], 1)
            weights = torch.softmax(((u @ query.T) * (u @ key.T)).sum(-1) / u.shape[-1] ** 0.5, 1)
            z = (weights[:, :, None] * (u @ value.T)).sum(1)
        scores[task] = net.apply_linear(params, f"{task}.{head}", z)
    penalties = {task: 0 for task in TASKS}
    for before, task in zip(TASKS, TASKS[1:]):
        a, b = torch.sigmoid(scores[before]), torch.sigmoid(scores[task])
        penalties[before] = penalties[before] + ORDER * F.relu(b.detach() - a).mean()
        penalties[task] = penalties[task] + ORDER * F.relu(b - a.detach()).mean()
    targets = {task: net.bits(x.shape[0], 2) for task in TASKS}
    net.write(name, config, x, params, scores, targets,
              net.binary_cross_entropy(scores, targets), penalties)


params = {}
net.linear(params, "trunk.0", 4, 6)
for task in TASKS:
    net.linear(params, f"towers.{task}.0", 6, 5)
parameters(params, 5, 0)
x = net.rand(5, 4)
f = torch.tanh(net.apply_linear(params, "trunk.0", x))
q = {task: torch.tanh(net.apply_linear(params, f"towers.{task}.0", f)) for task in TASKS}
write("aitm", CONFIG % ("tower: [linear: 5, tanh], ", "linear: 6, tanh", "", "", ""), params, x, q,
      0)

params = {"trunk.0.weight": net.rand(3, 2, 3, 3), "trunk.0.bias": net.rand(3)}
parameters(params, 12, 1)
x = net.rand(4, 2, 4, 4)
f = torch.tanh(F.conv2d(x, params["trunk.0.weight"], params["trunk.0.bias"])).flatten(1)
write("aitm-conv", CONFIG % ("", "conv2d: {channels: 3, kernel: 3}, tanh", *["flatten, "] * 3),
      params, x, {task: f for task in TASKS}, 1)
