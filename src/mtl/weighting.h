// Weightings: how the tasks' losses or gradients become one update.
#ifndef BOUGH_MTL_WEIGHTING_H
#define BOUGH_MTL_WEIGHTING_H

#include "base/option.h"

#include <bough/status.h>

// What a weighting must be given before it can say its weights (methods.md's sections 1a, 1b, 1c).
enum bough__weighting_needs {
    BOUGH_NEEDS_NOTHING,   // the weights stand before the training starts
    BOUGH_NEEDS_LOSSES,    // the losses [T] of the step
    BOUGH_NEEDS_GRAM,      // G Gt [T, T], G the tasks' gradients of the trunk
    BOUGH_NEEDS_GRADIENTS, // G [T, P] itself
    BOUGH_NEEDS_BATCHES,   // the above for several batches a step
};

struct bough__weighting {
    struct bough__row row;
    enum bough__weighting_needs needs;
    // Writes weights [T]: the update is sum_t weight[t] * gradient of L_t.
    //   measured  what the row needs; NULL for NOTHING
    enum bough_status (*weigh)(float *weight, const void *options, size_t tasks,
                               const float *measured);
};

#define BOUGH_WEIGHTING(name) extern const struct bough__weighting bough__weighting_##name;
#include "mtl/weighting_list.h"
#undef BOUGH_WEIGHTING
extern const struct bough__family bough__weightings;

// Of a choice of bough__weightings.
static inline const struct bough__weighting *bough__weighting_of(const struct bough__choice *choice)
{
    return (const struct bough__weighting *)(const void *)choice->row;
}

#endif
