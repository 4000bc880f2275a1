// Weights (L_t / F_t)^alpha, F_t the loss of the first step in which the task was labelled; 1 where
// that is not above 0 or L_t is below it.
#include "mtl/loss_rules.h"

#include <math.h>

struct lbtw_options {
    float alpha;
};

static const struct bough__option lbtw_options[] = {
    {"alpha", BOUGH__OPTION_NUMBER, offsetof(struct lbtw_options, alpha),
     .range = &bough__range_zero_to_one, .number = {0.5},
     .help = "power of a loss over the task's first"},
};

// Of a task.
struct first {
    double known, loss;
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
        if (!first->known)
            *first = (struct first){1, loss};
        solve->weights[i] =
            first->loss > 0 && loss >= 0 ? pow(loss / fmax(first->loss, 1e-8), alpha) : 1;
    }
}

const struct bough__weighting bough__weighting_lbtw = {
    {.name = "lbtw",
     .help = "losses by how much is left of the first",
     .paper = "Liu, Liang, Gitter, Loss-Balanced Task Weighting to Reduce Negative Transfer in "
              "Multi-Task Learning, AAAI 2019",
     .options = BOUGH_OPTIONS(lbtw_options, struct lbtw_options)},
    .needs = BOUGH_NEEDS_LOSSES,
    .rule = "w_t = (L_t / the task's first loss)^alpha; 1 where that is not above 0",
    .advice = "Turns down what is learned already; the loss of one batch, the first, decides for "
              "the whole training.",
    .state = lbtw_state,
    .solve = lbtw_solve,
};
