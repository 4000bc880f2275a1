// Minimises sum_t 0.5 exp(-s_t) L_t + 0.5 s_t, s learned with the model.
#include "mtl/weighting.h"

#include <math.h>

struct uncertainty_options {
    float start;
};

static const struct bough__option uncertainty_options[] = {
    {"start", BOUGH__OPTION_NUMBER, offsetof(struct uncertainty_options, start),
     .range = &bough__range_any, .help = "log variance of every task at the start"},
};

static size_t uncertainty_params(float *start, const void *options, size_t tasks)
{
    for (size_t t = 0; start && t < tasks; t++)
        start[t] = ((const struct uncertainty_options *)options)->start;
    return tasks;
}

static void uncertainty(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *losses = arg[0], *factor = arg[1], *s = arg[2];
    float *weights = arg[3], *gradient = arg[4];
    for (int64_t t = begin; t < end; t++) {
        const float half_precision = 0.5f * expf(-s[t]) * (factor ? factor[t] : 1.0f);
        const int labelled = losses[2 * t + 1] != 0.0f;
        weights[t] = labelled ? half_precision : 0.0f;
        gradient[t] = labelled ? 0.5f - half_precision * losses[2 * t] : 0.0f;
    }
}

static const struct bough__kernel kernel_uncertainty = {"uncertainty", "weighting", uncertainty,
                                                        BOUGH_GRID_ITEMS, .args = 5};

static enum bough_status uncertainty_write(struct bough__sequence *out,
                                           const struct bough__weigh *weigh)
{
    return bough__sequence_kernel(out, &(struct bough__kernel_call){
                                           .kernel = &kernel_uncertainty,
                                           .arg = {weigh->losses, weigh->factor, weigh->params,
                                                   weigh->weights, weigh->params_gradient},
                                           .count = (int64_t)weigh->tasks,
                                           .bytes = (int64_t)weigh->tasks * 6 * 4,
                                       });
}

const struct bough__weighting bough__weighting_uncertainty = {
    {.name = "uncertainty",
     .help = "losses by learned variances of the tasks",
     .paper = "Kendall, Gal, Cipolla, Multi-task Learning Using Uncertainty to Weigh Losses, CVPR "
              "2018",
     .options = BOUGH_OPTIONS(uncertainty_options, struct uncertainty_options)},
    .needs = BOUGH_NEEDS_LOSSES,
    .params = uncertainty_params,
    .write = uncertainty_write,
};
