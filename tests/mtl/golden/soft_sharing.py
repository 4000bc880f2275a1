#!/usr/bin/python3
"""Writes soft_sharing.json: the losses' gradients. Run by hand, with PyTorch."""
import torch

import net

CONFIG = """data: none
architecture: {name: soft_sharing, alpha: 0}
trunk: [linear: 6, tanh]
tasks:
  left: {target: left, loss: mse, head: [linear: 2]}
  right: {target: right, loss: mse, head: [linear: 3]}
"""

params = {}
for task, outputs in {"left": 2, "right": 3}.items():
    net.linear(params, f"trunks.{task}.0", 4, 6)
    net.linear(params, f"{task}.0", 6, outputs)
x = net.rand(5, 4)
targets = {"left": net.rand(5, 2), "right": net.rand(5, 3)}
scores = {task: net.apply_linear(params, f"{task}.0",
                                 torch.tanh(net.apply_linear(params, f"trunks.{task}.0", x)))
          for task in targets}
net.write("soft_sharing", CONFIG, x, params, scores, targets, net.mse(scores, targets))
