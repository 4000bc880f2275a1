"""Weights of the tasks from their gradients, in plain numpy and PyTorch, as one writes them by hand.

`DIRECTIONS[method]()` is a function of `rows` [T, P], a gradient of the trunk each, and `losses`
[T], to the trunk's gradient [P]; it may write `rows`, and keeps its state. Defaults are bough's.
"""
import numpy
import torch

random = numpy.random.default_rng(1)

# ---- From the Gram matrix ----


def mgda(gram):
    """Weights of the shortest sum: in closed form for two, else a few steps of Frank and Wolfe with
    an exact line search; they cost next to nothing here."""
    if len(gram) == 2:
        across = gram[0, 0] + gram[1, 1] - 2 * gram[0, 1]
        first = min(max((gram[1, 1] - gram[0, 1]) / across, 0), 1) if across > 0 else 0.5
        return numpy.array([first, 1 - first])
    w = numpy.full(len(gram), 1 / len(gram))
    for _ in range(20):
        slope = gram @ w
        least = slope.argmin()
        value, cross = w @ slope, slope[least]
        across = value + gram[least, least] - 2 * cross
        if across <= 0 or value - cross < 1e-9 * value:
            break
        share = min((value - cross) / across, 1)
        w *= 1 - share
        w[least] += share
    return w


def cagrad(gram, c=0.5):
    """Least of g_0.g_w + r (|g_w|^2 / s + s) / 2, r = c |g_0|, in w and in s in turn; that in w is
    the shortest g_w + (s / r) g_0."""
    along = gram.mean(axis=1)
    square = along.mean()
    radius = c * square ** 0.5
    length = square ** 0.5
    for _ in range(20):
        k = length / radius
        w = mgda(gram + k * (along[:, None] + along) + k * k * square)
        before, length = length, max(w @ gram @ w, 1e-24) ** 0.5
        if abs(length - before) < 1e-4 * before:
            break
    return (1 / len(gram) + radius / length * w) / (1 + c * c)


def nash(gram, max_norm=1):
    """Gw = 1/w on G over its norm, by damped Newton on its potential."""
    g = gram / numpy.linalg.norm(gram)
    w = 1 / numpy.sqrt(len(g) * g.diagonal())
    for _ in range(50):
        slope = g @ w - 1 / w
        step = numpy.linalg.solve(g + numpy.diag(w ** -2), slope)
        decrement = max(slope @ step, 0) ** 0.5
        w -= step / (1 + decrement) if decrement > 0.25 else step
        if decrement < 1e-6:
            break
    return w * min(1, max_norm / (w @ gram @ w) ** 0.5)


def pcgrad(gram):
    count = len(gram)
    w = numpy.zeros(count)
    for i in range(count):
        own = numpy.zeros(count)
        own[i] = 1
        for j in random.permutation(count):
            along = gram[j] @ own
            if j != i and along < 0:
                own[j] -= along / gram[j, j]
        w += own
    return w


def upgrad(gram):
    """All projections at once, an element of each after the other until none moves."""
    count = len(gram)
    g = gram / gram.trace() + 1e-4 * numpy.eye(count)
    least = numpy.eye(count) / count
    v = least.copy()
    for _ in range(100):
        before = v.copy()
        for i in range(count):
            v[:, i] = numpy.maximum(least[:, i], v[:, i] - v @ g[:, i] / g[i, i])
        if abs(v - before).max() < 1e-6:
            break
    return v.sum(axis=0)


def weighted(w, rows):
    return torch.from_numpy(w).float() @ rows


def by_gram(weigh):
    return lambda: lambda rows, _: weighted(weigh((rows @ rows.T).double().numpy()), rows)


# ---- From more than that ----


def gradnorm(alpha=1.5, lr=0.025):
    """w = T softmax(s), s by Adam down the sum of |w_t |g_t| - target_t|."""
    first, kept = [], []

    def direction(rows, losses):
        norm = torch.linalg.vector_norm(rows, dim=1)
        if not first:
            first.append(losses)
            s = torch.zeros(len(losses), requires_grad=True)
            kept.extend([s, torch.optim.Adam([s], lr=lr)])
        s, adam = kept
        w = len(losses) * s.softmax(0)
        rate = losses / first[0]
        length = w * norm
        target = length.detach().mean() * (rate / rate.mean()) ** alpha
        s.grad, = torch.autograd.grad((length - target).abs().sum(), s)
        adam.step()
        return w.detach() @ rows
    return direction


def graddrop():
    """Positive ones with probability up / (up - down), the sums of those of each sign."""
    def direction(rows, _):
        up, down = rows.clamp(min=0).sum(0), rows.clamp(max=0).sum(0)
        return torch.where(torch.rand_like(up) * (up - down) < up, up, down)
    return direction


def dbmtl(beta=0.9):
    kept = []

    def direction(rows, losses):
        rows *= ((1 - beta) / (losses + 1e-8))[:, None]
        if not kept:
            kept.append(torch.zeros_like(rows))
        torch.add(rows, kept[0], alpha=beta, out=kept[0])
        norm = torch.linalg.vector_norm(kept[0], dim=1)
        return (norm.max() / norm) @ kept[0]
    return direction


DIRECTIONS = {**{weigh.__name__: by_gram(weigh) for weigh in (mgda, cagrad, nash, pcgrad, upgrad)},
              "gradnorm": gradnorm, "graddrop": graddrop, "dbmtl": dbmtl}
