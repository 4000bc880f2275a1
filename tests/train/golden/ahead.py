#!/usr/bin/env python3
"""Writes ahead.json: a small net of three tasks trained for four steps under auto_lambda, moml and
forum by PyTorch (2.15.0), in double, the slopes of the weights by autograd through the plain step;
those of forum's direction by trying all sets of tasks.

usage: ahead.py

Run by hand, never by the build. The file holds the data, the start, and for each case the losses and
the weights of every step, the products that the slopes are made of, and the parameters at the end.
It checks the slopes against central differences, and against the difference that the authors of
Auto-Lambda take in their place.
"""
import json
import os

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, BATCH, WIDTH, STEPS = 12, 4, 5, 4
LR, MOMENTUM, META_LR = 0.25, 0.5, 0.0625
TASK_WEIGHTS = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
SHAPES = {"trunk.0": (6, WIDTH), "trunk.2": (4, 6), "a.0": (1, 4), "b.0": (5, 4), "b.2": (3, 5),
          "c.0": (2, 4)}


def draw(generator, *shape):
    """Numbers of few bits, so that float has them too."""
    return torch.round(torch.randn(*shape, generator=generator, dtype=torch.float64) * 32) / 64


def make_data(generator):
    data = {"x": 2 * draw(generator, ROWS, WIDTH), "a": 2 * draw(generator, ROWS),
            "b": torch.randint(0, 3, (ROWS,), generator=generator),
            "c": 2 * draw(generator, ROWS, 2)}
    data["c"][5:9] = float("nan")  # of the second batch but for its first row, and one of the third
    data["a"][8:12] = float("nan")  # all of the third batch
    return data


def make_start(generator):
    start = {}
    for name, (out, width) in SHAPES.items():
        start[name + ".weight"] = draw(generator, out, width)
        start[name + ".bias"] = draw(generator, out) / 2
    return start


def losses_of(theta, data, batch):
    """The losses, times the tasks' weights; which tasks are labelled."""
    rows = slice(batch * BATCH, (batch + 1) * BATCH)

    def linear(name, x):
        return x @ theta[name + ".weight"].T + theta[name + ".bias"]

    def mse(y, wanted):
        known = ~torch.isnan(wanted)
        return ((y[known] - wanted[known]) ** 2).mean() if known.any() else 0 * y.sum()

    z = torch.tanh(linear("trunk.2", torch.tanh(linear("trunk.0", data["x"][rows]))))
    b = linear("b.2", torch.tanh(linear("b.0", z)))
    loss = torch.stack([mse(linear("a.0", z).squeeze(1), data["a"][rows]),
                        torch.nn.functional.cross_entropy(b, data["b"][rows]),
                        mse(linear("c.0", z), data["c"][rows])])
    labelled = [not bool(torch.isnan(data[name][rows]).all()) for name in "abc"]
    return loss * TASK_WEIGHTS, labelled


def outer(theta, data, own, other, w):
    """The losses on the other batch behind a plain step, as a function of w."""
    loss, _ = losses_of(theta, data, own)
    slope = torch.autograd.grad((w * loss).sum(), list(theta.values()), create_graph=True)
    ahead = {name: value - LR * g for (name, value), g in zip(theta.items(), slope)}
    return losses_of(ahead, data, other)[0]


def jacobian(theta, data, own, other, w):
    """Of the outer losses by w, [3, 3], by autograd; checked by central differences."""
    w = w.detach().requires_grad_()
    found = torch.autograd.functional.jacobian(lambda v: outer(theta, data, own, other, v), w)
    for u in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[u] = 1e-5
        by_hand = (outer(theta, data, own, other, w + step) -
                   outer(theta, data, own, other, w - step)) / 2e-5
        assert torch.allclose(found[:, u], by_hand, rtol=1e-6, atol=1e-9)
    return found.detach()


def their_slope(theta, data, own, other, w):
    """-lr times the difference of the own losses along the outer gradient, of Auto-Lambda."""
    loss, _ = losses_of(theta, data, own)
    slope = torch.autograd.grad((w * loss).sum(), list(theta.values()))
    ahead = {n: (v - LR * g).detach().requires_grad_() for (n, v), g in zip(theta.items(), slope)}
    along = torch.autograd.grad(losses_of(ahead, data, other)[0].sum(), list(ahead.values()))
    eps = 0.01 / torch.cat([g.reshape(-1) for g in along]).norm()
    sides = [losses_of({n: v + side * eps * g for (n, v), g in zip(theta.items(), along)}, data,
                       own)[0] for side in (1, -1)]
    return -LR * ((sides[0] - sides[1]) / (2 * eps)).detach()


