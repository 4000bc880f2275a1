// The direction within a cone about the mean gradient g_0 that serves the worst task best: the most
// of min_t g_t.d over |d| <= 1 and g_0.d >= c|g_0||d|, the problem that the paper sets, solved.
// That d is as long as g_0, and c 0.5, is ours. Where the shortest sum of the gradients lies in the
// cone it is d's direction. Where no direction in the cone serves all, the least is lost for what
// g_0.d gains. A g_0 of 0 makes no update. What is not solved, as when gradients differ in size by
// millions, is told, and d is g_0.
#include "mtl/active_set.h"
#include "mtl/cholesky.h"
#include "mtl/mean_gradient.h"
#include "mtl/simplex.h"
#include "mtl/weighting.h"

#include <float.h>
#include <math.h>

struct conicgrad_options {
    float c;
};

static const struct bough__option conicgrad_options[] = {
    {"c", BOUGH__OPTION_NUMBER, offsetof(struct conicgrad_options, c),
     .range = &bough__range_to_one, .number = {0.5},
     .help = "cosine at least of the result and the mean gradient"},
};

enum { MOST_ROUNDS = 100 };

// Of G over its trace. a_t = g_t.g_0 / |g_0|, and d = g_0 / |g_0| + e, e across g_0 and not longer
// than `tangent`: e = sum z_t (g_t - a_t g_0 / |g_0|), z the caller's weights.
struct conic {
    size_t n;
    double *g, *a;        // [n, n], [n]
    double *across;       // [n, n]: the Gram matrix of the gradients' parts across g_0
    double *gain, *slope; // [n]: what e is to gain a task, and gains it
    double mean, tangent; // |g_0|
    double *z;
    void *work;
    size_t *iterations;
};

static size_t work_of(size_t n)
{
    const size_t simplex = bough__simplex_work(n), set = bough__active_set_work(n);
    return simplex > set ? simplex : set;
}

static size_t conicgrad_scratch(size_t tasks)
{
    return (2 * tasks * tasks + 3 * tasks) * sizeof(double) + work_of(tasks);
}

static void lay_out(struct conic *c, struct bough__solve *solve)
{
    const size_t n = c->n = solve->n;
    c->g = solve->scratch;
    c->across = c->g + n * n;
    c->a = c->across + n * n;
    c->gain = c->a + n;
    c->slope = c->gain + n;
    c->work = c->slope + n;
    c->z = solve->weights;
    c->mean = sqrt(bough__mean_gradient(c->g, c->a, solve->gram, n));
}

// Makes the shortest sum of gradients the result, where it is in the cone.
static int inside(struct conic *c, double cosine, double *residual)
{
    const double gap = bough__simplex_least(c->z, c->g, c->n, c->work, c->iterations);
    const double norm = sqrt(bough__square(c->slope, c->g, c->z, c->n));
    if (norm <= 1e-4 || bough__dot(c->z, c->a, c->n) < cosine * norm)
        return 0;
    for (size_t i = 0; i < c->n; i++)
        c->z[i] *= c->mean / norm;
    *residual = gap;
    return 1;
}

