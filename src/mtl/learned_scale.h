// Weightings that learn a number s for each task by the model's optimizer, and weigh its loss by
// share exp(sign s).
#ifndef BOUGH_MTL_LEARNED_SCALE_H
#define BOUGH_MTL_LEARNED_SCALE_H

#include "cl/weighting_params.h"
#include "mtl/weighting.h"

// A row's options, or what they begin with.
struct bough__learned_scale {
    float start; // s of every task before the first step
};

// struct bough__weighting's `params`.
size_t bough__learned_scale_params(float *start, const void *options, size_t tasks);

// The launch for its `write`: minimises the sum of share exp(sign s_t) L_t - sign share s_t.
enum bough_status bough__learned_scale_write(struct bough__sequence *out,
                                             const struct bough__weigh *weigh,
                                             const struct learned_scale_params *params);

#endif
