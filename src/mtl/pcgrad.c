// Each task's gradient without what opposes another's: the others in random order, each as it was
// given, and not the task itself. A gradient of 0 takes nothing away; opposite gradients leave
// nothing.
#include "mtl/order.h"

#include <string.h>

// ---- Options ----

struct reduction {
    struct bough__row row;
    int mean;
};

static const struct reduction sum = {{.name = "sum", .help = "their sum"}, 0};
static const struct reduction mean = {{.name = "mean", .help = "their mean"}, 1};
static const struct bough__row *const all[] = {&sum.row, &mean.row};
static const struct bough__family reductions = {"reduction", all, sizeof all / sizeof *all};

struct pcgrad_options {
    const char *reduction;
};

static const struct bough__option pcgrad_options[] = {
    {"reduction", BOUGH__OPTION_TEXT, offsetof(struct pcgrad_options, reduction),
     .family = &reductions, .text = "sum", .help = "what is made of the projected gradients"},
};

// ---- The solve ----

static size_t pcgrad_scratch(size_t tasks)
{
    return tasks * (sizeof(struct bough__ordered) + sizeof(double));
}

static double product(const double *gram, const double *c, size_t n)
{
    double result = 0;
    for (size_t k = 0; k < n; k++)
        result += gram[k] * c[k];
    return result;
}

// c [n], written: the projected gradient of task i is the sum of c_j g_j.
static void project(double *c, struct bough__ordered *order, const struct bough__solve *solve,
                    size_t i)
{
    const size_t n = solve->n;
    memset(c, 0, n * sizeof *c);
    c[i] = 1;
    bough__order_others(order, solve, i);
    for (size_t k = 0; k + 1 < n; k++) {
        const size_t j = order[k].place;
        const double *row = solve->gram + j * n;
        const double along = product(row, c, n);
        if (along < 0 && row[j] > 0)
            c[j] -= along / row[j];
    }
}

static void pcgrad_solve(struct bough__solve *solve)
{
    const struct pcgrad_options *options = solve->options;
    const struct reduction *by = (const void *)bough__family_find(&reductions, options->reduction);
    const size_t n = solve->n;
    double *c = solve->scratch;
    memset(solve->weights, 0, n * sizeof *solve->weights);
    for (size_t i = 0; i < n; i++) {
        project(c, (void *)(c + solve->tasks), solve, i);
        for (size_t j = 0; j < n; j++)
            solve->weights[j] += by->mean ? c[j] / (double)n : c[j];
    }
}

const struct bough__weighting bough__weighting_pcgrad = {
    {.name = "pcgrad",
     .help = "gradients without what opposes another task's",
     .paper = "Yu et al., Gradient Surgery for Multi-Task Learning, NeurIPS 2020",
     .options = BOUGH_OPTIONS(pcgrad_options, struct pcgrad_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .rule = "v_t = g_t; for the others j in random order: if v_t.g_j < 0, v_t -= (v_t.g_j / "
            "|g_j|^2) g_j\n"
            "d = sum v_t, or their mean",
    .advice = "Where gradients of like sizes conflict; without a conflict it is the plain sum, and "
              "a large gradient still rules.",
    .scratch = pcgrad_scratch,
    .solve = pcgrad_solve,
};
