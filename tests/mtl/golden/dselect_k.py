#!/usr/bin/python3
"""Writes dselect_k.json and dselect_k-power.json. Run by hand, with PyTorch."""
import os
import sys

import torch

import net

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../op/golden"))
from dselect import dselect, penalty

BITS, K, GAMMA, ENTROPY = 2, 2, 2.5, 0.5
CONFIG = """data: none
architecture: {{name: dselect_k, experts: {}, k: 2, gamma: 2.5, entropy: 0.5}}
trunk: [linear: 6, tanh]
tasks:
  left: {{target: left, loss: mse, head: [linear: 2]}}
  right: {{target: right, loss: mse, head: [linear: 3]}}
"""


def write(name, count):
    params, scores, penalties = {}, {}, {}
    x = net.rand(5, 4)
    for e in range(count):
        net.linear(params, f"experts.{e}.0", 4, 6)
    experts = torch.stack([torch.tanh(net.apply_linear(params, f"experts.{e}.0", x))
                           for e in range(count)], 1)
    for task, outputs in {"left": 2, "right": 3}.items():
        z = params[f"gates.{task}.select.z"] = net.rand(K, BITS)
        w = params[f"gates.{task}.select.w"] = net.rand(1, K)
        chosen = dselect(z, GAMMA, count)
        penalties[task] = penalty(chosen, ENTROPY)[0]
        gate = torch.softmax(w, 1) @ chosen
        net.linear(params, f"{task}.0", 6, outputs)
        scores[task] = net.apply_linear(params, f"{task}.0", (gate[:, :, None] * experts).sum(1))
    targets = {"left": net.rand(5, 2), "right": net.rand(5, 3)}
    net.write(name, CONFIG.format(count), x, params, scores, targets, net.mse(scores, targets),
              penalties)


write("dselect_k", 3)
write("dselect_k-power", 4)
