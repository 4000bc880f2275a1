#include "bough.h"

#include "part_sum_params.h"

// One row: all parts.
ROW_KERNEL void part_sum(ARG(part), ARG(y), const ulong count, const struct part_sum_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, part);
    VIEW(float, y);
    float sum = 0.0f;
    for (int i = get_local_id(0); i < p.parts; i += BOUGH_GROUP)
        sum += part[i];
    const float all = GROUP_SUM(sum, scratch);
    if (get_local_id(0) == 0)
        y[0] = p.factor * all;
}
