// Weighing whole gradients by sums over their columns: what C and OpenCL share, so that both find
// the same weights of the same sums.
#ifndef BOUGH_CL_COMBINE_PARAMS_H
#define BOUGH_CL_COMBINE_PARAMS_H

#ifdef __OPENCL_VERSION__
#define IN_GLOBAL global
#define sqrtf     sqrt
#define expf      exp
#define logf      log
#else
#include <math.h>
#include <stddef.h>
#define IN_GLOBAL
#endif

// A part of a task's columns gives one sum.
struct part_params {
    unsigned int columns, width; // of a row, and of a part
    unsigned int row, kept_row;  // floats from one task to the next: of gradients, of what is kept
    int parts;                   // of a row
    float beta;
};

struct combine_params {
    int tasks;
    float beta, rate; // the row's own
};

// Whether something of a task is labelled, and it counts. `losses` [T, 2]; `factor` [T] or NULL.
static inline int task_is_here(IN_GLOBAL const float *losses, IN_GLOBAL const float *factor, int t)
{
    return losses[2 * t + 1] != 0.0f && (!factor || factor[t] != 0.0f);
}

static inline int tasks_here(IN_GLOBAL const float *losses, IN_GLOBAL const float *factor,
                             int tasks)
{
    int n = 0;
    for (int t = 0; t < tasks; t++)
        n += task_is_here(losses, factor, t);
    return n;
}

// With the task's weight in the config.
static inline float loss_of(IN_GLOBAL const float *losses, IN_GLOBAL const float *factor, int t)
{
    return losses[2 * t] * (factor ? factor[t] : 1.0f);
}

// a / b, `without` where b is 0, and finite where they are.
static inline float ratio_of(float a, float b, float without)
{
    const float ratio = a / b;
    return b == 0.0f ? without : ratio > 1e30f ? 1e30f : ratio;
}

// ---- dbmtl ----

// What the gradient of a loss is multiplied by to be that of its logarithm. One below
// 0 has none: it is its size's.
static inline float log_slope(float loss)
{
    return 1.0f / ((loss < 0.0f ? -loss : loss) + 1e-8f);
}

// weights = the largest norm over the task's own, of `sums` of squares.
static inline void dbmtl_weights(IN_GLOBAL float *weights, IN_GLOBAL const float *sums,
                                 IN_GLOBAL const float *losses, IN_GLOBAL const float *factor,
                                 const struct combine_params p)
{
    float most = 0.0f;
    for (int t = 0; t < p.tasks; t++)
        if (task_is_here(losses, factor, t) && sums[t] > most)
            most = sums[t];
    for (int t = 0; t < p.tasks; t++)
        weights[t] =
            task_is_here(losses, factor, t) ? ratio_of(sqrtf(most), sqrtf(sums[t]), 0.0f) : 0.0f;
}

// ---- metabalance: numbers [T, 2] are the moving means of a task's norm, and of 1 ----

// Every norm is drawn towards the first task's, by `rate`.
static inline void metabalance_weights(IN_GLOBAL float *weights, IN_GLOBAL float *numbers,
                                       IN_GLOBAL const float *sums, IN_GLOBAL const float *losses,
                                       IN_GLOBAL const float *factor, const struct combine_params p)
{
    for (int t = 0; t < p.tasks; t++) {
        IN_GLOBAL float *mean = numbers + 2 * t;
        const int here = task_is_here(losses, factor, t);
        if (here) {
            mean[0] = p.beta * mean[0] + (1.0f - p.beta) * sqrtf(sums[t]);
            mean[1] = p.beta * mean[1] + (1.0f - p.beta);
        }
        const float first = ratio_of(numbers[0], numbers[1], 0.0f);
        const float ratio = ratio_of(first, ratio_of(mean[0], mean[1], 0.0f), 1.0f);
        const float by = t == 0 || numbers[1] == 0.0f ? 1.0f : p.rate * ratio + (1.0f - p.rate);
        weights[t] = here ? by : 0.0f;
    }
}

