#include "mtl/weighting.h"

#include <string.h>

struct fixed_options {
    const float *weights; // one per task, in the tasks' order
    size_t count;
};

static const struct bough__option fixed_options[] = {
    {"weights", BOUGH__OPTION_BY_TASK, offsetof(struct fixed_options, weights),
     offsetof(struct fixed_options, count), .range = &bough__range_not_negative, .needed = 1,
     .help = "by task: {left: 1.0, right: 0.5}"},
};

static void fixed_start(float *weights, const void *options, size_t tasks)
{
    memcpy(weights, ((const struct fixed_options *)options)->weights, tasks * sizeof *weights);
}

const struct bough__weighting bough__weighting_fixed = {
    {.name = "fixed",
     .help = "every loss times a weight of its own",
     .options = BOUGH_OPTIONS(fixed_options, struct fixed_options)},
    .needs = BOUGH_NEEDS_NOTHING,
    .rule = "minimise sum c_t L_t, c = weights",
    .advice = "Where good weights are known; looking for them costs a training each.",
    .start = fixed_start,
};
