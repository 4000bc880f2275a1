// What turns losses into weights, or the tasks' gradients into one.
#include "bough.h"

#include "combine_params.h"
#include "step.h"
#include "weighting_params.h"

// One item a task.
ITEM_KERNEL void learned_scale(ARG(losses), ARG(factor), ARG(params), ARG(weights), ARG(gradient),
                               const ulong count, const struct learned_scale_params p)
{
    VIEW(const float, losses);
    VIEW(const float, factor);
    VIEW(const float, params);
    VIEW(float, weights);
    VIEW(float, gradient);
    EACH_ITEM (t) {
        const float weight = p.share * exp(p.sign * params[t]) * (HAS(factor) ? factor[t] : 1.0f);
        const int here = task_is_here(losses, HAS(factor) ? factor : 0, (int)t);
        weights[t] = here ? weight : 0.0f;
        gradient[t] = here ? p.sign * (weight * losses[2 * t] - p.share) : 0.0f;
    }
}

// One item for four elements.
ITEM_KERNEL void graddrop(ARG(jacobian), ARG(step), ARG(gradient), const ulong count,
                          const struct graddrop_params p)
{
    VIEW(const float, jacobian);
    VIEW(const struct step_state, step);
    VIEW(float, gradient);
    const uint seed0 = step->seed[0], seed1 = step->seed[1], now = step->step;
    EACH_ITEM (i) {
        const struct random4 draw = graddrop_draw(seed0, seed1, now, (uint)i);
        for (uint j = 0; j < 4 && 4 * i + j < p.columns; j++) {
            const global float *g = jacobian + 4 * i + j;
            const float level = graddrop_level(draw.v[j]);
            float sum = 0.0f, size = 0.0f, kept = 0.0f;
            for (int t = 0; t < p.tasks; t++) {
                sum += g[(size_t)t * p.row];
                size += fabs(g[(size_t)t * p.row]);
            }
            for (int t = 0; t < p.tasks; t++)
                kept += graddrop_kept(g[(size_t)t * p.row], sum, size, level, p.leak);
            gradient[4 * i + j] = kept;
        }
    }
}
