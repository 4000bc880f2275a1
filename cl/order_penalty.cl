#include "bough.h"

#include "order_penalty_params.h"

// One row: all of it.
ROW_KERNEL void order_penalty_fwd(ARG(x), ARG(other), ARG(y), const ulong count,
                                  const struct order_penalty_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, x);
    VIEW(const float, other);
    VIEW(float, y);
    float sum = 0.0f;
    for (int i = get_local_id(0); i < p.elements; i += BOUGH_GROUP) {
        const float above = p.factor * (order_probability(x[i]) - order_probability(other[i]));
        sum += above > 0.0f ? above : 0.0f;
    }
    const float all = GROUP_SUM(sum, scratch);
    if (get_local_id(0) == 0)
        y[0] = p.elements ? all / (float)p.elements : 0.0f;
}

ITEM_KERNEL void order_penalty_bwd(ARG(x), ARG(other), ARG(dy), ARG(dx), const ulong count,
                                   const struct order_penalty_params p)
{
    VIEW(const float, x);
    VIEW(const float, other);
    VIEW(const float, dy);
    VIEW(float, dx);
    const float factor = dy[0] * p.factor / (float)p.elements;
    EACH_ITEM (i) {
        const float own = order_probability(x[i]);
        const float slope = p.factor * (own - order_probability(other[i])) > 0.0f
                                ? factor * own * (1.0f - own)
                                : 0.0f;
        dx[i] = (p.add ? dx[i] : 0.0f) + slope;
    }
}
