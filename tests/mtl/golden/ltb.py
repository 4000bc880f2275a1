#!/usr/bin/python3
"""Writes ltb.json, and ltb-conv.json. Run by hand, with PyTorch."""
import os
import sys

import torch
from torch.nn import functional as F

import net

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../op/golden"))
from gumbel_choice import choice, noise

SEED, STEP, EPOCH, EPOCHS = [1, 2], 3, 4, 50  # of test_architecture.c
TASKS = {"left": 2, "right": 3, "third": 1}
CONFIG = """data: none
architecture: ltb
trunk: [{}]
tasks:
"""


def write(name, x, trunk, stages, flatten=""):
    params, branches, stream = {}, [x] * len(TASKS), 0
    head = 1 if flatten else 0
    for s, stage in enumerate(stages):
        parents = torch.stack(branches, 1)
        for b in range(len(TASKS) if s else 0):
            logits = params[f"parents.{b}.{s}.logits"] = net.rand(1, len(TASKS))
            gate = choice(logits, noise(SEED, STEP, stream, logits.shape), EPOCH, EPOCHS)
            branches[b] = torch.einsum("e,ne...->n...", gate[0], parents)
            stream += 1
        branches = [stage(params, f"branches.{b}", value) for b, value in enumerate(branches)]
    config, scores = CONFIG.format(trunk), {}
    for (task, outputs), value in zip(TASKS.items(), branches):
        config += f"  {task}: {{target: {task}, loss: mse, head: [{flatten}linear: {outputs}]}}\n"
        flat = value.flatten(1)
        net.linear(params, f"{task}.{head}", flat.shape[1], outputs)
        scores[task] = net.apply_linear(params, f"{task}.{head}", flat)
    targets = {task: net.rand(len(x), outputs) for task, outputs in TASKS.items()}
    net.write(name, config, x, params, scores, targets, net.mse(scores, targets))


def linear(index, units):
    def stage(params, name, x):
        net.linear(params, f"{name}.{index}", x.shape[1], units)
        return torch.tanh(net.apply_linear(params, f"{name}.{index}", x))
    return stage


def conv(index, channels):
    def stage(params, name, x):
        weight, bias = net.rand(channels, x.shape[1], 3, 3), net.rand(channels)
        params[f"{name}.{index}.weight"], params[f"{name}.{index}.bias"] = weight, bias
        return torch.tanh(F.conv2d(x, weight, bias))
    return stage


write("ltb", net.rand(5, 4), "linear: 5, tanh, linear: 4, tanh, linear: 3, tanh",
      [linear(0, 5), linear(2, 4), linear(4, 3)])
write("ltb-conv", net.rand(3, 2, 6, 6),
      "conv2d: {channels: 2, kernel: 3}, tanh, conv2d: {channels: 3, kernel: 3}, tanh",
      [conv(0, 2), conv(2, 3)], "flatten, ")
