#include "bough.h"

#include "kl_params.h"

static struct gauss gauss_of(global const float *x, int rows, int columns, float eps)
{
    float sum = 0.0f, squares = 0.0f;
    for (int r = 0; r < rows; r++)
        sum += x[(size_t)r * columns];
    const float mean = sum / (float)rows;
    for (int r = 0; r < rows; r++) {
        const float d = x[(size_t)r * columns] - mean;
        squares += d * d;
    }
    const struct gauss gauss = {mean, squares / (float)rows + eps};
    return gauss;
}

// saved [3, columns]: the mean, and the slope at it and behind it.
ITEM_KERNEL void gauss_kl_fwd(ARG(x), ARG(other), ARG(saved), ARG(part), const ulong count,
                              const struct gauss_kl_params p)
{
    VIEW(const float, x);
    VIEW(const float, other);
    VIEW(float, saved);
    VIEW(float, part);
    EACH_ITEM (c) {
        const struct gauss a = gauss_of(x + c, p.rows, p.columns, p.eps);
        const struct gauss b = gauss_of(other + c, p.rows, p.columns, p.eps);
        saved[c] = a.mean;
        saved[p.columns + c] = (a.mean - b.mean) / b.variance;
        saved[2 * (size_t)p.columns + c] = 1.0f / b.variance - 1.0f / a.variance;
        part[c] = gauss_kl(a, b);
    }
}

ITEM_KERNEL void gauss_kl_bwd(ARG(x), ARG(saved), ARG(dy), ARG(dx), const ulong count,
                              const struct gauss_kl_params p)
{
    VIEW(const float, x);
    VIEW(const float, saved);
    VIEW(const float, dy);
    VIEW(float, dx);
    const float factor = dy[0] * p.factor;
    EACH_ITEM (i) {
        const size_t c = (uint)i % (uint)p.columns;
        const float slope =
            saved[p.columns + c] + saved[2 * (size_t)p.columns + c] * (x[i] - saved[c]);
        dx[i] = (p.add ? dx[i] : 0.0f) + factor * slope;
    }
}

struct soft {
    float most, sum;
};

static struct soft soft_of(global const float *x, struct softmax_kl_params p)
{
    struct soft soft = {x[0], 0.0f};
    for (int k = 1; k < p.classes; k++)
        soft.most = fmax(soft.most, x[(size_t)k * p.positions]);
    for (int k = 0; k < p.classes; k++)
        soft.sum += quick_exp((x[(size_t)k * p.positions] - soft.most) / p.temperature);
    return soft;
}

static size_t first_of(size_t row, struct softmax_kl_params p)
{
    const size_t sample = row / p.positions;
    return sample * p.classes * p.positions + (row - sample * p.positions);
}

ITEM_KERNEL void softmax_kl_fwd(ARG(x), ARG(other), ARG(part), const ulong count,
                                const struct softmax_kl_params p)
{
    VIEW(const float, x);
    VIEW(const float, other);
    VIEW(float, part);
    EACH_ITEM (row) {
        global const float *a = x + first_of(row, p), *b = other + first_of(row, p);
        const struct soft of_a = soft_of(a, p), of_b = soft_of(b, p);
        const float start =
            (of_a.most - of_b.most) / p.temperature + quick_log(of_a.sum / of_b.sum);
        float sum = 0.0f;
        for (int k = 0; k < p.classes; k++) {
            const size_t at = (size_t)k * p.positions;
            const float share = quick_exp((b[at] - of_b.most) / p.temperature) / of_b.sum;
            sum += share * (start + (b[at] - a[at]) / p.temperature);
        }
        part[row] = sum;
    }
}

ITEM_KERNEL void softmax_kl_bwd(ARG(x), ARG(other), ARG(dy), ARG(dx), const ulong count,
                                const struct softmax_kl_params p)
{
    VIEW(const float, x);
    VIEW(const float, other);
    VIEW(const float, dy);
    VIEW(float, dx);
    const float factor = dy[0] * p.factor;
    EACH_ITEM (row) {
        const size_t first = first_of(row, p);
        const struct soft a = soft_of(x + first, p), b = soft_of(other + first, p);
        for (int k = 0; k < p.classes; k++) {
            const size_t at = first + (size_t)k * p.positions;
            const float slope = quick_exp((x[at] - a.most) / p.temperature) / a.sum -
                                quick_exp((other[at] - b.most) / p.temperature) / b.sum;
            dx[at] = (p.add ? dx[at] : 0.0f) + factor * slope;
        }
    }
}
