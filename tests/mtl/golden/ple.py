#!/usr/bin/python3
"""Writes cgc.json, ple.json, and ple-conv.json. Run by hand, with PyTorch."""
import torch
from torch.nn import functional as F

import net

TASKS = {"left": 2, "right": 3}
CONFIG = """data: none
architecture: {{name: {}, shared: {}, own: {}}}
trunk: [{}]
tasks:
  left: {{target: left, loss: mse, head: [{}linear: 2]}}
  right: {{target: right, loss: mse, head: [{}linear: 3]}}
"""


class Net:
    def __init__(self, levels, shared, own):
        """A level is a list of layers, each with its number in the trunk."""
        self.levels, self.shared, self.own, self.params = levels, shared, own, {}

    def apply(self, level, name, x):
        for i, layer in self.levels[level]:
            x = layer(self.params, f"{name}.{i}", x)
        return x

    def mix(self, name, stream, experts):
        key = f"{name}.1.weight"
        flat = stream.flatten(1)
        self.params[key] = net.rand(len(experts), flat.shape[1])
        gate = torch.softmax(flat @ self.params[key].T, 1)
        return torch.einsum("ne,ne...->n...", gate, torch.stack(experts, 1))

    def run(self, x):
        streams, stream = {task: x for task in TASKS}, x
        for level in range(len(self.levels)):
            shared = [self.apply(level, f"experts.{e}", stream) for e in range(self.shared)]
            own = {task: [self.apply(level, f"own.{task}.{e}", streams[task])
                          for e in range(self.own)] for task in TASKS}
            streams = {task: self.mix(f"gates.{task}.{level}", streams[task], shared + own[task])
                       for task in TASKS}
            if level + 1 < len(self.levels):
                stream = self.mix(f"gate.{level}", stream, shared + own["left"] + own["right"])
        return streams

    def write(self, name, x, trunk, flatten=""):
        head = 1 if flatten else 0
        scores = {}
        for task, stream in self.run(x).items():
            flat = stream.flatten(1)
            net.linear(self.params, f"{task}.{head}", flat.shape[1], TASKS[task])
            scores[task] = net.apply_linear(self.params, f"{task}.{head}", flat)
        targets = {task: net.rand(len(x), outputs) for task, outputs in TASKS.items()}
        config = CONFIG.format(name.split("-")[0], self.shared, self.own, trunk, flatten, flatten)
        net.write(name, config, x, self.params, scores, targets, net.mse(scores, targets))


def linear(units):
    def layer(params, name, x):
        net.linear(params, name, x.shape[1], units)
        return net.apply_linear(params, name, x)
    return layer


def conv(channels):
    def layer(params, name, x):
        weight, bias = net.rand(channels, x.shape[1], 3, 3), net.rand(channels)
        params[f"{name}.weight"], params[f"{name}.bias"] = weight, bias
        return F.conv2d(x, weight, bias, padding=1)
    return layer


def tanh(params, name, x):
    return torch.tanh(x)


def pool(params, name, x):
    return F.avg_pool2d(x, 2)


Net([[(0, linear(5)), (1, tanh), (2, linear(4)), (3, tanh)]], 2, 1).write(
    "cgc", net.rand(5, 4), "linear: 5, tanh, linear: 4, tanh")
Net([[(0, linear(5)), (1, tanh)], [(2, linear(4)), (3, tanh)], [(4, linear(3))]], 1, 2).write(
    "ple", net.rand(5, 4), "linear: 5, tanh, linear: 4, tanh, linear: 3")
Net([[(0, conv(2)), (1, tanh), (2, pool)], [(3, conv(3)), (4, tanh)]], 1, 1).write(
    "ple-conv", net.rand(3, 2, 4, 4),
    "conv2d: {channels: 2, kernel: 3, padding: 1}, tanh, avg_pool2d: 2, "
    "conv2d: {channels: 3, kernel: 3, padding: 1}, tanh", "flatten, ")
