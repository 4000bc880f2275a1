// What part_sum is told, in C and in OpenCL.
#ifndef BOUGH_CL_PART_SUM_PARAMS_H
#define BOUGH_CL_PART_SUM_PARAMS_H

struct part_sum_params {
    float factor;
    int parts;
};

#endif
