#!/usr/bin/env python3
"""Times training steps of PyTorch with MGDA by hand, as `mgda` asks it.

Reads what torch_worker.py reads, and "tasks": T, "method": "mgda" or "equal". mgda is T backward
passes, each one's gradient of the trunk flattened into a row of J, one product J J^T, the weights
that make the sum shortest, and w^T J as the trunk's gradient; a head gets the gradient of its own
loss.
"""
import json

import numpy
import torch
from torch import nn
from torch.nn import functional as F

import torch_worker as base


def make_model(path, tasks):
    """mnist-cnn with so many heads of ten classes; head t learns the digit turned by t."""
    label = base.tensor(path, "train/label")
    trunk = base.mnist_cnn(path)[0].trunk
    model = base.Shared(trunk, [nn.Linear(128, 10) for _ in range(tasks)])
    return model, [base.images(path), *((label + t) % 10 for t in range(tasks))]


def shortest(gram):
    """Weights of the shortest sum: in closed form for two, else a few steps of Frank and Wolfe with
    an exact line search; they cost next to nothing here."""
    if len(gram) == 2:
        across = gram[0, 0] + gram[1, 1] - 2 * gram[0, 1]
        first = min(max((gram[1, 1] - gram[0, 1]) / across, 0), 1) if across > 0 else 0.5
        return numpy.array([first, 1 - first])
    w = numpy.full(len(gram), 1 / len(gram))
    for _ in range(20):
        slope = gram @ w
        least = slope.argmin()
        value, cross = w @ slope, slope[least]
        across = value + gram[least, least] - 2 * cross
        if across <= 0 or value - cross < 1e-9 * value:
            break
        share = min((value - cross) / across, 1)
        w *= 1 - share
        w[least] += share
    return w


def equal_step(model, losses, _):
    sum(losses).backward()


def mgda_step(model, losses, rows):
    """`rows` [T, P] is written, and is what the trunk's gradients are views of afterwards."""
    trunk = list(model.trunk.parameters())
    for t, (loss, head) in enumerate(zip(losses, model.heads)):
        own = list(head.parameters())
        grads = torch.autograd.grad(loss, trunk + own, retain_graph=t + 1 < len(losses))
        torch.cat([g.reshape(-1) for g in grads[:len(trunk)]], out=rows[t])
        for parameter, g in zip(own, grads[len(trunk):]):
            parameter.grad = g
    w = shortest((rows @ rows.T).double().numpy())
    flat, at = torch.from_numpy(w).float() @ rows, 0
    for parameter in trunk:
        parameter.grad = flat[at:at + parameter.numel()].view_as(parameter)
        at += parameter.numel()


def stepper(order, settings):
    torch.manual_seed(1)
    model, fields = make_model(order["data"], order["tasks"])
    layout = torch.channels_last if settings["channels_last"] else torch.contiguous_format
    model.to(memory_format=layout)
    fields[0] = fields[0].contiguous(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5,
                                foreach=settings["foreach"])
    indices = base.batches(len(fields[0]), order["batch"])
    rows = torch.empty(order["tasks"], sum(p.numel() for p in model.trunk.parameters()))
    backward = {"equal": equal_step, "mgda": mgda_step}[order["method"]]

    def step():
        index = next(indices)
        x, *targets = (field.index_select(0, index) for field in fields)
        losses = [F.cross_entropy(y, target) for y, target in zip(model(x), targets)]
        optimizer.zero_grad(set_to_none=True)
        backward(model, losses, rows)
        optimizer.step()
    return step


if __name__ == "__main__":
    print(json.dumps({"version": torch.__version__}), flush=True)
    base.main(stepper)
