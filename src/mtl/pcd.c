// Priority-constrained: as near to the first task's gradient as leaves each other task a share tau
// of what its own would give it. g~_t = g_t / sqrt(v_t + eps), v_t the moving mean of |g_t|^2; d~
// is the nearest to g~_1 with g~_j.d >= tau |g~_j|^2, and d is as long as g_1. Constraints that
// cannot hold together are dropped. A g_1 or d~ of 0 makes no update. In a step without labels of
// the first task the first one that has some is in its place.
#include "mtl/active_set.h"
#include "mtl/mean_gradient.h"
#include "mtl/weighting.h"

#include <float.h>
#include <math.h>

struct pcd_options {
    float tau, beta, eps;
};

static const struct bough__option pcd_options[] = {
    {"tau", BOUGH__OPTION_NUMBER, offsetof(struct pcd_options, tau),
     .range = &bough__range_zero_to_one, .number = {0.02},
     .help = "share of its own step's gain that each other task gets at least"},
    {"beta", BOUGH__OPTION_NUMBER, offsetof(struct pcd_options, beta),
     .range = &bough__range_below_one, .number = {0.999},
     .help = "how much of the mean squared norm stays in a step"},
    {"eps", BOUGH__OPTION_NUMBER, offsetof(struct pcd_options, eps),
     .range = &bough__range_not_negative, .number = {1e-8},
     .help = "what is added to the mean squared norm"},
};

// The Gram matrix is the device's, in float: to this precision.
#define PRECISION (10 * (double)FLT_EPSILON)

struct pcd {
    size_t n;
    double *g, *scale, *b, *z; // g [n, n]: of the scaled gradients
    double *others;            // [n - 1, n - 1]: of those behind the first
    void *work;
};

static size_t pcd_state(size_t tasks, int64_t columns)
{
    (void)columns;
    return 2 * tasks;
}

static size_t pcd_scratch(size_t tasks)
{
    return (2 * tasks * tasks + 3 * tasks + 1) * sizeof(double) + bough__active_set_work(tasks);
}

static void lay_out(struct pcd *c, struct bough__solve *solve)
{
    c->g = solve->scratch;
    c->others = c->g + c->n * c->n;
    c->scale = c->others + c->n * c->n;
    c->b = c->scale + c->n;
    c->z = c->b + c->n;
    c->work = c->z + c->n;
}

// A task's state: the moving mean, and the share of it that is not the 0 it began with.
static double scale_of(struct bough__solve *solve, size_t i)
{
    const struct pcd_options *options = solve->options;
    const double beta = (double)options->beta;
    double *mean = solve->state + 2 * solve->task[i], *share = mean + 1;
    *mean = beta * *mean + (1 - beta) * solve->gram[i * solve->n + i];
    *share = beta * *share + (1 - beta);
    const double square = *mean / *share + (double)options->eps;
    return square > 0 ? 1 / sqrt(square) : 0;
}

// z_1 = 1, and the others': d~ = g~_1 + sum z_j g~_j. All 0 where they cannot hold together.
static void find(struct pcd *c, struct bough__solve *solve)
{
    const struct pcd_options *options = solve->options;
    const size_t n = c->n, m = n - 1;
    for (size_t i = 1; i < n; i++) {
        for (size_t j = 1; j < n; j++)
            c->others[(i - 1) * m + j - 1] = c->g[i * n + j];
        c->b[i - 1] = (double)options->tau * c->g[i * n + i] - c->g[i * n];
    }
    struct bough__active_set set = {
        .n = m, .g = c->others, .b = c->b, .dependence = PRECISION, .work = c->work, .z = c->z + 1};
    const int holds = bough__active_set_run(&set);
    c->z[0] = 1;
    for (size_t i = 1; i < n && !holds; i++)
        c->z[i] = 0;
    solve->residual = set.residual;
    solve->iterations = set.rounds;
}

// |d~|^2; 0 where it is rounding.
static double square_of(const struct pcd *c)
{
    const double square = bough__square(c->b, c->g, c->z, c->n);
    double size = 0;
    for (size_t i = 0; i < c->n; i++)
        size += c->z[i] * sqrt(fmax(0, c->g[i * c->n + i]));
    return square > PRECISION * size * size ? square : 0;
}

static void pcd_solve(struct bough__solve *solve)
{
    struct pcd c = {.n = solve->n};
    lay_out(&c, solve);
    for (size_t i = 0; i < c.n; i++)
        c.scale[i] = scale_of(solve, i);
    for (size_t i = 0; i < c.n; i++)
        for (size_t j = 0; j < c.n; j++)
            c.g[i * c.n + j] = solve->gram[i * c.n + j] * c.scale[i] * c.scale[j];
    find(&c, solve);
    const double square = square_of(&c);
    const double by = square > 0 ? sqrt(solve->gram[0] / square) : 0;
    for (size_t i = 0; i < c.n; i++)
        solve->weights[i] = solve->gram[0] > 0 ? by * c.scale[i] * c.z[i] : 0;
}

const struct bough__weighting bough__weighting_pcd = {
    {.name = "pcd",
     .help = "the first task's gradient, bent so far that every task gains",
     .paper = "Not All Objectives Are Born Equal: Priority-Constrained Descent for Hierarchical "
              "Multi-Objective Optimization, TMLR 2026",
     .options = BOUGH_OPTIONS(pcd_options, struct pcd_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .rule = "g~_t = g_t / sqrt(v_t + eps), v_t the moving mean of |g_t|^2\n"
            "d~ = argmin of |d - g~_1| over d.g~_j >= tau |g~_j|^2, j > 1\n"
            "d = d~ as long as g_1",
    .advice =
        "One main task, the first, and others that must not lose by it; not where all count alike.",
    .blind = "but for the first task's, which scales d: v takes the others' up",
    .leads = bough__first_leads,
    .state = pcd_state,
    .scratch = pcd_scratch,
    .solve = pcd_solve,
};
