// What the gated_sum kernels are told, in C and in OpenCL.
#ifndef BOUGH_CL_GATED_SUM_PARAMS_H
#define BOUGH_CL_GATED_SUM_PARAMS_H

// x [N, experts, width], gate [N, experts], y [N, width].
struct gated_sum_params {
    int experts, width;
    int add; // 1: += instead of =; of a backward kernel
};

#endif
