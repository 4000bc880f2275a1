// What the kernels of order_penalty are told, and their formula, in C and in OpenCL.
#ifndef BOUGH_CL_ORDER_PENALTY_PARAMS_H
#define BOUGH_CL_ORDER_PENALTY_PARAMS_H

#include "quick_math.h"

struct order_penalty_params {
    float factor;
    int elements;
    int add; // 1: += instead of =
};

QUICK float order_probability(float logit)
{
    return 1.0f / (1.0f + quick_exp(-logit));
}

#endif
