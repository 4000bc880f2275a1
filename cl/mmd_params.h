// What the kernels of mmd and mean_distance are told, in C and in OpenCL.
#ifndef BOUGH_CL_MMD_PARAMS_H
#define BOUGH_CL_MMD_PARAMS_H

#include "quick_math.h"

enum { MMD_MOST_WIDTHS = 8 };

struct mmd_params {
    int rows, columns; // of each of the two
    int widths;
    float width[MMD_MOST_WIDTHS];
};

struct mmd_back_params {
    int rows, columns;
    float factor;
    int add; // 1: += instead of =
};

// The kernel of two rows at a squared distance, and its slope by that. A mean below 1e-6 counts as
// that: rows that are nearly the same are not to be torn apart by rounding.
struct mmd_kernel {
    float value, slope;
};

//   width  [widths]
QUICK struct mmd_kernel mmd_kernel(const float *width, int widths, float distance, float mean)
{
    const float unit = mean > 1e-6f ? mean : 1e-6f;
    struct mmd_kernel sum = {0.0f, 0.0f};
    for (int w = 0; w < widths; w++) {
        const float inverse = 1.0f / (width[w] * unit);
        const float value = quick_exp(-distance * inverse);
        sum.value += value;
        sum.slope -= value * inverse;
    }
    sum.value /= (float)widths;
    sum.slope /= (float)widths;
    return sum;
}

#endif
