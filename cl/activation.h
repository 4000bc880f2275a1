// What activations do to an element; C and OpenCL share this file.
//   relu         max(x, 0)
//   leaky_relu   x above 0, slope * x below
//   sigmoid      1 / (1 + e^-x)
//   tanh
//   gelu         x * P(a standard normal number is below x)
#ifndef BOUGH_CL_ACTIVATION_H
#define BOUGH_CL_ACTIVATION_H

#include "activation_params.h"
#include "quick_math.h"

// In a loop, `kind` should be a constant: see BY_ACTIVATION.
QUICK float activated(int kind, float slope, float x)
{
    switch (kind) {
    case BOUGH_RELU:
        return x < 0.0f ? 0.0f : x; // NaN stays NaN
    case BOUGH_LEAKY_RELU:
        return x < 0.0f ? slope * x : x;
    case BOUGH_SIGMOID:
        return 1.0f / (1.0f + quick_exp(-x));
    case BOUGH_TANH:
        return quick_tanh(x);
    case BOUGH_GELU:
        return x * quick_normal(x).below;
    default:
        return x;
    }
}

// LOOP(kind, ...), a macro, with the kind as a constant.
#define BY_ACTIVATION(kind, LOOP, ...)                                                             \
    switch (kind) {                                                                                \
    case BOUGH_RELU:                                                                               \
        LOOP(BOUGH_RELU, __VA_ARGS__);                                                             \
        break;                                                                                     \
    case BOUGH_LEAKY_RELU:                                                                         \
        LOOP(BOUGH_LEAKY_RELU, __VA_ARGS__);                                                       \
        break;                                                                                     \
    case BOUGH_SIGMOID:                                                                            \
        LOOP(BOUGH_SIGMOID, __VA_ARGS__);                                                          \
        break;                                                                                     \
    case BOUGH_TANH:                                                                               \
        LOOP(BOUGH_TANH, __VA_ARGS__);                                                             \
        break;                                                                                     \
    case BOUGH_GELU:                                                                               \
        LOOP(BOUGH_GELU, __VA_ARGS__);                                                             \
        break;                                                                                     \
    default:                                                                                       \
        LOOP(BOUGH_LINEAR, __VA_ARGS__);                                                           \
    }

#ifdef __OPENCL_VERSION__
#define PLACES global
#define COUNT  size_t
#else
#define PLACES
#define COUNT int64_t
#define APART _Pragma("omp simd")
#endif

#define ACTIVATE(kind, y, x, begin, end, slope)                                                    \
    APART                                                                                          \
    for (COUNT i = begin; i < end; i++)                                                            \
    y[i] = activated(kind, slope, x[i])

// Elements `begin` to `end` - 1; y may be x.
QUICK void activate(PLACES float *y, PLACES const float *x, COUNT begin, COUNT end,
                    struct activation a)
{
    BY_ACTIVATION(a.kind, ACTIVATE, y, x, begin, end, a.slope)
}

// The slopes as y tells them, of all but gelu.
struct activation_slope {
    int curved;  // (start + y) * (1 - y)
    float start; // else 1 above 0,
    float below; // and this below
};

QUICK struct activation_slope activation_slope(struct activation a)
{
    const struct activation_slope s = {a.kind == BOUGH_SIGMOID || a.kind == BOUGH_TANH,
                                       a.kind == BOUGH_TANH ? 1.0f : 0.0f,
                                       a.kind == BOUGH_LEAKY_RELU ? a.slope
                                       : a.kind == BOUGH_RELU     ? 0.0f
                                                                  : 1.0f};
    return s;
}

// dy times the slope; 0 below a relu, whatever dy is.
QUICK float slope_times(struct activation_slope s, float y, float dy)
{
    const float below = s.below == 0.0f ? 0.0f : s.below * dy;
    return s.curved ? dy * (s.start + y) * (1.0f - y) : y > 0.0f ? dy : below;
}

// A relu, a leaky_relu or none of x; `below` is the slope below 0.
QUICK float kinked(float below, float x)
{
    return x < 0.0f ? (below == 0.0f ? 0.0f : below * x) : x; // NaN stays NaN
}

// Its dx.
QUICK float kinked_back(float below, float x, float dy)
{
    return x > 0.0f ? dy : below * dy;
}

// dx = dy times the slope, for elements `begin` to `end` - 1; `from` is y, or x of a gelu. dx may
// be dy.
QUICK void activation_back(PLACES float *dx, PLACES const float *dy, PLACES const float *from,
                           COUNT begin, COUNT end, struct activation a)
{
    const struct activation_slope s = activation_slope(a);
    if (a.kind == BOUGH_GELU) {
        APART
        for (COUNT i = begin; i < end; i++) {
            const struct quick_normal normal = quick_normal(from[i]);
            dx[i] = dy[i] * (normal.below + from[i] * normal.density);
        }
    } else {
        APART
        for (COUNT i = begin; i < end; i++)
            dx[i] = slope_times(s, from[i], dy[i]);
    }
}

// Likewise, but of all but gelu, and with `add` dx += instead.
QUICK void activation_back_to(PLACES float *dx, PLACES const float *dy, PLACES const float *y,
                              COUNT begin, COUNT end, struct activation a, int add)
{
    const struct activation_slope s = activation_slope(a);
    if (!add) {
        activation_back(dx, dy, y, begin, end, a);
        return;
    }
    APART
    for (COUNT i = begin; i < end; i++)
        dx[i] += slope_times(s, y[i], dy[i]);
}

#endif
