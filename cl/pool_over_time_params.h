// What the pool_over_time kernels are told, in C and in OpenCL.
#ifndef BOUGH_CL_POOL_OVER_TIME_PARAMS_H
#define BOUGH_CL_POOL_OVER_TIME_PARAMS_H

enum pool_over_time { POOL_MEAN, POOL_MAX, POOL_LAST, POOL_ATTENTION };

// x [N, length, width]
struct pool_over_time_params {
    int kind; // enum pool_over_time
    int length, width;
};

#endif
