// Weights that no task's loss on another batch wants otherwise: the losses of the whole model are
// weighed by softmax(alpha), and alpha takes a step of Adam along the shortest weighted sum of the
// slopes, by alpha, of each task's loss on the other batch, seen from theta - lr sum_t w_t g_t. By
// w_u that of task t is -lr g_t' . g_u, exactly. Slopes that cancel leave alpha to what Adam
// remembers. The authors' programs divide the slopes by their norms before they look for the
// shortest sum, which the paper does not, and of a slope of 0 have no number.
#include "mtl/adam.h"
#include "mtl/cholesky.h"
#include "mtl/loss_rules.h"
#include "mtl/simplex.h"
#include "mtl/weighting.h"

#include <math.h>
#include <string.h>

struct moml_options {
    float lr;
};

static const struct bough__option moml_options[] = {
    {"lr", BOUGH__OPTION_NUMBER, offsetof(struct moml_options, lr),
     .range = &bough__range_not_negative, .number = {1e-3},
     .help = "learning rate of the weights' logits"},
};

static size_t moml_state(size_t tasks, int64_t columns)
{
    (void)columns;
    return tasks * (sizeof(struct bough__adam) / sizeof(double));
}

// w and shares [n], slopes and their products [n, n].
static size_t moml_scratch(size_t tasks)
{
    return (2 * tasks * tasks + 2 * tasks) * sizeof(double) + bough__simplex_work(tasks);
}

static struct bough__adam *alpha_of(const struct bough__solve *solve, size_t i)
{
    return (struct bough__adam *)(void *)solve->state + solve->task[i];
}

static void find_weights(double *w, const struct bough__solve *solve)
{
    for (size_t i = 0; i < solve->n; i++)
        w[i] = alpha_of(solve, i)->x;
    bough__softmax(w, solve->n);
}

static void moml_ahead(struct bough__solve *solve)
{
    find_weights(solve->weights, solve);
}

// slope [n]: by alpha, of the i-th task's loss on the other batch.
static void find_slope(double *slope, const struct bough__solve *solve, const double *w, size_t i)
{
    const double *product = solve->gram + i * solve->n;
    double mean = 0;
    for (size_t j = 0; j < solve->n; j++)
        mean += w[j] * product[j];
    for (size_t j = 0; j < solve->n; j++)
        slope[j] = (double)solve->moment.lr * w[j] * (mean - product[j]);
}

// Whether the sum of the slopes is rounding, which Adam would make large.
static int cancels(const double *share, const double *gram, size_t count)
{
    double square = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        square += share[i] * bough__dot(share, gram + i * count, count);
        most = fmax(most, gram[i * count + i]);
    }
    return square <= 1e-10 * most;
}

// alpha goes down the sum of the slopes by their shares.
static void learn(const struct bough__solve *solve, const double *slope, const double *share,
                  size_t count)
{
    const struct moml_options *options = solve->options;
    for (size_t j = 0; j < solve->n; j++) {
        double along = 0;
        for (size_t i = 0; i < count; i++)
            along += share[i] * slope[i * solve->n + j];
        bough__adam_step(alpha_of(solve, j), along, (double)options->lr);
    }
}

static void moml_solve(struct bough__solve *solve)
{
    const size_t n = solve->n;
    double *w = solve->scratch, *share = w + n, *slope = share + n;
    double *gram = slope + n * n, *work = gram + n * n;
    size_t count = 0;
    find_weights(w, solve);
    for (size_t i = 0; i < n; i++)
        if (solve->in_all[i])
            find_slope(slope + count++ * n, solve, w, i);
    for (size_t i = 0; i < count * count; i++)
        gram[i] = bough__dot(slope + i / count * n, slope + i % count * n, n);
    if (count) {
        solve->residual = bough__simplex_least(share, gram, count, work, &solve->iterations);
        if (cancels(share, gram, count))
            memset(share, 0, count * sizeof *share);
        learn(solve, slope, share, count);
    }
    find_weights(solve->weights, solve);
}

const struct bough__weighting bough__weighting_moml = {
    {.name = "moml",
     .help = "weights learned so that a step serves every task on another batch",
     .paper = "Ye et al., Multi-Objective Meta Learning, NeurIPS 2021",
     .options = BOUGH_OPTIONS(moml_options, struct moml_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .others = 1,
    .rule =
        "minimise sum w_t L_t, heads too; w = softmax(alpha)\n"
        "theta' = theta - (the step's rate) sum w_t g_t; a_t the slope of L_t there, on another "
        "batch, by alpha\n"
        "Adam (lr) on alpha down sum v_t a_t, v = argmin over the simplex of |sum v_t a_t|",
    .advice = "Where no task is to be served at another's cost; of two tasks alpha moves only "
              "where both want it so.",
    .ahead = moml_ahead,
    .state = moml_state,
    .scratch = moml_scratch,
    .solve = moml_solve,
};