class Adam:
    """Of one tensor; its entries that are not `here` stay, with their moments."""

    def __init__(self):
        self.mean, self.square, self.steps = (torch.zeros(3, dtype=torch.float64) for _ in range(3))

    def step(self, x, gradient, here):
        self.steps[here] += 1
        self.mean[here] = 0.9 * self.mean[here] + 0.1 * gradient[here]
        self.square[here] = 0.999 * self.square[here] + 0.001 * gradient[here] ** 2
        mean = self.mean[here] / (1 - 0.9 ** self.steps[here])
        square = self.square[here] / (1 - 0.999 ** self.steps[here])
        x[here] -= META_LR * mean / (torch.sqrt(square) + 1e-8)


def shortest(rows):
    """The weights of the shortest sum of the rows, by many small steps towards the best corner."""
    v = torch.full((len(rows),), 1 / len(rows), dtype=torch.float64)
    for _ in range(200000):
        slope = rows @ (v @ rows)
        corner = torch.zeros_like(v)
        corner[slope.argmin()] = 1
        gap = v @ slope - slope.min()
        if gap <= 1e-15 * (rows ** 2).sum(1).max():
            break
        away = v.clone()
        worst = torch.where(v > 0, slope, torch.full_like(slope, -1e300)).argmax()
        if slope[worst] - v @ slope > gap:  # away from the worst one
            most = v[worst] / (1 - v[worst]) if v[worst] < 1 else 1.0
            toward = v - torch.eye(len(v), dtype=torch.float64)[worst]
        else:
            most, toward = 1.0, corner - v
        d = toward @ rows
        size = d @ d
        if size == 0:
            break
        v = away + min(most, max(0.0, float(-(v @ rows) @ d / size))) * toward
    return v


class AutoLambda:
    def __init__(self, primary):
        self.w, self.adam = torch.full((3,), 0.125, dtype=torch.float64), Adam()
        self.primary = torch.tensor(primary, dtype=torch.float64)

    def weights(self, here):
        return self.w * here

    def learn(self, slopes, here, both):
        self.adam.step(self.w, (self.primary * here) @ slopes, here)
        self.w = torch.clamp(self.w, min=1e-6)


class Moml:
    def __init__(self):
        self.alpha, self.adam = torch.zeros(3, dtype=torch.float64), Adam()

    def weights(self, here):
        return torch.softmax(torch.where(here, self.alpha, -torch.inf), 0)

    def learn(self, slopes, here, both):
        of_softmax = torch.autograd.functional.jacobian(
            lambda a: torch.softmax(torch.where(here, a, -torch.inf), 0), self.alpha)
        rows = (slopes @ of_softmax)[both]
        if len(rows):
            along = shortest(rows) @ rows
            if along.norm() <= 1e-5 * rows.norm(dim=1).max():  # rounding, which Adam would follow
                along = 0 * along
            self.adam.step(self.alpha, along, here)


def train(rule, data, start):
    theta = {name: value.clone().requires_grad_() for name, value in start.items()}
    speed = {name: torch.zeros_like(value) for name, value in start.items()}
    steps, worst = [], 0
    for i in range(STEPS):
        own, other = i % 3, (i + 1) % 3
        _, labelled = losses_of(theta, data, own)
        _, other_labelled = losses_of(theta, data, other)
        here = torch.tensor(labelled)
        w = rule.weights(here)
        slopes = jacobian(theta, data, own, other, w)
        theirs = their_slope(theta, data, own, other, w)
        worst = max(worst, float((slopes.sum(0) - theirs).norm() / theirs.norm()))
        rule.learn(slopes, here, here & torch.tensor(other_labelled))
        w = rule.weights(here)
        loss, _ = losses_of(theta, data, own)
        gradient = torch.autograd.grad((w * loss).sum(), list(theta.values()))
        with torch.no_grad():
            for (name, value), g in zip(theta.items(), gradient):
                speed[name] = MOMENTUM * speed[name] + g
                value -= LR * speed[name]
        steps.append({"cross": (slopes / -LR).tolist(), "weights": w.tolist(),
                      "losses": (loss / TASK_WEIGHTS).tolist()})
    print(f"the authors' difference is off by {worst:.2g}")
    return {"steps": steps, "end": {n: v.detach().reshape(-1).tolist() for n, v in theta.items()}}


def best_shares(rows, q, phi):
    """c on the simplex and v >= 0, the least of |c rows + v q|^2 / 2 - v phi: of all sets of them that
    are above 0 the best one."""
    all_rows = torch.cat([rows, q.unsqueeze(0)])
    gram, n, best = all_rows @ all_rows.T, len(rows), (torch.inf, None)
    for chosen in range(2, 2 << n):
        used = [i for i in range(n + 1) if chosen >> (n - i) & 1]
        if used == [n]:
            continue
        one = torch.tensor([1.0 if i < n else 0.0 for i in used], dtype=torch.float64)
        kkt = torch.zeros(len(used) + 1, len(used) + 1, dtype=torch.float64)
        kkt[:-1, :-1], kkt[:-1, -1], kkt[-1, :-1] = gram[used][:, used], one, one
        wanted = torch.cat([phi * (1 - one), torch.ones(1, dtype=torch.float64)])
        x = torch.zeros(n + 1, dtype=torch.float64)
        x[used] = torch.linalg.solve(kkt, wanted)[:-1]
        value = float(x @ gram @ x / 2 - x[n] * phi)
        if x.min() >= 0 and value < best[0]:
            best = (value, x[:n])
    return best[1]


