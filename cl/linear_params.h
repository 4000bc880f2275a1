// What the linear op's own kernel is told, in C and in OpenCL.
#ifndef BOUGH_CL_LINEAR_PARAMS_H
#define BOUGH_CL_LINEAR_PARAMS_H

#include "activation_params.h"

enum { LINEAR_COLUMNS = 16 }; // that a row of linear_bias_bwd is wide

struct linear_params {
    int rows, columns; // of y: N, U
    int add;           // dbias += instead of =
    struct activation activation;
};

#endif
