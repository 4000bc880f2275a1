// C and OpenCL share this file.
#ifndef BOUGH_CL_CONV2D_PARAMS_H
#define BOUGH_CL_CONV2D_PARAMS_H

#include "activation_params.h"

struct conv2d_params {
    int batch, channels, plane; // of y: N, O, OH * OW
    int add;                    // dbias += instead of =
    struct activation activation;
};

#endif
