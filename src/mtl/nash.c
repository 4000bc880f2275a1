// The Nash bargaining solution: each task gains as much, in proportion, as the others would lose.
// Gw = p / w on G over its Frobenius norm, p the tasks' weights, then the sum of the gradients not
// longer than max_norm, as in the authors' program. Gradients of 0 weigh nothing; of gradients that
// cancel newton.h tells.
#include "mtl/mean_gradient.h"
#include "mtl/newton.h"

#include <math.h>

struct nash_options {
    float max_norm;
};

static const struct bough__option nash_options[] = {
    {"max_norm", BOUGH__OPTION_NUMBER, offsetof(struct nash_options, max_norm),
     .range = &bough__range_not_negative, .number = {1},
     .help = "length at most of the trunk's gradient; 0 = any"},
};

static size_t nash_scratch(size_t tasks)
{
    return bough__newton_work(tasks);
}

static void nash_solve(struct bough__solve *solve)
{
    const struct nash_options *options = solve->options;
    const size_t n = solve->n;
    double size = 0, *w = solve->weights;
    for (size_t i = 0; i < n * n; i++)
        size = hypot(size, solve->gram[i]);
    solve->residual =
        bough__newton(w, solve->gram, solve->preference, 1, n, solve->scratch, &solve->iterations);
    for (size_t i = 0; i < n; i++)
        w[i] *= sqrt(size);
    const double norm = sqrt(bough__square(solve->scratch, solve->gram, w, n));
    const double most = (double)options->max_norm;
    for (size_t i = 0; i < n && most > 0 && norm > most; i++)
        w[i] *= most / norm;
}

const struct bough__weighting bough__weighting_nash = {
    {.name = "nash",
     .help = "the bargain in which every task gains in proportion",
     .paper = "Navon et al., Multi-Task Learning as a Bargaining Game, ICML 2022",
     .options = BOUGH_OPTIONS(nash_options, struct nash_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .prefers = 1,
    .rule = "w > 0 with (H w)_t = p_t / w_t, H = G / |G|_F\n"
            "d = sum w_t g_t, not longer than max_norm",
    .advice = "Losses and gradients of different scales, which it does not see; steps stay long "
              "near the end, so let the learning rate fall.",
    .scratch = nash_scratch,
    .solve = nash_solve,
};
