// The gradients' principal components made of the same length: w = sqrt(s) V S^(-1/2) V' p / n,
// Gram = V S V', over as many components as the cosines have rank, p the preferences. Gradients
// that are all 0 weigh p / n.
#include "mtl/cosines.h"

#include <math.h>
#include <string.h>

// ---- Options ----

struct scale {
    struct bough__row row;
    double (*of)(const double *values, size_t rank); // falling, rank >= 1
};

static double least_of(const double *values, size_t rank)
{
    return values[rank - 1];
}

static double median_of(const double *values, size_t rank)
{
    return values[rank / 2];
}

static double mean_of(const double *values, size_t rank)
{
    double sum = 0;
    for (size_t k = 0; k < rank; k++)
        sum += values[k];
    return sum / (double)rank;
}

static const struct scale least = {{.name = "min", .help = "that of the shortest"}, least_of};
static const struct scale median = {
    {.name = "median", .help = "the median, the lower one of an even number"}, median_of};
static const struct scale rmse = {{.name = "rmse", .help = "the root of the mean of their squares"},
                                  mean_of};
static const struct bough__row *const all[] = {&least.row, &median.row, &rmse.row};
static const struct bough__family scales = {"scale", all, sizeof all / sizeof *all};

struct aligned_options {
    const char *scale;
};

static const struct bough__option aligned_options[] = {
    {"scale", BOUGH__OPTION_TEXT, offsetof(struct aligned_options, scale), .family = &scales,
     .text = "min", .help = "length of every principal component"},
};

// ---- The solve ----

static size_t aligned_scratch(size_t tasks)
{
    return bough__cosines_work(tasks) + (2 * tasks * tasks + tasks) * sizeof(double);
}

// Of the Gram matrix, in `work`, and its rank, that of the cosines.
static size_t find_components(struct bough__eigen *out, const struct bough__solve *solve,
                              double *work)
{
    const size_t n = solve->n;
    struct bough__cosines cosines;
    *out = (struct bough__eigen){.values = work, .vectors = work + n};
    bough__cosines_find(&cosines, solve, work + n + 2 * n * n);
    bough__eigen_find(out, solve->gram, n, work + n + n * n);
    size_t rank = cosines.rank;
    while (rank && out->values[rank - 1] <= 0)
        rank--;
    return rank;
}

static void aligned_solve(struct bough__solve *solve)
{
    const struct aligned_options *options = solve->options;
    const struct scale *by = (const void *)bough__family_find(&scales, options->scale);
    const size_t n = solve->n;
    struct bough__eigen eigen;
    const size_t rank = find_components(&eigen, solve, solve->scratch);
    memcpy(solve->weights, solve->preference, n * sizeof *solve->weights);
    if (rank)
        bough__eigen_power(solve->weights, &eigen, n, rank, -0.5, solve->preference);
    const double factor = (rank ? sqrt(by->of(eigen.values, rank)) : 1) / (double)n;
    for (size_t i = 0; i < n; i++)
        solve->weights[i] *= factor;
    solve->residual = eigen.residual;
    solve->iterations = eigen.sweeps;
}

const struct bough__weighting bough__weighting_aligned = {
    {.name = "aligned",
     .help = "gradients' principal components of the same length",
     .paper = "Senushkin et al., Independent Component Alignment for Multi-Task Learning, CVPR "
              "2023",
     .options = BOUGH_OPTIONS(aligned_options, struct aligned_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .prefers = 1,
    .rule = "G = V S V', s = min, median or mean of S\n"
            "w = sqrt(s) V S^(-1/2) V' p / n, d = sum w_t g_t",
    .advice = "Against conflicts and large gradients at once; min takes short steps where "
              "gradients are nearly dependent, rmse makes noise loud.",
    .scratch = aligned_scratch,
    .solve = aligned_solve,
};
