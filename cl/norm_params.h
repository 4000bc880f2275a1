// C and OpenCL share this file.
#ifndef BOUGH_CL_NORM_PARAMS_H
#define BOUGH_CL_NORM_PARAMS_H

#include "activation_params.h"

struct batch_norm_params {
    int batch, channels, plane; // x [N, C, plane]
    float eps, momentum;
    int training;
    int add_dx, add_dgamma, add_dbeta; // += instead of =
    struct activation activation;
};

struct layer_norm_params {
    int batch, width; // x [N, D]
    float eps;
    int add_dx, add_dgamma, add_dbeta;
    struct activation activation;
};

#endif
