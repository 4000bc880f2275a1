// What the files of struct bough__weigh_data share.
#ifndef BOUGH_TRAIN_WEIGH_PARTS_H
#define BOUGH_TRAIN_WEIGH_PARTS_H

#include "train/weigh.h"

static inline size_t bough__weigh_tasks(const struct bough__weigh_data *data)
{
    return data->model->config->tasks_count;
}

static inline float *bough__host_roots(const struct bough__weigh_data *data)
{
    return data->host + 2 * bough__weigh_tasks(data);
}

static inline float *bough__host_gram(const struct bough__weigh_data *data)
{
    return bough__host_roots(data) + bough__weigh_tasks(data);
}

// How many numbers all groups have of a matrix [T, T].
static inline size_t bough__grams_count(const struct bough__weigh_data *data)
{
    return data->groups.count * bough__weigh_tasks(data) * bough__weigh_tasks(data);
}

// How many of what is measured a weighting with steps has beside.
static inline size_t bough__steps_count(const struct bough__weigh_data *data)
{
    const size_t tasks = bough__weigh_tasks(data);
    return bough__weigh_steps(data) ? 2 * tasks * tasks + 2 * tasks : 0;
}

// How many are of other batches.
static inline size_t bough__others_count(const struct bough__weigh_data *data)
{
    return data->others ? bough__grams_count(data) + data->others * 2 * bough__weigh_tasks(data) +
                              bough__steps_count(data)
                        : 0;
}

static inline float *bough__host_cross(const struct bough__weigh_data *data)
{
    return bough__host_gram(data) + bough__grams_count(data);
}

static inline float *bough__host_others(const struct bough__weigh_data *data)
{
    return bough__host_cross(data) + bough__grams_count(data);
}

static inline float *bough__host_squares(const struct bough__weigh_data *data)
{
    return bough__host_others(data) + data->others * 2 * bough__weigh_tasks(data);
}

static inline float *bough__host_there(const struct bough__weigh_data *data)
{
    return bough__host_squares(data) + 2 * bough__weigh_tasks(data) * bough__weigh_tasks(data);
}

static inline float *bough__host_weights(const struct bough__weigh_data *data)
{
    return bough__host_cross(data) + bough__others_count(data);
}

static inline float *bough__host_factor(const struct bough__weigh_data *data)
{
    return bough__host_weights(data) + data->groups.count * bough__weigh_tasks(data);
}

// What was read of the other batches, if there are some, checked and where a solve expects it.
// Errors: DIVERGED.
enum bough_status bough__weigh_read_others(const struct bough__weigh_data *data,
                                           struct bough__measured *measured);

// The gradients are looked at, and added up as they are: where there are diagnostics alone.
extern const struct bough__weighting bough__plain_sum;

#endif
