#!/usr/bin/python3
"""Writes golden/<family>.json: what PyTorch gives for the op cases that name a golden row.

usage: golden.py [family...]     (all families without arguments)

Run by hand, never by the build. Values are computed in double precision from inputs rounded to
float. A family is a function below; it yields (row, inputs, f[, gradients[, updated]]):
  inputs     tensors in the op's order; None for an absent one
  f          takes the inputs, returns y
  gradients  which inputs have one; all floating ones unless told
  updated    {input: f}: what the forward pass makes of that input
An f with an attribute `loss` gives [mean, weight]; only the mean is differentiated.
"""
import json
import os
import sys

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
FAMILIES = {}


def family(function):
    FAMILIES[function.__name__] = function
    return function


def rand(*shape):
    """Uniform in [-2, 2), a float's worth of digits."""
    return (4 * torch.rand(*shape, dtype=torch.float64) - 2).float().double()


def numbers(tensor):
    if tensor is None:
        return None
    flat = tensor.detach().reshape(-1).tolist()
    if not tensor.is_floating_point():
        return flat
    return [None if value != value else float(f"{value:.9g}") for value in flat]


def row(inputs, f, gradients=None, updated=None):
    if gradients is None:
        gradients = [i for i, x in enumerate(inputs) if x is not None and x.is_floating_point()]
    leaves = [x.clone().requires_grad_() if i in gradients else x for i, x in enumerate(inputs)]
    y = f(*leaves)
    projected = y[:1] if getattr(f, "loss", False) else y
    dy = rand(*projected.shape)
    if gradients:
        projected.backward(dy)
    return {
        "x": [numbers(x) for x in inputs],
        "dy": numbers(dy),
        "y": numbers(y),
        "dx": [numbers(x.grad) if i in gradients else None for i, x in enumerate(leaves)],
        "after": [numbers(updated[i](*inputs)) if updated and i in updated else None
                  for i in range(len(inputs))],
    }


def write(name):
    torch.manual_seed(1)
    lines = [f' "{case}": {json.dumps(row(*rest))}' for case, *rest in FAMILIES[name]()]
    with open(os.path.join(HERE, name + ".json"), "w") as out:
        out.write('{\n "source": "PyTorch %s, golden.py",\n' % torch.__version__)
        out.write(",\n".join(lines) + "\n}\n")


@family
def conv2d():
    def case(name, x, weight, bias=True, activation=None, **options):
        def f(x, weight, bias=None):
            y = F.conv2d(x, weight, bias, **options)
            return activation(y) if activation else y
        inputs = [rand(*x), rand(*weight)] + ([rand(weight[0])] if bias else [])
        return name, inputs, f

    yield case("plain", (2, 3, 5, 6), (4, 3, 3, 2))
    yield case("no_bias", (2, 3, 5, 6), (4, 3, 3, 2), bias=False)
    yield case("padding", (2, 2, 4, 5), (3, 2, 3, 3), padding=(1, 2))
    yield case("stride", (2, 2, 8, 9), (3, 2, 3, 2), stride=(2, 3), padding=(1, 0))
    yield case("dilation", (2, 2, 8, 9), (3, 2, 3, 2), dilation=(2, 3), padding=(1, 2))
    yield case("groups", (2, 6, 5, 5), (4, 3, 3, 3), groups=2, padding=1)
    yield case("depthwise", (2, 4, 5, 5), (8, 1, 3, 3), groups=4, stride=2, padding=1)
    yield case("relu", (2, 3, 6, 6), (4, 3, 3, 3), activation=F.relu, padding=1)
    yield case("all", (2, 4, 9, 10), (6, 2, 3, 2), activation=F.relu, groups=2, stride=(3, 2),
               padding=(2, 1), dilation=(1, 2))


@family
def pool():
    yield "max", [rand(2, 3, 6, 4)], lambda x: F.max_pool2d(x, 2)
    yield "max_odd", [rand(2, 3, 7, 5)], lambda x: F.max_pool2d(x, 2)
    yield ("max_overlap", [rand(2, 3, 8, 9)],
           lambda x: F.max_pool2d(x, (3, 2), stride=(2, 1), padding=1))
    yield ("max_ties", [rand(1, 2, 6, 6).round()],
           lambda x: F.max_pool2d(x, 3, stride=2, padding=1))
    yield "avg", [rand(2, 3, 6, 4)], lambda x: F.avg_pool2d(x, 2)
    yield ("avg_overlap", [rand(2, 3, 8, 9)],
           lambda x: F.avg_pool2d(x, (3, 2), stride=(2, 1), padding=1))
    yield "global", [rand(2, 3, 5, 4)], lambda x: x.mean((2, 3))


