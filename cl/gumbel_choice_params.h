// C and OpenCL share this file, and so draw the same noise. Behind quick_math.h.
#ifndef BOUGH_CL_GUMBEL_CHOICE_PARAMS_H
#define BOUGH_CL_GUMBEL_CHOICE_PARAMS_H

#include "random.h"
#include "step.h"

#ifdef __OPENCL_VERSION__
#define sqrtf sqrt
#endif

struct gumbel_choice_params {
    unsigned int stream;
    int classes;
    int training; // 0: no noise
};

// Of element `index`, in a training.
QUICK float gumbel_noise(unsigned int seed0, unsigned int seed1, unsigned int index,
                         unsigned int stream, unsigned int step)
{
    const struct random4 draw = random_bits(seed0, seed1, index, 0, stream, step);
    const float exponential = -quick_log(1.0f - random_unit(draw.v[0]));
    return -quick_log(exponential > 6e-8f ? exponential : 6e-8f);
}

// 1 over the temperature: (epochs / 20) / sqrt(epoch + 1); 0 in the first hundredth of a training.
static inline float gumbel_rate(int training, float epoch, float epochs)
{
    const int learns = training && epochs > 0.0f && 100.0f * epoch >= epochs;
    return learns ? 20.0f * sqrtf(epoch + 1.0f) / epochs : 0.0f;
}

#endif
