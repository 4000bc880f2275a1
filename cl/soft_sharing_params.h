// What the soft_sharing kernel is told, in C and in OpenCL.
#ifndef BOUGH_CL_SOFT_SHARING_PARAMS_H
#define BOUGH_CL_SOFT_SHARING_PARAMS_H

enum { BOUGH_NORM_SQUARED, BOUGH_NORM_L1 };

struct soft_sharing_params {
    int tasks;
    int norm;
    float alpha;
};

#endif
