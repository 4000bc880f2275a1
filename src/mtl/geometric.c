// Minimises the geometric mean of the losses, exp(sum_t p_t log L_t / sum_t p_t), p the tasks'
// weights. Of a loss at or below 0 see bough__log_slope.
#include "mtl/loss_rules.h"

#include <math.h>

static void geometric_solve(struct bough__solve *solve)
{
    const double sum = bough__sum_of(solve->preference, solve->n);
    double mean = 0;
    for (size_t i = 0; i < solve->n; i++)
        mean += solve->preference[i] * bough__log_loss(solve->loss[i]) / sum;
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] =
            exp(mean) * solve->preference[i] / sum * bough__log_slope(solve->loss[i]);
}

const struct bough__weighting bough__weighting_geometric = {
    {.name = "geometric",
     .help = "the geometric mean of the losses",
     .paper = "Chennupati et al., MultiNet++: Multi-Stream Feature Aggregation and Geometric Loss "
              "Strategy for Multi-Task Learning, CVPR Workshops 2019"},
    .needs = BOUGH_NEEDS_LOSSES,
    .prefers = 1,
    .rule = "minimise exp(sum p_t log L_t / sum p_t)",
    .advice = "Where losses differ in scale; one loss near 0 stalls all others.",
    .solve = geometric_solve,
};
