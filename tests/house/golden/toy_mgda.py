#!/usr/bin/env python3
"""Where mgda, in its closed form for two tasks, ends on the toy of CAGrad (Liu et al., NeurIPS 2021):
100,000 steps of Adam, 1e-3, in double. Plain Python, nothing of bough's.

`exact` is the formula. `shifted` adds 1e-8 to its denominator, as CAGrad's own program does, whose end
points are the published ones: where the gradients cancel that shift is what is left of the direction,
and Adam walks along the front by it.

usage: toy_mgda.py > toy_mgda.json
"""
import json
import math

STARTS = [(-8.5, 7.5), (-8.5, -5.0), (9.0, 9.0)]


def gradients(x1, x2):
    rows = []
    lean, half = math.tanh(-x2), math.tanh(x2 / 2)
    rise = (1 - half * half) / 2
    for value, slope, middle in ((0.5 * (-x1 - 7) - lean, 1 - lean * lean, 7),
                                 (0.5 * (-x1 + 3) + lean + 2, lean * lean - 1, -7)):
        inside = abs(value) > 5e-6
        hill = math.log(max(abs(value), 5e-6)) + 6
        bowl = ((x1 - middle) ** 2 + 0.1 * (x2 + 8) ** 2) / 10 - 20
        if half >= 0:
            rows.append((half * (-0.5 / value if inside else 0),
                         half * (slope / value if inside else 0) + rise * hill))
        else:
            rows.append((-half * (x1 - middle) / 5, -half * (x2 + 8) / 50 - rise * bowl))
    return rows


def weight(g, h, shift):
    a, b, c = (sum(p * q for p, q in zip(u, v)) for u, v in ((g, g), (g, h), (h, h)))
    if b < min(a, c):
        return (c - b) / (a + c - 2 * b + shift)
    return 1 if a < c else 0


def end(start, shift):
    x, mean, square = list(start), [0, 0], [0, 0]
    for step in range(1, 100001):
        g, h = gradients(*x)
        w = weight(g, h, shift)
        for k in range(2):
            d = w * g[k] + (1 - w) * h[k]
            mean[k] = 0.9 * mean[k] + 0.1 * d
            square[k] = 0.999 * square[k] + 0.001 * d * d
            x[k] -= 1e-3 * mean[k] / (1 - 0.9 ** step) / (
                math.sqrt(square[k] / (1 - 0.999 ** step)) + 1e-8)
    return [round(value, 4) for value in x]


if __name__ == "__main__":
    ends = {name: [end(start, shift) for start in STARTS]
            for name, shift in (("exact", 0), ("shifted", 1e-8))}
    print(json.dumps({"source": "toy_mgda.py, Python's double", **ends}, indent=1))
