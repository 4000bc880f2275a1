// What the positions kernels are told, in C and in OpenCL.
#ifndef BOUGH_CL_POSITIONS_PARAMS_H
#define BOUGH_CL_POSITIONS_PARAMS_H

// x [batch, length, width]
struct positions_params {
    int batch, length, width;
};

#endif
