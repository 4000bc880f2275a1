// The weights, of sum 1, for which the sum of the tasks' gradients is shortest. As in its authors'
// program a normaliser divides the gradients while the weights are sought, and not afterwards.
#include "mtl/simplex.h"
#include "mtl/weighting.h"

#include <math.h>

// ---- Options ----

struct normalizer {
    struct bough__row row;
    int by_loss, by_norm;
};

static const struct normalizer none = {{.name = "none", .help = "nothing"}, 0, 0};
static const struct normalizer l2 = {{.name = "l2", .help = "the gradient's norm"}, 0, 1};
static const struct normalizer loss = {{.name = "loss", .help = "the loss"}, 1, 0};
static const struct normalizer loss_norm = {
    {.name = "loss+", .help = "the loss times the gradient's norm"}, 1, 1};
static const struct bough__row *const all[] = {&none.row, &l2.row, &loss.row, &loss_norm.row};
static const struct bough__family normalizers = {"normalizer", all, sizeof all / sizeof *all};

struct mgda_options {
    const char *normalize;
};

static const struct bough__option mgda_options[] = {
    {"normalize", BOUGH__OPTION_TEXT, offsetof(struct mgda_options, normalize),
     .family = &normalizers, .text = "none",
     .help = "what divides the gradients while the weights are sought"},
};

// ---- The solve ----

static size_t mgda_scratch(size_t tasks)
{
    return (tasks * tasks + tasks) * sizeof(double) + bough__simplex_work(tasks);
}

// A normaliser that is 0, of a gradient or a loss that is 0, divides nothing.
static double scale_of(const struct normalizer *by, const struct bough__solve *solve, size_t i)
{
    double normalizer = 1;
    if (by->by_loss)
        normalizer *= fabs(solve->loss[i]);
    if (by->by_norm)
        normalizer *= sqrt(fmax(0, solve->gram[i * solve->n + i]));
    return normalizer > 0 ? 1 / normalizer : 1;
}

static void mgda_solve(struct bough__solve *solve)
{
    const struct mgda_options *options = solve->options;
    const struct normalizer *by =
        (const void *)bough__family_find(&normalizers, options->normalize);
    const size_t n = solve->n;
    double *gram = solve->scratch, *scale = gram + n * n;
    for (size_t i = 0; i < n; i++)
        scale[i] = scale_of(by, solve, i);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            gram[i * n + j] = solve->gram[i * n + j] * scale[i] * scale[j];
    solve->residual = bough__simplex_least(solve->weights, gram, n, scale + n, &solve->iterations);
}

const struct bough__weighting bough__weighting_mgda = {
    {.name = "mgda",
     .help = "the shortest weighted sum of the tasks' gradients",
     .paper = "Sener, Koltun, Multi-Task Learning as Multi-Objective Optimization, NeurIPS 2018",
     .options = BOUGH_OPTIONS(mgda_options, struct mgda_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .rule =
        "w = argmin over the simplex of |sum w_t g_t|, d = sum w_t g_t\n"
        "normalize: w is sought for g_t / m_t, m_t = |g_t| (l2), L_t (loss) or L_t |g_t| (loss+)",
    .advice = "No task loses by a small step; the smallest gradient rules, and d nears 0 where "
              "gradients cancel.",
    .scratch = mgda_scratch,
    .solve = mgda_solve,
};
