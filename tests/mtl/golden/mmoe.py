#!/usr/bin/python3
"""Writes mmoe.json. Run by hand, with PyTorch."""
import torch

import net

EXPERTS = 3
CONFIG = """data: none
architecture: {name: mmoe, experts: 3}
trunk: [linear: 6, tanh]
tasks:
  left: {target: left, loss: mse, head: [linear: 2]}
  right: {target: right, loss: mse, head: [linear: 3]}
"""

params = {}
for e in range(EXPERTS):
    net.linear(params, f"experts.{e}.0", 4, 6)
for task, outputs in {"left": 2, "right": 3}.items():
    params[f"gates.{task}.1.weight"] = net.rand(EXPERTS, 4)
    net.linear(params, f"{task}.0", 6, outputs)
x = net.rand(5, 4)
targets = {"left": net.rand(5, 2), "right": net.rand(5, 3)}
experts = torch.stack([torch.tanh(net.apply_linear(params, f"experts.{e}.0", x))
                       for e in range(EXPERTS)], 1)


def score(task):
    gate = torch.softmax(x @ params[f"gates.{task}.1.weight"].T, 1)
    return net.apply_linear(params, f"{task}.0", (gate[:, :, None] * experts).sum(1))


scores = {task: score(task) for task in targets}
net.write("mmoe", CONFIG, x, params, scores, targets, net.mse(scores, targets))
