#!/usr/bin/python3
"""Writes hard_sharing.json. Run by hand, with PyTorch."""
import torch

import net

CONFIG = """data: none
trunk: [linear: 6, tanh]
tasks:
  left: {target: left, loss: mse, head: [linear: 2]}
  right: {target: right, loss: mse, head: [linear: 3]}
"""

params = {}
net.linear(params, "trunk.0", 4, 6)
net.linear(params, "left.0", 6, 2)
net.linear(params, "right.0", 6, 3)
x = net.rand(5, 4)
targets = {"left": net.rand(5, 2), "right": net.rand(5, 3)}
trunk = torch.tanh(net.apply_linear(params, "trunk.0", x))
scores = {task: net.apply_linear(params, f"{task}.0", trunk) for task in targets}
net.write("hard_sharing", CONFIG, x, params, scores, targets, net.mse(scores, targets))
