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

// Of element `index`.
QUICK float gumbel_noise(const struct gumbel_choice_params p, const struct step_state step,
                         unsigned int index)
{
    if (!p.training)
        return 0.0f;
    const struct random4 draw =
        random_bits(step.seed[0], step.seed[1], index, 0, p.stream, step.step);
    const float exponential = -quick_log(1.0f - random_unit(draw.v[0]));
    return -quick_log(exponential > 6e-8f ? exponential : 6e-8f);
}

// 1 over the temperature: (epochs / 20) / sqrt(epoch + 1); 0 in the first hundredth of a training.
static inline float gumbel_rate(const struct gumbel_choice_params p, const struct step_state step)
{
    const int learns = p.training && step.epochs > 0.0f && 100.0f * step.epoch >= step.epochs;
    return learns ? 20.0f * sqrtf(step.epoch + 1.0f) / step.epochs : 0.0f;
}

#endif
