#include "bough.h"

#include "combine_params.h"
#include "step.h"

ITEM_KERNEL void moco_scale(ARG(losses), ARG(factor), ARG(numbers), ARG(sums), ARG(weights),
                            const ulong count, const struct combine_params p)
{
    VIEW(const float, losses);
    VIEW(const float, factor);
    VIEW(float, numbers);
    VIEW(float, sums);
    VIEW(float, weights);
    if (get_global_id(0) == 0)
        moco_scales(weights, numbers, sums, losses, HAS(factor) ? factor : 0, p);
}

// Of one task: y -= beta (y - its gradient as long as its loss).
ITEM_KERNEL void moco_move(ARG(jacobian), ARG(kept), ARG(numbers), ARG(scale), ARG(step),
                           const ulong count)
{
    VIEW(const float, jacobian);
    VIEW(float, kept);
    VIEW(const float, numbers);
    VIEW(const float, scale);
    VIEW(const struct step_state, step);
    const float beta = numbers[0] / sqrt((float)step->step), by = scale[0];
    EACH_ITEM (i)
        kept[i] -= beta * (kept[i] - by * jacobian[i]);
}

ITEM_KERNEL void moco_weigh(ARG(losses), ARG(factor), ARG(numbers), ARG(product), ARG(step),
                            ARG(weights), const ulong count, const struct combine_params p)
{
    VIEW(const float, losses);
    VIEW(const float, factor);
    VIEW(float, numbers);
    VIEW(const float, product);
    VIEW(const struct step_state, step);
    VIEW(float, weights);
    if (get_global_id(0) == 0)
        moco_weights(weights, numbers, product, losses, HAS(factor) ? factor : 0, step->step, p);
}
