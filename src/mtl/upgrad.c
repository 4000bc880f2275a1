// Each task's gradient projected to where no task loses, and their mean: w is the sum of the
// v >= p_t e_t / T with the least v'Gv, p the tasks' weights, on G over its trace, reg_eps more on
// the diagonal. Gradients that are all 0 weigh p_t / T.
#include "mtl/projection.h"

static void upgrad_solve(struct bough__solve *solve)
{
    struct bough__projection projection;
    bough__projection_init(&projection, solve);
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] = 0;
    for (size_t t = 0; t < solve->n; t++) {
        for (size_t i = 0; i < solve->n; i++)
            projection.u[i] = i == t ? solve->preference[t] / (double)solve->n : 0;
        bough__projection_add(&projection, solve);
    }
}

const struct bough__weighting bough__weighting_upgrad = {
    {.name = "upgrad",
     .help = "the mean of the gradients, each where no task loses by it",
     .paper = "Quinton, Rey, Jacobian Descent for Multi-Objective Optimization, 2024",
     .options = BOUGH_OPTIONS(bough__projection_options, struct bough__projection_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .prefers = 1,
    .rule = "G~ = G / trace G + reg_eps I, v^t = argmin of v'G~v over v >= p_t e_t / n\n"
            "w = sum v^t, d = sum w_t g_t",
    .advice = "No task loses by a small step, and without conflicts it is the mean; n problems a "
              "step.",
    .scratch = bough__projection_scratch,
    .solve = upgrad_solve,
};
