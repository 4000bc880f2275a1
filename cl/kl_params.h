// What the kernels of gauss_kl and softmax_kl are told, in C and in OpenCL.
#ifndef BOUGH_CL_KL_PARAMS_H
#define BOUGH_CL_KL_PARAMS_H

#include "quick_math.h"

struct gauss_kl_params {
    int rows, columns;
    float eps;    // added to variances
    float factor; // of slopes
    int add;      // 1: += instead of =
};

struct softmax_kl_params {
    int classes, positions; // of a sample; a row is a position of one
    float temperature;
    float factor; // of slopes
    int add;      // 1: += instead of =
};

// A column's mean and variance.
struct gauss {
    float mean, variance;
};

// The divergence of a from b.
QUICK float gauss_kl(struct gauss a, struct gauss b)
{
    const float d = a.mean - b.mean;
    return 0.5f * (quick_log(b.variance / a.variance) + (a.variance + d * d) / b.variance - 1.0f);
}

#endif
