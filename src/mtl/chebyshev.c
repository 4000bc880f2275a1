// Minimises max_t p_t (L_t - z_t), z the ideal point, p the tasks' weights: one task counts in a
// step; where several are the largest, the mean of them.
#include "mtl/loss_rules.h"

#include <math.h>

struct chebyshev_options {
    const float *ideal;
    size_t count;
};

static const struct bough__option chebyshev_options[] = {
    {"ideal", BOUGH__OPTION_BY_TASK, offsetof(struct chebyshev_options, ideal),
     offsetof(struct chebyshev_options, count), .range = &bough__range_any,
     .help = "the least that each loss can be; 0"},
};

static void chebyshev_solve(struct bough__solve *solve)
{
    const float *ideal = ((const struct chebyshev_options *)solve->options)->ideal;
    double *far = solve->weights, most = -INFINITY, count = 0;
    for (size_t i = 0; i < solve->n; i++) {
        far[i] = solve->preference[i] * bough__above(solve, ideal, i);
        most = fmax(most, far[i]);
    }
    for (size_t i = 0; i < solve->n; i++)
        count += far[i] == most;
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] = far[i] == most ? solve->preference[i] / count : 0;
}

const struct bough__weighting bough__weighting_chebyshev = {
    {.name = "chebyshev",
     .help = "the largest loss",
     .paper = "Bowman, On the Relationship of the Tchebycheff Norm and the Efficient Frontier of "
              "Multiple-Criteria Objectives, 1976",
     .options = BOUGH_OPTIONS(chebyshev_options, struct chebyshev_options)},
    .needs = BOUGH_NEEDS_LOSSES,
    .prefers = 1,
    .rule = "minimise max p_t (L_t - z_t), z = ideal",
    .advice = "For a chosen trade-off, where no weighted sum reaches it; one task learns in a "
              "step, and losses must be of one scale.",
    .solve = chebyshev_solve,
};
