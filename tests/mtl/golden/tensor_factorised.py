#!/usr/bin/python3
"""Writes tensor_factorised.json and tensor_factorised-conv.json. Run by hand, with PyTorch."""
import torch
import torch.nn.functional as F

import net

RANK = 3
TASKS = {"left": 2, "right": 3}
CONFIG = """data: none
architecture: {name: tensor_factorised, rank: 3}
trunk: [linear: 6, tanh, {linear: {units: 5, bias: false}}, batch_norm, layer_norm, tanh]
tasks:
"""
CONV = """data: none
architecture: {name: tensor_factorised, rank: 3}
trunk:
  - conv2d: {channels: 4, kernel: 3, padding: 1, groups: 2}
  - relu
  - max_pool2d: 2
  - conv2d: {channels: 3, kernel: 2, stride: 2}
  - flatten
tasks:
"""
HEADS = "".join(f"  {task}: {{target: {task}, loss: mse, head: [linear: {width}]}}\n"
                for task, width in TASKS.items())


def weight(params, task, layer):
    bases, factors = params[f"trunk.{layer}.weight"], params[f"streams.{task}.{layer}.factors"]
    return torch.einsum("ok...,k->o...", bases, factors[0])


def own(params, task, layer, *names):
    return [params[f"streams.{task}.{layer}.{name}"] for name in names]


def dense(params, task, x):
    x = torch.tanh(F.linear(x, weight(params, task, 0), *own(params, task, 0, "bias")))
    x = F.linear(x, weight(params, task, 2))
    x = F.batch_norm(x, None, None, *own(params, task, 3, "weight", "bias"), True)
    return torch.tanh(F.layer_norm(x, (5,), *own(params, task, 4, "weight", "bias")))


def conv(params, task, x):
    x = F.conv2d(x, weight(params, task, 0), *own(params, task, 0, "bias"), padding=1, groups=2)
    x = F.max_pool2d(torch.relu(x), 2)
    return F.conv2d(x, weight(params, task, 3), *own(params, task, 3, "bias"), stride=2).flatten(1)


def write(name, config, trunk, bases, owns, features, *sample):
    """bases [O, I...] by layer; owns: (layer, name, size); features that a head reads"""
    params = {}
    for layer, (outputs, *rest) in bases.items():
        params[f"trunk.{layer}.weight"] = net.rand(outputs, RANK, *rest)
    for task, outputs in TASKS.items():
        for layer in bases:
            params[f"streams.{task}.{layer}.factors"] = net.rand(1, RANK)
        for layer, part, size in owns:
            params[f"streams.{task}.{layer}.{part}"] = net.rand(size)
        net.linear(params, f"{task}.0", features, outputs)
    x = net.rand(6, *sample)
    targets = {task: net.rand(6, width) for task, width in TASKS.items()}
    scores = {task: net.apply_linear(params, f"{task}.0", trunk(params, task, x)) for task in TASKS}
    net.write(name, config + HEADS, x, params, scores, targets, net.mse(scores, targets))


write("tensor_factorised", CONFIG, dense, {0: (6, 4), 2: (5, 6)},
      [(0, "bias", 6), (3, "weight", 5), (3, "bias", 5), (4, "weight", 5), (4, "bias", 5)], 5, 4)
write("tensor_factorised-conv", CONV, conv, {0: (4, 1, 3, 3), 3: (3, 4, 2, 2)},
      [(0, "bias", 4), (3, "bias", 3)], 3, 2, 4, 4)
