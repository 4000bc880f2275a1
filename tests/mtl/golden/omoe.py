#!/usr/bin/python3
"""Writes omoe.json. Run by hand, with PyTorch."""
import torch

import net

EXPERTS = 3
CONFIG = """data: none
architecture: {name: omoe, experts: 3}
trunk: [linear: 6, tanh]
tasks:
  left: {target: left, loss: mse, head: [linear: 2]}
  right: {target: right, loss: mse, head: [linear: 3]}
"""

params = {}
for e in range(EXPERTS):
    net.linear(params, f"experts.{e}.0", 4, 6)
params["gate.1.weight"] = net.rand(EXPERTS, 4)
for task, outputs in {"left": 2, "right": 3}.items():
    net.linear(params, f"{task}.0", 6, outputs)
x = net.rand(5, 4)
targets = {"left": net.rand(5, 2), "right": net.rand(5, 3)}
experts = torch.stack([torch.tanh(net.apply_linear(params, f"experts.{e}.0", x))
                       for e in range(EXPERTS)], 1)
gate = torch.softmax(x @ params["gate.1.weight"].T, 1)
mixed = (gate[:, :, None] * experts).sum(1)
scores = {task: net.apply_linear(params, f"{task}.0", mixed) for task in targets}
net.write("omoe", CONFIG, x, params, scores, targets, net.mse(scores, targets))
