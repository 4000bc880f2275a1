// What changes from step to step, in one small buffer that kernels read: the launches stay as they
// were prepared. C and OpenCL share this file.
#ifndef BOUGH_CL_STEP_H
#define BOUGH_CL_STEP_H

struct step_state {
    unsigned int seed[2];
    unsigned int step;  // of the whole training, from 1
    unsigned int first; // where the batch begins in the epoch's order
    float lr;
    float bias1, bias2; // 1 - beta1^step, 1 - beta2^step
    float clip_norm;    // 0 = none
    // Of the training: done, with a part of the one in progress, and in all; 0 where none is.
    float epoch, epochs;
};

#endif
