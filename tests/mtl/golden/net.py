"""What the scripts of architectures share: writes <name>.json from a plain version of the net.

In double precision from numbers rounded to float; the gradients are PyTorch's.
"""
import json
import os

import numpy as np
import torch

random = np.random.default_rng(1)
torch.set_default_dtype(torch.float64)


def rand(*shape):
    value = random.uniform(-1, 1, shape).astype(np.float32).astype(np.float64)
    return torch.tensor(value, requires_grad=True)


def linear(params, name, inputs, outputs):
    """Parameters of a linear layer."""
    params[f"{name}.weight"], params[f"{name}.bias"] = rand(outputs, inputs), rand(outputs)


def apply_linear(params, name, x):
    return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().reshape(-1).tolist()]


def input_of(x, present=None):
    """What the file says of an input: x [N, ...], and where it is optional whether rows have it."""
    said = {"x_shape": list(x.shape), "x": numbers(x)}
    return said if present is None else {**said, "present": numbers(present)}


def write(name, config, x, params, scores, targets, losses, penalties=None):
    """x [N, ...], or a list of what input_of says of several; params by their names; scores, targets and losses by task: tensors, and the last
    scalars. A task's gradients are those of its loss and its penalty, and of zeros where it does
    not reach a parameter."""
    gradients = {}
    for task, loss in losses.items():
        total = loss + (penalties or {}).get(task, 0)
        found = torch.autograd.grad(total, list(params.values()), retain_graph=True,
                                    allow_unused=True)
        gradients[task] = {key: numbers(torch.zeros_like(value) if g is None else g)
                           for (key, value), g in zip(params.items(), found)}
    golden = {
        "source": f"PyTorch {torch.__version__.split('+')[0]}, {name.split('-')[0]}.py",
        "config": config,
        **({"inputs": x} if isinstance(x, list) else input_of(x)),
        "targets": {task: numbers(value) for task, value in targets.items()},
        "params": {key: numbers(value) for key, value in params.items()},
        "scores": {task: numbers(value) for task, value in scores.items()},
        "losses": {task: numbers(value) for task, value in losses.items()},
        "gradients": gradients,
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.json")
    with open(path, "w") as out:
        rows = ",\n".join(f' "{key}": {json.dumps(value)}' for key, value in golden.items())
        out.write("{\n" + rows + "\n}\n")


def mse(scores, targets):
    return {task: ((scores[task] - targets[task]) ** 2).mean() for task in scores}


def bits(*shape):
    return torch.tensor(random.integers(0, 2, shape).astype(np.float64))


def binary_cross_entropy(scores, targets):
    return {task: torch.nn.functional.binary_cross_entropy_with_logits(scores[task], targets[task])
            for task in targets}
