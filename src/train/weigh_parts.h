// What the files of struct bough__weigh_data share.
#ifndef BOUGH_TRAIN_WEIGH_PARTS_H
#define BOUGH_TRAIN_WEIGH_PARTS_H

#include "train/weigh.h"

static inline size_t tasks_of(const struct bough__weigh_data *data)
{
    return data->model->config->tasks_count;
}

static inline float *host_roots(const struct bough__weigh_data *data)
{
    return data->host + 2 * tasks_of(data);
}

static inline float *host_gram(const struct bough__weigh_data *data)
{
    return host_roots(data) + tasks_of(data);
}

static inline float *host_weights(const struct bough__weigh_data *data)
{
    return host_gram(data) + data->groups.count * tasks_of(data) * tasks_of(data);
}

static inline float *host_factor(const struct bough__weigh_data *data)
{
    return host_weights(data) + data->groups.count * tasks_of(data);
}

// The gradients are looked at, and added up as they are: where there are diagnostics alone.
extern const struct bough__weighting bough__plain_sum;

#endif
