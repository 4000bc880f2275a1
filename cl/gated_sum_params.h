// What the gated_sum kernels are told, in C and in OpenCL.
#ifndef BOUGH_CL_GATED_SUM_PARAMS_H
#define BOUGH_CL_GATED_SUM_PARAMS_H

// x [N, experts, width], y [N, width].
struct gated_sum_params {
    int experts, width;
    int gates; // floats from one row's gate to the next: experts, or 0 of a gate [1, experts]
    int add;   // 1: += instead of =; of a backward kernel
};

// part [rows, experts], dgate [experts].
struct gated_sum_end_params {
    int experts, rows;
    int add;
};

#endif
