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

// How many numbers all groups have of a matrix [T, T].
static inline size_t grams_of(const struct bough__weigh_data *data)
{
    return data->groups.count * tasks_of(data) * tasks_of(data);
}

// How many of what is measured a weighting with steps has beside.
static inline size_t of_steps(const struct bough__weigh_data *data)
{
    const size_t tasks = tasks_of(data);
    return bough__weigh_steps(data) ? 2 * tasks * tasks + 2 * tasks : 0;
}

// How many are of other batches.
static inline size_t of_others(const struct bough__weigh_data *data)
{
    return data->others ? grams_of(data) + data->others * 2 * tasks_of(data) + of_steps(data) : 0;
}

static inline float *host_cross(const struct bough__weigh_data *data)
{
    return host_gram(data) + grams_of(data);
}

static inline float *host_others(const struct bough__weigh_data *data)
{
    return host_cross(data) + grams_of(data);
}

static inline float *host_squares(const struct bough__weigh_data *data)
{
    return host_others(data) + data->others * 2 * tasks_of(data);
}

static inline float *host_there(const struct bough__weigh_data *data)
{
    return host_squares(data) + 2 * tasks_of(data) * tasks_of(data);
}

static inline float *host_weights(const struct bough__weigh_data *data)
{
    return host_cross(data) + of_others(data);
}

static inline float *host_factor(const struct bough__weigh_data *data)
{
    return host_weights(data) + data->groups.count * tasks_of(data);
}

// What was read of the other batches, if there are some, checked and where a solve expects it.
// Errors: DIVERGED.
enum bough_status bough__weigh_read_others(const struct bough__weigh_data *data,
                                           struct bough__measured *measured);

// The gradients are looked at, and added up as they are: where there are diagnostics alone.
extern const struct bough__weighting bough__plain_sum;

#endif
