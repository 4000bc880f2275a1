// The losses' formulas and what their kernels are told, in C (behind op/quick_math.h) and in
// OpenCL.
#ifndef BOUGH_CL_LOSS_H
#define BOUGH_CL_LOSS_H

#ifdef __OPENCL_VERSION__
#include "quick_math.h"
#endif

struct cross_entropy_params {
    int rows, classes;
    float smoothing;
};

// Element-wise losses are summed in chunks of 1024 elements, and then the chunks.
enum { LOSS_CHUNK = 1024 };

struct value_loss_params {
    int elements, chunks;
    float delta; // huber only
};

struct loss_mean_params {
    int parts;
};

// What an element adds to a loss, and its slope, at score x and target t.

static inline float mse_value(float x, float t, float delta)
{
    (void)delta;
    return (x - t) * (x - t);
}

static inline float mse_slope(float x, float t, float delta)
{
    (void)delta;
    return 2.0f * (x - t);
}

static inline float l1_value(float x, float t, float delta)
{
    (void)delta;
    return fabsf(x - t);
}

static inline float l1_slope(float x, float t, float delta)
{
    (void)delta;
    return x > t ? 1.0f : x < t ? -1.0f : 0.0f;
}

static inline float huber_value(float x, float t, float delta)
{
    const float d = fabsf(x - t);
    return d < delta ? 0.5f * d * d : delta * (d - 0.5f * delta);
}

static inline float huber_slope(float x, float t, float delta)
{
    return x - t < -delta ? -delta : x - t > delta ? delta : x - t;
}

// x is a logit: no exponent of it overflows.
static inline float binary_cross_entropy_value(float x, float t, float delta)
{
    (void)delta;
    return (x > 0.0f ? x : 0.0f) - x * t + quick_log1p(quick_exp(-fabsf(x)));
}

static inline float binary_cross_entropy_slope(float x, float t, float delta)
{
    (void)delta;
    return 1.0f / (1.0f + quick_exp(-x)) - t;
}

#endif
