// What the attention kernels are told, in C and in OpenCL.
#ifndef BOUGH_CL_ATTENTION_PARAMS_H
#define BOUGH_CL_ATTENTION_PARAMS_H

#include "dropout_params.h"

// qkv [N, length, 3, heads, width]
struct attention_params {
    int length, heads, width;
    float scale;         // of the products of queries and keys
    unsigned int stream; // dropout, of the weights
    float p, kept;       // kept 1 / (1 - p); p = 0 drops none
};

#endif
