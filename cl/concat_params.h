// What the concat kernels are told, in C and in OpenCL.
#ifndef BOUGH_CL_CONCAT_PARAMS_H
#define BOUGH_CL_CONCAT_PARAMS_H

// A part's rows of `size` elements lie in the whole's rows of `stride`, from `at` on.
struct concat_params {
    int size, stride, at;
    int add; // 1: += instead of =; concat_take only
};

#endif