// What of a gradient across g_0 is rounding is 0.
static void look_across(struct conic *c)
{
    const size_t n = c->n;
    for (size_t i = 0; i < n; i++) {
        c->z[i] = 0;
        c->gain[i] = c->g[i * n + i] - c->a[i] * c->a[i] > 1e-14 * c->g[i * n + i];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            c->across[i * n + j] = c->gain[i] * c->gain[j] * (c->g[i * n + j] - c->a[i] * c->a[j]);
}

// |e|; 0 where it is rounding.
static double across(struct conic *c)
{
    double size = 0;
    for (size_t i = 0; i < c->n; i++)
        size += c->z[i] * sqrt(fmax(0, c->g[i * c->n + i]));
    const double square = bough__square(c->slope, c->across, c->z, c->n);
    return square > 4 * (double)c->n * DBL_EPSILON * size * size ? sqrt(square) : 0;
}

// The shortest e by which every task gains t of d; 0 where there is none. Gives |e|, and a bound
// from above on what every task can gain, by the weights that z is in proportion to.
static int reach(struct conic *c, double t, double *norm, double *most)
{
    double sum = 0;
    for (size_t i = 0; i < c->n; i++)
        c->gain[i] = t - c->a[i];
    struct bough__active_set set = {.n = c->n,
                                    .g = c->across,
                                    .b = c->gain,
                                    .dependence = 1e-8, // of products that are sure to 1e-16
                                    .work = c->work,
                                    .z = c->z};
    const int reached = bough__active_set_run(&set);
    *c->iterations += set.rounds;
    for (size_t i = 0; i < c->n; i++)
        sum += c->z[i];
    *norm = across(c);
    if (reached) // Where z is large that is surer.
        *norm = sqrt(fmax(0, bough__dot(c->z, c->gain, c->n)));
    if (sum > 0)
        *most = fmin(*most, (bough__dot(c->z, c->a, c->n) + c->tangent * *norm) / sum);
    return reached;
}

// From |g_0|, which all tasks together gain, down by the bounds: Newton's method for the t at which
// |e| is the tangent, convex in t. Gives how far what the worst task gains is from the last bound.
static double border(struct conic *c)
{
    double t = c->mean, most = t, norm = 0, back = 1e-14, worst = INFINITY;
    int done = 0;
    for (int rounds = 0; rounds < MOST_ROUNDS && !done; rounds++) {
        const int reached = reach(c, t, &norm, &most);
        done = reached && (norm <= c->tangent * (1 + 4 * DBL_EPSILON) || most >= t);
        back *= reached ? 1 : 4;
        if (!done)
            t = reached ? most : fmin(t, most) - back;
    }
    for (size_t i = 0; i < c->n; i++)
        worst = fmin(worst, c->a[i] + c->slope[i]);
    return done ? fmax(fabs(most - worst), norm - c->tangent) : 1;
}

// From z to weights of the gradients themselves, d as long as g_0.
static void finish(struct conic *c)
{
    const double rest = 1 - bough__dot(c->z, c->a, c->n);
    const double square = bough__square(c->slope, c->across, c->z, c->n);
    for (size_t i = 0; i < c->n; i++)
        c->z[i] = (c->z[i] * c->mean + rest / (double)c->n) / sqrt(1 + square);
}

static void conicgrad_solve(struct bough__solve *solve)
{
    const double cosine = (double)((const struct conicgrad_options *)solve->options)->c;
    struct conic c = {.tangent = sqrt(fmax(0, 1 - cosine * cosine)) / cosine,
                      .iterations = &solve->iterations};
    lay_out(&c, solve);
    for (size_t i = 0; i < c.n; i++)
        c.a[i] = c.mean > 1e-7 ? c.a[i] / c.mean : 0;
    if (c.mean > 1e-7 && inside(&c, cosine, &solve->residual))
        return;
    look_across(&c);
    if (c.mean > 1e-7)
        solve->residual = border(&c);
    for (size_t i = 0; i < c.n && solve->residual > BOUGH__SOLVED; i++)
        c.z[i] = 0;
    finish(&c);
}

const struct bough__weighting bough__weighting_conicgrad = {
    {.name = "conicgrad",
     .help = "in a cone about the mean gradient, what serves the worst task best",
     .paper = "Hassanpour et al., Fantastic Multi-Task Gradient Updates and How to Find Them In a "
              "Cone, 2025",
     .options = BOUGH_OPTIONS(conicgrad_options, struct conicgrad_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .rule = "g_0 = mean g_t; d = argmax of min g_t.d over |d| <= 1 with g_0.d >= c |g_0| |d|\n"
            "d is as long as g_0",
    .advice = "The worst task gains the most near the mean gradient; c: 1 is the mean, and a large "
              "loss rules it.",
    .scratch = conicgrad_scratch,
    .solve = conicgrad_solve,
};