@family
def norm():
    def batch(shape, training):
        def f(x, gamma, beta, mean, var):
            return F.batch_norm(x, mean.clone(), var.clone(), gamma, beta, training, 0.2, 1e-5)

        def after(i):
            def updated(x, gamma, beta, mean, var):
                running = [mean.clone(), var.clone()]
                F.batch_norm(x, *running, gamma, beta, training, 0.2, 1e-5)
                return running[i]
            return updated
        channels = shape[1]
        inputs = [rand(*shape) + 3, rand(channels), rand(channels), rand(channels),
                  rand(channels).abs() + 0.5]
        return inputs, f, [0, 1, 2], {3: after(0), 4: after(1)}

    yield "batch", *batch((6, 5), True)
    yield "batch_image", *batch((3, 4, 5, 2), True)
    yield "batch_eval", *batch((3, 4, 5, 2), False)
    yield ("layer", [rand(4, 7) + 3, rand(7), rand(7)],
           lambda x, gamma, beta: F.layer_norm(x, (7,), gamma, beta, 1e-5))
    yield ("layer_image", [rand(3, 2, 3, 4), rand(2, 3, 4), rand(2, 3, 4)],
           lambda x, gamma, beta: F.layer_norm(x, (2, 3, 4), gamma, beta, 1e-3))


@family
def activation():
    yield "relu", [rand(5, 7)], F.relu
    yield "leaky_relu", [rand(5, 7)], lambda x: F.leaky_relu(x, 0.1)
    yield "gelu", [3 * rand(5, 7)], F.gelu
    yield "sigmoid", [3 * rand(5, 7)], torch.sigmoid
    yield "sigmoid_far", [torch.tensor([-1e4, -90, -20, -1, 1, 20, 90, 1e4]).double()], torch.sigmoid
    yield "tanh", [2 * rand(5, 7)], torch.tanh


def logit_and(a, b):
    log = F.logsigmoid(a) + F.logsigmoid(b)
    return log - torch.log(-torch.expm1(log))


@family
def elementwise():
    yield "add", [rand(2, 3, 4), rand(2, 3, 4)], torch.add
    yield "multiply", [rand(2, 3, 4), rand(2, 3, 4)], torch.mul
    yield "scale", [rand(2, 3, 4)], lambda x: 0.3 * x
    far = torch.tensor([-100.0, -20.0, 0.0, 20.0, 100.0]).double()
    yield "logit_and", [rand(2, 3, 4), rand(2, 3, 4)], logit_and
    yield "logit_and_far", [far.repeat(5), far.repeat_interleave(5)], logit_and


@family
def penalty():
    def above(factor):
        return lambda x, other: F.relu(factor * (torch.sigmoid(x) - torch.sigmoid(other))) \
            .mean().reshape(1)
    yield "order", [rand(4, 3), rand(4, 3)], above(0.6), [0]
    yield "order_below", [rand(4, 3), rand(4, 3)], above(-0.6), [0]

    def mean_distance(x, other):
        rows = torch.cat([x, other])
        return (torch.pdist(rows) ** 2).mean().reshape(1)

    def mmd(x, other, mean):
        def kernel(a, b):
            distance = ((a[:, None] - b[None]) ** 2).sum(-1)
            return sum(torch.exp(-distance / (width * mean)).mean() for width in (0.5, 1, 4)) / 3
        return (0.3 * (kernel(x, x) + kernel(other, other) - 2 * kernel(x, other))).reshape(1)

    def gauss_kl(x, other):
        def normal(a):
            return torch.distributions.Normal(a.mean(0), (a.var(0, correction=0) + 0.01).sqrt())
        return 0.3 * torch.distributions.kl_divergence(normal(x), normal(other)).mean().reshape(1)

    def softmax_kl(x, other):
        log, target = F.log_softmax(x / 2, 1), F.log_softmax(other / 2, 1)
        kl = F.kl_div(log, target, reduction="sum", log_target=True)
        return (0.3 * 2 ** 2 * kl * x.shape[1] / x.numel()).reshape(1)
    yield "mean_distance", [rand(5, 3), rand(5, 3)], mean_distance, []
    yield "mmd", [rand(5, 3), rand(5, 3), torch.tensor([2.5]).double()], mmd, [0]
    yield "gauss_kl", [rand(5, 3), rand(5, 3)], gauss_kl, [0]
    yield "softmax_kl", [rand(5, 3), rand(5, 3)], softmax_kl, [0]
    yield "softmax_kl_positions", [rand(3, 4, 2, 3), rand(3, 4, 2, 3)], softmax_kl, [0]


@family
def shape():
    yield "concat", [rand(2, 3, 4), rand(2, 1, 4), rand(2, 2, 4)], lambda *x: torch.cat(x, 1)


@family
def linear():
    yield "linear", [rand(6, 9), rand(4, 9), rand(4)], F.linear
    yield "no_bias", [rand(6, 9), rand(4, 9)], F.linear
    yield "relu", [rand(6, 9), rand(4, 9), rand(4)], lambda *x: F.relu(F.linear(*x))
    yield "softmax", [rand(4, 3, 5)], lambda x: F.softmax(x, -1)
    yield "softmax_far", [torch.tensor([[1e4, 9999, -1e4, 9998, 0],
                                        [-300, -301, -300.5, -1e4, -302]]).double()], \
        lambda x: F.softmax(x, -1)


