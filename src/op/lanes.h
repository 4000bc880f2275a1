// Rows that are shorter than a vector, or end in a part of one: by the widest vectors that they
// fill, of which the last lies over the one before.
#ifndef BOUGH_OP_LANES_H
#define BOUGH_OP_LANES_H

#include "op/quick_math.h"

#include <string.h>

#define LANES 16
#include "op/lanes_body.h"
#define LANES 8
#include "op/lanes_body.h"
#define LANES 4
#include "op/lanes_body.h"
#define LANES 1
#include "op/lanes_body.h"

// Calls function_16, _8, _4 or _1.
#define BOUGH_BY_LANES(length, function, ...)                                                      \
    ((length) >= 16  ? function##_16(__VA_ARGS__)                                                  \
     : (length) >= 8 ? function##_8(__VA_ARGS__)                                                   \
     : (length) >= 4 ? function##_4(__VA_ARGS__)                                                   \
                     : function##_1(__VA_ARGS__))

// The largest of a row of at least one; a NaN may be passed over.
BOUGH_IN_TWIN float row_most(const float *x, int64_t length)
{
    return BOUGH_BY_LANES(length, row_most, x, length);
}

// The sum of e^(x - most).
BOUGH_IN_TWIN float row_sum_exp(const float *x, float most, int64_t length)
{
    return BOUGH_BY_LANES(length, row_sum_exp, x, most, length);
}

// The logarithm of the sum of e^x of each of `rows` rows.
BOUGH_IN_TWIN void rows_log_sum_exp(float *restrict lse, const float *x, int64_t rows,
                                    int64_t length)
{
    float sum[16];
    for (int64_t first = 0; first < rows; first += 16) {
        const int64_t end = first + 16 < rows ? first + 16 : rows;
        for (int64_t row = first; row < end; row++) {
            lse[row] = row_most(x + row * length, length);
            sum[row - first] = row_sum_exp(x + row * length, lse[row], length);
        }
#pragma omp simd
        for (int64_t row = first; row < end; row++)
            lse[row] += quick_log(sum[row - first]);
    }
}

BOUGH_IN_TWIN float row_dot(const float *a, const float *b, int64_t length)
{
    return BOUGH_BY_LANES(length, row_dot, a, b, length);
}

// y = factor * e^(x - most); y may be x.
BOUGH_IN_TWIN void row_exp(float *y, const float *x, float most, float factor, int64_t length)
{
    BOUGH_BY_LANES(length, row_exp, y, x, most, factor, length);
}

// y = e^x over the row's sum of that; y may be x.
BOUGH_IN_TWIN void row_softmax(float *y, const float *x, int64_t length)
{
    BOUGH_BY_LANES(length, row_softmax, y, x, length);
}

#endif
