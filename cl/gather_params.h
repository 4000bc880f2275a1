// C and OpenCL share this file.
#ifndef BOUGH_CL_GATHER_PARAMS_H
#define BOUGH_CL_GATHER_PARAMS_H

struct gather_params {
    int width; // elements of a row
    int plane; // of a channel of it
};

#endif
