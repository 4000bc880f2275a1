#include "mtl/weighting.h"

#include "base/error.h"

#include <string.h>

static enum bough_status equal(float *weight, const struct bough_weighting *options, size_t tasks,
                               const float *measured)
{
    (void)options, (void)measured;
    for (size_t t = 0; t < tasks; t++)
        weight[t] = 1;
    return BOUGH_OK;
}

static enum bough_status fixed(float *weight, const struct bough_weighting *options, size_t tasks,
                               const float *measured)
{
    (void)measured;
    if (options->weights_count != tasks)
        return bough__fail(BOUGH_INVALID,
                           "weighting.weights: %zu weights, wanted one for each of "
                           "%zu tasks",
                           options->weights_count, tasks);
    memcpy(weight, options->weights, tasks * sizeof *weight);
    return BOUGH_OK;
}

static const struct bough__weighting weightings[] = {
    {"equal", BOUGH_NEEDS_NOTHING, equal},
    {"fixed", BOUGH_NEEDS_NOTHING, fixed},
};

const char *bough__weighting_name(size_t index)
{
    return index < sizeof weightings / sizeof *weightings ? weightings[index].name : NULL;
}

const struct bough__weighting *bough__weighting_find(const char *name)
{
    for (size_t i = 0; i < sizeof weightings / sizeof *weightings; i++)
        if (name && strcmp(weightings[i].name, name) == 0)
            return &weightings[i];
    return NULL;
}