class Forum:
    def __init__(self, rho, inner_lr, steps):
        self.rho, self.inner_lr, self.steps = rho, inner_lr, steps
        self.alpha, self.adam = torch.zeros(3, dtype=torch.float64), Adam()
        self.share = torch.full((3,), 1 / 3, dtype=torch.float64)

    def gradients(self, theta, data, batch):
        loss, labelled = losses_of(theta, data, batch)
        rows = [torch.autograd.grad(x, list(theta.values()), retain_graph=True, allow_unused=True,
                                    materialize_grads=True) for x in loss]
        return (loss.detach(), torch.tensor(labelled),
                torch.stack([torch.cat([g.reshape(-1) for g in row]) for row in rows]))

    def there(self, theta, data, own, w):
        at = {n: v.detach().clone().requires_grad_() for n, v in theta.items()}
        for _ in range(self.steps):
            slope = torch.autograd.grad((w * losses_of(at, data, own)[0]).sum(), list(at.values()))
            at = {n: (v - self.inner_lr * g).detach().requires_grad_()
                  for (n, v), g in zip(at.items(), slope)}
        return losses_of(at, data, own)[0].detach()

    def step(self, theta, data, own, other, epoch):
        """The gradient of all parameters in one row, the weights, and the products."""
        loss, here, g = self.gradients(theta, data, own)
        _, labelled, f = self.gradients(theta, data, other)
        both = here & labelled
        w = torch.softmax(torch.where(here, self.alpha, -torch.inf), 0)
        gain = torch.where(here, loss - self.there(theta, data, own, w), 0)
        q = torch.cat([w * (gain - w @ gain), w @ g])
        rows = torch.cat([torch.zeros(3, 3, dtype=torch.float64), f], 1)[both]
        phi = self.rho / 2 * (q @ q)
        part, beta = self.share[both].sum(), epoch ** -0.75
        last = self.share[both] / part
        c = last + beta * (best_shares(rows, q, phi) - last)
        self.share[both] = part * c
        v = max(0.0, float((phi - q @ (c @ rows)) / (q @ q)))
        d = c @ rows + v * q
        self.adam.step(self.alpha, d[:3], here)
        told = v * w
        told[both] += c
        print(f"forum: v {v:.4g}, c {c.tolist()}")
        return d[3:], told, f @ g.T, loss / TASK_WEIGHTS


def train_forum(rule, data, start):
    theta = {name: value.clone().requires_grad_() for name, value in start.items()}
    speed, steps = 0, []
    for i in range(STEPS):
        d, told, cross, losses = rule.step(theta, data, i % 3, (i + 1) % 3, i // 3 + 1)
        speed, at = MOMENTUM * speed + d, 0
        with torch.no_grad():
            for value in theta.values():
                value -= LR * speed[at:at + value.numel()].reshape(value.shape)
                at += value.numel()
        steps.append({"cross": cross.tolist(), "weights": told.tolist(), "losses": losses.tolist()})
    return {"steps": steps, "end": {n: v.detach().reshape(-1).tolist() for n, v in theta.items()}}


def main():
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(13)
    data, start = make_data(generator), make_start(generator)
    cases = {"{name: auto_lambda, lr: 0.0625, start: 0.125}": AutoLambda([1, 1, 1]),
             "{name: auto_lambda, lr: 0.0625, start: 0.125, primary: {a: 1, b: 0, c: 0.5}}":
                 AutoLambda([1, 0, 0.5]),
             "{name: moml, lr: 0.0625}": Moml()}
    forum = {"{name: forum, lr: 0.0625}": Forum(0.1, 0.1, 5),
             "{name: forum, lr: 0.0625, rho: 4, inner_lr: 0.125, steps: 1}": Forum(4, 0.125, 1),
             "{name: forum, lr: 0.0625, rho: 1.5, inner_lr: 0.0625, steps: 3}":
                 Forum(1.5, 0.0625, 3)}
    golden = {"source": f"PyTorch {torch.__version__}, ahead.py",
              "data": {n: [None if v != v else v for v in x.reshape(-1).tolist()]
                       for n, x in data.items()},
              "start": {n: x.reshape(-1).tolist() for n, x in start.items()},
              "cases": {**{name: train(rule, data, start) for name, rule in cases.items()},
                        **{name: train_forum(rule, data, start) for name, rule in forum.items()}}}
    with open(os.path.join(HERE, "ahead.json"), "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
