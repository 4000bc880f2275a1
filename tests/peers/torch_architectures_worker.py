#!/usr/bin/env python3
"""Times training steps of PyTorch with the architectures that `architectures` gives to bough.

Reads and answers what torch_worker.py does; "net" is the architecture. The stages of mnist-cnn are
its two convolutions with what follows them, and its linear layer.
"""
import json

import torch
from torch import nn

import torch_worker as base

FEATURES, CLASSES = 128, (10, 2, 2)


def stage(number):
    return nn.Sequential(*[
        [nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)],
        [nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)],
        [nn.Flatten(), nn.Linear(3136, FEATURES), nn.ReLU()]][number])


class Gate(nn.Module):
    """A softmax gate on x, flattened, and the mixture of the experts' outputs by it."""

    def __init__(self, inputs, experts):
        super().__init__()
        self.gate = nn.Linear(inputs, experts, bias=False)

    def forward(self, x, experts):
        gate = torch.softmax(self.gate(x.flatten(1)), 1)
        stacked = torch.stack(experts, 1)
        return (gate.view(*gate.shape, *[1] * (stacked.dim() - 2)) * stacked).sum(1)


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(FEATURES, classes) for classes in CLASSES)

    def score(self, features):
        return [head(x) for head, x in zip(self.heads, features)]


class Mmoe(Heads):
    def __init__(self, experts=8):
        super().__init__()
        self.experts = nn.ModuleList(nn.Sequential(*map(stage, range(3))) for _ in range(experts))
        self.gates = nn.ModuleList(Gate(784, experts) for _ in CLASSES)

    def forward(self, x):
        experts = [expert(x) for expert in self.experts]
        return self.score([gate(x, experts) for gate in self.gates])


class CrossStitch(Heads):
    def __init__(self):
        super().__init__()
        tasks = len(CLASSES)
        self.trunks = nn.ModuleList(nn.ModuleList(map(stage, range(3))) for _ in CLASSES)
        own = torch.full((tasks, tasks), 0.1 / (tasks - 1)).fill_diagonal_(0.9)
        self.stitch = nn.ParameterList(nn.Parameter(own.clone()) for _ in range(3))

    def forward(self, x):
        streams = [x for _ in CLASSES]
        for level, stitch in enumerate(self.stitch):
            made = torch.stack([trunk[level](y) for trunk, y in zip(self.trunks, streams)])
            streams = torch.tensordot(stitch, made, 1).unbind(0)
        return self.score(streams)


class Ple(Heads):
    def __init__(self, shared=2, own=2):
        super().__init__()
        widths, tasks = (784, 32 * 196, 3136), len(CLASSES)

        def experts(level, count):
            return nn.ModuleList(stage(level) for _ in range(count))
        self.shared = nn.ModuleList(experts(level, shared) for level in range(3))
        self.own = nn.ModuleList(nn.ModuleList(experts(level, own) for _ in CLASSES)
                                 for level in range(3))
        self.gates = nn.ModuleList(nn.ModuleList(Gate(width, shared + own) for _ in CLASSES)
                                   for width in widths)
        self.gate = nn.ModuleList(Gate(width, shared + tasks * own) for width in widths[:2])

    def forward(self, x):
        common, streams = x, [x for _ in CLASSES]
        for level in range(3):
            shared = [expert(common) for expert in self.shared[level]]
            own = [[expert(y) for expert in experts]
                   for experts, y in zip(self.own[level], streams)]
            if level < 2:
                following = self.gate[level](common, shared + sum(own, []))
            streams = [gate(y, shared + mine)
                       for gate, y, mine in zip(self.gates[level], streams, own)]
            common = following
        return self.score(streams)


def net(model):
    def make(path):
        _, fields, losses, optimizer = base.mnist_cnn(path)
        return model(), fields, losses, optimizer
    return make


if __name__ == "__main__":
    base.NETS.update(mmoe=net(Mmoe), cross_stitch=net(CrossStitch), ple=net(Ple))
    print(json.dumps({"version": torch.__version__, "methods": list(base.NETS)}), flush=True)
    base.main(base.stepper)
