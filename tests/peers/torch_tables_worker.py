#!/usr/bin/env python3
"""Times training steps of PyTorch on the table that `tables` makes.

Reads and answers what torch_worker.py does, with the settings "fused", of adam, and "compiled". Ids
are whole numbers beforehand, missing cells zeros with their masks, labels zeros with theirs.
"""
import json

import torch
from torch import nn
from torch.nn import functional as F

import torch_worker as base


def header(path):
    with open(path, "rb") as file:
        return json.loads(file.read(int.from_bytes(file.read(8), "little")))["__metadata__"]


class Net(nn.Module):
    """Embeddings of bough's sizes, beside the numbers; two hidden layers, four heads."""

    def __init__(self, ids, numbers):
        super().__init__()
        sizes = [(count, min(50, round(1.6 * count ** 0.56))) for count in ids]
        self.embeddings = nn.ModuleList(nn.Embedding(*size) for size in sizes)
        width = sum(size for _, size in sizes) + numbers
        self.trunk = nn.Sequential(nn.Linear(width, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU())
        self.heads = nn.ModuleList(nn.Linear(64, width) for width in (4, 1, 1, 1))

    def forward(self, ids, numbers):
        parts = [embed(column) for embed, column in zip(self.embeddings, ids.unbind(1))]
        features = self.trunk(torch.cat([*parts, numbers], 1))
        return [head(features) for head in self.heads]


def loss_of(scores, outcome, target, mask):
    """Cross-entropy, and three mean squares over what is labelled."""
    squares = (torch.cat(scores[1:], 1) - target) ** 2 * mask
    return F.cross_entropy(scores[0], outcome, ignore_index=-1) + \
        (squares.sum(0) / mask.sum(0).clamp(min=1)).sum()


def rows(path):
    """Ids, numbers with masks, the class, numbers to learn and which are there; ids of columns."""
    about = header(path)
    table = base.tensor(path, "train/table")
    is_class = [line == "class" for line in about["types/table"].split("\n")]
    names = about["columns/table"].split("\n")
    counts = [len(about[f"classes/table/{name}"].split("\n")) + 2
              for name, yes in zip(names, is_class) if yes]
    numbers = table[:, [i for i, yes in enumerate(is_class) if not yes]]
    missing = numbers.isnan()
    numbers = ((numbers - numbers.nanmean(0)) / numbers.nan_to_num().std(0)).nan_to_num()
    numbers = torch.cat([numbers, missing[:, missing.any(0)].float()], 1)
    target = torch.cat([base.tensor(path, "train/" + name)
                        for name in ("first", "second", "third")], 1)
    known = (~target.isnan()).float()
    target = ((target - target.nanmean(0)) / target.nan_to_num().std(0)).nan_to_num()
    ids = table[:, [i for i, yes in enumerate(is_class) if yes]].long()
    return [ids, numbers, base.tensor(path, "train/outcome"), target, known], counts


def stepper(order, settings):
    torch.manual_seed(1)
    fields, counts = rows(order["data"])
    model = Net(counts, fields[1].shape[1])
    adam = {"foreach": settings["foreach"]}
    if order["fused"]:
        adam = {"fused": True}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **adam)
    indices = base.batches(len(fields[0]), order["batch"])

    def run(ids, numbers, outcome, target, known):
        return loss_of(model(ids, numbers), outcome, target, known)
    if order["compiled"]:
        run = torch.compile(run)

    def step():
        index = next(indices)
        loss = run(*(field.index_select(0, index) for field in fields))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return step


if __name__ == "__main__":
    print(json.dumps({"version": torch.__version__, "methods": ["tables"]}), flush=True)
    base.main(stepper)
