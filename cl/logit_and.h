// The logit of the product of two probabilities that are given by their logits; C and OpenCL share
// this file. 1 / p - 1 = e^-a + e^-b + e^-(a + b) loses nothing, whichever of the three is largest.
#ifndef BOUGH_CL_LOGIT_AND_H
#define BOUGH_CL_LOGIT_AND_H

#ifdef __OPENCL_VERSION__
#include "quick_math.h"
#endif

// The largest exponent.
QUICK float logit_and_most(float a, float b)
{
    const float less = a < b ? a : b, more = a < b ? b : a;
    return more < 0.0f ? -a - b : -less;
}

QUICK float logit_and_sum(float a, float b, float most)
{
    return quick_exp(-a - most) + quick_exp(-b - most) + quick_exp(-a - b - most);
}

QUICK float logit_and(float a, float b)
{
    const float most = logit_and_most(a, b);
    return -most - quick_log(logit_and_sum(a, b, most));
}

// By a.
QUICK float logit_and_slope(float a, float b)
{
    const float most = logit_and_most(a, b);
    return (quick_exp(-a - most) + quick_exp(-a - b - most)) / logit_and_sum(a, b, most);
}

#endif
