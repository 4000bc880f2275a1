// Near a mean gradient what serves the worst task best: the weights w on the simplex that make the
// sum of w + lambda p short, sought anew in each step from those of the last, by a fixed number of
// steps with momentum, which starts at rest, and by products of two other batches' gradients. These
// are over the square of the mean length that they tell; where that is 0, the weights stay. A task
// that is not labelled in every batch of a step keeps its weight there.
#include "mtl/sampled.h"

#include <math.h>

struct sdmgrad_options {
    float lambda, lr;
    int32_t iterations;
};

static const double momentum = 0.5;

static const struct bough__option sdmgrad_options[] = {
    {"lambda", BOUGH__OPTION_NUMBER, offsetof(struct sdmgrad_options, lambda), .number = {0.3},
     .range = &bough__range_not_negative, .help = "how much the mean gradient counts beside w"},
    {"lr", BOUGH__OPTION_NUMBER, offsetof(struct sdmgrad_options, lr), .number = {5},
     .range = &bough__range_positive, .help = "of the steps of w"},
    {"iterations", BOUGH__OPTION_INT, offsetof(struct sdmgrad_options, iterations), .number = {20},
     .range = &bough__range_count, .help = "steps of w in one of the training"},
};

static size_t sdmgrad_scratch(size_t tasks)
{
    return bough__sampled_scratch(tasks) + 2 * tasks * sizeof(double);
}

static double scale_of(const struct bough__sampled *s)
{
    double sum = 0;
    for (size_t a = 0; a < s->count; a++)
        sum += sqrt(fmax(0, s->solve->gram[s->moves[a] * (s->solve->n + 1)]));
    const double mean = sum / (double)s->count;
    return mean * mean;
}

// What the tasks' preferences are of their sum.
static void find_preferred(double *preferred, const struct bough__solve *solve)
{
    double sum = 0;
    for (size_t i = 0; i < solve->n; i++)
        sum += solve->preference[i];
    for (size_t i = 0; i < solve->n; i++)
        preferred[i] = solve->preference[i] / sum;
}

static void seek(const struct bough__sampled *s, const double *preferred, double *velocity)
{
    const struct sdmgrad_options *options = s->solve->options;
    const double scale = s->count ? scale_of(s) : 0;
    for (size_t a = 0; a < s->count; a++)
        velocity[a] = 0;
    for (int32_t k = 0; scale > 0 && k < options->iterations; k++) {
        for (size_t i = 0; i < s->solve->n; i++)
            s->working[i] = s->w[i] + (double)options->lambda * preferred[i];
        bough__sampled_multiply(s, s->working);
        for (size_t a = 0; a < s->count; a++)
            s->slope[a] = velocity[a] = momentum * velocity[a] + s->slope[a] / scale;
        bough__sampled_move(s, (double)options->lr);
        s->solve->iterations++;
    }
}

static void sdmgrad_solve(struct bough__solve *solve)
{
    const double lambda = (double)((const struct sdmgrad_options *)solve->options)->lambda;
    const struct bough__sampled s = bough__sampled_begin(solve);
    double *preferred = (double *)(void *)(s.moves + solve->n), *velocity = preferred + solve->n;
    find_preferred(preferred, solve);
    seek(&s, preferred, velocity);
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] = (s.w[i] + lambda * preferred[i]) / (1 + lambda);
    bough__sampled_end(&s);
}

const struct bough__weighting bough__weighting_sdmgrad = {
    {.name = "sdmgrad",
     .help = "near the mean gradient, what serves the worst task best, by two batches more",
     .paper = "Xiao et al., Direction-oriented Multi-objective Learning: Simple and Provable "
              "Stochastic Algorithms, NeurIPS 2023",
     .options = BOUGH_OPTIONS(sdmgrad_options, struct sdmgrad_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .others = 2,
    .prefers = 1,
    .rule =
        "A_st = g_s.g_t / (mean sqrt(g_t.g_t))^2, g_s of one other batch and g_t of a second one\n"
        "iterations: v = v/2 + A (w + lambda q), w = proj(w - lr v), proj to the simplex; v "
        "starts 0\n"
        "d = sum (w_t + lambda q_t) g_t / (1 + lambda), of the step's own batch; q = p / sum p",
    .advice = "cagrad for small, noisy batches, and mgda with lambda: 0. Three times the work; "
              "`every` spares it. Without other batches (bough weigh) A is of the Gram matrix.",
    .state = bough__sampled_state,
    .scratch = sdmgrad_scratch,
    .solve = sdmgrad_solve,
};
