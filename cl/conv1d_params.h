// What the conv1d kernels are told, in C and in OpenCL.
#ifndef BOUGH_CL_CONV1D_PARAMS_H
#define BOUGH_CL_CONV1D_PARAMS_H

#include "activation_params.h"

// From [N, length, width] to [N, padded, width], whose first `shift` positions are padding.
struct conv1d_pad_params {
    int length, padded, width, shift;
    struct activation activation; // dy is taken back through it
};

// weight [outputs, channels, taps]
struct conv1d_turn_params {
    int outputs, channels, taps;
};

#endif