// ---- Weights that are multiplied from step to step: numbers[t][1] is the logarithm of task t's
// ----

static inline float log_sum_here(IN_GLOBAL const float *x, int stride,
                                 IN_GLOBAL const float *losses, IN_GLOBAL const float *factor,
                                 int tasks)
{
    float most = -INFINITY, sum = 0.0f;
    for (int t = 0; t < tasks; t++)
        if (task_is_here(losses, factor, t) && x[t * stride] > most)
            most = x[t * stride];
    for (int t = 0; t < tasks; t++)
        if (task_is_here(losses, factor, t))
            sum += expf(x[t * stride] - most);
    return most + logf(sum);
}

// Takes new logarithms in `weights`, and makes weights of sum `total` of them. In what is kept the
// tasks that are here have the sum that they had, so that the others keep their share.
static inline void share_weights(IN_GLOBAL float *weights, IN_GLOBAL float *numbers,
                                 IN_GLOBAL const float *losses, IN_GLOBAL const float *factor,
                                 int tasks, float total)
{
    const float before = log_sum_here(numbers + 1, 2, losses, factor, tasks);
    const float after = log_sum_here(weights, 1, losses, factor, tasks);
    for (int t = 0; t < tasks; t++) {
        const int here = task_is_here(losses, factor, t);
        const float share = weights[t] - after;
        if (here)
            numbers[2 * t + 1] = share + before;
        weights[t] = here ? total * expf(share) : 0.0f;
    }
}

// ---- excess: numbers[t][0] is the first excess of task t that is not 0 ----

static inline void excess_weights(IN_GLOBAL float *weights, IN_GLOBAL float *numbers,
                                  IN_GLOBAL const float *sums, IN_GLOBAL const float *losses,
                                  IN_GLOBAL const float *factor, const struct combine_params p)
{
    for (int t = 0; t < p.tasks; t++) {
        IN_GLOBAL float *of = numbers + 2 * t;
        if (of[0] == 0.0f && task_is_here(losses, factor, t))
            of[0] = sums[t];
        weights[t] = of[1] + p.rate * ratio_of(sums[t], of[0], 0.0f);
    }
    share_weights(weights, numbers, losses, factor, p.tasks,
                  (float)tasks_here(losses, factor, p.tasks));
}

// ---- moco: numbers[t][0] is how far y moves in the first step, 0 of a task that is not here ----

// Makes of the sums of squares what the gradients are multiplied by to be as long as their losses
// are large, and weights of sum 1 of what is kept.
static inline void moco_scales(IN_GLOBAL float *weights, IN_GLOBAL float *numbers,
                               IN_GLOBAL float *sums, IN_GLOBAL const float *losses,
                               IN_GLOBAL const float *factor, const struct combine_params p)
{
    const float all = log_sum_here(numbers + 1, 2, losses, factor, p.tasks);
    for (int t = 0; t < p.tasks; t++) {
        const int here = task_is_here(losses, factor, t);
        const float loss = loss_of(losses, factor, t);
        sums[t] = ratio_of(loss < 0.0f ? -loss : loss, sqrtf(sums[t]), 0.0f);
        numbers[2 * t] = here ? p.beta : 0.0f;
        weights[t] = here ? expf(numbers[2 * t + 1] - all) : 0.0f;
    }
}

// `product` [T] = Y Y' weights; `beta` is gamma, and `rate` rho.
static inline void moco_weights(IN_GLOBAL float *weights, IN_GLOBAL float *numbers,
                                IN_GLOBAL const float *product, IN_GLOBAL const float *losses,
                                IN_GLOBAL const float *factor, unsigned int step,
                                const struct combine_params p)
{
    const float gamma = p.beta / sqrtf((float)step);
    for (int t = 0; t < p.tasks; t++)
        weights[t] -= gamma * (product[t] + p.rate * weights[t]);
    share_weights(weights, numbers, losses, factor, p.tasks, 1.0f);
}

#endif
