// Weights and parameters in one step, for every task on another batch, while f = sum w_u L_u on the
// own one, w = softmax(alpha), is kept as low as a few plain steps bring it. With q what f lacks of
// that and F_t the losses on the other batch, -d is the direction by which the F_t that falls least
// falls most, and q by phi = rho / 2 |q'|^2, the paper's problem (7):
//
//   least over d of max_t (-F_t'.d) + |d|^2 / 2, where q'.d >= phi
//
// It has d = sum c_t F_t' + v q', c on the simplex and v >= 0 the least of |d|^2 / 2 - v phi. For
// one v that is the shortest sum of F_t' + v q', and its slope by v grows, in straight pieces. For
// one c it is v = (phi - q'.F_c') / |q'|^2, or 0; the paper's (9) has 2 phi there, which does not
// solve (7). By alpha no F_t has a slope. By the parameters q has none where it is at most 1e-3 of
// sum w_u |L_u'|.
#include "mtl/adam.h"
#include "mtl/cholesky.h"
#include "mtl/loss_rules.h"
#include "mtl/mean_gradient.h"
#include "mtl/simplex.h"
#include "mtl/weighting.h"

#include <float.h>
#include <math.h>

#define VANISHES 1e-3

struct forum_options {
    float lr, rho, inner_lr;
    int32_t steps;
};

static const struct bough__range range_steps = {"1 to 1024", 1, 1024, 0, 0};

static const struct bough__option forum_options[] = {
    {"lr", BOUGH__OPTION_NUMBER, offsetof(struct forum_options, lr),
     .range = &bough__range_not_negative, .number = {1e-3},
     .help = "learning rate of the weights' logits"},
    {"rho", BOUGH__OPTION_NUMBER, offsetof(struct forum_options, rho),
     .range = &bough__range_not_negative, .number = {0.1},
     .help = "q is to fall by half of it times the square of its slope"},
    {"inner_lr", BOUGH__OPTION_NUMBER, offsetof(struct forum_options, inner_lr),
     .range = &bough__range_positive, .number = {0.1}, .help = "rate of the plain steps"},
    {"steps", BOUGH__OPTION_INT, offsetof(struct forum_options, steps), .range = &range_steps,
     .number = {5}, .help = "how many plain steps"},
};

// Of a task, doubles alone: c from step to step, and alpha.
struct forum_task {
    double share;
    struct bough__adam alpha;
};

struct forum {
    struct bough__solve *solve;
    double *w, *slope, *along; // [n]: q' by alpha; q'.F_t', of the tasks that the other batch has
    double *share, *shifted;   // [n], c; [n, n], products of F_t' + v q'
    void *work;
    size_t *upper, count; // which tasks these are
    double square, phi;   // |q'|^2
    double largest, gap;  // of the last shortest point: the scale of its products
    int lost;             // the plain steps lead to no finite loss
};

static size_t forum_steps(const void *options)
{
    return (size_t)((const struct forum_options *)options)->steps;
}

static size_t forum_state(size_t tasks, int64_t columns)
{
    (void)columns;
    return tasks * (sizeof(struct forum_task) / sizeof(double));
}

static size_t forum_scratch(size_t tasks)
{
    return (tasks * tasks + 4 * tasks) * sizeof(double) + bough__simplex_work(tasks) +
           tasks * sizeof(size_t);
}

static struct forum lay_out(struct bough__solve *solve)
{
    const size_t n = solve->n;
    struct forum f = {.solve = solve, .w = solve->scratch};
    f.slope = f.w + n;
    f.along = f.slope + n;
    f.share = f.along + n;
    f.shifted = f.share + n;
    f.work = f.shifted + n * n;
    f.upper = (size_t *)(void *)((char *)f.work + bough__simplex_work(n));
    for (size_t i = 0; i < n; i++)
        if (solve->in_all[i])
            f.upper[f.count++] = i;
    return f;
}

static struct forum_task *task_of(const struct bough__solve *solve, size_t i)
{
    return (struct forum_task *)(void *)solve->state + solve->task[i];
}

// ---- The weights of the own batch, and the plain steps ----

static void find_weights(double *w, const struct bough__solve *solve)
{
    for (size_t i = 0; i < solve->n; i++)
        w[i] = task_of(solve, i)->alpha.x;
    bough__softmax(w, solve->n);
}

// A step takes the training's rate of what it is given.
static void forum_ahead(struct bough__solve *solve)
{
    const struct forum_options *options = solve->options;
    const double lr = (double)solve->moment.lr;
    find_weights(solve->weights, solve);
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] *= lr > 0 ? (double)options->inner_lr / lr : 0;
}

// ---- The constraint ----

// By alpha: what the steps have gained of a task's loss beside the mean of all. Where they lead to
// no finite loss that tells nothing, and the problem stays unsolved.
static void find_slope(struct forum *f)
{
    const struct bough__solve *solve = f->solve;
    double mean = 0;
    for (size_t i = 0; i < solve->n; i++)
        mean += f->w[i] * (solve->loss[i] - solve->there[i]);
    f->lost = !isfinite(mean);
    for (size_t i = 0; i < solve->n; i++)
        f->slope[i] = f->lost ? 0 : f->w[i] * (solve->loss[i] - solve->there[i] - mean);
}

static void find_constraint(struct forum *f)
{
    const struct bough__solve *solve = f->solve;
    const struct forum_options *options = solve->options;
    const size_t n = solve->n;
    double size = 0;
    f->square = bough__square(f->slope, solve->own, f->w, n);
    for (size_t i = 0; i < n; i++)
        size += f->w[i] * sqrt(fmax(0, solve->own[i * n + i]));
    const int vanishes = f->square <= VANISHES * VANISHES * size * size;
    for (size_t a = 0; a < f->count; a++)
        f->along[a] = vanishes ? 0 : bough__dot(solve->gram + f->upper[a] * n, f->w, n);
    find_slope(f);
    f->square = (vanishes ? 0 : f->square) + bough__dot(f->slope, f->slope, n);
    f->phi = 0.5 * (double)options->rho * f->square;
}

