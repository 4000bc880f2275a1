#include "mtl/weighting.h"

static void equal_start(float *weights, const void *options, size_t tasks)
{
    (void)options;
    for (size_t t = 0; t < tasks; t++)
        weights[t] = 1;
}

const struct bough__weighting bough__weighting_equal = {
    {.name = "equal", .help = "every loss counts as it is"},
    .needs = BOUGH_NEEDS_NOTHING,
    .rule = "minimise sum L_t",
    .advice = "The baseline, hard to beat once task weights and regularisation are tuned; not "
              "where losses differ much in scale.",
    .start = equal_start,
};
