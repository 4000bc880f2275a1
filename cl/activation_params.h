// What the activations' kernels are told, in C and in OpenCL.
#ifndef BOUGH_CL_ACTIVATION_PARAMS_H
#define BOUGH_CL_ACTIVATION_PARAMS_H

struct leaky_relu_params {
    float slope;
};

#endif
