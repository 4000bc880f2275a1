// The mean of the `selected` gradients that lie closest to others: of each the distances to its
// n - byzantine - 2 nearest are summed, n the tasks that are labelled. As in TorchJD they are the
// distances, where the paper has their squares. Of equal sums the first task's is smaller. Where
// n < byzantine + 3 nothing tells who is wrong: the mean of all.
#include "mtl/weighting.h"

#include <math.h>

struct krum_options {
    int32_t byzantine, selected;
};

static const struct bough__option krum_options[] = {
    {"byzantine", BOUGH__OPTION_INT, offsetof(struct krum_options, byzantine), .number = {1},
     .range = &bough__range_count_or_none, .help = "how many tasks' gradients may be wrong"},
    {"selected", BOUGH__OPTION_INT, offsetof(struct krum_options, selected), .number = {1},
     .range = &bough__range_count, .help = "how many tasks' gradients are taken"},
};

static const char *krum_too_few(const void *options, size_t tasks, const char **key, int64_t *most)
{
    const struct krum_options *o = options;
    *key = "byzantine";
    *most = tasks < 3 ? -1 : (int64_t)tasks - 3;
    if (tasks < (size_t)o->byzantine + 3)
        return "of fewer than byzantine + 3 tasks krum is the mean";
    *key = "selected";
    *most = (int64_t)tasks - 1;
    return tasks <= (size_t)o->selected ? "of no more tasks than selected krum is the mean" : NULL;
}

static size_t krum_scratch(size_t tasks)
{
    return 2 * tasks * sizeof(double);
}

static double distance(const struct bough__solve *solve, size_t i, size_t j)
{
    const double *gram = solve->gram;
    const size_t n = solve->n;
    return sqrt(fmax(0, gram[i * n + i] + gram[j * n + j] - 2 * gram[i * n + j]));
}

// The sum of the `count` smallest distances to others; `sorted` has room for n.
static double score(const struct bough__solve *solve, size_t i, size_t count, double *sorted)
{
    double sum = 0;
    size_t length = 0;
    for (size_t j = 0; j < solve->n; j++) {
        const double d = distance(solve, i, j);
        size_t at = length;
        if (j == i)
            continue;
        for (; at > 0 && sorted[at - 1] > d; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = d;
        length++;
    }
    for (size_t k = 0; k < count; k++)
        sum += sorted[k];
    return sum;
}

// Gives the smallest score that has none yet a weight.
static void select_one(double *weights, const double *scores, size_t n, double weight)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++)
        if (weights[i] == 0 && (best == n || scores[i] < scores[best]))
            best = i;
    weights[best] = weight;
}

static void krum_solve(struct bough__solve *solve)
{
    const struct krum_options *options = solve->options;
    const size_t n = solve->n, far = (size_t)options->byzantine + 2;
    const size_t wanted = (size_t)options->selected;
    const size_t selected = n <= far || wanted > n ? n : wanted;
    double *scores = solve->scratch;
    for (size_t i = 0; i < n; i++) {
        scores[i] = n > far ? score(solve, i, n - far, scores + n) : 0;
        solve->weights[i] = 0;
    }
    for (size_t k = 0; k < selected; k++)
        select_one(solve->weights, scores, n, 1 / (double)selected);
    solve->residual = 0;
}

const struct bough__weighting bough__weighting_krum = {
    {.name = "krum",
     .help = "the gradients that lie closest to others",
     .paper = "Blanchard et al., Machine Learning with Adversaries: Byzantine Tolerant Gradient "
              "Descent, NeurIPS 2017",
     .options = BOUGH_OPTIONS(krum_options, struct krum_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .rule = "a_t = sum of the distances of g_t to its n - byzantine - 2 nearest\n"
            "d = mean of the selected g_t of the smallest a_t; mean of all where n < byzantine + 3",
    .advice = "Many tasks alike, some of them wrong; tasks that differ are left out though they "
              "are right.",
    .too_few = krum_too_few,
    .scratch = krum_scratch,
    .solve = krum_solve,
};
