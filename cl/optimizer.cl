// One step over a flat block of parameters. `factor` [1] scales the gradients; it may be absent.
#include "bough.h"
#include "optimizer_params.h"
#include "step.h"

ITEM_KERNEL void sgd_update(ARG(params), ARG(grads), ARG(velocity), ARG(step), ARG(factor),
                            const ulong count, const struct optimizer_params p)
{
    VIEW(float, params);
    VIEW(const float, grads);
    VIEW(float, velocity);
    VIEW(const struct step_state, step);
    VIEW(const float, factor);
    const float by = HAS(factor) ? factor[0] : 1.0f, lr = step->lr;
    if (!HAS(velocity)) {
        EACH_ITEM (i)
            params[i] -= lr * (grads[i] * by + p.weight_decay * params[i]);
        return;
    }
    EACH_ITEM (i) {
        const float g = grads[i] * by + p.weight_decay * params[i];
        const float v = p.momentum * velocity[i] + g;
        velocity[i] = v;
        params[i] -= lr * (p.nesterov ? g + p.momentum * v : v);
    }
}

ITEM_KERNEL void adam_update(ARG(params), ARG(grads), ARG(mean), ARG(square), ARG(step),
                             ARG(factor), const ulong count, const struct optimizer_params p)
{
    VIEW(float, params);
    VIEW(const float, grads);
    VIEW(float, mean);
    VIEW(float, square);
    VIEW(const struct step_state, step);
    VIEW(const float, factor);
    const float by = HAS(factor) ? factor[0] : 1.0f, lr = step->lr;
    const float decay = p.decoupled ? 0.0f : p.weight_decay;
    const float shrink = p.decoupled ? 1.0f - lr * p.weight_decay : 1.0f;
    const float rate = lr / step->bias1, root = sqrt(step->bias2);
    EACH_ITEM (i) {
        const float g = grads[i] * by + decay * params[i];
        const float m = p.keep1 * mean[i] + p.take1 * g;
        const float v = p.keep2 * square[i] + p.take2 * (g * g);
        mean[i] = m;
        square[i] = v;
        params[i] = params[i] * shrink - rate * m / (sqrt(v) / root + p.eps);
    }
}

ITEM_KERNEL void rmsprop_update(ARG(params), ARG(grads), ARG(square), ARG(velocity), ARG(step),
                                ARG(factor), const ulong count, const struct optimizer_params p)
{
    VIEW(float, params);
    VIEW(const float, grads);
    VIEW(float, square);
    VIEW(float, velocity);
    VIEW(const struct step_state, step);
    VIEW(const float, factor);
    const float by = HAS(factor) ? factor[0] : 1.0f, lr = step->lr;
    EACH_ITEM (i) {
        const float g = grads[i] * by + p.weight_decay * params[i];
        const float s = p.keep2 * square[i] + p.take2 * (g * g);
        square[i] = s;
        float change = g / (sqrt(s) + p.eps);
        if (HAS(velocity)) {
            change += p.momentum * velocity[i];
            velocity[i] = change;
        }
        params[i] -= lr * change;
    }
}

ITEM_KERNEL void adagrad_update(ARG(params), ARG(grads), ARG(sum), ARG(step), ARG(factor),
                                const ulong count, const struct optimizer_params p)
{
    VIEW(float, params);
    VIEW(const float, grads);
    VIEW(float, sum);
    VIEW(const struct step_state, step);
    VIEW(const float, factor);
    const float by = HAS(factor) ? factor[0] : 1.0f, lr = step->lr;
    EACH_ITEM (i) {
        const float g = grads[i] * by + p.weight_decay * params[i];
        const float s = sum[i] + g * g;
        sum[i] = s;
        params[i] -= lr * g / (sqrt(s) + p.eps);
    }
}

// Row r adds the squares of elements r CLIP_CHUNK and on.
ROW_KERNEL void square_sums(ARG(grads), ARG(sums), const ulong count, const struct clip_params p)
{
    VIEW(const float, grads);
    VIEW(float, sums);
    local float scratch[BOUGH_GROUP];
    const size_t row = get_group_id(0);
    const int elements = row + 1 < p.rows ? CLIP_CHUNK : p.last;
    grads += row * CLIP_CHUNK;
    float sum = 0.0f;
    {
        ANY_ORDER
        for (int i = get_local_id(0); i < elements; i += BOUGH_GROUP)
            sum += grads[i] * grads[i];
    }
    sum = GROUP_SUM(sum, scratch);
    if (get_local_id(0) == 0)
        sums[row] = sum;
}

// One row: what brings the whole gradient's norm down to step->clip_norm.
ROW_KERNEL void clip_factor(ARG(sums), ARG(step), ARG(factor), const ulong count,
                            const struct clip_params p)
{
    VIEW(const float, sums);
    VIEW(const struct step_state, step);
    VIEW(float, factor);
    local float scratch[BOUGH_GROUP];
    float sum = 0.0f;
    for (uint i = get_local_id(0); i < p.rows; i += BOUGH_GROUP)
        sum += sums[i];
    sum = GROUP_SUM(sum, scratch);
    if (get_local_id(0) == 0) {
        const float share = step->clip_norm / (sqrt(sum) + 1e-6f);
        factor[0] = step->clip_norm == 0.0f || share > 1.0f ? 1.0f : share; // NaN stays NaN
    }
}
