// What the linear op's own kernel is told, in C and in OpenCL.
#ifndef BOUGH_CL_LINEAR_PARAMS_H
#define BOUGH_CL_LINEAR_PARAMS_H

struct column_sum_params {
    int rows, columns;
    int add; // 1: += instead of =
};

#endif
