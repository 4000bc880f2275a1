#!/usr/bin/python3
"""Writes mtan.json and mtan-conv.json. Run by hand, with PyTorch."""
import torch
import torch.nn.functional as F

import net

TASKS = {"left": 2, "right": 3}
CONFIG = """data: none
architecture: mtan
trunk: [linear: 6, tanh, {linear: {units: 5, bias: false}}, batch_norm, tanh]
tasks:
"""
CONV = """data: none
architecture: mtan
trunk:
  - conv2d: {channels: 3, kernel: 3, padding: 1}
  - relu
  - conv2d: {channels: 4, kernel: 3, padding: 1, stride: 2, bias: false}
  - batch_norm
  - relu
  - avg_pool2d: 2
tasks:
"""


def heads(layers):
    return "".join(f"  {task}: {{target: {task}, loss: mse, head: [{layers}linear: {width}]}}\n"
                   for task, width in TASKS.items())


def declare_norm(params, name, width):
    params[f"{name}.weight"], params[f"{name}.bias"] = net.rand(width), net.rand(width)


def norm(params, name, x):
    return F.batch_norm(x, None, None, params[f"{name}.weight"], params[f"{name}.bias"], True)


def pointwise(weight, x):
    return torch.einsum("oi,ni...->no...", weight.reshape(weight.shape[:2]), x)


def attend(params, name, features, seen):
    hidden = norm(params, f"{name}.1", pointwise(params[f"{name}.0.weight"], seen))
    mask = pointwise(params[f"{name}.3.weight"], torch.relu(hidden))
    return torch.sigmoid(norm(params, f"{name}.4", mask)) * features


def dense(params, stage, weights, norms, x):
    if stage == 0:
        return torch.tanh(net.apply_linear(params, f"{weights}.0", x))
    return torch.tanh(norm(params, f"{norms}.3", x @ params[f"{weights}.2.weight"].T))


def conv(params, stage, weights, norms, x):
    if stage == 0:
        weight, bias = (params[f"{weights}.0.{name}"] for name in ("weight", "bias"))
        return torch.relu(F.conv2d(x, weight, bias, padding=1))
    x = F.conv2d(x, params[f"{weights}.2.weight"], None, padding=1, stride=2)
    return F.avg_pool2d(torch.relu(norm(params, f"{norms}.3", x)), 2)


def scores_of(params, x, stage_of, head):
    p = [stage_of(params, 0, "trunk", "trunk", x)]
    p.append(stage_of(params, 1, "trunk", "trunk", p[0]))
    scores = {}
    for task in TASKS:
        a = attend(params, f"masks.{task}.0", p[0], p[0])
        a = stage_of(params, 1, "trunk.attended", f"streams.{task}", a)
        a = attend(params, f"masks.{task}.1", p[1], torch.cat([p[1], a], 1))
        scores[task] = net.apply_linear(params, f"{task}.{head}", a.flatten(1))
    return scores


def write(name, config, stage_of, widths, kernel, head, features, *sample):
    """widths of the stages, kernel of the weights, features that a head reads"""
    params = {}
    ones = (1,) * len(kernel)
    params["trunk.0.weight"] = net.rand(widths[0], sample[0], *kernel)
    params["trunk.0.bias"] = net.rand(widths[0])
    for trunk in "trunk", "trunk.attended":
        params[f"{trunk}.2.weight"] = net.rand(widths[1], widths[0], *kernel)
    declare_norm(params, "trunk.3", widths[1])
    for task, outputs in TASKS.items():
        declare_norm(params, f"streams.{task}.3", widths[1])
        for stage, width in enumerate(widths):
            mask = f"masks.{task}.{stage}"
            params[f"{mask}.0.weight"] = net.rand(width, (stage + 1) * width, *ones)
            params[f"{mask}.3.weight"] = net.rand(width, width, *ones)
            declare_norm(params, f"{mask}.1", width)
            declare_norm(params, f"{mask}.4", width)
        net.linear(params, f"{task}.{head}", features, outputs)
    x = net.rand(6, *sample)
    targets = {task: net.rand(6, width) for task, width in TASKS.items()}
    scores = scores_of(params, x, stage_of, head)
    net.write(name, config + heads("flatten, " if head else ""), x, params, scores, targets,
              net.mse(scores, targets))


write("mtan", CONFIG, dense, (6, 5), (), 0, 5, 4)
write("mtan-conv", CONV, conv, (3, 4), (3, 3), 1, 4, 2, 4, 4)
