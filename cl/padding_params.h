// What the padding kernel is told, in C and in OpenCL.
#ifndef BOUGH_CL_PADDING_PARAMS_H
#define BOUGH_CL_PADDING_PARAMS_H

// [N, length, width]
struct padding_params {
    int length, width;
};

#endif
