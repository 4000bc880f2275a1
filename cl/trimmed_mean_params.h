// C and OpenCL share this file.
#ifndef BOUGH_CL_TRIMMED_MEAN_PARAMS_H
#define BOUGH_CL_TRIMMED_MEAN_PARAMS_H

#include "combine_params.h"

struct trimmed_mean_params {
    unsigned int row; // floats from one task's gradient to the next
    int tasks, trim;
};

// How many are left out at either end, of n: what is left is one, or two, at least.
static inline int trimmed_of(int n, int trim)
{
    return n < 1 ? 0 : trim < (n - 1) / 2 ? trim : (n - 1) / 2;
}

// Whether g of task t comes behind e of task u: by value, and of equal ones by task. A NaN comes
// behind nothing.
static inline int comes_behind(float g, int t, float e, int u)
{
    return (g > e) | ((g == e) & (t > u));
}

#endif
