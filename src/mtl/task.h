// What a config says of each task.
#ifndef BOUGH_MTL_TASK_H
#define BOUGH_MTL_TASK_H

#include "base/option.h"

#include <stdint.h>
#include <string.h>

struct bough__task {
    const char *name;
    const char *target; // field of the data set
    const int32_t *map; // new class of each class of the field (-1 = no label); NULL = as it is
    size_t map_count;
    int standardize;         // mean and std are found in the training rows, output by output
    const float *mean, *std; // the net learns (target - mean) / std; NULL = the target. The loss is
                             // of that; metrics and predictions are of the target
    size_t outputs;          // how many mean and std hold
    const char *const *inputs; // names of those it reads, in the config's order
    size_t inputs_count;
    const int32_t *reads; // their numbers
    size_t reads_count;
    struct bough__choice loss;        // of bough__losses
    float weight;                     // factor of the task's loss
    const struct bough__choice *head; // of bough__layers
    size_t head_count;
    const char *const *metrics; // names of bough__metrics
    size_t metrics_count;
    const char *monitor; // one of these, or loss: what the task adds to the criterion `mean` of
                         // early stopping
};

static inline int bough__task_reads(const struct bough__task *task, size_t input)
{
    size_t i = 0;
    while (i < task->reads_count && task->reads[i] != (int32_t)input)
        i++;
    return i < task->reads_count;
}

static inline int bough__reads_same(const struct bough__task *a, const struct bough__task *b)
{
    return a->reads_count == b->reads_count &&
           memcmp(a->reads, b->reads, a->reads_count * sizeof *a->reads) == 0;
}

#endif
