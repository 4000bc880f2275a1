// The gradient of the distance between the trunks of several tasks: see mtl/soft_sharing.c.
#include "bough.h"

#include "soft_sharing_params.h"

// The sum over j of (x_t - x_j), or of its sign. `begin` is where each task's trunk begins.
static inline float pull(global const float *value, global const long *begin, size_t i, int t,
                         const struct soft_sharing_params p)
{
    const float own = value[begin[t] + i];
    float sum = 0.0f;
    for (int j = 0; j < p.tasks; j++) {
        const float apart = own - value[begin[j] + i];
        sum += p.norm == BOUGH_NORM_L1 ? (float)((apart > 0.0f) - (apart < 0.0f)) : apart;
    }
    return sum;
}

ITEM_KERNEL void soft_sharing(ARG(values), ARG(gradients), ARG(begins), const ulong count,
                              const struct soft_sharing_params p)
{
    VIEW(const float, values);
    VIEW(float, gradients);
    VIEW(const long, begins);
    const float factor = p.norm == BOUGH_NORM_L1 ? p.alpha : 2.0f * p.alpha;
    EACH_ITEM (i)
        for (int t = 0; t < p.tasks; t++)
            gradients[begins[t] + i] += factor * pull(values, begins, i, t, p);
}
