// The losses' formulas and what their kernels are told, in C (behind op/quick_math.h) and in
// OpenCL.
#ifndef BOUGH_CL_LOSS_H
#define BOUGH_CL_LOSS_H

#include "loss_list.h"
#ifdef __OPENCL_VERSION__
#include "quick_math.h"
#endif

enum loss_kind {
#define LOSS_KIND(name, target, metric, help, options) LOSS_##name,
    BOUGH_LOSSES(LOSS_KIND)
};

struct class_loss_params {
    int kind;
    int rows, classes; // a row is a position of a sample
    int positions;     // of a sample: the scores are [rows / positions, classes, positions]
    float smoothing;   // label smoothing
    float number;      // the loss's own, as in its formulas
};

// Element-wise losses are summed in chunks of 1024 elements, and then the chunks.
enum { LOSS_CHUNK = 1024 };

struct value_loss_params {
    int elements, chunks;
    float number; // the loss's own, as in its formulas
};

struct loss_mean_params {
    int parts;
};

// ---- Of classes: what a label adds to a loss, and its slope, at d = -log p of its class ----

static inline float cross_entropy_value(float d, float number)
{
    (void)number;
    return d;
}

static inline float cross_entropy_slope(float d, float number)
{
    (void)d, (void)number;
    return 1.0f;
}

static inline float class_value(int kind, float d, float number)
{
    switch (kind) {
#define CLASS_VALUE(name, target, metric, help, options)                                           \
    case LOSS_##name:                                                                              \
        return name##_value(d, number);
        BOUGH_CLASS_LOSSES(CLASS_VALUE)
    default:
        return NAN;
    }
}

static inline float class_slope(int kind, float d, float number)
{
    switch (kind) {
#define CLASS_SLOPE(name, target, metric, help, options)                                           \
    case LOSS_##name:                                                                              \
        return name##_slope(d, number);
        BOUGH_CLASS_LOSSES(CLASS_SLOPE)
    default:
        return NAN;
    }
}

// ---- By element: what it adds to a loss, and its slope, at score x and target t ----

static inline float mse_value(float x, float t, float number)
{
    (void)number;
    return (x - t) * (x - t);
}

static inline float mse_slope(float x, float t, float number)
{
    (void)number;
    return 2.0f * (x - t);
}

static inline float l1_value(float x, float t, float number)
{
    (void)number;
    return fabsf(x - t);
}

static inline float l1_slope(float x, float t, float number)
{
    (void)number;
    return x > t ? 1.0f : x < t ? -1.0f : 0.0f;
}

// Half the square below a difference of delta, a straight line above.
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
static inline float binary_cross_entropy_value(float x, float t, float number)
{
    (void)number;
    return (x > 0.0f ? x : 0.0f) - x * t + quick_log1p(quick_exp(-fabsf(x)));
}

static inline float binary_cross_entropy_slope(float x, float t, float number)
{
    (void)number;
    return 1.0f / (1.0f + quick_exp(-x)) - t;
}

#endif
