#!/usr/bin/python3
"""Writes join-*.json. Run by hand, with PyTorch.

Stems of one output each, of an image (NaN where a row lacks it), a row of numbers that some lack,
and one that none lacks. A gate's softmax is of the inputs that are there, by leaving out the rest.
"""
import torch

import net

ROWS = 7
TASKS = {"left": ["a", "b", "c"], "right": ["a", "b", "c"], "far": ["b", "c"]}
CONFIG = """data: none
inputs:
  a: {optional: true, stem: [conv2d: {channels: 2, kernel: 2}, tanh, flatten, linear: 4]}
  b: {optional: true, stem: [linear: 4, tanh]}
  c: {stem: [linear: 4]}
join: %s
trunk: [linear: 6, tanh]
tasks:
  left: {target: left, loss: mse, head: [linear: 2]}
  right: {target: right, loss: mse, head: [linear: 3]}
"""
PARTS = """  far: {target: far, loss: mse, inputs: [b, c], head: [linear: 2]}
"""
PRESENT = {"a": [1, 0, 1, 0, 1, 1, 0], "b": [1, 1, 0, 0, 1, 0, 1]}


def stems(params, x):
    params["stems.a.0.weight"], params["stems.a.0.bias"] = net.rand(2, 1, 2, 2), net.rand(2)
    net.linear(params, "stems.a.3", 8, 4)
    net.linear(params, "stems.b.0", 3, 4)
    net.linear(params, "stems.c.0", 5, 4)
    a = torch.tanh(torch.nn.functional.conv2d(x["a"], params["stems.a.0.weight"],
                                              params["stems.a.0.bias"]))
    return {"a": net.apply_linear(params, "stems.a.3", a.flatten(1)),
            "b": torch.tanh(net.apply_linear(params, "stems.b.0", x["b"])),
            "c": net.apply_linear(params, "stems.c.0", x["c"])}


def joined(how, params, first, given, present, reads):
    """Row by row, of what the row has."""
    if how == "gate":
        params[f"join.{first}.1.weight"] = net.rand(len(reads), 4 * len(reads))
    rows = []
    for n in range(ROWS):
        all_of = [given[i][n] if present[i][n] else torch.zeros(4) for i in reads]
        there = [e for e, i in enumerate(reads) if present[i][n]]
        if how == "concat":
            rows.append(torch.cat(all_of))
        elif how == "sum":
            rows.append(sum(all_of[e] for e in there))
        else:
            logits = params[f"join.{first}.1.weight"] @ torch.cat(all_of)
            gate = torch.softmax(logits[there], 0)
            rows.append(sum(g * all_of[e] for g, e in zip(gate, there)))
    return torch.stack(rows)


def write(how, tasks, name):
    params = {}
    present = {i: torch.tensor([float(v) for v in PRESENT.get(i, [1] * ROWS)]) for i in "abc"}
    x = {"a": net.rand(ROWS, 1, 3, 3), "b": net.rand(ROWS, 3), "c": net.rand(ROWS, 5)}
    x = {i: (v * present[i].reshape(-1, *[1] * (v.dim() - 1))).detach() for i, v in x.items()}
    given, sets, scores = stems(params, x), {}, {}
    width = 12 if how == "concat" else 4
    for task in tasks:
        reads = tuple(TASKS[task])
        if reads not in sets:
            sets[reads] = joined(how, params, task, given, present, reads)
    net.linear(params, "trunk.0", width, 6)
    for task, outputs in tasks.items():
        net.linear(params, f"{task}.0", 6, outputs)
        read = torch.tanh(net.apply_linear(params, "trunk.0", sets[tuple(TASKS[task])]))
        scores[task] = net.apply_linear(params, f"{task}.0", read)
    targets = {task: net.rand(ROWS, outputs) for task, outputs in tasks.items()}
    inputs = [net.input_of(x[i], present[i] if i in PRESENT else None) for i in "abc"]
    config = CONFIG % how + (PARTS if "far" in tasks else "")
    net.write(name, config, inputs, params, scores, targets, net.mse(scores, targets))


write("concat", {"left": 2, "right": 3}, "join-concat")
write("sum", {"left": 2, "right": 3}, "join-sum")
write("gate", {"left": 2, "right": 3}, "join-gate")
write("gate", {"left": 2, "right": 3, "far": 2}, "join-sets")
