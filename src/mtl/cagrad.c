// The direction within c|g_0| of the mean gradient g_0 that serves the worst task best:
// g_0 + c|g_0| g_w / |g_w|, w the least of g_0.g_w + c|g_0||g_w| over the simplex. Where g_w
// vanishes, |g_w| at most 1e-4 of the sum of w_t |g_t|, it is g_0.
#include "mtl/mean_gradient.h"
#include "mtl/simplex.h"
#include "mtl/weighting.h"

#include <float.h>
#include <math.h>

struct cagrad_options {
    float c;
    int32_t rescale;
};

static const struct bough__range range_rescale = {"0, 1 or 2", 0, 2, 0, 0};

static const struct bough__option cagrad_options[] = {
    {"c", BOUGH__OPTION_NUMBER, offsetof(struct cagrad_options, c),
     .range = &bough__range_not_negative, .number = {0.5},
     .help = "how far from the mean gradient, in its lengths"},
    {"rescale", BOUGH__OPTION_INT, offsetof(struct cagrad_options, rescale),
     .range = &range_rescale, .number = {1},
     .help = "what divides the result: 0 = nothing, 1 = 1 + c^2, 2 = 1 + c"},
};

#define VANISHES 1e-4

// G over its trace, and so its products.
struct cagrad {
    size_t n;
    double radius;     // c|g_0|
    double *g, *along; // along: G1/n, the products with g_0
    double *shifted;   // the Gram matrix of g_t + k g_0
    double *w, *slope;
    void *work;
    size_t *iterations; // of all that is sought
};

static size_t cagrad_scratch(size_t tasks)
{
    return (2 * tasks * tasks + 2 * tasks) * sizeof(double) + bough__simplex_work(tasks);
}

static void lay_out(struct cagrad *c, struct bough__solve *solve)
{
    c->g = solve->scratch;
    c->shifted = c->g + c->n * c->n;
    c->along = c->shifted + c->n * c->n;
    c->slope = c->along + c->n;
    c->work = c->slope + c->n;
    c->w = solve->weights;
}

// |g_w|, Gw into `slope`.
static double length(struct cagrad *c)
{
    return sqrt(bough__square(c->slope, c->g, c->w, c->n));
}

// The least of g_0.g_w + radius (|g_w|^2 / s + s) / 2, of which the least over s is what is sought:
// the least of |g_w + (s / radius) g_0|. Gives |g_w| - s, which falls as s grows.
static double beyond(struct cagrad *c, double s, double square)
{
    const size_t n = c->n;
    const double k = s / c->radius;
    ++*c->iterations;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            c->shifted[i * n + j] =
                c->g[i * n + j] + k * (c->along[i] + c->along[j]) + k * k * square;
    bough__simplex_least(c->w, c->shifted, n, c->work, c->iterations);
    return length(c) - s;
}

// What of |g_w| float leaves uncertain: VANISHES of the sum of w_t |g_t|.
static double uncertain(const struct cagrad *c)
{
    double size = 0;
    for (size_t i = 0; i < c->n; i++)
        size += c->w[i] * sqrt(fmax(0, c->g[i * c->n + i]));
    return VANISHES * size;
}

// The least that it is for any w, but for gradients of less than 1e-12 of all.
static double least_uncertain(const struct cagrad *c)
{
    double least = 1;
    for (size_t i = 0; i < c->n; i++)
        least = fmin(least, c->g[i * c->n + i]);
    return VANISHES * fmax(1e-12, sqrt(fmax(0, least)));
}

// By the secant, the end that stays put counting half. 0 where g_w vanishes.
static double find_length(struct cagrad *c, double square)
{
    double low = least_uncertain(c), high = 1, over = beyond(c, low, square), under, s = low;
    if (over <= 0)
        return 0;
    under = beyond(c, high, square);
    for (int steps = 0, side = 0; steps < 100 && high - low > 4 * DBL_EPSILON * high; steps++) {
        s = under < 0 ? (low * under - high * over) / (under - over) : high;
        if (!(s > low && s < high))
            s = 0.5 * (low + high);
        const double value = beyond(c, s, square);
        if (fabs(value) <= DBL_EPSILON * s)
            break;
        if (value > 0) {
            low = s, over = value;
            under *= side == 1 ? 0.5 : 1, side = 1;
        } else {
            high = s, under = value;
            over *= side == -1 ? 0.5 : 1, side = -1;
        }
    }
    const double found = length(c);
    return found > uncertain(c) ? found : 0;
}

// How far the slope at w is from the least one.
static double gap(const struct cagrad *c, double of_length)
{
    double at = 0, least = INFINITY, largest = 0;
    for (size_t i = 0; i < c->n; i++) {
        const double slope = c->along[i] + c->radius * c->slope[i] / of_length;
        at += c->w[i] * slope;
        least = fmin(least, slope);
        largest = fmax(largest, c->g[i * c->n + i]);
    }
    return fmax(0, at - least) / largest;
}

static void cagrad_solve(struct bough__solve *solve)
{
    const struct cagrad_options *options = solve->options;
    const double far = (double)options->c;
    struct cagrad c = {.n = solve->n, .iterations = &solve->iterations};
    lay_out(&c, solve);
    const double square = bough__mean_gradient(c.g, c.along, solve->gram, c.n);
    c.radius = far * sqrt(square);
    const double of_length = c.radius > 1e-7 * far ? find_length(&c, square) : 0;
    if (of_length > 0)
        solve->residual = gap(&c, of_length);
    const double by = options->rescale == 0   ? 1
                      : options->rescale == 1 ? 1 / (1 + far * far)
                                              : 1 / (1 + far);
    for (size_t i = 0; i < c.n; i++) {
        const double more = of_length > 0 ? c.radius / of_length * c.w[i] : 0;
        solve->weights[i] = by * (1 / (double)c.n + more);
    }
}

const struct bough__weighting bough__weighting_cagrad = {
    {.name = "cagrad",
     .help = "near the mean gradient, what serves the worst task best",
     .paper = "Liu et al., Conflict-Averse Gradient Descent for Multi-task Learning, NeurIPS 2021",
     .options = BOUGH_OPTIONS(cagrad_options, struct cagrad_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .rule = "g_0 = mean g_t, g_w = sum w_t g_t\n"
            "w = argmin over the simplex of g_0.g_w + c |g_0| |g_w|\n"
            "d = (g_0 + c |g_0| g_w / |g_w|) / k, k = 1, 1 + c^2 or 1 + c by rescale",
    .advice = "Between the mean (c: 0) and mgda (c large), and with c below 1 still to a minimum "
              "of the mean; a large loss rules the mean.",
    .scratch = cagrad_scratch,
    .solve = cagrad_solve,
};
