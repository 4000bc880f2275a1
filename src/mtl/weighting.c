#include "mtl/weighting.h"

#include <string.h>

// ---- equal ----

static enum bough_status weigh_equal(float *weight, const void *options, size_t tasks,
                                     const float *measured)
{
    (void)options, (void)measured;
    for (size_t t = 0; t < tasks; t++)
        weight[t] = 1;
    return BOUGH_OK;
}

const struct bough__weighting bough__weighting_equal = {
    {.name = "equal", .help = "every loss counts as it is"},
    .needs = BOUGH_NEEDS_NOTHING,
    .weigh = weigh_equal,
};

// ---- fixed ----

struct fixed_options {
    const float *weights; // one per task, in the tasks' order
    size_t count;
};

static const struct bough__option fixed_options[] = {
    {"weights", BOUGH__OPTION_BY_TASK, offsetof(struct fixed_options, weights),
     offsetof(struct fixed_options, count), .range = &bough__range_not_negative, .needed = 1,
     .help = "by task: {left: 1.0, right: 0.5}"},
};

static enum bough_status weigh_fixed(float *weight, const void *options, size_t tasks,
                                     const float *measured)
{
    (void)measured;
    memcpy(weight, ((const struct fixed_options *)options)->weights, tasks * sizeof *weight);
    return BOUGH_OK;
}

const struct bough__weighting bough__weighting_fixed = {
    {.name = "fixed",
     .help = "every loss times a weight of its own",
     .options = BOUGH_OPTIONS(fixed_options, struct fixed_options)},
    .needs = BOUGH_NEEDS_NOTHING,
    .weigh = weigh_fixed,
};

// ---- The list ----

#define BOUGH_WEIGHTING(name) &bough__weighting_##name.row,
static const struct bough__row *const all[] = {
#include "mtl/weighting_list.h"
};
#undef BOUGH_WEIGHTING
const struct bough__family bough__weightings = {"weighting", all, sizeof all / sizeof *all};
