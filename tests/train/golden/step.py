#!/usr/bin/python3
"""Writes step.json: a small net of three tasks, trained for ten steps by PyTorch in float.

usage: step.py

Run by hand, never by the build. The net is that of ../test_golden.c; names are those of bough's
parameters. The file holds the data, the parameters at the start, all gradients of the first step,
and for each optimizer the three losses of ten steps, what batch_norm remembers after them, and the
losses of an evaluation with that. Missing labels are -1 and null. Both optimizers start from the same parameters.
"""
import json
import os

import torch
from torch import nn
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, STEPS, CLIP = 12, 10, 0.5
MEAN, STD = [0.375, 0.5], [0.25, 0.5]
CLASS_WEIGHTS, SMOOTHING = [1.0, 0.5, 2.0, 1.25], 0.125
TASK_WEIGHTS = {"shape": 1.0, "bright": 0.5, "top": 2.0}
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.875, weight_decay=0.0625),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
}


def make_net():
    torch.manual_seed(3)
    net = nn.ModuleDict({
        "trunk": nn.Sequential(
            nn.Conv2d(2, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(),
            nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, stride=2, padding=1, groups=2), nn.GELU(),
            nn.Flatten(), nn.Linear(72, 16), nn.LayerNorm(16), nn.Tanh()),
        "shape": nn.Sequential(nn.Linear(16, 4)),
        "bright": nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 2)),
        "top": nn.Sequential(nn.Linear(16, 3)),
    })
    with torch.no_grad():  # gains and shifts that are told apart
        for name in ("trunk.1", "trunk.8"):
            module = net.get_submodule(name)
            module.weight.uniform_(0.5, 1.5)
            module.bias.uniform_(-0.5, 0.5)
    return net


def make_data():
    torch.manual_seed(4)
    image = torch.randint(0, 256, (ROWS, 2, 10, 10))
    shape = torch.randint(0, 4, (ROWS,))
    shape[[2, 7]] = -1
    bright = (torch.randn(ROWS, 2) * 64).round() / 64
    bright[3, 0] = bright[5] = float("nan")
    top = torch.randint(0, 2, (ROWS, 3)).float()
    top[1] = top[8, 2] = float("nan")
    return {"image": image, "shape": shape, "bright": bright, "top": top}


def losses_of(net, data):
    mean, std = (torch.tensor(x).reshape(1, 2, 1, 1) for x in (MEAN, STD))
    shared = net["trunk"]((data["image"].float() / 255 - mean) / std)
    score = {task: net[task](shared) for task in TASK_WEIGHTS}
    bright, top = (~data[task].isnan() for task in ("bright", "top"))
    return {
        "shape": F.cross_entropy(score["shape"], data["shape"], torch.tensor(CLASS_WEIGHTS),
                                 ignore_index=-1, label_smoothing=SMOOTHING),
        "bright": F.mse_loss(score["bright"][bright], data["bright"][bright]),
        "top": F.binary_cross_entropy_with_logits(score["top"][top], data["top"][top]),
    }


def weights_of(data):
    """What each loss is the mean over."""
    label = data["shape"]
    return [torch.tensor(CLASS_WEIGHTS)[label[label >= 0]].sum().item(),
            (~data["bright"].isnan()).sum().item(), (~data["top"].isnan()).sum().item()]


def step(net, data, optimizer, clip):
    """The losses, and the gradients as they were before they were clipped."""
    losses = losses_of(net, data)
    optimizer.zero_grad()
    sum(TASK_WEIGHTS[task] * loss for task, loss in losses.items()).backward()
    gradients = {name: p.grad.clone() for name, p in net.named_parameters()}
    if clip:
        assert nn.utils.clip_grad_norm_(net.parameters(), clip) > 1.05 * clip
    optimizer.step()
    return [loss.item() for loss in losses.values()], gradients


def numbers(x):
    return [None if v != v else int(v) if v == int(v) else float(f"{v:.9g}")
            for v in x.detach().flatten().tolist()]


def tensors(named):
    return {name: numbers(x) for name, x in named.items() if "num_batches" not in name}


def train(name, data):
    net = make_net()
    optimizer = OPTIMIZERS[name](net.parameters())
    steps = [step(net, data, optimizer, CLIP if name == "adam" else 0) for _ in range(STEPS)]
    remembered = {key: x for key, x in net.state_dict().items() if "running" in key}
    losses = [[float(f"{loss:.9g}") for loss in losses] for losses, _ in steps]
    with torch.no_grad():
        evaluated = torch.stack(list(losses_of(net.eval(), data).values()))
    return {"losses": losses, "remembered": tensors(remembered),
            "evaluated": numbers(evaluated)}, steps[0][1]


def main():
    torch.set_num_threads(1)
    data = make_data()
    trained = {name: train(name, data) for name in OPTIMIZERS}
    top = {"source": f"PyTorch {torch.__version__}, step.py",
           "data": tensors(data), "weights": weights_of(data),
           "start": tensors(make_net().state_dict()), "gradients": tensors(trained["sgd"][1]),
           **{name: found for name, (found, _) in trained.items()}}
    with open(os.path.join(HERE, "step.json"), "w") as out:
        lines = (f'"{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in top.items())
        out.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
