// Rows that are shorter than a vector, or end in a part of one: by the widest vectors that they
// fill, of which the last lies over the one before.
#ifndef BOUGH_OP_LANES_H
#define BOUGH_OP_LANES_H

#include "op/quick_math.h"

enum { MOST_LANES = 16 };

// Calls an inlined function with so many lanes as its last argument: 16, 8, 4 or 1.
#define BOUGH_BY_LANES(length, function, ...)                                                      \
    ((length) >= 16  ? function(__VA_ARGS__, 16)                                                   \
     : (length) >= 8 ? function(__VA_ARGS__, 8)                                                    \
     : (length) >= 4 ? function(__VA_ARGS__, 4)                                                    \
                     : function(__VA_ARGS__, 1))

// Where the vector at i begins.
BOUGH_IN_TWIN int64_t lanes_begin(int64_t i, int64_t length, int lanes)
{
    return i + lanes <= length ? i : length - lanes;
}

BOUGH_IN_TWIN float lanes_sum(float *value, int lanes)
{
    for (int half = lanes / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            value[i] += value[i + half];
    return value[0];
}

// The largest of a row.
BOUGH_IN_TWIN float row_most(const float *x, int64_t length, int lanes)
{
    float most[MOST_LANES];
    for (int l = 0; l < lanes; l++)
        most[l] = x[l];
    for (int64_t i = lanes; i < length; i += lanes) {
        const float *at = x + lanes_begin(i, length, lanes);
#pragma omp simd
        for (int l = 0; l < lanes; l++)
            most[l] = at[l] > most[l] ? at[l] : most[l];
    }
    for (int half = lanes / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            most[l] = most[l + half] > most[l] ? most[l + half] : most[l];
    return most[0];
}

// The sum of e^(x - most) over a row.
BOUGH_IN_TWIN float row_sum_exp(const float *x, float most, int64_t length, int lanes)
{
    float sum[MOST_LANES] = {0};
    for (int64_t i = 0; i < length; i += lanes) {
        const int64_t begin = lanes_begin(i, length, lanes);
#pragma omp simd
        for (int l = 0; l < lanes; l++) {
            const float value = quick_exp(x[begin + l] - most);
            sum[l] += begin + l < i ? 0.0f : value;
        }
    }
    return lanes_sum(sum, lanes);
}

#endif
