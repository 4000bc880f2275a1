// Weightings: how the tasks' losses or gradients become one update.
#ifndef BOUGH_MTL_WEIGHTING_H
#define BOUGH_MTL_WEIGHTING_H

#include <bough/config.h>

// What a weighting must be given before it can say its weights (methods.md's sections 1a, 1b, 1c).
enum bough__weighting_needs {
    BOUGH_NEEDS_NOTHING,   // the weights stand before the training starts
    BOUGH_NEEDS_LOSSES,    // the losses [T] of the step
    BOUGH_NEEDS_GRAM,      // G Gt [T, T], G the tasks' gradients of the trunk
    BOUGH_NEEDS_GRADIENTS, // G [T, P] itself
    BOUGH_NEEDS_BATCHES,   // the above for several batches a step
};

struct bough__weighting {
    const char *name;
    enum bough__weighting_needs needs;
    // Writes weights [T]: the update is sum_t weight[t] * gradient of L_t.
    //   measured  what the row needs; NULL for NOTHING
    // Errors: INVALID if the options do not fit the tasks.
    enum bough_status (*weigh)(float *weight, const struct bough_weighting *options, size_t tasks,
                               const float *measured);
};

// NULL if there is none of that name.
const struct bough__weighting *bough__weighting_find(const char *name);

// The names of all, in order; NULL behind the last.
const char *bough__weighting_name(size_t index);

#endif
