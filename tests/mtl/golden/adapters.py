#!/usr/bin/python3
"""Writes adapters.json and adapters-conv.json. Run by hand, with PyTorch."""
import torch
import torch.nn.functional as F

import net

TASKS = {"left": 2, "right": 3}
CONFIG = """data: none
architecture: {name: adapters, bottleneck: 3}
trunk: [linear: 6, tanh, {linear: {units: 5, bias: false}}, batch_norm, tanh, linear: 4]
tasks:
"""
CONV = """data: none
architecture: {name: adapters, bottleneck: 2}
trunk:
  - conv2d: {channels: 3, kernel: 3, padding: 1}
  - relu
  - conv2d: {channels: 4, kernel: 3, padding: 1, stride: 2, bias: false}
  - batch_norm
  - relu
  - flatten
  - linear: 5
tasks:
"""
HEADS = "".join(f"  {task}: {{target: {task}, loss: mse, head: [linear: {width}]}}\n"
                for task, width in TASKS.items())


def pointwise(weight, x):
    return torch.einsum("oi,ni...->no...", weight.reshape(weight.shape[:2]), x)


def adapt(params, name, x):
    bias = params[f"{name}.0.bias"].reshape([-1] + [1] * (x.dim() - 2))
    down = torch.relu(pointwise(params[f"{name}.0.weight"], x) + bias)
    return x + pointwise(params[f"{name}.2.weight"], down)


def dense(params, task, stage, x):
    if stage == 0:
        return torch.tanh(net.apply_linear(params, "trunk.0", x))
    if stage == 2:
        return net.apply_linear(params, "trunk.5", x)
    return torch.tanh(norm(params, task, x @ params["trunk.2.weight"].T))


def conv(params, task, stage, x):
    if stage == 0:
        return torch.relu(F.conv2d(x, params["trunk.0.weight"], params["trunk.0.bias"], padding=1))
    if stage == 2:
        return net.apply_linear(params, "trunk.6", x.flatten(1))
    return torch.relu(norm(params, task,
                           F.conv2d(x, params["trunk.2.weight"], None, padding=1, stride=2)))


def norm(params, task, x):
    gain, shift = (params[f"streams.{task}.3.{name}"] for name in ("weight", "bias"))
    return F.batch_norm(x, None, None, gain, shift, True)


def scores_of(params, x, stage_of):
    scores = {}
    for task in TASKS:
        stream = x
        for stage in range(3):
            stream = adapt(params, f"adapters.{task}.{stage}",
                           stage_of(params, task, stage, stream))
        scores[task] = net.apply_linear(params, f"{task}.0", stream)
    return scores


def write(name, config, stage_of, widths, kernel, last, bottleneck, *sample):
    """widths of the stages, kernel of the first two, last (name, inputs) of the trunk"""
    params = {}
    params["trunk.0.weight"] = net.rand(widths[0], sample[0], *kernel)
    params["trunk.0.bias"] = net.rand(widths[0])
    params["trunk.2.weight"] = net.rand(widths[1], widths[0], *kernel)
    net.linear(params, *last, widths[2])
    for task, outputs in TASKS.items():
        for part in "weight", "bias":
            params[f"streams.{task}.3.{part}"] = net.rand(widths[1])
        for stage, width in enumerate(widths):
            adapter = f"adapters.{task}.{stage}"
            ones = (1,) * len(kernel) if stage < 2 else ()
            params[f"{adapter}.0.weight"] = net.rand(bottleneck, width, *ones)
            params[f"{adapter}.0.bias"] = net.rand(bottleneck)
            params[f"{adapter}.2.weight"] = net.rand(width, bottleneck, *ones)
        net.linear(params, f"{task}.0", widths[2], outputs)
    x = net.rand(6, *sample)
    targets = {task: net.rand(6, width) for task, width in TASKS.items()}
    scores = scores_of(params, x, stage_of)
    net.write(name, config + HEADS, x, params, scores, targets, net.mse(scores, targets))


write("adapters", CONFIG, dense, (6, 5, 4), (), ("trunk.5", 5), 3, 4)
write("adapters-conv", CONV, conv, (3, 4, 5), (3, 3), ("trunk.6", 16), 2, 2, 4, 4)
