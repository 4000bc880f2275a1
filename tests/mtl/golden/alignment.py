#!/usr/bin/python3
"""Writes alignment-mmd.json, alignment-kl.json and alignment-scores.json. Run by hand, with PyTorch."""
import torch

import net

TASKS = ["left", "right", "top"]
CONFIG = """data: none
architecture: {name: mmoe, experts: 2}
alignment: %s
trunk: [%s]
tasks:
  left: {target: left, loss: mse, head: [%slinear: 2]}
  right: {target: right, loss: mse, head: [%slinear: 2]}
  top: {target: top, loss: mse, head: [%slinear: 2]}
"""


def mmd(z, other, widths):
    rows = torch.cat([z, other]).detach()
    mean = (torch.pdist(rows) ** 2).mean()

    def kernel(a, b):
        distance = ((a[:, None] - b[None]) ** 2).sum(-1)
        return sum(torch.exp(-distance / (width * mean)).mean() for width in widths) / len(widths)
    return kernel(z, z) + kernel(other, other) - 2 * kernel(z, other)


def kl(z, other):
    def normal(a):
        return torch.distributions.Normal(a.mean(0), (a.var(0, correction=0) + 1e-3).sqrt())
    return torch.distributions.kl_divergence(normal(z), normal(other)).mean()


def write(name, alignment, distance, weight, on_scores=False, image=False):
    params, experts = {}, []
    inputs = 2 * 4 * 4 if image else 4
    x = net.rand(5, 2, 4, 4) if image else net.rand(5, inputs)
    for e in range(2):
        if image:
            params[f"experts.{e}.0.weight"], params[f"experts.{e}.0.bias"] = \
                net.rand(3, 2, 3, 3), net.rand(3)
            experts.append(torch.nn.functional.conv2d(x, *list(params.values())[-2:]))
        else:
            net.linear(params, f"experts.{e}.0", inputs, 6)
            experts.append(net.apply_linear(params, f"experts.{e}.0", x))
    experts = torch.stack([torch.tanh(e) for e in experts], 1)
    z, scores = {}, {}
    for task in TASKS:
        params[f"gates.{task}.1.weight"] = net.rand(2, inputs)
        gate = torch.softmax(x.flatten(1) @ params[f"gates.{task}.1.weight"].T, 1)
        z[task] = (gate.reshape(5, 2, *[1] * (experts.dim() - 2)) * experts).sum(1).flatten(1)
        head = f"{task}.{int(image)}"
        net.linear(params, head, z[task].shape[1], 2)
        scores[task] = net.apply_linear(params, head, z[task])
    aligned = scores if on_scores else z
    penalties = {t: sum(weight / 2 * distance(aligned[t], aligned[o].detach())
                        for o in TASKS if o != t) for t in TASKS}
    targets = {task: net.rand(5, 2) for task in TASKS}
    flatten = ["flatten, " if image else ""] * 3
    trunk = "conv2d: {channels: 3, kernel: 3}, tanh" if image else "linear: 6, tanh"
    net.write(name, CONFIG % (alignment, trunk, *flatten), x, params, scores, targets,
              net.mse(scores, targets), penalties)


write("alignment-mmd", "mmd", lambda z, o: mmd(z, o, [0.25, 0.5, 1, 2, 4]), 0.1, image=True)
write("alignment-kl", "{name: kl, weight: 0.5}", kl, 0.5)
write("alignment-scores", "{name: mmd, on: scores, weight: 2, widths: [0.5, 3]}",
      lambda z, o: mmd(z, o, [0.5, 3]), 2, on_scores=True)
