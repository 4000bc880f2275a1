#!/usr/bin/python3
"""Writes hard_sharing.json and hard_sharing-groups.json. Run by hand, with PyTorch."""
import torch

import net

CONFIG = """data: none
trunk: [linear: 6, tanh]
tasks:
  left: {target: left, loss: mse, head: [linear: 2]}
  right: {target: right, loss: mse, head: [linear: 3]}
"""
GROUPS = """data: none
architecture: {name: hard_sharing, groups: [3, 1, 3, 2]}
trunk: [linear: 6, tanh]
tasks:
  left: {target: left, loss: mse, head: [linear: 2]}
  right: {target: right, loss: mse, head: [linear: 3]}
  up: {target: up, loss: mse, head: [linear: 2]}
  down: {target: down, loss: mse, head: [linear: 1]}
"""


def write(name, config, trunk_of, outputs):
    """trunk_of, outputs: by task."""
    params, targets, scores = {}, {}, {}
    for trunk in dict.fromkeys(trunk_of.values()):
        net.linear(params, f"{trunk}.0", 4, 6)
    for task, count in outputs.items():
        net.linear(params, f"{task}.0", 6, count)
    x = net.rand(5, 4)
    for task, count in outputs.items():
        targets[task] = net.rand(5, count)
        trunk = torch.tanh(net.apply_linear(params, f"{trunk_of[task]}.0", x))
        scores[task] = net.apply_linear(params, f"{task}.0", trunk)
    net.write(name, config, x, params, scores, targets, net.mse(scores, targets))


write("hard_sharing", CONFIG, {"left": "trunk", "right": "trunk"}, {"left": 2, "right": 3})
write("hard_sharing-groups", GROUPS,
      {"left": "trunks.3", "right": "trunks.1", "up": "trunks.3", "down": "trunks.2"},
      {"left": 2, "right": 3, "up": 2, "down": 1})
