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

// exp(x) for x at most 0; NaN stays NaN. Without a call and without a branch, and the same to a few
// units in the last place in C and in OpenCL.
static inline float loss_exp(float x)
{
    union {
        float f;
        unsigned int i;
    } whole, power;
    const float clamped = x < -87.0f ? -87.0f : x;
    whole.f = clamped * 1.44269504f + 12582912.0f; // rounded to a whole number, in the low bits
    const float n = whole.f - 12582912.0f;
    const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
    float sum = 1.9875691500e-4f;
    sum = sum * r + 1.3981999507e-3f;
    sum = sum * r + 8.3334519073e-3f;
    sum = sum * r + 4.1665795894e-2f;
    sum = sum * r + 1.6666665459e-1f;
    sum = sum * r + 5.0000001201e-1f;
    power.f = sum * r * r + r + 1.0f;
    power.i += whole.i << 23;
    return x < -87.0f ? 0.0f : x == x ? power.f : x;
}

#endif
