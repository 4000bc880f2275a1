#!/usr/bin/python3
"""Writes crf.json: what a linear chain gives by counting every path there is (rows `brute`, `far` and
`unlabelled`), and what pytorch-crf gives. Run by hand.

In double precision by torch from inputs rounded to float; the mean is over tokens, as its
reduction="token_mean". Sentences that count for nothing are left out of what pytorch-crf sees.
"""
import itertools
import json
import os

import torch
from torchcrf import CRF

torch.manual_seed(1)
torch.set_default_dtype(torch.double)


def rand(*shape, far=2.0):
    return ((torch.rand(*shape) * 2 - 1) * far).float().double()


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.reshape(-1).tolist()]


def score(x, tags, transitions, start, end):
    sum_ = start[tags[0]] + end[tags[-1]] + sum(x[t, tag] for t, tag in enumerate(tags))
    return sum_ + sum(transitions[a, b] for a, b in zip(tags, tags[1:]))


def by_paths(x, label, chain, lengths):
    losses, tokens = [], 0
    for row, tags, length in zip(x, label.tolist(), lengths.tolist()):
        tags = tags[:length]
        if not tags or min(tags) < 0:
            continue
        paths = itertools.product(range(x.shape[2]), repeat=length)
        every = torch.stack([score(row, path, *chain) for path in paths])
        losses.append(torch.logsumexp(every, 0) - score(row, tags, *chain))
        tokens += length
    return sum(losses) / tokens, tokens


def by_pytorch_crf(x, label, chain, lengths):
    keep = [n for n, length in enumerate(lengths.tolist())
            if length and label[n, :length].min() >= 0]
    crf = CRF(x.shape[2], batch_first=True)
    for name, value in zip(("transitions", "start_transitions", "end_transitions"), chain):
        delattr(crf, name)
        setattr(crf, name, value)
    mask = torch.arange(x.shape[1])[None] < lengths[keep][:, None]
    mean = -crf(x[keep], label[keep].clamp(min=0), mask=mask, reduction="token_mean")
    return mean, int(mask.sum())


def row(x, label, chain, lengths, loss):
    dy = rand(1)
    leaves = [value.requires_grad_() for value in [x, *chain]]
    mean, tokens = loss(x, label, chain, lengths)
    (mean * dy[0]).backward()
    dx, *dchain = [numbers(leaf.grad) for leaf in leaves]
    inputs = [numbers(x.detach()), label.reshape(-1).tolist(),
              *[numbers(value.detach()) for value in chain], lengths.tolist()]
    return {"x": inputs, "dy": numbers(dy), "y": [float(f"{mean.item():.9g}"), tokens],
            "dx": [dx, None, *dchain, None], "after": [None] * 6}


def made(n, l, k, lengths, loss, far=2.0, chain=2.0, missing=()):
    label = torch.randint(k, (n, l))
    for at in missing:
        label[at] = -1
    return row(rand(n, l, k, far=far), label,
               [rand(k, k, far=chain), rand(k, far=chain), rand(k, far=chain)],
               torch.tensor(lengths), loss)


rows = {
    "brute": made(4, 3, 3, [3, 1, 0, 2], by_paths),
    "ragged": made(6, 7, 5, [7, 1, 2, 6, 0, 3], by_pytorch_crf),
    "many": made(5, 9, 21, [9, 9, 4, 8, 9], by_pytorch_crf),
    # Scores of which no float holds the exponent, and transitions as far apart as the op lets them.
    "far": made(4, 6, 5, [6, 5, 6, 3], by_paths, far=300, chain=16),
    # In the padding a missing label is none.
    "unlabelled": made(4, 5, 3, [5, 3, 4, 5], by_paths, missing=[(0, 2), (1, 3), (1, 4)]),
}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "crf.json")
with open(path, "w") as out:
    out.write('{\n "source": "PyTorch %s, pytorch-crf 0.7.2, crf.py",\n' % torch.__version__)
    out.write(",\n".join(f' "{name}": {json.dumps(value)}' for name, value in rows.items()))
    out.write("\n}\n")