// ---- The shares of the other batch's gradients ----

// Their best, for that v; gives the slope by v.
static double slope_at(struct forum *f, double v)
{
    const size_t n = f->solve->n, count = f->count;
    f->largest = 0;
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++)
            f->shifted[a * count + b] = f->solve->other[f->upper[a] * n + f->upper[b]] +
                                        v * (f->along[a] + f->along[b]) + v * v * f->square;
    for (size_t a = 0; a < count; a++)
        f->largest = fmax(f->largest, f->shifted[a * (count + 1)]);
    f->gap = bough__simplex_least(f->share, f->shifted, count, f->work, &f->solve->iterations);
    return bough__dot(f->along, f->share, count) + v * f->square - f->phi;
}

// Where no share can make the slope fall short of 0.
static double highest(const struct forum *f)
{
    double least = f->along[0];
    for (size_t a = 1; a < f->count; a++)
        least = fmin(least, f->along[a]);
    return (f->phi - least) / f->square;
}

// By the secant, the end that stays put counting half. Gives what is left of v's condition.
static double find_root(struct forum *f, double under)
{
    double low = 0, high = highest(f), over = slope_at(f, high), value = over, v = high;
    const double scale = fabs(under) + f->phi + high * f->square;
    for (int steps = 0, side = 0; steps < 100 && high - low > 4 * DBL_EPSILON * high; steps++) {
        if (fabs(value) <= 4 * DBL_EPSILON * scale)
            break;
        v = over > under ? (low * over - high * under) / (over - under) : high;
        if (!(v > low && v < high))
            v = 0.5 * (low + high);
        value = slope_at(f, v);
        if (value < 0) {
            low = v, under = value;
            over *= side == 1 ? 0.5 : 1, side = 1;
        } else {
            high = v, over = value;
            under *= side == -1 ? 0.5 : 1, side = -1;
        }
    }
    return v * fabs(value);
}

static void find_shares(struct forum *f)
{
    double left = 0;
    if (!f->count)
        return;
    const double under = slope_at(f, 0);
    if (under < 0 && f->square > 0)
        left = find_root(f, under);
    f->solve->residual = f->gap + (f->largest > 0 ? left / f->largest : 0);
}

static void start(const struct bough__solve *solve)
{
    struct forum_task *task = (struct forum_task *)(void *)solve->state;
    double all = 0;
    for (size_t t = 0; t < solve->tasks; t++)
        all += task[t].share;
    for (size_t t = 0; t < solve->tasks && all == 0; t++)
        task[t].share = 1 / (double)solve->tasks;
}

// From step to step; the tasks that take part share what they had before, at first equally.
static void follow(const struct forum *f)
{
    const struct bough__solve *solve = f->solve;
    const double beta = pow((double)solve->moment.epoch, -0.75);
    double part = 0;
    start(solve);
    for (size_t a = 0; a < f->count; a++)
        part += task_of(solve, f->upper[a])->share;
    for (size_t a = 0; a < f->count; a++) {
        double *last = &task_of(solve, f->upper[a])->share;
        if (part > 0)
            f->share[a] = *last / part + beta * (f->share[a] - *last / part);
        *last = part * f->share[a];
    }
}

// ---- The step ----

// v of the shares.
static double multiplier(const struct forum *f)
{
    const double along = bough__dot(f->along, f->share, f->count);
    return f->square > 0 ? fmax(0, (f->phi - along) / f->square) : 0;
}

static void forum_solve(struct bough__solve *solve)
{
    const struct forum_options *options = solve->options;
    struct forum f = lay_out(solve);
    find_weights(f.w, solve);
    find_constraint(&f);
    find_shares(&f);
    if (f.lost)
        solve->residual = INFINITY;
    follow(&f);
    const double v = multiplier(&f);
    for (size_t i = 0; i < solve->n; i++) {
        solve->weights[i] = v * f.w[i];
        solve->other_weights[i] = 0;
        bough__adam_step(&task_of(solve, i)->alpha, v * f.slope[i], (double)options->lr);
    }
    for (size_t a = 0; a < f.count; a++) {
        solve->other_weights[f.upper[a]] = f.share[a];
        solve->weights[f.upper[a]] += f.share[a];
    }
}

const struct bough__weighting bough__weighting_forum = {
    {.name = "forum",
     .help = "serves every task on another batch, and keeps to what learned weights ask of its own",
     .paper = "Ye et al., A First-Order Multi-Gradient Algorithm for Multi-Objective Bi-Level "
              "Optimization, ECAI 2024",
     .options = BOUGH_OPTIONS(forum_options, struct forum_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .others = 1,
    .rule =
        "q = f - f after `steps` plain steps (inner_lr) down f = sum w_t L_t, w = "
        "softmax(alpha); F_t = L_t on another batch; slopes by alpha and all parameters\n"
        "c on the simplex, v >= 0 = argmin |sum c_t F_t' + v q'|^2 - v rho |q'|^2; then c keeps "
        "a share of 1 - epoch^-0.75 of the last one, and v is found anew\n"
        "d = sum c_t F_t' + v q', heads too; Adam (lr) on alpha down v q'",
    .advice = "As moml, where no task is to be served at another's cost; the other batch leads, "
              "and the own one's weighted loss is kept low. Each of `steps` costs as much as a "
              "batch.",
    .ahead = forum_ahead,
    .steps = forum_steps,
    .state = forum_state,
    .scratch = forum_scratch,
    .solve = forum_solve,
};
