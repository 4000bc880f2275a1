// Minimises c sum_t z_t log D_t, D_t = L_t - b_t + 1e-8 and z = p softmax(w) over its sum, p the
// tasks' weights; c makes the weights' sum 1. Behind the update, D_t having become E_t, w takes a
// step of Adam along z_t (delta_t - sum_s z_s delta_s), delta_t = log D_t - log E_t: what fell
// fast counts less. A loss below its least b_t counts as b_t. The authors' program also clips the
// trunk's gradient to a norm of 1.
#include "mtl/adam.h"
#include "mtl/loss_rules.h"

#include <math.h>

struct famo_options {
    float lr, decay;
    const float *ideal;
    size_t count;
};

static const struct bough__option famo_options[] = {
    {"lr", BOUGH__OPTION_NUMBER, offsetof(struct famo_options, lr),
     .range = &bough__range_not_negative, .number = {0.025}, .help = "of the weights' logits"},
    {"decay", BOUGH__OPTION_NUMBER, offsetof(struct famo_options, decay),
     .range = &bough__range_not_negative, .number = {1e-3}, .help = "of the weights' logits"},
    {"ideal", BOUGH__OPTION_BY_TASK, offsetof(struct famo_options, ideal),
     offsetof(struct famo_options, count), .range = &bough__range_any,
     .help = "the least that each loss can be; 0"},
};

// Of a task.
struct logit {
    struct bough__adam w;
    double before; // log D of the step that runs
};

static size_t famo_state(size_t tasks, int64_t columns)
{
    (void)columns;
    return tasks * sizeof(struct logit) / sizeof(double);
}

static size_t famo_scratch(size_t tasks)
{
    return tasks * sizeof(double);
}

static struct logit *logit_of(const struct bough__solve *solve, size_t i)
{
    return (struct logit *)(void *)solve->state + solve->task[i];
}

static double above(const struct bough__solve *solve, size_t i)
{
    const struct famo_options *options = solve->options;
    return fmax(0, bough__above(solve, options->ideal, i)) + 1e-8;
}

static void find_shares(double *z, const struct bough__solve *solve)
{
    for (size_t i = 0; i < solve->n; i++)
        z[i] = logit_of(solve, i)->w.x + log(solve->preference[i]);
    bough__softmax(z, solve->n);
}

static void famo_solve(struct bough__solve *solve)
{
    find_shares(solve->weights, solve);
    for (size_t i = 0; i < solve->n; i++) {
        solve->weights[i] /= above(solve, i);
        logit_of(solve, i)->before = log(above(solve, i));
    }
    const double sum = bough__sum_of(solve->weights, solve->n);
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] /= sum;
}

static void famo_after(struct bough__solve *solve)
{
    const struct famo_options *options = solve->options;
    double *z = solve->scratch, *delta = solve->weights, mean = 0;
    find_shares(z, solve);
    for (size_t i = 0; i < solve->n; i++) {
        delta[i] = logit_of(solve, i)->before - log(above(solve, i));
        mean += z[i] * delta[i];
    }
    for (size_t i = 0; i < solve->n; i++) {
        struct logit *logit = logit_of(solve, i);
        bough__adam_step(&logit->w, z[i] * (delta[i] - mean) + (double)options->decay * logit->w.x,
                         (double)options->lr);
    }
}

const struct bough__weighting bough__weighting_famo = {
    {.name = "famo",
     .help = "losses so that all fall as fast",
     .paper = "Liu et al., FAMO: Fast Adaptive Multitask Optimization, NeurIPS 2023",
     .options = BOUGH_OPTIONS(famo_options, struct famo_options)},
    .needs = BOUGH_NEEDS_LOSSES,
    .prefers = 1,
    .rule =
        "minimise c sum z_t log D_t, D = L - ideal + 1e-8, z = softmax(s + log p); c: w of sum 1\n"
        "behind the update, on the same batch: delta_t = log D_t before - log D_t now\n"
        "Adam (lr, decay) on s along z_t (delta_t - sum z_s delta_s)",
    .advice = "All losses fall as fast without gradients apart, so for many tasks; its authors "
              "also have optimizer.clip_norm: 1.",
    .state = famo_state,
    .scratch = famo_scratch,
    .solve = famo_solve,
    .after = famo_after,
};
