// Minimises ‖p‖ (d1 + theta d2): d1 is how far L - z reaches along p, d2 how far it is from there;
// p are the tasks' weights, z the ideal point. The ‖p‖ makes a theta of 0 the sum of the losses.
// d2 is rounded off near 0, where it has no gradient. Weights may be below 0.
#include "mtl/loss_rules.h"

#include <math.h>

struct pbi_options {
    float theta;
    const float *ideal;
    size_t count;
};

static const struct bough__option pbi_options[] = {
    {"theta", BOUGH__OPTION_NUMBER, offsetof(struct pbi_options, theta),
     .range = &bough__range_not_negative, .number = {5},
     .help = "how much it counts that losses are as the tasks' weights"},
    {"ideal", BOUGH__OPTION_BY_TASK, offsetof(struct pbi_options, ideal),
     offsetof(struct pbi_options, count), .range = &bough__range_any,
     .help = "the least that each loss can be; 0"},
};

static void pbi_solve(struct bough__solve *solve)
{
    const struct pbi_options *options = solve->options;
    const double *p = solve->preference;
    double *across = solve->weights, square = 0, product = 0, far = 0, apart = 0;
    for (size_t i = 0; i < solve->n; i++) {
        const double above = bough__above(solve, options->ideal, i);
        square += p[i] * p[i];
        product += p[i] * above;
        far += above * above;
    }
    for (size_t i = 0; i < solve->n; i++) {
        across[i] = bough__above(solve, options->ideal, i) - product / square * p[i];
        apart += across[i] * across[i];
    }
    const double distance = sqrt(apart + 1e-12 * far);
    const double by = distance > 0 ? (double)options->theta * sqrt(square) / distance : 0;
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] = p[i] + by * across[i];
}

const struct bough__weighting bough__weighting_pbi = {
    {.name = "pbi",
     .help = "the losses along the tasks' weights, and off that line",
     .paper = "Zhang, Li, MOEA/D: A Multiobjective Evolutionary Algorithm Based on Decomposition, "
              "IEEE Transactions on Evolutionary Computation 2007",
     .options = BOUGH_OPTIONS(pbi_options, struct pbi_options)},
    .needs = BOUGH_NEEDS_LOSSES,
    .prefers = 1,
    .rule = "minimise |p| (d1 + theta d2)\n"
            "d1 = (L - z).p / |p|, d2 = |L - z - d1 p / |p||, z = ideal",
    .advice = "For a chosen ratio of losses; one that is too small is driven up, so not where all "
              "should only fall.",
    .solve = pbi_solve,
};
