#!/usr/bin/env python3
"""Times training steps of PyTorch with a weighting by hand, as `weightings` asks it.

Reads what torch_worker.py reads, and "tasks": T, "method": "equal" or one of weights_by_hand.py.
That is T backward passes, each one's gradient of the trunk flattened into a row of J, and what the
method makes of J as the trunk's gradient; a head gets the gradient of its own loss.
"""
import functools
import json

import torch
from torch import nn
from torch.nn import functional as F

import torch_worker as base
from weights_by_hand import DIRECTIONS


@functools.cache
def fields(path, tasks):
    label = base.tensor(path, "train/label")
    return [base.images(path) if tasks == 0 else fields(path, 0)[0],
            *((label + t) % 10 for t in range(tasks))]


def make_model(path, tasks):
    """mnist-cnn with so many heads of ten classes; head t learns the digit turned by t."""
    trunk = base.mnist_cnn(path)[0].trunk
    return base.Shared(trunk, [nn.Linear(128, 10) for _ in range(tasks)])


@functools.cache
def make_rows(tasks, columns):
    return torch.empty(tasks, columns)


def backward_by_hand(model, order):
    if order["method"] == "equal":
        return lambda _, losses: sum(losses).backward()
    trunk = list(model.trunk.parameters())
    rows = make_rows(order["tasks"], sum(p.numel() for p in trunk))
    direction = DIRECTIONS[order["method"]]()

    def backward(_, losses):
        for t, (loss, head) in enumerate(zip(losses, model.heads)):
            own = list(head.parameters())
            grads = torch.autograd.grad(loss, trunk + own, retain_graph=t + 1 < len(losses))
            torch.cat([g.reshape(-1) for g in grads[:len(trunk)]], out=rows[t])
            for parameter, g in zip(own, grads[len(trunk):]):
                parameter.grad = g
        flat, at = direction(rows, torch.stack(losses).detach()), 0
        for parameter in trunk:
            parameter.grad = flat[at:at + parameter.numel()].view_as(parameter)
            at += parameter.numel()
    return backward


def stepper_by(make_backward):
    """`make_backward(model, order)` gives what writes all gradients, of the shared representation
    and the losses."""
    def stepper(order, settings):
        torch.manual_seed(1)
        model = make_model(order["data"], order["tasks"])
        layout = torch.channels_last if settings["channels_last"] else torch.contiguous_format
        model.to(memory_format=layout)
        image, *labels = fields(order["data"], order["tasks"])
        given = [image.contiguous(memory_format=layout), *labels]
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5,
                                    foreach=settings["foreach"])
        indices = base.batches(len(image), order["batch"])
        backward = make_backward(model, order)

        def step():
            index = next(indices)
            x, *targets = (field.index_select(0, index) for field in given)
            shared = model.trunk(x)
            losses = [F.cross_entropy(head(shared), target)
                      for head, target in zip(model.heads, targets)]
            optimizer.zero_grad(set_to_none=True)
            backward(shared, losses)
            optimizer.step()
        return step
    return stepper


if __name__ == "__main__":
    print(json.dumps({"version": torch.__version__, "methods": ["equal", *DIRECTIONS]}), flush=True)
    base.main(stepper_by(backward_by_hand))
