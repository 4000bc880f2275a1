#!/usr/bin/env python3
"""Writes graddrop.json: gradients after sign dropout, by numpy (2.4.6), from the paper's formulas.

usage: graddrop.py

Run by hand, never by the build. The random numbers are bough's: Philox4x32-10 with the seed as key
and the counter (element / 4, 1, 0, step), element i taking word i % 4; u = (word >> 9 + 0.5) / 2^23.
Random123's own answers for two counters are checked first.
"""
import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
MASK = 0xFFFFFFFF
KNOWN = [([0] * 4, [0] * 2, [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
         ([MASK] * 4, [MASK] * 2, [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd])]
ROWS = [(1, 17, 0.0), (2, 33, 0.0), (2, 64, 0.25), (3, 130, 0.0), (8, 65, 0.5), (5, 31, 1.0)]


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [second >> 32 ^ c[1] ^ k[0], second & MASK, first >> 32 ^ c[3] ^ k[1], first & MASK]
        k = [k[0] + 0x9E3779B9 & MASK, k[1] + 0xBB67AE85 & MASK]
    return c


def graddrop(g, u, leak):
    size = np.abs(g).sum(axis=0)
    p = 0.5 * (1 + g.sum(axis=0) / np.where(size > 0, size, 1))
    assert np.abs(p - u).min() > 1e-6
    mask = (p > u) & (g > 0) | (p < u) & (g < 0)
    return ((leak + (1 - leak) * mask) * g).sum(axis=0)


def row(number, tasks, columns, leak):
    random = np.random.default_rng(number)
    g = random.standard_normal((tasks, columns)).astype(np.float32)
    g[:, 3] = 0
    g[:, 5] = np.abs(g[:, 5])
    g[0, 7] = 0
    seed, step = [12345 + number, 678], 9 + number
    u = np.array([((philox([i // 4, 1, 0, step], seed)[i % 4] >> 9) + 0.5) / 2**23
                  for i in range(columns)])
    d = graddrop(g.astype(np.float64), u, leak)
    return {"leak": leak, "seed": seed, "step": step, "jacobian": [x.tolist() for x in g],
            "gradient": [float(f"{x:.9g}") for x in d]}


def main():
    for counter, key, words in KNOWN:
        assert philox(counter, key) == words
    golden = {"source": "numpy " + np.__version__,
              "rows": [row(number, *what) for number, what in enumerate(ROWS)]}
    with open(os.path.join(HERE, "graddrop.json"), "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
