// Pooling windows over planes; C and OpenCL share this file.
#ifndef BOUGH_CL_POOL_PARAMS_H
#define BOUGH_CL_POOL_PARAMS_H

#ifndef __OPENCL_VERSION__
#include <math.h>
#endif

struct pool_axis {
    int size, out; // elements of x, of y
    int window, stride, padding;
};

struct pool_params {
    struct pool_axis h, w;
    int relu; // max_pool2d: behind it
};

// Windows of two by two, side by side and without padding: most nets pool so.
static inline int pool_by_two(const struct pool_params *p)
{
    return p->h.window == 2 && p->h.stride == 2 && p->h.padding == 0 && p->w.window == 2 &&
           p->w.stride == 2 && p->w.padding == 0;
}

struct plane_params {
    int plane; // H * W
};

struct pool_range {
    int begin, end;
};

// What window `out` covers of x.
static inline struct pool_range pool_window(const struct pool_axis axis, int out)
{
    const int first = out * axis.stride - axis.padding, last = first + axis.window;
    struct pool_range range = {first < 0 ? 0 : first, last < axis.size ? last : axis.size};
    return range;
}

// The windows that cover element `in`.
static inline struct pool_range pool_windows_over(const struct pool_axis axis, int in)
{
    const int at = in + axis.padding, last = at / axis.stride + 1;
    struct pool_range range = {at < axis.window ? 0 : (at - axis.window) / axis.stride + 1,
                               last < axis.out ? last : axis.out};
    return range;
}

// In a search for the largest; a NaN is taken and stays.
static inline int pool_takes(float value, float best)
{
    return (value > best) | (value != value);
}

// What is kept of the largest, with a relu behind it or not: its value, and its index, which is -1
// where no gradient goes back.
static inline float pool_value(int relu, float most)
{
    const float least = relu ? 0.0f : -INFINITY;
    return most < least ? least : most; // NaN stays NaN
}

static inline int pool_index(int relu, float most, int best)
{
    return most > 0.0f ? best : best | -relu;
}

#endif
