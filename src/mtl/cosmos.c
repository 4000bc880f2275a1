// Minimises sum_t p_t L_t - lambda P cos(p, L), p the tasks' weights and P their sum: P times the
// paper's, whose weights add up to 1, so that a lambda of 0 is the sum of the losses. The cosine of
// losses that are all 0 is left out. Weights may be below 0.
#include "mtl/loss_rules.h"

#include <math.h>

struct cosmos_options {
    float lambda;
};

static const struct bough__option cosmos_options[] = {
    {"lambda", BOUGH__OPTION_NUMBER, offsetof(struct cosmos_options, lambda),
     .range = &bough__range_not_negative, .number = {1},
     .help = "how much it counts that losses are as the tasks' weights"},
};

static void cosmos_solve(struct bough__solve *solve)
{
    const double *p = solve->preference, *loss = solve->loss;
    const double lambda = (double)((const struct cosmos_options *)solve->options)->lambda;
    double product = 0, square = 0, squares = 0;
    for (size_t i = 0; i < solve->n; i++) {
        product += p[i] * loss[i];
        square += p[i] * p[i];
        squares += loss[i] * loss[i];
    }
    const double by =
        squares > 0 ? lambda * bough__sum_of(p, solve->n) / sqrt(square * squares) : 0;
    const double along = squares > 0 ? product / squares : 0;
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] = p[i] - by * (p[i] - along * loss[i]);
}

const struct bough__weighting bough__weighting_cosmos = {
    {.name = "cosmos",
     .help = "the sum of the losses, drawn to the direction of the tasks' weights",
     .paper = "Ruchte, Grabocka, Scalable Pareto Front Approximation for Deep Multi-Objective "
              "Learning, ICDM 2021",
     .options = BOUGH_OPTIONS(cosmos_options, struct cosmos_options)},
    .needs = BOUGH_NEEDS_LOSSES,
    .prefers = 1,
    .rule = "minimise sum p_t L_t - lambda (sum p_t) cos(p, L)",
    .advice = "For sweeps over preferences, whose solutions it spreads; losses must be of one "
              "scale, and the weight of a loss may fall below 0.",
    .solve = cosmos_solve,
};
