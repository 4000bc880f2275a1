// Gradients of the losses' logarithms, a moving mean b of each, and all made as long as the
// longest: d = sum of (max_s |b_s| / |b_t|) b_t. The heads get the gradients of the losses as they
// are, and not yet of their logarithms. A loss below 0, which has no logarithm, is divided by its
// size; a task whose gradients were 0 so far adds nothing.
#include "mtl/combine.h"

#include "base/error.h"

struct dbmtl_options {
    float beta;
};

static const struct bough__option dbmtl_options[] = {
    {"beta", BOUGH__OPTION_NUMBER, offsetof(struct dbmtl_options, beta), .number = {0.9},
     .range = &bough__range_below_one, .help = "how much of the mean gradient stays in a step"},
};

BOUGH_IN_TWIN float move_mean(float *restrict b, const float *restrict g, float slope, float beta,
                              int64_t count)
{
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; i++) {
        b[i] = beta * b[i] + (1.0f - beta) * (slope * g[i]);
        sum += b[i] * b[i];
    }
    return sum;
}

BOUGH_TWIN static void dbmtl_parts(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct part_params *p = params;
    const float *losses = arg[2], *factor = arg[3];
    float *parts = arg[4];
    for (int64_t part = begin; part < end; part++) {
        const int t = (int)(part / p->parts);
        const int64_t first = part_begin(p, part), count = part_end(p, part) - first;
        parts[part] = move_mean((float *)arg[1] + t * (int64_t)p->kept_row + first,
                                (const float *)arg[0] + t * (int64_t)p->row + first,
                                log_slope(loss_of(losses, factor, t)),
                                task_is_here(losses, factor, t) ? p->beta : 1.0f, count);
    }
}

static void dbmtl_weigh(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)begin, (void)end;
    dbmtl_weights(arg[4], arg[3], arg[0], arg[1], *(const struct combine_params *)params);
}

static const struct bough__kernel kernel_dbmtl_parts = {
    "dbmtl_parts",   "combine", dbmtl_parts,
    BOUGH_GRID_ROWS, .args = 5, .params_size = sizeof(struct part_params)};
static const struct bough__kernel kernel_dbmtl_weigh = {
    "dbmtl_weigh",    "combine", dbmtl_weigh,
    BOUGH_GRID_ITEMS, .args = 5, .params_size = sizeof(struct combine_params)};
static const struct bough__combine dbmtl = {&kernel_dbmtl_parts, &kernel_dbmtl_weigh, .keeps = 1};

static size_t dbmtl_state(size_t tasks, int64_t columns)
{
    return bough__combine_state(&dbmtl, tasks, columns);
}

static enum bough_status dbmtl_write(struct bough__sequence *out, const struct bough__weigh *weigh)
{
    enum bough_status status;
    const struct bough__combined of = bough__combined_of(&dbmtl, weigh);
    struct bough__combine combine = dbmtl;
    combine.beta = ((const struct dbmtl_options *)weigh->options)->beta;
    BOUGH_TRY(bough__combine_weights(out, &combine, weigh));
    BOUGH_TRY(bough__combine_sum(out, weigh, of.kept, of.weights));
done:
    return status;
}

const struct bough__weighting bough__weighting_dbmtl = {
    {.name = "dbmtl",
     .help = "moving means of the log-losses' gradients, all as long as the longest",
     .paper = "Lin et al., Dual-Balancing for Multi-Task Learning, 2023",
     .options = BOUGH_OPTIONS(dbmtl_options, struct dbmtl_options)},
    .needs = BOUGH_NEEDS_GRADIENTS,
    .rule = "h_t = gradient of log(L_t + 1e-8), b_t <- h_t + beta (b_t - h_t)\n"
            "d = sum (max_s |b_s| / |b_t|) b_t",
    .advice = "Losses and gradients of very different scales; a noisy task becomes as loud as the "
              "loudest.",
    .blind = "in the trunk, whose gradients are of logarithms; the heads' follow it",
    .state = dbmtl_state,
    .write = dbmtl_write,
};
