// The mean gradient projected to where no task loses: w is the v >= p / T with the least v'Gv, p
// the tasks' weights, on G over its trace, reg_eps more on the diagonal. Gradients that are all 0
// weigh p_t / T.
#include "mtl/projection.h"

static void dualproj_solve(struct bough__solve *solve)
{
    struct bough__projection projection;
    bough__projection_init(&projection, solve);
    for (size_t i = 0; i < solve->n; i++) {
        solve->weights[i] = 0;
        projection.u[i] = solve->preference[i] / (double)solve->n;
    }
    bough__projection_add(&projection, solve);
}

const struct bough__weighting bough__weighting_dualproj = {
    {.name = "dualproj",
     .help = "the mean gradient, where no task loses by it",
     .paper = "Lopez-Paz, Ranzato, Gradient Episodic Memory for Continual Learning, NeurIPS 2017",
     .options = BOUGH_OPTIONS(bough__projection_options, struct bough__projection_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .prefers = 1,
    .rule = "G~ = G / trace G + reg_eps I\n"
            "w = argmin of v'G~v over v >= p / n, d = sum w_t g_t",
    .advice = "No task loses by a small step, for one problem where upgrad has n; a large gradient "
              "rules the mean that is projected.",
    .scratch = bough__projection_scratch,
    .solve = dualproj_solve,
};
