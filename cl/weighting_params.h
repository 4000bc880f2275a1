// C and OpenCL share this file, and so draw the same numbers.
#ifndef BOUGH_CL_WEIGHTING_PARAMS_H
#define BOUGH_CL_WEIGHTING_PARAMS_H

#include "random.h"

struct learned_scale_params {
    float share, sign; // a task's weight is share exp(sign s)
};

struct graddrop_params {
    unsigned int columns;
    unsigned int row; // floats from one task's gradient to the next
    int tasks;
    float leak;
};

// The four numbers of elements 4 index to 4 index + 3 in a step. The 1 keeps them apart from those
// of dropout.
BOUGH_DRAW struct random4 graddrop_draw(unsigned int seed0, unsigned int seed1, unsigned int step,
                                        unsigned int index)
{
    return random_bits(seed0, seed1, index, 1, 0, step);
}

// 2 u - 1 for u uniform in (0, 1), an odd multiple of 2^-23: exact in float, and neither end.
static inline float graddrop_level(unsigned int bits)
{
    return (float)((int)(bits >> 9) * 2 + 1 - 8388608) * (1.0f / 8388608.0f);
}

// What is left of a gradient g, where the tasks' add up to `sum` and their sizes to `size`:
// p > u is sum > (2 u - 1) size, which needs no quotient and so is the same on every device.
static inline float graddrop_kept(float g, float sum, float size, float level, float leak)
{
    const float at = level * size;
    const int keep = (sum > at && g > 0.0f) || (sum < at && g < 0.0f);
    return (keep ? 1.0f : leak) * g;
}

#endif
