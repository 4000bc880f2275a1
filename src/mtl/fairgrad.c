// The weights that are alpha-fair: Gw = p w^(-1 / alpha), p the tasks' weights. Gradients of 0
// weigh nothing; of gradients that cancel newton.h tells.
#include "mtl/newton.h"

struct fairgrad_options {
    float alpha;
};

// Beyond it the weights of gradients of several sizes leave the numbers that there are.
static const struct bough__range range_alpha = {"0.1 to 1000", 0.1, 1000, 0, 0};

static const struct bough__option fairgrad_options[] = {
    {"alpha", BOUGH__OPTION_NUMBER, offsetof(struct fairgrad_options, alpha), .range = &range_alpha,
     .number = {1}, .help = "fairness: 1 = in proportion, more = nearer to equal gains"},
};

static size_t fairgrad_scratch(size_t tasks)
{
    return bough__newton_work(tasks);
}

static void fairgrad_solve(struct bough__solve *solve)
{
    const struct fairgrad_options *options = solve->options;
    solve->residual =
        bough__newton(solve->weights, solve->gram, solve->preference, 1 / (double)options->alpha,
                      solve->n, solve->scratch, &solve->iterations);
}

const struct bough__weighting bough__weighting_fairgrad = {
    {.name = "fairgrad",
     .help = "gains that are alpha-fair to the tasks",
     .paper = "Ban, Ji, Fair Resource Allocation in Multi-Task Learning, ICML 2024",
     .options = BOUGH_OPTIONS(fairgrad_options, struct fairgrad_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .prefers = 1,
    .rule = "w > 0 with (G w)_t = p_t w_t^(-1 / alpha)\n"
            "d = sum w_t g_t",
    .advice = "alpha goes from the largest sum of gains to equal gains, as mgda's; 1 is nash "
              "without its limit of length, and as there steps stay long near the end.",
    .scratch = fairgrad_scratch,
    .solve = fairgrad_solve,
};
