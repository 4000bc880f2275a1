// C and OpenCL share this file.
#ifndef BOUGH_CL_LOSS_STEP_PARAMS_H
#define BOUGH_CL_LOSS_STEP_PARAMS_H

enum { LOSS_CROSS_ENTROPY, LOSS_BINARY_CROSS_ENTROPY, LOSS_MSE, LOSS_L1, LOSS_HUBER };

enum { LOSS_STEP_TASKS = 3 }; // of a launch

struct loss_task {
    int kind;
    int rows, width; // of the scores
    float value;     // label smoothing, or huber's delta
    int room;        // rows of the walk behind it are not stored
};

struct loss_step_params {
    struct loss_task task[LOSS_STEP_TASKS];
};

#endif
