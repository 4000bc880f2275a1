// What the softmax kernels are told, in C and in OpenCL.
#ifndef BOUGH_CL_SOFTMAX_PARAMS_H
#define BOUGH_CL_SOFTMAX_PARAMS_H

struct softmax_params {
    int classes;
};

#endif
