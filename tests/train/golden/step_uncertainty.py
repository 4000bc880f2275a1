#!/usr/bin/env python3
"""Writes step_uncertainty.json: the net of step.py trained for ten steps by PyTorch (2.15.0), its
losses weighed by uncertainty.

usage: step_uncertainty.py

Run by hand, never by the build. The data and the parameters at the start are those of step.json; the
log variances start at 0 and are trained by the same sgd. The file holds the losses of each step and
the weights that their gradients got.
"""
import json
import os

import torch

import step

HERE = os.path.dirname(os.path.abspath(__file__))
LR, MOMENTUM = 0.05, 0.875


def read(golden):
    """The net and the data as step.json holds them."""
    net = step.make_net()
    state = net.state_dict()
    for name, values in golden["start"].items():
        state[name] = torch.tensor(values).reshape(state[name].shape)
    net.load_state_dict(state)
    data = {name: torch.tensor([float("nan") if v is None else v for v in golden["data"][name]],
                               dtype=x.dtype).reshape(x.shape)
            for name, x in step.make_data().items()}
    return net, data


def main():
    torch.set_num_threads(1)
    with open(os.path.join(HERE, "step.json"), encoding="ascii") as file:
        net, data = read(json.load(file))
    s = torch.zeros(len(step.TASK_WEIGHTS), requires_grad=True)
    optimizer = torch.optim.SGD([*net.parameters(), s], lr=LR, momentum=MOMENTUM)
    factor = torch.tensor(list(step.TASK_WEIGHTS.values()))
    losses, weights = [], []
    for _ in range(step.STEPS):
        loss = torch.stack(list(step.losses_of(net, data).values()))
        weight = 0.5 * torch.exp(-s) * factor
        losses.append(step.numbers(loss))
        weights.append(step.numbers(weight))
        optimizer.zero_grad()
        (weight * loss + 0.5 * s).sum().backward()
        optimizer.step()
    golden = {"source": f"PyTorch {torch.__version__}, step_uncertainty.py", "losses": losses,
              "weights": weights}
    with open(os.path.join(HERE, "step_uncertainty.json"), "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
