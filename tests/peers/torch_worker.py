#!/usr/bin/env python3
"""Times training steps of PyTorch: the twins of the configs that `run` gives to bough.

Reads one JSON object a line: {"net": ..., "data": FILE, "batch": N, "seconds": S, and of SETTINGS
what differs}. Answers each with {"us": the median of a step}, or {"error": ...}.
"""
import json
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F

# As a user writes it who has read PyTorch's tuning guide; `run` also tries the others.
SETTINGS = {"channels_last": False, "foreach": None, "threads": 2, "flush_denormal": False}


def tensor(path, name):
    """A tensor of a safetensors file."""
    types = {"U8": "u1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "F32": "<f4"}
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(size))[name]
        begin, end = entry["data_offsets"]
        file.seek(8 + size + begin)
        data = bytearray(file.read(end - begin))
    return torch.from_numpy(numpy.frombuffer(data, types[entry["dtype"]]).reshape(entry["shape"]))


class Shared(nn.Module):
    """A trunk and its heads."""

    def __init__(self, trunk, heads):
        super().__init__()
        self.trunk = nn.Sequential(*trunk)
        self.heads = nn.ModuleList(heads)

    def forward(self, x):
        features = self.trunk(x)
        return [head(features) for head in self.heads]


def images(path):
    return tensor(path, "train/image").float().div_(255).sub_(0.1307).div_(0.3081)


def mnist_cnn(path):
    label = tensor(path, "train/label")
    model = Shared([nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                    nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                    nn.Flatten(), nn.Linear(3136, 128), nn.ReLU()],
                   [nn.Linear(128, 10), nn.Linear(128, 2), nn.Linear(128, 2)])
    fields = [images(path), label, label % 2, (label > 4).long()]
    return model, fields, [F.cross_entropy] * 3, (torch.optim.SGD, {"lr": 0.01, "momentum": 0.5})


def lenet(path):
    def head():
        return nn.Sequential(nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 10))
    model = Shared([nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(),
                    nn.Conv2d(10, 20, 5), nn.MaxPool2d(2), nn.ReLU(),
                    nn.Flatten(), nn.Linear(320, 50), nn.ReLU()], [head(), head()])
    fields = [images(path), tensor(path, "train/left"), tensor(path, "train/right")]
    return model, fields, [F.cross_entropy] * 2, (torch.optim.SGD, {"lr": 0.01, "momentum": 0.9})


def regression_and_classes(path):
    model = Shared([nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 20), nn.ReLU()],
                   [nn.Linear(20, 10), nn.Linear(20, 5)])
    fields = [tensor(path, "train/" + name) for name in ("input", "class", "values")]
    return model, fields, [F.cross_entropy, F.mse_loss], (torch.optim.Adam, {"lr": 1e-3})


NETS = {"mnist-cnn": mnist_cnn, "lenet": lenet, "regression-and-classes": regression_and_classes}


def batches(count, size):
    """Indices of full batches, in a new order each epoch, for ever."""
    while True:
        order = torch.randperm(count)
        yield from order[:count // size * size].split(size)


def stepper(order, settings):
    """A function that does one training step. The data lie in memory; a batch is gathered unless
    it is all of them, as bough does."""
    torch.manual_seed(1)
    batch = order["batch"]
    model, fields, losses, (optimizer, arguments) = NETS[order["net"]](order["data"])
    layout = torch.channels_last if settings["channels_last"] else torch.contiguous_format
    if fields[0].dim() == 4:
        model.to(memory_format=layout)
        fields[0] = fields[0].contiguous(memory_format=layout)
    optimizer = optimizer(model.parameters(), foreach=settings["foreach"], **arguments)
    indices = batches(len(fields[0]), batch)
    whole = len(fields[0]) == batch

    def step():
        index = None if whole else next(indices)
        x, *targets = fields if whole else (field.index_select(0, index) for field in fields)
        loss = sum(f(y, target) for f, y, target in zip(losses, model(x), targets))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return step


def median_us(step, seconds):
    """Of all steps in that time, after a warm-up of a quarter of it."""
    start = time.perf_counter()
    while time.perf_counter() - start < seconds / 4:
        step()
    times = [time.perf_counter()]
    while times[-1] - start < seconds * 1.25 or len(times) < 4:
        step()
        times.append(time.perf_counter())
    return float(numpy.median(numpy.diff(times))) * 1e6


def main(make):
    """Answers the orders; `make` gives the step of an order and its settings."""
    steppers = {}
    for line in sys.stdin:
        try:
            order = json.loads(line)
            settings = {key: order.get(key, value) for key, value in SETTINGS.items()}
            torch.set_num_threads(settings["threads"])
            torch.set_flush_denormal(settings["flush_denormal"])
            seconds = order.pop("seconds")
            key = json.dumps([order, settings])
            if key not in steppers:
                steppers[key] = make(order, settings)
            answer = {"us": median_us(steppers[key], seconds)}
        except (KeyError, OSError, RuntimeError, ValueError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    print(json.dumps({"version": torch.__version__, "conv": torch.backends.mkldnn.is_available()}),
          flush=True)
    main(stepper)
