// What the element-wise kernels are told, in C and in OpenCL.
#ifndef BOUGH_CL_ELEMENTWISE_PARAMS_H
#define BOUGH_CL_ELEMENTWISE_PARAMS_H

struct scale_params {
    float factor;
    int add; // 1: += instead of =
};

struct multiply_params {
    int add;
};

#endif
