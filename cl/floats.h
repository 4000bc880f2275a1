// A row by vectors: LANES of its elements at a time, 16 in one work-item of a CPU device, or one in
// each work-item of a group. Where a row ends, the lanes behind it hold what they are filled with.
//
//   for (int c = 0; c < n; c += LANES) {
//       const floats v = load_floats(x + c, n - c, end - c, 0.0f);
#ifndef BOUGH_CL_FLOATS_H
#define BOUGH_CL_FLOATS_H

#include "bough.h"

#if BOUGH_GROUP == 1
typedef float16 floats;
#define LANES 16
#define LANE  ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))

// `left` elements of the row begin at x; `readable` elements may be read there.
static inline floats load_floats(global const float *x, int left, long readable, float fill)
{
    if (left >= LANES)
        return vload16(0, x);
    if (readable >= LANES)
        return select((floats)fill, vload16(0, x), LANE < left);
    float some[LANES];
    for (int i = 0; i < LANES; i++)
        some[i] = i < left ? x[i] : fill;
    return vload16(0, some);
}

static inline void store_floats(floats v, global float *x, int left)
{
    if (left >= LANES) {
        vstore16(v, 0, x);
        return;
    }
    float some[LANES];
    vstore16(v, 0, some);
    for (int i = 0; i < left; i++)
        x[i] = some[i];
}

// `yes` in the lane of element `at`, else `no`.
static inline floats floats_at(int at, float yes, float no)
{
    return select((floats)no, (floats)yes, LANE == at);
}

static inline float sum_floats(floats v)
{
    const float8 a = v.lo + v.hi;
    const float4 b = a.lo + a.hi;
    const float2 c = b.lo + b.hi;
    return c.x + c.y;
}

static inline float most_of_floats(floats v)
{
    const float8 a = v.lo > v.hi ? v.lo : v.hi;
    const float4 b = a.lo > a.hi ? a.lo : a.hi;
    const float2 c = b.lo > b.hi ? b.lo : b.hi;
    return c.x > c.y ? c.x : c.y;
}
#else
typedef float floats;
#define LANES BOUGH_GROUP

static inline floats load_floats(global const float *x, int left, long readable, float fill)
{
    const int lane = get_local_id(0);
    return lane < left ? x[lane] : fill;
}

static inline void store_floats(floats v, global float *x, int left)
{
    const int lane = get_local_id(0);
    if (lane < left)
        x[lane] = v;
}

static inline floats floats_at(int at, float yes, float no)
{
    return (int)get_local_id(0) == at ? yes : no;
}

static inline float sum_floats(floats v)
{
    return v;
}

static inline float most_of_floats(floats v)
{
    return v;
}
#endif

// The larger one; of a number and a NaN either.
static inline floats larger_floats(floats a, floats b)
{
    return a > b ? a : b;
}

#endif
