// Minimises n mu log sum_t (p_t L_t / N_t)^(1 / mu): the largest loss, smoothly. N_t is the task's
// mean loss in the last epoch of the warm-up in which it was labelled, or else its first loss
// behind it. The warm-up minimises sum_t p_t log L_t; the n, as in the authors' program, keeps the
// gradient's size. Of a loss at or below 0 see bough__log_slope.
#include "mtl/loss_rules.h"

#include <math.h>

struct stch_options {
    float mu;
    int32_t warmup;
};

static const struct bough__option stch_options[] = {
    {"mu", BOUGH__OPTION_NUMBER, offsetof(struct stch_options, mu), .range = &bough__range_positive,
     .number = {1}, .help = "the smaller, the nearer to the largest"},
    {"warmup", BOUGH__OPTION_INT, offsetof(struct stch_options, warmup),
     .range = &bough__range_count_or_none, .number = {4}, .help = "epochs on the logarithms' sum"},
};

// Of a task.
struct nadir {
    double epoch, sum, count;
};

static size_t stch_state(size_t tasks, int64_t columns)
{
    (void)columns;
    return tasks * sizeof(struct nadir) / sizeof(double);
}

static int32_t stch_warmup(const void *options)
{
    return ((const struct stch_options *)options)->warmup;
}

static void count_loss(struct nadir *nadir, double epoch, double loss)
{
    if (nadir->epoch != epoch)
        *nadir = (struct nadir){.epoch = epoch};
    nadir->sum += loss;
    nadir->count++;
}

static void warm_up(struct bough__solve *solve, struct nadir *nadir)
{
    for (size_t i = 0; i < solve->n; i++) {
        count_loss(&nadir[solve->task[i]], solve->moment.epoch, solve->loss[i]);
        solve->weights[i] = solve->preference[i] * bough__log_slope(solve->loss[i]);
    }
}

static void stch_solve(struct bough__solve *solve)
{
    const struct stch_options *options = solve->options;
    struct nadir *nadir = (void *)solve->state;
    if (solve->moment.epoch <= (uint32_t)options->warmup) {
        warm_up(solve, nadir);
        return;
    }
    for (size_t i = 0; i < solve->n; i++) {
        struct nadir *task = &nadir[solve->task[i]];
        if (task->count == 0)
            count_loss(task, solve->moment.epoch, solve->loss[i]);
        solve->weights[i] = (log(solve->preference[i]) + bough__log_loss(solve->loss[i]) -
                             bough__log_loss(task->sum / task->count)) /
                            (double)options->mu;
    }
    bough__softmax(solve->weights, solve->n);
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] *= (double)solve->n * bough__log_slope(solve->loss[i]);
}

const struct bough__weighting bough__weighting_stch = {
    {.name = "stch",
     .help = "the largest loss, against what it was, smoothly",
     .paper = "Lin et al., Smooth Tchebycheff Scalarization for Multi-Objective Optimization, ICML "
              "2024",
     .options = BOUGH_OPTIONS(stch_options, struct stch_options)},
    .needs = BOUGH_NEEDS_LOSSES,
    .prefers = 1,
    .rule =
        "minimise n mu log sum (p_t L_t / N_t)^(1 / mu)\n"
        "N_t: mean loss of the last epoch of the warm-up, in which sum p_t log L_t is minimised",
    .advice = "Reaches trade-offs that no weighted sum does; with a small mu one task learns in a "
              "step, with a large one all do as by scale_invariant, and p counts less.",
    .warmup = stch_warmup,
    .state = stch_state,
    .solve = stch_solve,
};
