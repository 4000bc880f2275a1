// C and OpenCL share this file.
#ifndef BOUGH_CL_LOSS_STEP_PARAMS_H
#define BOUGH_CL_LOSS_STEP_PARAMS_H

enum { LOSS_STEP_TASKS = 3 }; // of a launch

struct loss_task {
    int kind;        // enum loss_kind (loss.h)
    int of_classes;  // 1: the targets are labels, and not numbers
    int rows, width; // of the scores
    float smoothing; // label smoothing
    float number;    // the loss's own
    int stored;      // rows of the epoch, from the first, whose scores are stored
};

struct loss_step_params {
    struct loss_task task[LOSS_STEP_TASKS];
};

#endif
