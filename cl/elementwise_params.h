// What the element-wise kernels are told, in C and in OpenCL.
#ifndef BOUGH_CL_ELEMENTWISE_PARAMS_H
#define BOUGH_CL_ELEMENTWISE_PARAMS_H

#include "activation_params.h"

struct add_params {
    struct activation activation;
    int add[2]; // da and db += instead of =
};

struct scale_params {
    float factor;
    int add; // 1: += instead of =
};

struct multiply_params {
    int add;
};

struct logit_and_params {
    int add;
};

#endif
