// Minimises sum_t p_t log L_t: a loss times a factor has the same gradient. p are the tasks'
// weights. Of a loss at or below 0 see bough__log_slope.
#include "mtl/loss_rules.h"

static void scale_invariant_solve(struct bough__solve *solve)
{
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] = solve->preference[i] * bough__log_slope(solve->loss[i]);
}

const struct bough__weighting bough__weighting_scale_invariant = {
    {.name = "scale_invariant", .help = "the sum of the losses' logarithms"},
    .needs = BOUGH_NEEDS_LOSSES,
    .prefers = 1,
    .rule = "minimise sum p_t log L_t",
    .advice = "Where losses differ in scale; a loss that nears 0 takes ever more weight.",
    .solve = scale_invariant_solve,
};
