#include "mtl/learned_scale.h"

#include "cl/combine_params.h"

#include <math.h>

size_t bough__learned_scale_params(float *start, const void *options, size_t tasks)
{
    for (size_t t = 0; start && t < tasks; t++)
        start[t] = ((const struct bough__learned_scale *)options)->start;
    return tasks;
}

static void learned_scale(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct learned_scale_params *p = params;
    const float *losses = arg[0], *factor = arg[1], *s = arg[2];
    float *weights = arg[3], *gradient = arg[4];
    for (int64_t t = begin; t < end; t++) {
        const float weight = p->share * expf(p->sign * s[t]) * (factor ? factor[t] : 1.0f);
        const int here = task_is_here(losses, factor, (int)t);
        weights[t] = here ? weight : 0.0f;
        gradient[t] = here ? p->sign * (weight * losses[2 * t] - p->share) : 0.0f;
    }
}

static const struct bough__kernel kernel_learned_scale = {
    "learned_scale",  "weighting", learned_scale,
    BOUGH_GRID_ITEMS, .args = 5,   .params_size = sizeof(struct learned_scale_params)};

enum bough_status bough__learned_scale_write(struct bough__sequence *out,
                                             const struct bough__weigh *weigh,
                                             const struct learned_scale_params *params)
{
    return bough__sequence_kernel(out, &(struct bough__kernel_call){
                                           .kernel = &kernel_learned_scale,
                                           .arg = {weigh->losses, weigh->factor, weigh->params,
                                                   weigh->weights, weigh->params_gradient},
                                           .params = params,
                                           .count = (int64_t)weigh->tasks,
                                           .bytes = (int64_t)weigh->tasks * 6 * 4,
                                       });
}
