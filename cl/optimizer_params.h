// C and OpenCL share this file.
#ifndef BOUGH_CL_OPTIMIZER_PARAMS_H
#define BOUGH_CL_OPTIMIZER_PARAMS_H

struct optimizer_params {
    float weight_decay, momentum, eps;
    float keep1, take1; // a moving mean becomes keep * mean + take * value
    float keep2, take2;
    int nesterov;
    int decoupled; // weight decay beside the gradient, as adamw has it
};

enum { CLIP_CHUNK = 4096 }; // elements that one row of square_sums adds

struct clip_params {
    unsigned int rows; // of square_sums; or how many sums clip_factor adds
    int last;          // elements of the last row
};

#endif
