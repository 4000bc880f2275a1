#include "bough.h"

#include "gram_params.h"

// gram = the sum of its parts, one after the other.
ITEM_KERNEL void gram_sum(ARG(part), ARG(gram), const ulong count, const struct gram_params p)
{
    VIEW(const float, part);
    VIEW(float, gram);
    EACH_ITEM (i) {
        const size_t at = i / p.width * p.pitch + i % p.width;
        float sum = p.add ? gram[at] : 0.0f;
        for (int k = 0; k < p.parts; k++)
            sum += part[(size_t)k * p.size + i];
        gram[at] = sum;
    }
}

// y = the sum of the tasks' gradients by their weights.
ITEM_KERNEL void stack_sum(ARG(x), ARG(weights), ARG(y), const ulong count,
                           const struct stack_params p)
{
    VIEW(const float, x);
    VIEW(const float, weights);
    VIEW(float, y);
    EACH_ITEM (i) {
        float sum = p.add ? y[i] : 0.0f;
        for (int t = 0; t < p.tasks; t++)
            sum += weights[t] * x[(size_t)t * p.stride + i];
        y[i] = sum;
    }
}

ITEM_KERNEL void stack_zero(ARG(y), const ulong count)
{
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = 0.0f;
}
