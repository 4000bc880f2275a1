// Rows of three tasks in memory, and a net that takes training steps on them one by one.
#ifndef BOUGH_TEST_ROWS_H
#define BOUGH_TEST_ROWS_H

#include "support/configs.h"
#include "train/runner.h"

enum { ROWS = 130, ROWS_TASKS = 3, ROWS_MOST_VALUES = 512 };

// What is to be learned: the tests take labels away, NaN.
extern float rows_label[ROWS_TASKS][ROWS];

// All are labelled.
void rows_fill(void);

struct rows_net {
    struct bough_config config;
    struct bough__model *model; // of at most ROWS_MOST_VALUES values
    struct bough__split split;
    struct bough__runner *runner;
};

struct rows_want {
    const char *weighting;
    int batch, resident; // 0: each batch is brought when it is wanted
};

// Tasks a, b (of weight 0.5) and c; sgd with a bound on the gradient's norm. An epoch has begun.
//   trunk  "trunk=[...]"; NULL = two layers
void rows_open(struct rows_net *net, struct bough_device *device, const struct rows_want *want,
               const char *trunk);
void rows_close(struct rows_net *net);

// On batch `index`, as the step of that number in the training, from 1.
void rows_step(struct rows_net *net, int64_t index, uint32_t number, float lr);

#endif
