#!/usr/bin/python3
"""Writes optimizer.json: parameters after five steps of PyTorch's optimizers.

usage: optimizer.py

Run by hand, never by the build. Two blocks of parameters and their gradients at each step are the
same in every row; a row holds the options, the largest norm (0 = no clipping) and the parameters
after the fifth step, computed in double precision.
"""
import json
import os

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS, SIZES = 5, [70, 9]
ROWS = [
    ("sgd", {"lr": 0.1}, 0),
    ("sgd", {"lr": 0.1, "weight_decay": 0.2}, 0),
    ("sgd", {"lr": 0.1, "momentum": 0.75}, 0),
    ("sgd", {"lr": 0.1, "momentum": 0.75, "nesterov": True, "weight_decay": 0.2}, 0),
    ("sgd", {"lr": 0.1, "momentum": 0.75}, 2.0),
    ("adam", {"lr": 0.1}, 0),
    ("adam", {"lr": 0.1, "betas": (0.75, 0.875), "weight_decay": 0.2, "eps": 0.25}, 0),
    ("adam", {"lr": 0.1, "eps": 1.0}, 2.0),
    ("adam", {"lr": 0.1}, 1000.0),
    ("adam", {"lr": 0.1, "betas": (0.0, 0.875), "eps": 0.25}, 0),
    ("adamw", {"lr": 0.1}, 0),
    ("adamw", {"lr": 0.1, "betas": (0.75, 0.875), "weight_decay": 0.2, "eps": 0.25}, 0),
    ("adamw", {"lr": 0.1, "weight_decay": 0.0}, 0),
    ("adamw", {"lr": 0.1, "betas": (0.75, 0.0), "eps": 0.25}, 0),
    ("rmsprop", {"lr": 0.1}, 0),
    ("rmsprop", {"lr": 0.1, "alpha": 0.75, "momentum": 0.5, "weight_decay": 0.2, "eps": 0.25}, 0),
    ("rmsprop", {"lr": 0.1, "alpha": 0.0, "eps": 0.25}, 0),
    ("rmsprop", {"lr": 0.1, "eps": 1.0}, 2.0),
    ("adagrad", {"lr": 0.1}, 0),
    ("adagrad", {"lr": 0.1, "weight_decay": 0.2, "eps": 0.25}, 0),
]
CLASSES = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW,
           "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad}


def numbers(tensors):
    return [[float(f"{value:.9g}") for value in x.tolist()] for x in tensors]


def draw(scale):
    return [(scale * torch.randn(size, dtype=torch.float64)).float().double() for size in SIZES]


def train(name, options, clip, start, grads):
    blocks = [x.clone().requires_grad_() for x in start]
    optimizer = CLASSES[name](blocks, **options)
    for step in grads:
        for block, grad in zip(blocks, step):
            block.grad = grad.clone()
        if clip:
            torch.nn.utils.clip_grad_norm_(blocks, clip)
        optimizer.step()
    return numbers(x.detach() for x in blocks)


def main():
    torch.manual_seed(1)
    start = draw(1.0)
    grads = [draw(scale) for scale in (1.0, 0.1, 2.0, 0.5, 1.0)]
    rows = [{"name": name, "clip_norm": clip, **options,
             "params": train(name, options, clip, start, grads)} for name, options, clip in ROWS]
    top = {"source": f"PyTorch {torch.__version__}, optimizer.py", "start": numbers(start),
           "grads": [numbers(step) for step in grads]}
    with open(os.path.join(HERE, "optimizer.json"), "w") as out:
        out.write("{\n" + "".join(f" {json.dumps(k)}: {json.dumps(v)},\n" for k, v in top.items()))
        out.write(' "rows": [\n' + ",\n".join("  " + json.dumps(row) for row in rows) + "\n ]\n}\n")


main()
