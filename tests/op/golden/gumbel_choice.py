#!/usr/bin/python3
"""Writes gumbel_choice.json: what PyTorch gives for the op cases that name a row of it. Run by hand.

In double precision from inputs rounded to float, with the noise that the op draws.
"""
import json
import os

import numpy as np
import torch

random = np.random.default_rng(1)
torch.set_default_dtype(torch.float64)


def philox(key, counter):
    """Philox4x32-10."""
    mask, (c0, c1, c2, c3) = 0xFFFFFFFF, counter
    for _ in range(10):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ key[0], b & mask, (a >> 32) ^ c3 ^ key[1], a & mask
        key = [(key[0] + 0x9E3779B9) & mask, (key[1] + 0xBB67AE85) & mask]
    return c0


def noise(seed, step, stream, shape):
    count = int(np.prod(shape))
    unit = [(philox(seed, (i, 0, stream, step)) >> 8) / 2**24 for i in range(count)]
    return -torch.log(torch.clamp(-torch.log(1 - torch.tensor(unit)), min=6e-8)).reshape(shape)


def choice(x, gumbel, epoch, epochs):
    """Straight through; in the first hundredth without a gradient."""
    value = x + gumbel
    hard = torch.nn.functional.one_hot(value.argmax(-1), x.shape[-1]).double()
    if 100 * epoch < epochs:
        return hard + 0 * x
    soft = torch.softmax(value / ((epochs / 20) / (epoch + 1)**0.5), -1)
    return hard + soft - soft.detach()


def rand(*shape):
    value = random.uniform(-2, 2, shape).astype(np.float32).astype(np.float64)
    return torch.tensor(value, requires_grad=True)


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().reshape(-1).tolist()]


def row(stream, *shape):
    """Of seed [7, 11], step 3, epoch 4.5 of 30; stream None is no training."""
    x, dy = rand(*shape), rand(*shape)
    if stream is None:
        y = choice(x, 0, 0, 30)
    else:
        y = choice(x, noise([7, 11], 3, stream, shape), 4.5, 30)
    y.backward(dy)
    return {"x": [numbers(x)], "dy": numbers(dy), "y": numbers(y), "dx": [numbers(x.grad)],
            "after": [None]}


if __name__ == "__main__":
    rows = {"rows": row(5, 2, 3, 4), "wide": row(6, 1, 33), "largest": row(None, 2, 3)}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gumbel_choice.json")
    with open(path, "w") as out:
        out.write('{\n "source": "PyTorch %s, gumbel_choice.py",\n'
                  % torch.__version__.split("+")[0])
        out.write(",\n".join(f' "{name}": {json.dumps(value)}' for name, value in rows.items()))
        out.write("\n}\n")
