// What the files of struct bough__weigh_data share.
#ifndef BOUGH_TRAIN_WEIGH_PARTS_H
#define BOUGH_TRAIN_WEIGH_PARTS_H

#include "train/weigh.h"

static inline size_t bough__weigh_tasks(const struct bough__weigh_data *data)
{
    return data->model->config->tasks_count;
}

// What was read of the other batches, if there are some, checked and where a solve expects it.
// Errors: DIVERGED.
enum bough_status bough__weigh_read_others(const struct bough__weigh_data *data,
                                           struct bough__measured *measured);

// The gradients are looked at, and added up as they are: where there are diagnostics alone.
extern const struct bough__weighting bough__plain_sum;

#endif
