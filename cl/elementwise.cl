#include "bough.h"

#include "elementwise_params.h"

ITEM_KERNEL void scale(ARG(x), ARG(y), const ulong count, const struct scale_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = p.factor * x[i] + (p.add ? y[i] : 0.0f);
}

ITEM_KERNEL void add_fwd(ARG(a), ARG(b), ARG(y), const ulong count)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = a[i] + b[i];
}

ITEM_KERNEL void multiply(ARG(a), ARG(b), ARG(y), const ulong count, const struct multiply_params p)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = a[i] * b[i] + (p.add ? y[i] : 0.0f);
}
