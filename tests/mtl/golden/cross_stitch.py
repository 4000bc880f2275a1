#!/usr/bin/python3
"""Writes cross_stitch.json and cross_stitch-conv.json. Run by hand, with PyTorch."""
import torch
import torch.nn.functional as F

import net

TASKS = {"left": 2, "middle": 1, "right": 3}
CONFIG = """data: none
architecture: cross_stitch
trunk: [linear: 6, tanh, linear: 5, tanh]
tasks:
"""
CONV = """data: none
architecture: cross_stitch
trunk: [{conv2d: {channels: 3, kernel: 3, padding: 1}}, relu, max_pool2d: 2, stage, flatten, linear: 5]
tasks:
"""
HEADS = "".join(f"  {task}: {{target: {task}, loss: mse, head: [linear: {width}]}}\n"
                for task, width in TASKS.items())


def dense(params, task, stage, x):
    return torch.tanh(net.apply_linear(params, f"trunks.{task}.{2 * stage}", x))


def conv(params, task, stage, x):
    if stage == 1:
        return net.apply_linear(params, f"trunks.{task}.5", x.flatten(1))
    weight, bias = (params[f"trunks.{task}.0.{name}"] for name in ("weight", "bias"))
    return F.max_pool2d(torch.relu(F.conv2d(x, weight, bias, padding=1)), 2)


def scores_of(params, x, build):
    streams = {task: x for task in TASKS}
    for stage in range(2):
        made = torch.stack([build(params, task, stage, streams[task]) for task in TASKS])
        streams = {task: torch.einsum("t,t...->...", params[f"stitch.{stage}.{task}.weight"][0],
                                      made) for task in TASKS}
    return {task: net.apply_linear(params, f"{task}.0", streams[task]) for task in TASKS}


def write(name, config, build, declare, *sample):
    params = {}
    for task, width in TASKS.items():
        declare(params, f"trunks.{task}")
        for stage in range(2):
            params[f"stitch.{stage}.{task}.weight"] = net.rand(1, len(TASKS))
        net.linear(params, f"{task}.0", 5, width)
    x = net.rand(5, *sample)
    targets = {task: net.rand(5, width) for task, width in TASKS.items()}
    scores = scores_of(params, x, build)
    net.write(name, config + HEADS, x, params, scores, targets, net.mse(scores, targets))


def declare_dense(params, trunk):
    net.linear(params, f"{trunk}.0", 4, 6)
    net.linear(params, f"{trunk}.2", 6, 5)


def declare_conv(params, trunk):
    params[f"{trunk}.0.weight"], params[f"{trunk}.0.bias"] = net.rand(3, 2, 3, 3), net.rand(3)
    net.linear(params, f"{trunk}.5", 12, 5)


write("cross_stitch", CONFIG, dense, declare_dense, 4)
write("cross_stitch-conv", CONV, conv, declare_conv, 2, 4, 4)
