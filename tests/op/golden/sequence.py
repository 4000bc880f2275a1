#!/usr/bin/python3
"""Writes sequence.json: what PyTorch gives for the op cases on sequences.

usage: sequence.py

Run by hand, never by the build; as golden.py, row by row of a batch, so that padding cannot matter.
"""
import math

import torch
import torch.nn.functional as F

import golden
from golden import family, rand


def by_row(f, x, lengths, *more):
    """f of each row's own positions, zeros behind them."""
    rows = [F.pad(f(x[n:n + 1, :length], *more), (0, 0, 0, x.shape[1] - length))
            if length else torch.zeros_like(f(x[n:n + 1], *more))
            for n, length in enumerate(lengths.tolist())]
    return torch.cat(rows)


def attention(heads):
    def one(x):
        q, k, v = (part.unflatten(2, (heads, -1)).transpose(1, 2) for part in x.chunk(3, 2))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    return one


@family
def sequence():
    lengths = torch.tensor([5, 0, 1, 3, 4], dtype=torch.int32)
    yield ("attention", [rand(5, 5, 3 * 12), lengths],
           lambda x, lengths: by_row(attention(3), x, lengths))

    def conv(dilation, activation=None):
        def one(x, weight, bias=None):
            y = F.conv1d(x.transpose(1, 2), weight, bias, dilation=dilation, padding="same")
            return activation(y).transpose(1, 2) if activation else y.transpose(1, 2)
        return one
    yield ("conv1d", [rand(5, 5, 3), rand(4, 3, 3), rand(4), lengths],
           lambda x, weight, bias, lengths: by_row(conv(1), x, lengths, weight, bias))
    yield ("conv1d_even", [rand(5, 5, 3), rand(4, 3, 4), lengths],
           lambda x, weight, lengths: by_row(conv(2), x, lengths, weight))
    yield ("conv1d_relu", [rand(5, 5, 3), rand(4, 3, 2), rand(4), lengths],
           lambda x, weight, bias, lengths: by_row(conv(1, F.relu), x, lengths, weight, bias))
    yield "conv1d_full", [rand(2, 4, 3), rand(4, 3, 5), rand(4)], conv(3)
    yield "attention_full", [rand(3, 4, 3 * 10)], attention(2)
    for kind, f in [("mean", lambda x: x.mean(1)), ("max", lambda x: x.amax(1)),
                    ("last", lambda x: x[:, -1])]:
        yield ("pool_" + kind, [rand(5, 5, 3), lengths],
               lambda x, lengths, f=f: torch.cat([f(x[n:n + 1, :length]) if length else
                                                  torch.zeros_like(x[n:n + 1, 0])
                                                  for n, length in enumerate(lengths.tolist())]))
    yield ("pool_attention", [rand(5, 5, 3), rand(5, 5, 1), lengths],
           lambda x, scores, lengths: torch.cat(
               [(x[n:n + 1, :length] * scores[n:n + 1, :length].softmax(1)).sum(1)
                for n, length in enumerate(lengths.tolist())]))
    yield ("positions", [rand(5, 5, 3), rand(7, 3), lengths],
           lambda x, place, lengths: by_row(lambda row: row + place[:row.shape[1]], x, lengths))


golden.write("sequence")