def cross_entropy(smoothing=0.0):
    """[the mean, the weight of the labelled rows]; the weight in a way of its own."""
    def f(scores, labels, weights=None):
        mean = F.cross_entropy(scores, labels, weights, ignore_index=-1,
                               label_smoothing=smoothing)
        kept = labels[labels >= 0]
        weight = weights[kept].sum() if weights is not None else torch.tensor(1.0 * len(kept))
        return torch.stack([mean, weight.double()])
    f.loss = True
    return f


def nothing(scores, _):
    """No row is labelled, where PyTorch would give NaN."""
    return (0 * torch.nan_to_num(scores)).reshape(-1)[:2]


nothing.loss = True


def by_value(loss, **options):
    """PyTorch knows no missing targets: they are left out before."""
    def f(scores, targets):
        kept = ~torch.isnan(targets)
        mean = loss(scores[kept], targets[kept], **options)
        return torch.stack([mean, kept.sum().double()])
    f.loss = True
    return f


def missing(targets):
    """Every third or so becomes NaN."""
    return torch.where(torch.rand(targets.shape) < 0.3, torch.tensor(float("nan")).double(), targets)


@family
def loss():
    labels = torch.tensor([3, 0, -1, 1, 2, 2, -1, 0, 3])
    weights = torch.tensor([0.5, 2.0, 0.25, 1.5]).double()
    bits = missing(torch.randint(0, 2, (6, 3)).double())
    far = torch.tensor([[1e4, -1e4, 0], [0, 90, -90], [-200, -201, -1e4], [1, 1, 1]]).double()
    logits = torch.tensor([-1e4, -200, -90, -20, 20, 90, 200, 1e4]).double()
    yield "cross_entropy", [rand(9, 4), labels], cross_entropy(), [0]
    yield "cross_entropy_weights", [rand(9, 4), labels, weights], cross_entropy(), [0]
    yield "cross_entropy_smooth", [rand(9, 4), labels], cross_entropy(0.1), [0]
    yield "cross_entropy_weights_smooth", [rand(9, 4), labels, weights], cross_entropy(0.1), [0]
    yield "cross_entropy_far", [far, torch.tensor([1, 2, 0, -1])], cross_entropy(), [0]
    yield "cross_entropy_nan", [torch.full((9, 4), float("nan")).double(), 0 * labels - 1], \
        nothing, [0]
    yield "binary_cross_entropy", [3 * rand(6, 3), bits], \
        by_value(F.binary_cross_entropy_with_logits), [0]
    yield "binary_cross_entropy_far", [logits, torch.tensor([1, 0, 1, 0, 1, 0, 1, 0.5]).double()], \
        by_value(F.binary_cross_entropy_with_logits), [0]
    yield "mse", [rand(6, 5), missing(rand(6, 5))], by_value(F.mse_loss), [0]
    yield "l1", [rand(6, 5), missing(rand(6, 5))], by_value(F.l1_loss), [0]
    yield "huber", [rand(6, 5), missing(rand(6, 5))], by_value(F.huber_loss, delta=0.7), [0]


@family
def embedding():
    ids = torch.tensor([[0, 3, 6], [2, 9, 3], [0, -1, 1], [3, 3, 2]])
    known = torch.where((ids < 0) | (ids > 6), 1, ids)
    yield "padded", [ids, rand(7, 5)], \
        lambda x, weight: F.embedding(known, weight * (torch.arange(7) > 0)[:, None])
    yield "plain", [ids, rand(7, 5)], lambda x, weight: F.embedding(known, weight)
    yield "one_hot", [ids], lambda x: F.one_hot(known, 7).double()


@family
def table():
    """Columns: number, number with a mask, class of 4, number, class of 3."""
    nan = float("nan")
    x = torch.tensor([[1.5, nan, 0, 3, 2], [2, 0.5, 3, nan, nan], [nan, -1, 9, 2, 1],
                      [0, nan, nan, 1, -4], [7, 3, 3, 0, 2]]).double()
    ids = torch.where(x.isnan(), 0, x).long()
    first = torch.where(ids[:, 2] > 3, 1, ids[:, 2])
    second = torch.where((ids[:, 4] > 2) | (ids[:, 4] < 0), 1, ids[:, 4])

    def f(x, a, b):
        mask = x[:, 1:2].isnan().double()
        number = x.nan_to_num()
        return torch.cat([number[:, :2], mask, a[first], number[:, 3:4], b[second]], 1)
    yield "columns", [x, rand(4, 3), rand(3, 2)], f, [1, 2]


if __name__ == "__main__":
    for wanted in sys.argv[1:] or FAMILIES:
        write(wanted)
