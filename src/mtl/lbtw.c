// Weights (L_t / F_t)^alpha, F_t the loss of the first step of the epoch in which the task was
// labelled, as in the authors' program, which also makes their sum T; 1 where F_t is not above 0 or
// L_t is below it.
#include "mtl/loss_rules.h"

#include <math.h>

struct lbtw_options {
    float alpha;
};

static const struct bough__option lbtw_options[] = {
    {"alpha", BOUGH__OPTION_NUMBER, offsetof(struct lbtw_options, alpha),
     .range = &bough__range_zero_to_one, .number = {0.5},
     .help = "power of a loss over the task's first in the epoch"},
};

// Of a task.
struct first {
    double epoch, loss;
};

static size_t lbtw_state(size_t tasks, int64_t columns)
{
    (void)columns;
    return tasks * sizeof(struct first) / sizeof(double);
}

static void lbtw_solve(struct bough__solve *solve)
{
    const double alpha = (double)((const struct lbtw_options *)solve->options)->alpha;
    for (size_t i = 0; i < solve->n; i++) {
        struct first *first = (struct first *)(void *)solve->state + solve->task[i];
        const double loss = solve->loss[i];
        if (first->epoch != (double)solve->moment.epoch)
            *first = (struct first){(double)solve->moment.epoch, loss};
        solve->weights[i] =
            first->loss > 0 && loss >= 0 ? pow(loss / fmax(first->loss, 1e-8), alpha) : 1;
    }
}

const struct bough__weighting bough__weighting_lbtw = {
    {.name = "lbtw",
     .help = "losses by how much is left of the epoch's first",
     .paper = "Liu, Liang, Gitter, Loss-Balanced Task Weighting to Reduce Negative Transfer in "
              "Multi-Task Learning, AAAI 2019",
     .options = BOUGH_OPTIONS(lbtw_options, struct lbtw_options)},
    .needs = BOUGH_NEEDS_LOSSES,
    .rule = "w_t = (L_t / the task's first loss of the epoch)^alpha; 1 where that is not above 0",
    .advice = "Turns down what is learned in an epoch; the loss of one batch, its first, decides "
              "for all of it.",
    .state = lbtw_state,
    .solve = lbtw_solve,
};
