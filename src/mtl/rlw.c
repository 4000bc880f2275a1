// Weights n softmax(z), z drawn from the standard normal distribution in every step.
#include "cl/random.h"
#include "mtl/loss_rules.h"

#include <math.h>

// Box, Muller, "A note on the generation of random normal deviates", 1958. The 3 keeps the draws
// apart from those of dropout, graddrop and order.c.
static double draw(const struct bough__moment *moment, size_t task)
{
    const struct random4 bits =
        random_bits(moment->seed[0], moment->seed[1], (unsigned int)task, 3, 0, moment->step);
    const double radius = ((double)bits.v[0] + 1) / 4294967296.0; // (0, 1]
    const double angle = 6.283185307179586 * (double)bits.v[1] / 4294967296.0;
    return sqrt(-2 * log(radius)) * cos(angle);
}

static void rlw_solve(struct bough__solve *solve)
{
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] = draw(&solve->moment, solve->task[i]);
    bough__softmax(solve->weights, solve->n);
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] *= (double)solve->n;
}

const struct bough__weighting bough__weighting_rlw = {
    {.name = "rlw",
     .help = "losses by weights that are drawn in every step",
     .paper = "Lin et al., Reasonable Effectiveness of Random Weighting: A Litmus Test for "
              "Multi-Task Learning, TMLR 2022"},
    .needs = BOUGH_NEEDS_LOSSES,
    .rule = "w = n softmax(z), z_t drawn from N(0, 1) in every step",
    .advice = "A baseline: what does not beat it owes nothing to its weights; it takes more steps "
              "than equal.",
    .solve = rlw_solve,
};
