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

#endif
