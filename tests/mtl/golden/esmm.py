#!/usr/bin/python3
"""Writes esmm.json and esmm-conv.json. Run by hand, with PyTorch."""
import torch
import torch.nn.functional as F

import net

TASKS = ["view", "click", "buy"]
CONFIG = """data: none
architecture: esmm
trunk: [%s]
tasks:
  view: {target: view, loss: binary_cross_entropy, head: [linear: 2]}
  click: {target: click, loss: binary_cross_entropy, head: [linear: 3, tanh, linear: 2]}
  buy: {target: buy, loss: binary_cross_entropy, head: [linear: 2]}
"""


def heads(params, width):
    net.linear(params, "view.0", width, 2)
    net.linear(params, "click.0", width, 3)
    net.linear(params, "click.2", 3, 2)
    net.linear(params, "buy.0", width, 2)


def write(name, trunk, params, x, z):
    own = {task: net.apply_linear(params, f"{task}.0", z) for task in TASKS}
    own["click"] = net.apply_linear(params, "click.2", torch.tanh(own["click"]))
    scores, log = {}, 0
    for task in TASKS:
        log = log + F.logsigmoid(own[task])
        scores[task] = log - torch.log(-torch.expm1(log))
    targets = {task: net.bits(x.shape[0], 2) for task in TASKS}
    net.write(name, CONFIG % trunk, x, params, scores, targets,
              net.binary_cross_entropy(scores, targets))


params = {}
net.linear(params, "trunk.0", 4, 6)
heads(params, 6)
x = net.rand(5, 4)
write("esmm", "linear: 6, tanh", params, x, torch.tanh(net.apply_linear(params, "trunk.0", x)))

params = {"trunk.0.weight": net.rand(3, 2, 3, 3), "trunk.0.bias": net.rand(3)}
heads(params, 12)
x = net.rand(4, 2, 4, 4)
z = torch.tanh(F.conv2d(x, params["trunk.0.weight"], params["trunk.0.bias"])).flatten(1)
write("esmm-conv", "conv2d: {channels: 3, kernel: 3}, tanh, flatten", params, x, z)
